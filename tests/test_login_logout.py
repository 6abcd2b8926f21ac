"""saml_login and saml_logout as links and forms."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.refusal import assert_refused
from harness.site import site

CONF = site(
    http="saml_idp other { metadata other.xml; }",
    keys=False,
    sp="idp other;",
    location="add_header X-Idp $saml_idp;",
    server="location /partners { auth_saml app idp=other; root html; }",
)
OTHER = Idp(
    "https://other.example.org/idp",
    "https://other.example.org/sso",
    credential=rsa_credential("other"),
)


@pytest.fixture
def server(nginx):
    return nginx(CONF, files={"other.xml": OTHER.metadata(), "html/partners/x.html": "partners\n"})


def test_choice_of_the_idp(server, idp, browser):
    idp.login(browser, server.url("/saml/login"))
    assert browser.get(server.url("/page.html")).headers["X-Idp"] == idp.entity_id
    browser = Browser()
    OTHER.login(browser, server.url("/saml/login?idp=other&return=/page.html"))
    assert browser.get(server.url("/page.html")).headers["X-Idp"] == OTHER.entity_id


def test_unknown_idp(server, browser):
    assert_refused(server, browser.get(server.url("/saml/login?idp=nobody")), "argument_invalid")


def test_a_location_of_one_idp(server, idp, browser):
    """Members of another IdP are sent to this one."""
    idp.login(browser, server.url("/page.html"))
    page = OTHER.login(browser, server.url("/partners/x.html"))
    assert browser.get(page.location).text == "partners\n"


def test_one_idp_cannot_answer_for_another(server, idp, browser):
    """Mix-up: a login begun at `corp`, answered by `other` with its own good signature."""
    request = idp.asked(browser.get(server.url("/page.html")))
    page = browser.post(request.acs_url, OTHER.form(request))
    assert_refused(server, page, "issuer_mismatch")
    assert browser.get(server.url("/page.html")).status == 302


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_logout(server, idp, browser, method):
    idp.login(browser, server.url("/page.html"))
    page = browser.request(method, server.url("/saml/logout"))
    assert page.status == 200 and "signed out" in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert "saml_session" not in browser.session.cookies
    assert browser.get(server.url("/page.html")).status == 302


def test_logout_of_nobody(server, browser):
    assert browser.get(server.url("/saml/logout")).status == 200


def test_other_sites_cannot_log_out(server, idp, browser):
    idp.login(browser, server.url("/page.html"))
    page = browser.get(server.url("/saml/logout"), headers={"Sec-Fetch-Site": "cross-site"})
    assert_refused(server, page, "logout_cross_site")
    assert browser.get(server.url("/page.html")).status == 200


@pytest.mark.parametrize("path", ["/saml/login", "/saml/logout", "/saml/metadata"])
def test_methods(server, browser, path):
    assert_refused(server, browser.request("DELETE", server.url(path)), "method_not_allowed")


def test_a_browser_that_loses_its_cookies_ends_on_a_page(server, idp, browser):
    """Logins that lead nowhere stop, and the page says why."""
    for _ in range(20):
        page = browser.get(server.url("/page.html"))
        if page.status != 302:
            break
        request = idp.asked(page)
        browser.post(request.acs_url, idp.form(request))
        browser.session.cookies.clear("127.0.0.1", "/", "saml_session")
    else:
        pytest.fail("20 logins and still no end")
    assert_refused(server, page, "login_loop")
