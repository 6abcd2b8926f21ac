"""`logout_notify`: the application hears of each session that the IdP ended."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    PARTIAL_LOGOUT,
    RESPONDER,
    LogoutRequest,
    assert_success,
    received,
    send,
)
from harness.members import is_in, log_in, log_in_again

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        logout_notify /saml-notify;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location = /saml-notify {
            internal;
            proxy_pass @BACKEND@/logged-out;
            proxy_pass_request_headers off;
            proxy_set_header X-User $saml_name_id;
            proxy_set_header X-Index $saml_session_index;
            proxy_set_header X-IdP $saml_idp;
            proxy_read_timeout 1s;
        }
    }
}
"""
SP = rsa_credential("sp").certificate


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def server(nginx, backend):
    return nginx(CONF, BACKEND=backend.url)


@pytest.mark.parametrize("binding", ["redirect", "post", "soap"])
def test_who_and_which(server, idp, backend, binding):
    member = log_in(server, idp, "a::b")
    request = LogoutRequest(session_index=("a::b",))
    assert_success(send(idp, server.url("/saml/sls"), request, binding), SP)
    assert not is_in(server, member)
    (asked,) = backend.asked
    assert asked.path == "/logged-out"
    assert asked.headers["X-User"] == "alice@example.org"
    assert asked.headers["X-Index"] == "a::b"
    assert asked.headers["X-IdP"] == idp.entity_id


def test_also_when_nobody_was_here(server, idp, backend):
    """The application may have sessions that this host has forgotten."""
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(name_id="bob")), SP)
    assert [asked.headers["X-User"] for asked in backend.asked] == ["bob"]


def test_not_for_a_lie(server, idp, backend):
    assert send(idp, server.url("/saml/sls"), LogoutRequest(sign=False)).status >= 400
    assert backend.asked == []


def test_once_for_duplicates(server, idp, backend):
    request = LogoutRequest(id="_the-same")
    for _ in range(3):
        assert_success(send(idp, server.url("/saml/sls"), request), SP)
    assert len(backend.asked) == 1


@pytest.mark.parametrize("status", [500, 404, 302])
def test_the_application_fails(server, idp, backend, status):
    """The sessions here have ended, and the IdP hears that not everything has."""
    backend.answer = lambda asked: (status, "text/plain", b"")
    member = log_in(server, idp)
    server.expected = "logout_notify"
    answer = received(send(idp, server.url("/saml/sls"), binding="post"))
    assert (answer.status, answer.sub_status) == (RESPONDER, PARTIAL_LOGOUT)
    assert not is_in(server, member)
    (line,) = [line for line in server.error_log().splitlines() if "logout_notify" in line]
    assert str(status) in line
    backend.answer = lambda asked: (200, "text/plain", b"")
    again = log_in_again(server, idp)
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(session_index=(), issue_instant=3)), SP)
    assert not is_in(server, again)


def test_the_application_fails_and_only_the_status_says_so(nginx, backend):
    """A back channel by POST to an IdP that takes answers by Redirect alone; the same for the same ID."""
    idp = Idp(slo=("HTTP-Redirect",))
    backend.answer = lambda asked: (500, "text/plain", b"")
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, BACKEND=backend.url)
    server.expected = "logout_notify"
    member = log_in(server, idp)
    for _ in range(2):
        page = send(idp, server.url("/saml/sls"), LogoutRequest(id="_the-same"), "post")
        assert page.status == 503 and "logout_notify_failed" in page.text
        assert not is_in(server, member)
        assert len(backend.asked) == 3, "three attempts for the first, and none for the same again"


def test_the_application_hangs(server, idp, backend):
    backend.delay = 3
    member = log_in(server, idp)
    answer = received(send(idp, server.url("/saml/sls"), binding="soap"))
    assert (answer.status, answer.sub_status) == (RESPONDER, PARTIAL_LOGOUT)
    assert not is_in(server, member)


ODD = {
    "try_files": ("try_files /nothing @app;", "alice@example.org", None),
    "return 204": ("return 204;", None, None),
    "return 408": ("return 408;", None, PARTIAL_LOGOUT),
    "return 444": ("return 444;", None, PARTIAL_LOGOUT),
    "protected": ("auth_saml app; proxy_set_header X-User $saml_name_id; proxy_pass @BACKEND@/;",
                  "alice@example.org", None),
}  # fmt: skip


@pytest.mark.parametrize("binding", ["redirect", "soap"])
@pytest.mark.parametrize("odd", ODD)
def test_odd_locations(nginx, idp, backend, odd, binding):
    """Whatever the location does: the application hears whom, and the IdP hears an answer."""
    does, told, sub_status = ODD[odd]
    start, _, rest = CONF.partition("location = /saml-notify {")
    _, _, rest = rest.partition("}")
    named = "location @app { proxy_set_header X-User $saml_name_id; proxy_pass @BACKEND@; }"
    conf = f"{start}location = /saml-notify {{ internal; {does} }} {named} {rest}"
    server = nginx(conf.replace("@BACKEND@", backend.url))
    member = log_in(server, idp)
    if sub_status:
        server.expected = "logout_notify"
    answer = received(send(idp, server.url("/saml/sls"), binding=binding))
    assert answer.sub_status == sub_status
    assert [asked.headers.get("X-User") for asked in backend.asked] == ([told] if told else [])
    assert not is_in(server, member)


def test_nobody_from_outside(server, idp, backend):
    assert Browser().get(server.url("/saml-notify")).status == 404
    assert backend.asked == []


def test_a_logout_that_begins_here(server, idp, backend):
    """The application hears of that as well."""
    member = log_in(server, idp)
    member.get(server.url("/saml/logout"))
    assert [asked.headers["X-User"] for asked in backend.asked] == ["alice@example.org"]
