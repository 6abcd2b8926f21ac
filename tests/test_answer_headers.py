"""Headers of our answers: each once, and those that HTTP asks for."""

import pytest

from harness.browser import Browser
from harness.response import Answer, Attribute
from harness.wire import ask, cookie_header

CONF = """
events {}
http {
    saml_session_store small { zone small 256k; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store small;
    }
    server {
        listen 127.0.0.1:@PORT@;
        @CHARSET@
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location /program { auth_saml app; auth_saml_unauthenticated 401; }
        location /any { auth_saml app; satisfy any; deny all; root html; }
        location /basic {
            auth_saml app;
            satisfy any;
            auth_basic staff;
            auth_basic_user_file staff.txt;
            try_files /html/page.html =404;
            root .;
        }
        location /twice {
            auth_saml app;
            auth_saml_unauthenticated 401;
            error_page 401 /program;
        }
    }
}
"""
FILES = {"staff.txt": "bob:{PLAIN}secret\n"}
PERSON = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")]
PROGRAM = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")]


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES, CHARSET="")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize(
    "path, allow",
    [
        ("/saml/acs", "GET, POST"),
        ("/saml/login", "GET, HEAD"),
        ("/saml/logout", "GET, POST"),
        ("/saml/metadata", "GET, HEAD"),
    ],
)
def test_405_says_what_is_allowed(server, path, allow, method):
    answer = ask(server, path, method=method)
    assert (answer.status, answer.all("Allow")) == (405, [allow])


@pytest.mark.parametrize("path", ["/saml/login", "/saml/metadata"])
def test_post_where_only_get_is(server, path):
    answer = ask(server, path, method="POST", body=b"x=y")
    assert (answer.status, answer.all("Allow")) == (405, ["GET, HEAD"])


@pytest.mark.parametrize(
    "path, headers, status",
    [
        ("/page.html", PERSON, 302),
        ("/page.html", PROGRAM, 401),
        ("/program", PERSON, 401),
        ("/twice", PERSON, 401),
        ("/saml/login", PERSON, 302),
        ("/saml/login?return=https://evil.example.org/", PERSON, 400),
        ("/saml/acs", PERSON, 400),
        ("/saml/logout", PERSON, 200),
    ],
)
def test_nothing_twice(server, path, headers, status):
    answer = ask(server, path, *headers)
    assert answer.status == status
    assert answer.all("Cache-Control") == ["no-store"]
    names = [name.lower() for name in answer.headers.keys() if name != "Set-Cookie"]
    assert len(names) == len(set(names)), names
    assert len(answer.all("WWW-Authenticate")) == (1 if status == 401 else 0)


@pytest.mark.parametrize("charset", ["", "charset utf-8; charset_types *;", "charset utf-8;"])
def test_the_charset_is_said_once(nginx, charset):
    server = nginx(CONF, files=FILES, CHARSET=charset)
    for path in ("/saml/acs", "/saml/logout"):
        assert ask(server, path, *PERSON).all("Content-Type") == ["text/html; charset=utf-8"]
    (of_json,) = ask(server, "/program", *PROGRAM).all("Content-Type")
    assert of_json in ("application/json", "application/json; charset=utf-8")
    (of_metadata,) = ask(server, "/saml/metadata").all("Content-Type")
    assert of_metadata.startswith("application/samlmetadata+xml")
    assert of_metadata.count("charset") <= 1


@pytest.mark.parametrize(
    "upgrade, status", [("h2c", 302), ("websocket", 401), ("WebSocket", 401), ("TLS/1.0", 302)]
)
def test_upgrades(server, upgrade, status):
    """An offer of HTTP/2 is no reason to keep a person from the login; a WebSocket is no person."""
    offer = [("Connection", "Upgrade"), ("Upgrade", upgrade)]
    assert ask(server, "/page.html", *PERSON, *offer).status == status


def test_a_full_store_says_when_to_come_back(server, idp, browser):
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request, Answer(attributes=[Attribute("filler", ["x" * 180_000])]))
    page = browser.post(request.acs_url, form)
    assert page.status == 503 and "store_full" in page.text
    assert 1 <= int(page.headers["Retry-After"]) <= 120
    assert "Retry-After" not in browser.get(server.url("/saml/acs")).headers


def test_satisfy_any(server, idp):
    answer = ask(server, "/any", *PROGRAM)
    assert answer.status == 401
    (challenge,) = answer.all("WWW-Authenticate")
    assert challenge.startswith("SAML ")
    assert ask(server, "/any", *PERSON).status == 302
    member = Browser()
    idp.login(member, server.url("/page.html"))
    answer = ask(server, "/any/../page.html", cookie_header(member), *PROGRAM)
    assert (answer.status, answer.all("WWW-Authenticate")) == (200, [])


def test_satisfy_any_with_a_password(server, idp):
    assert ask(server, "/basic", *PROGRAM).status == 401
    answer = ask(server, "/basic", *PROGRAM, ("Authorization", "Basic Ym9iOnNlY3JldA=="))
    assert (answer.status, answer.all("WWW-Authenticate")) == (200, [])
    member = Browser()
    idp.login(member, server.url("/page.html"))
    answer = ask(server, "/basic", *PROGRAM, cookie_header(member))
    assert (answer.status, answer.all("WWW-Authenticate")) == (200, [])
