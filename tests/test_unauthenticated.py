"""Who has no session: people are redirected, programs get 401 and JSON."""

import json
import socket

import pytest

from harness.browser import Browser

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
        location /always { auth_saml app; auth_saml_unauthenticated redirect; root html; }
        location /never { auth_saml app; auth_saml_unauthenticated 401; root html; }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "backend"; }
    }
}
"""

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def ask(server, method="GET", path="/x", **headers):
    bare = {"Accept": None, "Sec-Fetch-Mode": None}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Browser().request(method, server.url(path), headers={**bare, **given})


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": HTML, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},
        {"Accept": HTML},
        {"Accept": "text/html"},
        {"Accept": "*/*", "Sec_Fetch_Mode": "navigate"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_people(server, method, headers):
    page = ask(server, method, **headers)
    assert page.status == 302
    assert "no-store" in page.headers["Cache-Control"]
    assert page.set_cookie


@pytest.mark.parametrize(
    "method, headers",
    [
        ("GET", {"Accept": "application/json"}),
        ("GET", {"Accept": HTML, "Sec_Fetch_Mode": "cors"}),
        ("GET", {"Accept": "*/*", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}),
        ("GET", {"Accept": HTML, "Sec_Fetch_Mode": "same-origin"}),
        ("GET", {"Accept": HTML, "X_Requested_With": "XMLHttpRequest"}),
        ("GET", {"Accept": "text/event-stream"}),
        ("GET", {"Accept": HTML, "Upgrade": "websocket", "Connection": "Upgrade"}),
        ("PUT", {"Accept": HTML}),
        ("DELETE", {"Accept": HTML}),
        ("OPTIONS", {"Accept": HTML}),
    ],
)
def test_programs(server, method, headers):
    page = ask(server, method, **headers)
    assert page.status == 401
    assert page.headers["Content-Type"].startswith("application/json")
    answer = json.loads(page.text)
    assert answer["error"] == "authentication_required"
    assert answer["login_url"] == server.url("/saml/login")
    assert "WWW-Authenticate" in page.headers
    assert "no-store" in page.headers["Cache-Control"]
    assert not page.set_cookie, "no login begins"
    assert "Location" not in page.headers


# What clients really send, found by looking: name, method, headers, what they get.
CLIENTS = [
    ("Chrome, a link", "GET", {"Accept": HTML, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document", "Sec_Fetch_User": "?1"}, 302),
    ("Chrome over http", "GET", {"Accept": HTML, "Upgrade_Insecure_Requests": "1"}, 302),
    ("Firefox, typed", "GET", {"Accept": HTML, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Site": "none"}, 302),
    ("Safari 15, no Fetch Metadata", "GET", {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, 302),
    ("lynx", "GET", {"Accept": "text/html, text/plain, text/sgml, */*;q=0.01"}, 302),
    ("Chrome with Basic", "GET", {"Accept": HTML, "Authorization": "Basic YTpi"}, 302),
    ("curl", "GET", {"Accept": "*/*", "User_Agent": "curl/7.88.1"}, 401),
    ("curl -I", "HEAD", {"Accept": "*/*", "User_Agent": "curl/7.88.1"}, 401),
    ("wget", "GET", {"Accept": "*/*", "User_Agent": "Wget/1.21.3"}, 401),
    ("python-requests", "GET", {"Accept": "*/*", "User_Agent": "python-requests/2.32"}, 401),
    ("Go, no Accept", "GET", {"User_Agent": "Go-http-client/1.1"}, 401),
    ("kube-probe", "GET", {"Accept": "*/*", "User_Agent": "kube-probe/1.29"}, 401),
    ("Prometheus", "GET", {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*;q=0.1"}, 401),
    ("a bearer client", "GET", {"Accept": HTML, "Authorization": "Bearer abc"}, 401),
    ("DPoP", "GET", {"Accept": HTML, "Authorization": "DPoP abc"}, 401),
    ("fetch()", "GET", {"Accept": "*/*", "Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"}, 401),
    ("axios", "GET", {"Accept": "application/json, text/plain, */*"}, 401),
    ("jQuery", "GET", {"Accept": "text/html, */*; q=0.01", "X_Requested_With": "XMLHttpRequest"}, 401),
    ("htmx over http", "GET", {"Accept": "text/html, */*", "HX_Request": "true"}, 401),
    ("Turbo over http", "GET", {"Accept": "text/html, application/xhtml+xml", "Turbo_Frame": "x"}, 401),
    ("EventSource", "GET", {"Accept": "text/event-stream", "Sec_Fetch_Mode": "cors"}, 401),
    ("WebSocket", "GET", {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_Fetch_Mode": "websocket"}, 401),
    ("gRPC-web", "POST", {"Accept": "application/grpc-web-text", "Content_Type": "application/grpc-web-text"}, 401),
    ("an image", "GET", {"Accept": "image/avif,image/webp,*/*;q=0.8", "Sec_Fetch_Mode": "no-cors"}, 401),
    ("an image over http", "GET", {"Accept": "image/avif,image/webp,*/*;q=0.8"}, 401),
    ("a style sheet over http", "GET", {"Accept": "text/css,*/*;q=0.1"}, 401),
    ("Chrome, prefetch", "GET", {"Accept": HTML, "Sec_Fetch_Mode": "navigate", "Sec_Purpose": "prefetch"}, 401),
    ("Chrome, prerender", "GET", {"Accept": HTML, "Sec_Fetch_Mode": "navigate", "Sec_Purpose": "prefetch;prerender"}, 401),
    ("Firefox, prefetch over http", "GET", {"Accept": HTML, "X_Moz": "prefetch"}, 401),
]  # fmt: skip


@pytest.mark.parametrize("method, headers, status", [client[1:] for client in CLIENTS], ids=[client[0] for client in CLIENTS])  # fmt: skip
def test_only_who_navigates_is_redirected(server, method, headers, status):
    page = ask(server, method, **headers)
    assert page.status == status
    assert bool(page.set_cookie) == (status == 302), "a login begins when it can end"


def test_a_form_that_was_sent_too_late(server):
    """The person reads what to do, and the form's text is kept by the browser."""
    page = ask(server, "POST", Accept=HTML, Sec_Fetch_Mode="navigate", Content_Length="0")
    assert page.status == 401 and page.headers["Content-Type"].startswith("text/html")
    assert "Please sign in" in page.text and "send it again" in page.text
    assert f'href="{server.url("/saml/login")}" target="_blank"' in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "WWW-Authenticate" in page.headers and not page.set_cookie


def test_nobody_need_send_a_body_for_nothing(server):
    """`Expect: 100-continue`: the answer comes at once (RFC 9110 10.1.1)."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall(
            b"PUT /x HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nContent-Length: 1000\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert wire.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_what_is_too_long_to_come_back_to_is_told(server, idp, browser):
    answer = idp.login(browser, server.url("/x?" + "a" * 3000))
    assert answer.location == server.url("/x")
    assert 'comes back to "/x" without the rest of the address, which is 3003 bytes' in server.error_log()


def test_by_setting(server):
    assert ask(server, path="/always", Accept="application/json").status == 302
    assert ask(server, path="/never", Accept=HTML).status == 401


def test_head_of_a_member(server, idp):
    browser = Browser()
    idp.login(browser, server.url("/x"))
    page = browser.request("HEAD", server.url("/x"))
    assert (page.status, page.text) == (200, "")
