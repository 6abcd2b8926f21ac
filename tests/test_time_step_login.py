"""The time of day is set while somebody is at the IdP: a login fails at most once, and the next one succeeds."""

import pytest

from harness.browser import Browser
from harness.members import PAGE, assert_all_workers
from harness.response import Answer

HOUR = 3600


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_the_clock_was_wrong_before(clocked, idp, hours):
    """NTP mends it in the middle of the login; the IdP's was right all the time."""
    host = clocked()
    host.clock.set(hours * HOUR)
    browser = Browser()
    request = idp.asked(browser.get(host.server.url(PAGE)))
    host.clock.set(0)
    page = browser.post(request.acs_url, idp.form(request, host.clock.said(Answer())))
    if hours > 0:
        assert page.status == 303, page.text
    else:
        assert page.status == 400 and "request_expired" in page.text
        host.log_in(idp)
    assert_all_workers(host.server, host.log_in(idp), True, times=6)


@pytest.mark.parametrize("hours", [-30, -1, 1, 30])
def test_the_clock_is_wrong_from_now_on(clocked, idp, hours):
    """Nobody gets in by it, and everybody does when it is right again."""
    host = clocked()
    browser = Browser()
    request = idp.asked(browser.get(host.server.url(PAGE)))
    form = idp.form(request, Answer())
    host.clock.set(hours * HOUR)
    page = browser.post(request.acs_url, form)
    assert page.status in (400, 403), f"{page.status}: {page.text}"
    expected = "request_expired" if hours > 0 else "issue_instant_future"
    assert expected in page.text, page.text
    assert browser.get(host.server.url(PAGE)).status == 302
    host.clock.set(0)
    page = browser.post(request.acs_url, form)
    assert page.status == 303, page.text
    assert_all_workers(host.server, browser, True, times=6)
