"""Where a login or logout may lead: this site and `return_hosts`, nowhere else."""

import http.client

import pytest

from harness.message import read_redirect
from harness.refusal import assert_refused
from harness.site import site

CONF = site(
    keys=False,
    sp="""
        return_hosts other.example.org;
        login_redirect /start;
        logout_redirect /bye;
    """,
)

GOOD = {
    "/page.html": "/page.html",
    "/": "/",
    "/a%3Fb%26c?d=e%26f#g": "/a%3Fb%26c?d=e%26f",
    "/p%C3%A5th?q=%2F%2Fevil": "/p%C3%A5th?q=%2F%2Fevil",
}

BAD = [
    "https://evil.example.org/",
    "http://evil.example.org",
    "//evil.example.org/",
    "///evil.example.org/",
    "/\\evil.example.org/",
    "\\/evil.example.org/",
    "\\\\evil.example.org/",
    "/\t/evil.example.org/",
    "/\n/evil.example.org/",
    "\x01//evil.example.org",
    " //evil.example.org",
    "http:evil.example.org",
    "http:/evil.example.org",
    "https:evil.example.org",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://127.0.0.1@evil.example.org/",
    "http://127.0.0.1:1/",
    "http://other.example.org.evil.example.org/",
    "http://other.example.org@evil.example.org/",
    "http://127.0.0.1:99999/",
    "page.html",
    "?x",
    "/a\r\nSet-Cookie: x=y",
]


def login_to(nginx, idp, browser, query: dict) -> str:
    request = idp.asked(browser.request("GET", nginx.url("/saml/login"), params=query))
    page = browser.post(request.acs_url, idp.form(request))
    assert page.status == 303
    return page.location


@pytest.mark.parametrize("given", GOOD)
def test_good(nginx, idp, browser, given):
    server = nginx(CONF)
    location = login_to(server, idp, browser, {"return": given})
    assert location.partition("#")[0] == server.url(GOOD[given])


def test_absolute_and_listed(nginx, idp, browser):
    server = nginx(CONF)
    assert login_to(server, idp, browser, {"return": server.url("/x")}) == server.url("/x")
    listed = "https://other.example.org/x"
    assert login_to(server, idp, browser, {"return": listed}) == listed


def test_none_is_login_redirect(nginx, idp, browser):
    server = nginx(CONF)
    assert login_to(server, idp, browser, {}) == server.url("/start")


@pytest.mark.parametrize("endpoint", ["/saml/login", "/saml/logout"])
@pytest.mark.parametrize("given", BAD)
def test_bad(nginx, browser, endpoint, given):
    server = nginx(CONF)
    page = browser.request("GET", server.url(endpoint), params={"return": given})
    if page.status in (302, 303):
        assert "evil" not in page.headers["Location"].split("SAMLRequest")[0]
    assert_refused(server, page, "return_url_refused")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example.org/",
        "/\\evil.example.org/",
        "//evil.example.org/%2e%2e",
        "/.//evil.example.org",
    ],
)
def test_the_page_asked_for_cannot_lead_away(nginx, idp, browser, path):
    """The return URL made from the request line itself."""
    server = nginx(CONF)
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", "evil.example.org")
    connection.putheader("Accept", "text/html")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status in (302, 400)
    if answer.status == 302:
        request = read_redirect(answer.headers["Location"])
        for header in answer.headers.get_all("Set-Cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            browser.session.cookies.set(name, value, domain="127.0.0.1", path="/")
        page = browser.post(request.acs_url, idp.form(request))
        assert page.headers["Location"].startswith(server.url("/")), page.headers["Location"]


def test_logout(nginx, idp, browser):
    server = nginx(CONF)
    idp.login(browser, server.url("/page.html"))
    page = browser.get(server.url("/saml/logout"))
    assert (page.status, page.location) == (303, server.url("/bye"))
    page = browser.get(server.url("/saml/logout?return=/page.html"))
    assert page.location == server.url("/page.html")
