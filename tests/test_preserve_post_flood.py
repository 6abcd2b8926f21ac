"""Forms of strangers have bounds: of one client, of all together, and no session pays for them."""

import socket

import pytest

from harness.browser import Browser
from harness.kept_form import log_in_and_send, send
from harness.members import PAGE, is_in, log_in

CONF = """
worker_processes 2;
events {}
http {
    @STORE@
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        @USED@
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        auth_saml app;
        auth_saml_preserve_post 500k;
        location / { root html; error_page 405 =200 /page.html; }
    }
}
"""
LARGEST = b"a" * 500 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(params=["zone", "memcached"])
def server(request, nginx, memcacheds):
    if request.param == "zone":
        store = "saml_session_store small { zone sessions 256k; }"
    else:
        (node,) = memcacheds()
        store = f"saml_session_store small {{ memcached {node.address}; secret session.key; }}"
    files = {"session.key": "0123456789abcdef" * 4}
    return nginx(CONF, files=files, STORE=store, USED="session_store small;")


def kept(server, client: str, count: int, body=LARGEST) -> list[int]:
    """How forms of one client are answered."""
    return [send(server, Browser().at(client), PAGE, body, FORM).status for _ in range(count)]


def test_one_client_has_a_quarter_and_sessions_stay(server, idp):
    member = log_in(server, idp)
    flood = kept(server, "127.0.0.1", 8)
    assert flood == [302] * 3 + [401] * 5, "a quarter of 8000k, less what entries take"
    assert "its client has as many waiting as one may" in server.error_log()
    for other in ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"):
        assert kept(server, other, 4) == [302, 302, 302, 401]
    assert kept(server, "127.0.0.6", 1) == [401], "all there is"
    assert kept(server, "127.0.0.6", 2, b"a=1") == [302, 302], "small ones have room"
    assert "of forms, or 1024 of them, wait already" in server.error_log()
    assert is_in(server, member), "no session had to leave"
    assert "were dropped since the last such line" not in server.error_log()
    assert server.error_log().count("a form is not kept over the login") <= 4, "once a minute a worker"


def test_what_was_kept_stays_and_what_is_sent_makes_room(server, idp):
    browser = Browser()
    mine = send(server, browser, PAGE, LARGEST, FORM)
    assert kept(server, "127.0.0.1", 3) == [302, 302, 401]
    assert log_in_and_send(server, idp, browser, mine).text == "a page\n"
    assert kept(server, "127.0.0.1", 2) == [302, 401]


def test_many_small_ones(nginx):
    server = nginx(CONF, STORE="", USED="")
    outcomes = kept(server, "127.0.0.1", 300, b"a=1")
    assert outcomes == [302] * 256 + [401] * 44


def test_refused_before_the_body_is_read(nginx):
    """The room is asked for by Content-Length: what has none costs no upload."""
    server = nginx(CONF, STORE="", USED="")
    assert kept(server, "127.0.0.1", 3) == [302] * 3
    origin = f"http://127.0.0.1:{server.port}"
    head = (
        f"POST {PAGE} HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\nSec-Fetch-Site: same-origin\r\nAccept: text/html\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(LARGEST)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")
