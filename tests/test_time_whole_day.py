"""A day passes: who uses a session keeps it until its lifetime ends, who does not is out after the idle timeout."""

import pytest

from harness.browser import Browser
from harness.members import assert_all_workers, is_in, log_in
from harness.response import Answer

HOUR = 3600
DAY = {"passes": True, "sp": "session_lifetime 24h; session_idle_timeout 5h;"}


def test_the_busy_and_the_idle(clocked, idp):
    host = clocked(**DAY)
    busy, idle, later = (log_in(host.server, idp) for _ in range(3))
    for hour in range(4, 24, 4):
        host.clock.set(hour * HOUR)
        assert is_in(host.server, busy)
        if hour == 4:
            assert is_in(host.server, later)
        elif hour == 8:
            assert_all_workers(host.server, idle, False, times=6)
            assert is_in(host.server, later), "it was used four hours ago"
    assert_all_workers(host.server, later, False, times=6)
    host.clock.set(24 * HOUR + 60)
    assert_all_workers(host.server, busy, False, times=6)
    page = idp.login(busy, host.server.url("/page.html"), host.clock.said(Answer()))
    assert page.status == 303 and is_in(host.server, busy), "and a new day begins"


def test_the_end_that_the_idp_said(clocked, idp):
    host = clocked(**DAY)
    member = log_in(host.server, idp, session_not_on_or_after=6 * HOUR)
    for hour in (2, 4):
        host.clock.set(hour * HOUR)
        assert is_in(host.server, member)
    host.clock.set(6 * HOUR + 60)
    assert_all_workers(host.server, member, False, times=6)


@pytest.mark.parametrize("minutes, good", [(9, True), (11, False), (75, False)])
def test_how_long_a_login_may_take(clocked, idp, minutes, good):
    """request_lifetime is ten minutes; who comes later begins again, and gets in."""
    host = clocked(passes=True)
    browser = Browser()
    request = idp.asked(browser.get(host.server.url("/page.html")))
    host.clock.set(minutes * 60)
    page = browser.post(request.acs_url, idp.form(request, host.clock.said(Answer())))
    assert (page.status == 303) == good, page.text
    if not good:
        assert "request_expired" in page.text
        assert not is_in(host.server, browser)
        page = idp.login(browser, host.server.url("/page.html"), host.clock.said(Answer()))
        assert page.status == 303
    assert is_in(host.server, browser)
