"""A planted cookie whose node is down does not hide the browser's own session."""

import secrets

import pytest

from harness.members import PAGE, log_in
from harness.wire import ask, cookie_header

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        cache_valid 0s;
        stale 0s;
        zone saml_sessions 16m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store shared;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}


@pytest.fixture
def server(nginx, memcacheds):
    """And a way to kill one of its two nodes."""
    nodes = memcacheds(2)
    addresses = " ".join(node.address for node in nodes)
    return nginx(CONF, files=SECRET, NODES=addresses), nodes[1].kill


def planted() -> str:
    return f"saml_session={secrets.token_urlsafe(32)}"


def members(server, idp, kill) -> list[str]:
    """Cookies whose sessions lie on the node that lives on, when the other is dead."""
    cookies = [cookie_header(log_in(server, idp, f"_{n}"), "saml_session")[1] for n in range(8)]
    kill()
    return [cookie for cookie in cookies if status(server, cookie) == 200]


def status(server, cookies: str, path: str = PAGE) -> int:
    headers = ("Cookie", cookies), ("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")
    return ask(server, path, *headers).status


def test_the_own_session_counts(server, idp):
    server, kill = server
    own = members(server, idp, kill)
    assert own, "one of eight lies on the living node"
    alone = {status(server, planted()) for _ in range(40)}
    assert alone == {302, 503}, "by the node that should have it"
    both = [status(server, f"{planted()}; {planted()}; {own[0]}") for _ in range(20)]
    assert set(both) == {200}
    # Where one could not be asked and none is found, nobody is sent to a login that loops.
    assert {status(server, "; ".join(planted() for _ in range(4))) for _ in range(30)} >= {503}


def test_a_logout_ends_the_own_session(server, idp):
    server, kill = server
    own = members(server, idp, kill)
    assert own, "one of eight lies on the living node"
    for cookie in own:
        assert status(server, f"{planted()}; {planted()}; {cookie}", "/saml/logout") == 200
        assert status(server, cookie) == 302
