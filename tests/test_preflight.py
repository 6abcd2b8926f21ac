"""CORS preflights pass without a session: exactly those, and nothing that looks like one."""

import pytest

from harness.wire import ask

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; proxy_pass http://127.0.0.1:@PORT2@; }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "backend"; }
    }
}
"""
PREFLIGHT = [("Origin", "https://x.example.org"), ("Access-Control-Request-Method", "PUT")]


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def test_a_preflight_passes(server):
    answer = ask(server, "/x", *PREFLIGHT, method="OPTIONS")
    assert (answer.status, answer.text) == (200, "backend")
    empty = ask(server, "/x", *PREFLIGHT, ("Content-Length", "0"), method="OPTIONS")
    assert empty.status == 200


def test_a_body_belongs_to_none(server):
    answer = ask(server, "/x", *PREFLIGHT, method="OPTIONS", body=b"abc")
    assert (answer.status, "backend" in answer.text) == (401, False)


def test_nor_does_a_chunked_one(server):
    headers = [*PREFLIGHT, ("Transfer-Encoding", "chunked")]
    answer = ask(server, "/x", *headers, method="OPTIONS", body=b"3\r\nabc\r\n0\r\n\r\n")
    assert (answer.status, "backend" in answer.text) == (401, False)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "options"])
def test_other_methods_do_not_pass(server, method):
    answer = ask(server, "/x", *PREFLIGHT, ("Accept", "application/json"), method=method)
    assert answer.status in (400, 401, 405) and "backend" not in answer.text


@pytest.mark.parametrize("missing", [0, 1])
def test_half_a_preflight_does_not_pass(server, missing):
    headers = [header for n, header in enumerate(PREFLIGHT) if n != missing]
    assert ask(server, "/x", *headers, method="OPTIONS").status == 401
