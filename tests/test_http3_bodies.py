"""The ACS by HTTP/3: bodies without a length, in pieces, with a false length, and senders who leave in the middle."""

import time
from urllib.parse import urlencode

import pytest

from harness.gate import Gate
from harness.http3 import LISTEN, Left, cookie_field
from harness.keys import rsa_credential
from harness.response import Answer

CONF = f"""
worker_processes 1;
events {{}}
http {{
    saml_session_store shared {{ zone saml_sessions 16m; secret session.key; @MEMCACHED@ }}
    saml_idp corp {{ metadata idp.xml; }}
    saml_sp app {{
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
    }}
    server {{{LISTEN}
        client_body_buffer_size 1k;
        include saml-endpoints.conf;
        location / {{ auth_saml app; root html; }}
    }}
}}
"""
FILES = {
    "session.key": "0123456789abcdef" * 4,
    "tls.crt": rsa_credential("tls").certificate_pem,
    "tls.key": rsa_credential("tls").key_pem,
}
FORM = ("content-type", "application/x-www-form-urlencoded")
HTML = ("accept", "text/html")
ACS = {"method": "POST", "end": False}

pytestmark = pytest.mark.smoke


@pytest.fixture
def gate(memcacheds):
    made = Gate(memcacheds()[0])
    yield made
    made.close()


@pytest.fixture
def start(http3, nginx):
    def start(gate=None):
        memcached = f"memcached {gate.address}; memcached_timeout 5s; cache_valid 0s;" if gate else ""
        return nginx(CONF, files=FILES, MEMCACHED=memcached)

    return start


@pytest.fixture
def begun(browser3, idp):
    """A login up to the ACS: what the browser sends there, and its cookie."""

    def begin(server, browser=None, answer=Answer()):
        browser = browser or browser3(server)
        request = idp.asked(browser.get(server.url("/saml/login?return=/page.html", "https")))
        return urlencode(idp.form(request, answer)).encode(), cookie_field(browser)

    return begin


def logged_in(answer) -> bool:
    return answer.status == 303 and any("saml_session=" in cookie for cookie in answer.all("set-cookie"))


def test_without_a_length(start, begun, http3):
    server = start()
    body, cookie = begun(server)
    connection = http3(server)
    stream = connection.open("/saml/acs", FORM, cookie, **ACS)
    connection.send(stream, body)
    assert logged_in(connection.answer(stream))


def test_in_pieces(start, begun, http3):
    """A frame for each octet, an end with nothing in it, and fields behind."""
    server = start()
    for how in ("end", "trailers"):
        body, cookie = begun(server)
        connection = http3(server)
        stream = connection.open("/saml/acs", FORM, cookie, **ACS)
        for place in range(200):
            connection.send(stream, body[place : place + 1], end=False)
        connection.linger(0.05)
        connection.send(stream, body[200:], end=False)
        connection.linger(0.05)
        if how == "end":
            connection.send(stream, b"")
        else:
            connection.trailers(stream, ("cookie", "a=b"), ("content-type", "text/plain"))
        assert logged_in(connection.answer(stream)), how


@pytest.mark.parametrize("said", [-1, 1, None], ids=["too short", "too long", "no number"])
def test_a_false_length(start, begun, http3, said):
    """RFC 9114 4.1.2: malformed. The login can still be used for the true one."""
    server = start()
    body, cookie = begun(server)
    connection = http3(server)
    length = ("content-length", "x" if said is None else str(len(body) + said))
    stream = connection.open("/saml/acs", FORM, cookie, length, **ACS)
    connection.send(stream, body)
    try:
        assert connection.answer(stream).status in (400, 413), "the latter by nginx 1.26"
    except Left:
        pass
    connection = http3(server)
    assert logged_in(connection.ask("/saml/acs", FORM, cookie, method="POST", body=body))


def test_too_large_a_body(start, http3):
    server = start()
    connection = http3(server)
    stream = connection.open("/saml/acs", FORM, **ACS)
    try:
        for _ in range(64):
            if not connection.streams[stream].whole:
                connection.send(stream, b"SAMLResponse=" + b"A" * 65_536, end=False)
            connection.linger(0.01)
        assert connection.answer(stream).status == 413
    except Left:
        pass
    assert http3(server).ask("/page.html", HTML).status == 302


@pytest.mark.parametrize("leaves", ["stream", "connection", "silently"])
@pytest.mark.parametrize("after", ["head", "half", "all"])
def test_who_leaves_in_the_middle(start, begun, http3, after, leaves):
    """Nobody is let in, nothing is left over, and where not all was sent the login can be used still."""
    server = start()
    body, cookie = begun(server)
    connection = http3(server)
    stream = connection.open("/saml/acs", FORM, cookie, ("content-length", str(len(body))), **ACS)
    if after != "head":
        connection.send(stream, body[: len(body) // 2], end=False)
    if after == "all":
        connection.send(stream, body[len(body) // 2 :])
    else:
        connection.linger(0.05)
    if leaves == "stream":
        connection.reset(stream)
        assert connection.ask("/page.html", HTML).status == 302, "the connection stays"
    elif leaves == "connection":
        connection.close()
    again = http3(server).ask("/saml/acs", FORM, cookie, method="POST", body=body)
    if after == "all":
        assert logged_in(again) or again.status in (303, 400, 403), again
    else:
        assert logged_in(again), again


@pytest.mark.parametrize("leaves", ["stream", "connection"])
def test_who_leaves_while_memcached_is_asked(start, gate, begun, http3, browser3, leaves):
    """The errand goes on without them: the old session of the browser ends; see test_logout_hang_up.py."""
    server = start(gate)
    member = browser3(server)
    body, cookie = begun(server, member)
    page = member.post(server.url("/saml/acs", "https"), body, headers=dict([FORM]))
    assert page.status == 303
    old = cookie_field(member)
    body, cookie = begun(server, member, Answer(session_index="_2"))
    gate.delay = 0.1
    connection = http3(server)
    stream = connection.open("/saml/acs", FORM, cookie, ("content-length", str(len(body))), **ACS)
    connection.send(stream, body)
    connection.linger(0.05)
    if leaves == "stream":
        connection.reset(stream)
        connection.linger(0.05)
    else:
        connection.close()
    gate.delay = 0.02
    server.wait_for(
        lambda: http3(server).ask("/page.html", HTML, old).status == 302, "the end of the old session", 5
    )


@pytest.mark.parametrize("leaves", ["stream", "connection"])
def test_who_leaves_while_their_session_is_looked_up(start, gate, begun, http3, browser3, leaves):
    server = start(gate)
    member = browser3(server)
    body, cookie = begun(server, member)
    assert member.post(server.url("/saml/acs", "https"), body, headers=dict([FORM])).status == 303
    gate.delay = 0.2
    for wait in (0, 0.02, 0.1):
        connection = http3(server)
        streams = [connection.open("/page.html", cookie_field(member)) for _ in range(30)]
        connection.linger(wait)
        if leaves == "stream":
            for stream in streams:
                connection.reset(stream)
            connection.linger(0.3)
            assert connection.ask("/page.html", cookie_field(member)).status == 200
        else:
            connection.close()
    gate.delay = 0
    time.sleep(0.3)
    assert http3(server).ask("/page.html", cookie_field(member)).status == 200
