"""Who has no session: people are redirected, programs get 401 and JSON."""

import json

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
        ("POST", {"Accept": HTML, "Sec_Fetch_Mode": "navigate"}),
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


def test_by_setting(server):
    assert ask(server, path="/always", Accept="application/json").status == 302
    assert ask(server, path="/never", Accept=HTML).status == 401


def test_head_of_a_member(server, idp):
    browser = Browser()
    idp.login(browser, server.url("/x"))
    page = browser.request("HEAD", server.url("/x"))
    assert (page.status, page.text) == (200, "")
