"""`saml_auth`: a proxy that asks is told who somebody is, in headers that it can rely on."""

import http.client

import pytest

from harness.browser import Browser
from harness.members import PAGE, log_in
from harness.response import Attribute
from harness.site import site
from harness.wire import ask, cookie_header

CONF = site(
    sp="attribute mail mail; attribute groups groups; attribute given_name gn;",
    server="""
        auth_saml_preserve_post 64k;
        auth_saml_ecp on;
        location = /auth { auth_saml app; saml_auth mail groups given_name; }
        location = /staff { auth_saml app; auth_saml_require_attribute groups staff; saml_auth; }
        location = /maybe { auth_saml app; auth_saml_mode optional; saml_auth mail; }
        location = /perhaps { auth_saml app; auth_saml_mode passive; auth_saml_unauthenticated redirect; saml_auth; }
        location = /any { auth_saml app; satisfy any; allow 127.0.0.1; deny all; saml_auth mail; }
        location = /limited { auth_saml app; saml_auth; limit_except GET { deny all; } }
        location /guarded/ { auth_request /auth; auth_request_set $who $sent_http_x_remote_user;
                             add_header X-Who $who; try_files /page.html =404; }
    """,
)
NAVIGATES = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Accept", "text/html")]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"]


@pytest.fixture
def server(nginx):
    return nginx(CONF)


@pytest.fixture
def session(server, idp):
    attributes = [Attribute("mail", ["a@example.org"]), Attribute("groups", ["one", "two"])]
    return cookie_header(log_in(server, idp, attributes=attributes), "saml_session")


def told(answer) -> dict[str, list[str]]:
    names = {name for name in answer.headers if name.lower().startswith("x-remote-")}
    return {name: answer.all(name) for name in names}


@pytest.mark.smoke
@pytest.mark.parametrize("method", METHODS)
def test_who_is_signed_in(server, session, method):
    answer = ask(server, "/auth", session, method=method)
    assert (answer.status, answer.text) == (204, "")
    assert answer.all("Content-Length") == answer.all("Content-Type") == answer.all("Location") == []
    assert "private" in answer.headers["Cache-Control"]
    # Empty, and not left out: the proxy replaces what a client has sent.
    assert told(answer) == {
        "X-Remote-User": ["alice@example.org"], "X-Remote-Mail": ["a@example.org"],
        "X-Remote-Groups": ["one;two"], "X-Remote-Given-Name": [""],
    }  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("headers", [[], NAVIGATES, [("Accept", "text/html; application/vnd.paos+xml")]])
def test_a_stranger(server, method, headers):
    """No redirect, which nginx's auth_request takes for a fault; no form kept, no envelope."""
    for cookie in ([], [("Cookie", "saml_session=" + "A" * 43)]):
        answer = ask(server, "/auth", *headers, *cookie, method=method)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("SAML ")
        assert answer.all("Set-Cookie") == answer.all("Location") == [] and told(answer) == {}


def test_a_body_of_nobody_s(server, session):
    """It is left out, and the connection goes on."""
    connection = http.client.HTTPConnection(server.address, server.port, timeout=10)
    for _ in range(3):
        connection.request("POST", "/auth", body=b"x" * 5000, headers=dict([session]))
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
    connection.close()


def test_a_rule(server, session):
    answer = ask(server, "/staff", session)
    assert answer.status == 403 and told(answer) == {}
    assert server.error_log().count("requirement_not_met") == 1


@pytest.mark.parametrize("path", ["/maybe", "/perhaps", "/any"])
def test_whoever_may_come_in_is_nobody(server, session, path):
    """Told as such: a name that a client sends is no longer there. Nobody is sent anywhere to find out."""
    lie = [("X-Remote-User", "root"), ("X-Remote-Mail", "root@example.org"), ("Authorization", "Basic cm9vdDp4")]
    answer = ask(server, path, *lie, *NAVIGATES)
    assert answer.status == 204 and set(map(tuple, told(answer).values())) == {("",)}
    # Who comes in by their address is not asked for a session.
    known = "" if path == "/any" else "alice@example.org"
    assert told(ask(server, path, session, *lie))["X-Remote-User"] == [known]


def test_a_limit_beside(server, session):
    assert ask(server, "/limited", session).status == 204
    answer = ask(server, "/limited", session, method="POST")
    assert answer.status == 403 and told(answer) == {}


def test_asked_by_the_same_server(server, session):
    assert ask(server, "/guarded/x").status == 401
    answer = ask(server, "/guarded/x", session)
    assert (answer.status, answer.headers["X-Who"]) == (200, "alice@example.org")


def test_a_value_is_no_header_s_end(server, idp):
    evil = "a\r\nX-Remote-User: root\r\n\r\nGET / HTTP/1.1"
    browser = log_in(server, idp, attributes=[Attribute("mail", [evil, "ä€"])])
    answer = ask(server, "/auth", cookie_header(browser, "saml_session"))
    assert answer.status == 204
    assert told(answer)["X-Remote-User"] == ["alice@example.org"]
    [mail] = told(answer)["X-Remote-Mail"]
    assert "GET / HTTP/1.1" in mail and not set(mail) & set("\r\n\0")


def test_a_logout_is_heard(server, session, idp):
    browser = log_in(server, idp)
    mine = cookie_header(browser, "saml_session")
    assert ask(server, "/auth", mine).status == 204
    browser.get(server.url("/saml/logout"), headers={"Sec-Fetch-Site": "same-origin"})
    assert ask(server, "/auth", mine).status == 401
    assert ask(server, "/auth", session).status == 204


def test_no_page_of_its_own(server, session):
    """What stands beside it is protected as ever."""
    assert Browser().get(server.url(PAGE)).status == 302
    assert ask(server, "/auth/x", session).status == 404
    assert ask(server, "/auth/x").status in (302, 401)
