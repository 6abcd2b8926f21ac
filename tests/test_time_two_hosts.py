"""Two hosts whose clocks differ, with one memcached: sessions are one, and nothing comes in at the one that the other
has seen."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, back_channel, send
from harness.members import PAGE, assert_all_workers, is_in
from harness.response import Answer

MINUTE, HOUR = 60, 3600
IDP = "allow_unsolicited on;"
LONG = {"not_on_or_after": 12 * HOUR, "confirmation_not_on_or_after": 12 * HOUR, "in_response_to": None}
ANSWERED = pytest.mark.parametrize("off", [0, 50, 10 * MINUTE], ids="{} s".format)


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.fixture
def passing(clocked_twins):
    """Both hosts, the second one's clock off by so much, and what makes time pass for them and memcached."""

    def start(off: int, **blocks: str):
        one, two, durations = clocked_twins(**blocks)

        def at(seconds: int):
            one.clock.set(seconds)
            two.clock.set(seconds + off)
            durations.set(seconds)

        at(0)
        return one, two, at

    return start


def enters(host, form, acs: str) -> str:
    """Nothing, or the reason why it begins no session."""
    page = Browser().towards(host.server).post(acs, form)
    if page.status == 303:
        return ""
    reasons = ("assertion_replayed", "assertion_logged_out", "assertion_too_old", "issue_instant_future")
    return next(reason for reason in reasons if reason in page.text)


@pytest.mark.parametrize("off", [-2 * HOUR, -90, 90, 2 * HOUR], ids="{} s".format)
def test_a_session_is_one(passing, idp, off):
    """Used for hours at both, and ended at both; who goes idle is out at both."""
    one, two, at = passing(off, sp="session_lifetime 12h; session_idle_timeout 1h;")
    member, idle = one.log_in(idp), one.log_in(idp)
    for minutes in range(40, 240, 40):
        at(minutes * MINUTE)
        for host in (one, two) if minutes % 80 else (two, one):
            assert is_in(host.server, member)
    for host in (one, two):
        assert_all_workers(host.server, idle, False, times=4)
    logout = one.clock.said(LogoutRequest(session_index=()))
    assert_success(send(idp, one.server.url("/saml/sls"), logout))
    for host in (two, one):
        assert_all_workers(host.server, member, False, times=4)


@ANSWERED
def test_who_is_ahead_forgets_no_assertion(passing, idp, off):
    """Each login of a person tidies up what they have used before, and says how long memcached keeps it."""
    one, two, at = passing(off, idp=IDP)
    request = idp.asked(Browser().towards(one.server).get(one.server.url(PAGE)))
    first = idp.form(request, Answer(**LONG))
    assert enters(one, first, request.acs_url) == ""
    at(500)
    second = idp.form(request, one.clock.said(Answer(**LONG)))
    assert enters(two, second, request.acs_url) == ""
    for seconds, form in [(500, first), (950, first), (1440, second)]:
        at(seconds)
        assert enters(one, form, request.acs_url) == "assertion_replayed", f"at {seconds} s"


@ANSWERED
def test_who_is_ahead_forgets_no_logout(passing, idp, off):
    one, two, at = passing(off, idp=f"{IDP} max_assertion_age 30m;")
    request = idp.asked(Browser().towards(one.server).get(one.server.url(PAGE)))
    late = [idp.form(request, Answer(issue_instant=-3, session_index="_a", **LONG)) for _ in range(2)]
    url = one.server.url("/saml/sls")
    assert_success(send(idp, url, LogoutRequest(session_index=("_a",))))
    at(1400)
    again = one.clock.said(LogoutRequest(session_index=("_b",), not_on_or_after=3600))
    assert_success(send(idp, url, again, client=back_channel().towards(two.server)))
    for seconds, form in zip((1400, 1840), late):
        at(seconds)
        assert enters(one, form, request.acs_url) == "assertion_logged_out", f"at {seconds} s"


@pytest.mark.parametrize("off", [-2 * HOUR, 2 * HOUR], ids="{} s".format)
def test_who_is_hours_off_lets_nobody_sign_in(passing, idp, off):
    """And serves who is signed in; when its clock is right, it signs people in again."""
    one, two, at = passing(off)
    member = one.log_in(idp)
    assert_all_workers(two.server, member, True, times=4)
    browser = Browser().towards(two.server)
    page = idp.login(browser, two.server.url(PAGE), one.clock.said(Answer()))
    assert page.status == 403, page.text
    two.clock.set(0)
    two.log_in(idp)
