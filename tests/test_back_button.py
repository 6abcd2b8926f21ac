"""Back after a login posts the IdP's form again, without the session's cookie: SameSite=Lax."""

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.site import site
from harness.wire import cookie_header

CONF = site(keys=False, sp="@SP@")


def post_again(browser, request, form):
    """The form once more, with the cookies that a browser sends along from another site."""
    name, value = cookie_header(browser, "_request_")
    return Browser().post(request.acs_url, form, headers={name: value})


@pytest.mark.parametrize("same_site, status", [("lax", 303), ("strict", 200)])
def test_goes_on_to_the_page(nginx, idp, browser, same_site, status):
    """As after the login itself: a redirect, or with `strict` a page of ours that goes on."""
    server = nginx(CONF, SP=f"cookie_same_site {same_site};")
    request = idp.asked(browser.get(server.url("/page.html?x=1")))
    form = idp.form(request)
    browser.post(request.acs_url, form)
    for _ in range(3):
        page = post_again(browser, request, form)
        assert page.status == status, page.text
        assert server.url("/page.html?x=1") in (page.location if status == 303 else page.text)
        assert not any("saml_session=" in cookie for cookie in page.set_cookie), "no new session"
    assert browser.get(server.url("/page.html")).status == 200, "the session is untouched"


def test_is_no_way_in(nginx, idp, browser):
    """After the logout the form leads to the page, and the page to a login."""
    server = nginx(CONF, SP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request)
    browser.post(request.acs_url, form)
    browser.get(server.url("/saml/logout"))
    name, value = cookie_header(browser, "_request_")
    back = Browser()
    page = back.post(request.acs_url, form, headers={name: value})
    assert page.status == 303
    assert back.get(page.location, headers={name: value}).status == 302


def test_of_another_browser_is_refused(nginx, idp, browser):
    """Who saw the form but has not the cookie is no browser that went back."""
    server = nginx(CONF, SP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request)
    browser.post(request.acs_url, form)
    assert_refused(server, Browser().post(request.acs_url, form), "request_unknown")
