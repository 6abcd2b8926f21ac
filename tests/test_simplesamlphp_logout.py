"""Single logout with SimpleSAMLphp, both ways, by Redirect and by POST; it wants everything signed."""

import re

import pytest

from harness.browser import Browser
from harness.members import PAGE, is_in

OTHER = {"redirect": "HTTP-POST", "post": "HTTP-Redirect"}


def offering(metadata: str, binding: str) -> str:
    """The SP's metadata with one browser binding for logout."""
    return re.sub(
        rf'\s*<md:SingleLogoutService [^>]*bindings:{OTHER[binding]}"[^>]*/>', "", metadata
    )


@pytest.fixture(params=["redirect", "post"])
def server(logout_sp, simplesamlphp, request):
    server, metadata = logout_sp(simplesamlphp, request.param)
    metadata = offering(metadata, request.param)
    assert metadata.count("SingleLogoutService") == 2, "this binding and SOAP"
    simplesamlphp.trust(metadata)
    return server


def copy_of(browser: Browser) -> Browser:
    """Its cookies as a thief would keep them."""
    copy = Browser()
    copy.session.cookies.update(browser.session.cookies)
    return copy


@pytest.mark.smoke
def test_from_here(server, simplesamlphp, browser):
    page = simplesamlphp.log_in(browser, server.url(PAGE))
    assert page.text == "a page\n"
    assert simplesamlphp.knows(browser)
    thief = copy_of(browser)
    page = browser.open(server.url("/saml/logout"))
    assert (page.url, page.text) == (server.url("/bye.html"), "bye"), page.text
    assert not is_in(server, thief)
    assert not simplesamlphp.knows(browser)


@pytest.mark.smoke
def test_from_there(server, simplesamlphp, browser):
    simplesamlphp.log_in(browser, server.url(PAGE))
    thief = copy_of(browser)
    page = simplesamlphp.log_out(browser)
    assert page.url == simplesamlphp.signed_out, page.text
    assert not is_in(server, thief)
    assert not simplesamlphp.knows(browser)


def test_a_return_argument(server, simplesamlphp, browser):
    simplesamlphp.log_in(browser, server.url(PAGE))
    page = browser.open(server.url("/saml/logout?return=/bye.html?x=%C3%A5"))
    assert page.url == server.url("/bye.html?x=%C3%A5")


def test_other_members_stay(server, simplesamlphp, browser):
    """Alice at another browser, and bob: other sessions of the IdP."""
    alice, bob = Browser(), Browser()
    simplesamlphp.log_in(browser, server.url(PAGE))
    simplesamlphp.log_in(alice, server.url(PAGE))
    simplesamlphp.log_in(bob, server.url(PAGE), user="bob")
    simplesamlphp.log_out(browser)
    assert not is_in(server, browser)
    assert is_in(server, alice) and is_in(server, bob)


def test_out_and_in_again(server, simplesamlphp, browser):
    for _ in range(2):
        page = simplesamlphp.log_in(browser, server.url(PAGE))
        assert page.text == "a page\n", page.text
        browser.open(server.url("/saml/logout"))
        assert not is_in(server, browser)
