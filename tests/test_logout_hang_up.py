"""A logout whose sender hangs up runs to its end: ends, has the application told, remembers, logs."""

import time
from urllib.parse import urlencode, urlsplit

import pytest

from harness.gate import Gate
from harness.hang_up import HOW, asking
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    PARTIAL_LOGOUT,
    SOAP_HEADERS,
    LogoutRequest,
    assert_success,
    document,
    enveloped,
    received,
    redirect,
    send,
)
from harness.members import PAGE, is_in, log_in, log_in_again
from harness.response import Answer
from harness.wire import cookie_header

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared { zone saml_sessions 16m; secret session.key; @MEMCACHED@ }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
        logout_notify /saml-notify;
        logout_redirect /bye.html;
    }
    server {
        listen 127.0.0.1:@PORT@;
        listen 127.0.0.1:@PORT2@ ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location = /saml-notify {
            internal;
            proxy_pass @BACKEND@/logged-out;
            proxy_pass_request_headers off;
            proxy_set_header X-User $saml_name_id;
        }
    }
}
"""
FILES = {
    "session.key": "0123456789abcdef" * 4,
    "tls.crt": rsa_credential("tls").certificate_pem,
    "tls.key": rsa_credential("tls").key_pem,
}
STORES = ["zone", "slow memcached"]


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def gate(memcacheds):
    made = Gate(memcacheds()[0])
    yield made
    made.close()


@pytest.fixture
def server(nginx, backend, request):
    store = request.node.callspec.params.get("store", "zone")
    gate = request.getfixturevalue("gate") if store != "zone" else None
    memcached = f"memcached {gate.address}; memcached_timeout 5s; cache_valid 0s;" if gate else ""
    return nginx(CONF, files=FILES, BACKEND=backend.url, MEMCACHED=memcached)


def ask_and_leave(server, idp, how: str, binding: str, message: LogoutRequest, wait=lambda: None):
    """The IdP sends the message by SOAP, or a browser brings it; who sent it leaves after `wait`."""
    sls = server.url("/saml/sls")
    if binding == "soap":
        envelope = enveloped(document(idp, sls, message))
        request = ("POST", "/saml/sls", SOAP_HEADERS, envelope)
    else:
        parts = urlsplit(redirect(idp, sls, message))
        request = ("GET", f"{parts.path}?{parts.query}", {"Accept": "text/html"})
    with asking(server, how, *request):
        wait()


def slow_down(request, store: str, seconds: float = 0.1) -> None:
    if store != "zone":
        request.getfixturevalue("gate").delay = seconds


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("binding", ["soap", "redirect"])
@pytest.mark.parametrize("how", HOW)
def test_all_of_it_is_done(server, idp, backend, request, how, binding, store):
    member = log_in(server, idp)
    message = LogoutRequest(id="_the-same", session_index=())
    backend.delay = 2
    slow_down(request, store)
    ask_and_leave(server, idp, how, binding, message)
    server.wait_for(lambda: backend.asked, "the notice")
    slow_down(request, store, 0)
    assert [asked.headers["X-User"] for asked in backend.asked] == ["alice@example.org"]
    assert not is_in(server, member)
    assert server.error_log().count("logged out 1 sessions") == 1
    # While the application has not answered: the same request again does nothing.
    later = log_in_again(server, idp)
    assert received(send(idp, server.url("/saml/sls"), message)).sub_status == PARTIAL_LOGOUT
    assert is_in(server, later)
    server.wait_for(
        lambda: received(send(idp, server.url("/saml/sls"), message)).sub_status is None,
        "the answer of the application",
    )
    assert_success(send(idp, server.url("/saml/sls"), message))
    assert is_in(server, later), "an old request ends no later session"
    assert len(backend.asked) == 1


@pytest.mark.parametrize("how", HOW)
def test_leaving_while_the_application_is_asked(server, idp, backend, how):
    member = log_in(server, idp)
    message = LogoutRequest(id="_the-same", session_index=())
    backend.delay = 0.5

    def wait():
        server.wait_for(lambda: backend.asked, "the notice")

    ask_and_leave(server, idp, how, "soap", message, wait)
    time.sleep(0.7)
    later = log_in_again(server, idp)
    assert_success(send(idp, server.url("/saml/sls"), message))
    assert not is_in(server, member) and is_in(server, later)
    assert len(backend.asked) == 1


@pytest.mark.parametrize("how", HOW)
def test_the_application_fails_and_nobody_is_there_to_be_told(server, idp, backend, how):
    """The log has it, and so has the answer to the same request."""
    member = log_in(server, idp)
    message = LogoutRequest(id="_the-same", session_index=())
    backend.delay = 0.3
    backend.answer = lambda asked: (500, "text/plain", b"")
    server.expected = "logout_notify"
    ask_and_leave(server, idp, how, "soap", message)
    failed = "logout_notify /saml-notify answered with status 500"
    server.wait_for(lambda: failed in server.error_log(), "the line")
    later = log_in_again(server, idp)
    answer = received(send(idp, server.url("/saml/sls"), message))
    assert answer.sub_status == PARTIAL_LOGOUT
    assert not is_in(server, member) and is_in(server, later)
    # nginx lets go of a stream whose client has left between two attempts.
    assert len(backend.asked) == (3 if how in ("close", "abort") else 1)
    assert server.error_log().count(failed) == 1


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("how", HOW)
def test_a_logout_that_begins_here(server, idp, backend, request, how, store):
    member = log_in(server, idp)
    cookie = dict([cookie_header(member, "saml_session")])
    backend.delay = 0.3
    slow_down(request, store)
    with asking(server, how, "GET", "/saml/logout", cookie):
        pass
    server.wait_for(lambda: backend.asked, "the notice")
    slow_down(request, store, 0)
    assert not is_in(server, member)
    time.sleep(0.5)
    assert [asked.headers["X-User"] for asked in backend.asked] == ["alice@example.org"]


@pytest.mark.parametrize("store", ["slow memcached"])
@pytest.mark.parametrize("how", HOW)
def test_a_login(server, idp, request, how, store):
    """Whose browser leaves, nobody gets in; what its login was to end has ended."""
    member = log_in(server, idp)
    old = member.session.cookies.copy()
    begun = idp.asked(member.get(server.url("/saml/login?return=" + PAGE)))
    body = urlencode(idp.form(begun, Answer(session_index="_2"))).encode()
    headers = [cookie_header(member), ("Content-Type", "application/x-www-form-urlencoded")]
    slow_down(request, store)
    with asking(server, how, "POST", "/saml/acs", headers, body):
        pass
    member.session.cookies = old
    slow_down(request, store, 0.02)
    server.wait_for(lambda: not is_in(server, member), "the end of the old session", 3)


def test_a_worker_that_shuts_down_finishes_it(nginx, idp, backend):
    """Gracefully: the old worker of a reload goes when the application has answered."""
    server = nginx(CONF, files=FILES, BACKEND=backend.url, MEMCACHED="")
    member = log_in(server, idp)
    message = LogoutRequest(id="_the-same", session_index=())
    backend.delay = 1
    ask_and_leave(server, idp, "close", "soap", message)
    server.wait_for(lambda: backend.asked, "the notice")
    server.reload()
    later = log_in_again(server, idp)
    assert_success(send(idp, server.url("/saml/sls"), message))
    assert not is_in(server, member) and is_in(server, later)
    assert len(backend.asked) == 1
