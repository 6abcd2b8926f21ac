"""What was logged out does not come back by an assertion from before, whatever becomes of the time of day."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import PAGE, assert_all_workers, await_age, is_in
from harness.response import Answer

MINUTE, HOUR = 60, 3600
IDP = "allow_unsolicited on;"
LATE = Answer(
    in_response_to=None, issue_instant=-3, not_on_or_after=12 * HOUR, confirmation_not_on_or_after=12 * HOUR
)


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


def enter(host, form, acs: str) -> str:
    """The reason why it does not begin a session."""
    browser = Browser()
    page = browser.post(acs, form)
    assert page.status >= 400, f"let in at {host.clock.seconds} s"
    assert not is_in(host.server, browser)
    reasons = ("assertion_logged_out", "assertion_replayed", "assertion_too_old", "issue_instant_future")
    return next(reason for reason in reasons if reason in page.text)


def test_as_time_passes(clocked, idp):
    host = clocked(idp=IDP, passes=True)
    await_age(host.server, 3)
    request = idp.asked(Browser().get(host.server.url(PAGE)))
    late = [idp.form(request, LATE) for _ in range(14)]
    assert_success(send(idp, host.server.url("/saml/sls"), LogoutRequest(session_index=())))
    reasons = []
    moments = (0, 5 * MINUTE, 14 * MINUTE, *range(953, 961), 20 * MINUTE, 3 * HOUR)
    for seconds, form in zip(moments, late):
        host.clock.set(seconds)
        reasons.append(enter(host, form, request.acs_url))
    assert set(reasons) == {"assertion_logged_out", "assertion_too_old"}
    assert reasons == sorted(reasons)
    host.log_in(idp)


@pytest.mark.parametrize("away", [-2 * HOUR, 20 * MINUTE, 2 * HOUR])
@pytest.mark.parametrize("meanwhile", ["nothing", "people come and go"])
def test_the_clock_was_away(clocked, idp, away, meanwhile):
    host = clocked(idp=IDP)
    await_age(host.server, 3)
    member = host.log_in(idp)
    request = idp.asked(Browser().get(host.server.url(PAGE)))
    late = [idp.form(request, LATE) for _ in range(2)]
    assert_success(send(idp, host.server.url("/saml/sls"), LogoutRequest(session_index=())))
    host.clock.set(away)
    enter(host, late[0], request.acs_url)
    if meanwhile == "people come and go":
        for n in range(3):
            host.log_in(idp, name_id=f"person-{n}").get(host.server.url("/saml/logout"))
    host.clock.set(0)
    assert enter(host, late[1], request.acs_url) == "assertion_logged_out"
    assert_all_workers(host.server, member, False, times=4)
    host.log_in(idp, issue_instant=2)


def test_a_logout_by_a_wrong_clock_locks_nobody_out(clocked, idp):
    """IdP and host were hours ahead when the person was logged out; both are set right."""
    host = clocked(idp=IDP)
    host.clock.set(2 * HOUR)
    member = host.log_in(idp)
    logout = host.clock.said(LogoutRequest(session_index=()))
    assert_success(send(idp, host.server.url("/saml/sls"), logout))
    assert not is_in(host.server, member)
    host.clock.set(0)
    page = idp.login(Browser(), host.server.url(PAGE), host.clock.said(Answer()))
    assert page.status >= 400 and "assertion_logged_out" in page.text, page.text
    host.clock.set(2 * HOUR + 20 * MINUTE)
    host.log_in(idp)
