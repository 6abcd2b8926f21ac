"""Several tabs that log in at once do not disturb each other."""

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.site import site

CONF = site(keys=False)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_each_tab_gets_to_its_page(nginx, idp, browser, order):
    server = nginx(CONF)
    requests = [idp.asked(browser.get(server.url(f"/page.html?tab={n}"))) for n in range(3)]
    for n in order:
        page = browser.post(requests[n].acs_url, idp.form(requests[n]))
        assert (page.status, page.location) == (303, server.url(f"/page.html?tab={n}"))
    assert browser.get(server.url("/page.html")).status == 200


def test_relay_state_is_not_what_decides(nginx, idp, browser):
    """A lost or foreign RelayState neither breaks a login nor leads it elsewhere."""
    server = nginx(CONF)
    for relay_state in (None, "", "https://evil.example.org/", "x" * 5000):
        request = idp.asked(browser.get(server.url("/page.html")))
        form = idp.form(request)
        form.pop("RelayState")
        if relay_state is not None:
            form["RelayState"] = relay_state
        page = browser.post(request.acs_url, form)
        assert (page.status, page.location) == (303, server.url("/page.html"))
        browser = Browser()


def bytes_of_logins(browser) -> int:
    """What the cookies of logins take of the Cookie line."""
    kept = [c for c in browser.session.cookies if "_request_" in c.name]
    return sum(len(c.name) + len(c.value) + 3 for c in kept)


def test_twenty_tabs_on_short_addresses_all_arrive(nginx, idp, browser):
    server = nginx(CONF)
    requests = [idp.asked(browser.get(server.url(f"/page.html?tab={n}"))) for n in range(20)]
    for n, request in enumerate(requests):
        page = browser.post(request.acs_url, idp.form(request))
        assert (page.status, page.location) == (303, server.url(f"/page.html?tab={n}"))


@pytest.mark.parametrize("length", [0, 100, 400, 1000, 1900])
def test_the_cookies_of_logins_never_fill_the_header(nginx, idp, browser, length):
    """The oldest go: a browser must not be locked out of the whole host."""
    server = nginx(CONF)
    query = "x" * length
    requests = [idp.asked(browser.get(server.url(f"/page.html?{n}={query}"))) for n in range(40)]
    assert bytes_of_logins(browser) <= 3072
    newest = requests[-1]
    page = browser.post(newest.acs_url, idp.form(newest))
    assert page.location == server.url(f"/page.html?39={query}")
    oldest = Browser()
    oldest.session.cookies.update(browser.session.cookies)
    page = oldest.post(requests[0].acs_url, idp.form(requests[0]))
    assert_refused(server, page, "request_unknown")


def test_answered_logins_are_stubs(nginx, idp, browser):
    """They make room first, and take little of it."""
    server = nginx(CONF)
    for n in range(12):
        path = f"/page.html?{n}=" + "x" * 700
        # As if the session had ended meanwhile.
        for cookie in list(browser.session.cookies):
            if "_request_" not in cookie.name:
                browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
        request = idp.asked(browser.get(server.url(path)))
        assert browser.post(request.acs_url, idp.form(request)).location == server.url(path)
    assert bytes_of_logins(browser) <= 12 * 170
    again = browser.post(request.acs_url, idp.form(request))
    assert (again.status, again.location) == (303, server.url("/page.html")), "Back"
