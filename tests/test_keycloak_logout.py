"""Single logout with Keycloak, both ways: through the browser and by its back channel."""

import pytest

from harness.browser import Browser
from harness.members import PAGE, is_in

pytestmark = pytest.mark.slow

URL = "saml_single_logout_service_url_{}"
POST, REDIRECT, SOAP = (URL.format(name) for name in ("post", "redirect", "soap"))


@pytest.fixture
def serve(logout_sp, keycloak):
    """The SP; `client` changes what Keycloak made of its metadata."""

    def start(binding: str = "redirect", **client):
        server, metadata = logout_sp(keycloak, binding)
        made = keycloak.trust(metadata, **client)
        assert made["attributes"].get("saml.client.signature") == "true", made["attributes"]
        return server

    return start


@pytest.fixture(autouse=True)
def nobody_is_in(keycloak):
    keycloak.kill_sessions("alice")
    keycloak.kill_sessions("bob")


def members(keycloak, server, count: int) -> list[Browser]:
    """Each with a session of its own at Keycloak."""
    browsers = [Browser() for _ in range(count)]
    for browser in browsers:
        assert keycloak.log_in(browser, server.url(PAGE)).text == "a page\n"
    return browsers


@pytest.mark.parametrize("binding", ["redirect", "post", "soap"])
def test_from_here(serve, keycloak, browser, binding):
    """Keycloak checks our signature, ends its session, and answers."""
    server = serve(binding)
    keycloak.log_in(browser, server.url(PAGE))
    (other,) = members(keycloak, server, 1)
    assert len(keycloak.sessions()) == 2
    page = browser.open(server.url("/saml/logout"))
    assert (page.url, page.text) == (server.url("/bye.html"), "bye"), page.text
    assert not is_in(server, browser)
    assert len(keycloak.sessions()) == 1
    assert is_in(server, other)


@pytest.mark.parametrize("only", ["redirect", "post"])
def test_from_there_through_the_browser(serve, keycloak, browser, only):
    """Front channel: LogoutRequest and LogoutResponse travel with the person."""
    missing = {"redirect": POST, "post": REDIRECT}[only]
    server = serve(frontchannelLogout=True, attributes={missing: "", SOAP: ""})
    keycloak.log_in(browser, server.url(PAGE))
    page = keycloak.log_out(browser)
    assert page.status == 200 and page.url.startswith(keycloak.url), page.url
    assert "logged out" in page.text
    assert not is_in(server, browser)
    assert keycloak.sessions() == []


@pytest.mark.parametrize("by", ["post", "soap"])
def test_killed_by_the_administrator(serve, keycloak, by):
    """Back channel: Keycloak itself tells us; both browsers are out without having moved."""
    keep = {"post": {SOAP: "", REDIRECT: ""}, "soap": {}}[by]
    server = serve(frontchannelLogout=False, attributes=keep)
    browsers = members(keycloak, server, 2)
    bob = Browser()
    keycloak.log_in(bob, server.url(PAGE), user="bob")
    keycloak.kill_sessions("alice")
    assert [is_in(server, browser) for browser in browsers] == [False, False]
    assert is_in(server, bob)
    assert "POST /saml/sls 200" in server.access_log()


def test_one_of_two_sessions(serve, keycloak):
    """Signed out at one browser: the other one's session has another SessionIndex, and stays."""
    server = serve(frontchannelLogout=False, attributes={SOAP: "", REDIRECT: ""})
    first, second = members(keycloak, server, 2)
    keycloak.log_out(first)
    assert not is_in(server, first)
    assert is_in(server, second)


def test_two_applications(serve, keycloak, browser):
    """Signed out of one by the person, of the other by Keycloak in the same go."""
    one, two = serve(), serve(frontchannelLogout=False, attributes={SOAP: "", REDIRECT: ""})
    keycloak.log_in(browser, one.url(PAGE))
    assert browser.open(two.url(PAGE)).text == "a page\n"
    page = browser.open(one.url("/saml/logout"))
    assert page.text == "bye", page.text
    assert not is_in(one, browser)
    assert not is_in(two, browser)


def test_unsigned_requests_are_refused(serve, keycloak):
    """A client without "Sign documents": the session stays, the log says what to do."""
    unsigned = {"saml.server.signature": "false", "saml.assertion.signature": "true"}
    server = serve(frontchannelLogout=False, attributes={**unsigned, SOAP: "", REDIRECT: ""})
    (browser,) = members(keycloak, server, 1)
    keycloak.kill_sessions()
    assert is_in(server, browser)
    assert " saml: logout_request_unsigned: " in server.error_log()


def test_out_and_in_again(serve, keycloak, browser):
    server = serve()
    for _ in range(2):
        page = keycloak.log_in(browser, server.url(PAGE))
        assert page.text == "a page\n", page.text
        browser.open(server.url("/saml/logout"))
        assert not is_in(server, browser)
