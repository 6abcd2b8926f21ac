"""An assertion begins one session, whatever becomes of the time of day meanwhile."""

import copy

import pytest

from harness.browser import Browser
from harness.members import PAGE, is_in
from harness.response import Answer

MINUTE, HOUR = 60, 3600
IDP = "allow_unsolicited on;"
# Valid for hours as far as the IdP is concerned, and asked for by nobody.
STORED = Answer(in_response_to=None, not_on_or_after=12 * HOUR, confirmation_not_on_or_after=12 * HOUR)


def enter(host, form, acs: str) -> str:
    """The reason why it does not begin a session."""
    browser = Browser()
    page = browser.post(acs, form)
    assert page.status >= 400, f"let in at {host.clock.seconds} s"
    assert not is_in(host.server, browser)
    reasons = ("assertion_replayed", "assertion_too_old", "issue_instant_future", "assertion_not_yet_valid")
    return next(reason for reason in reasons if reason in page.text)


def test_as_time_passes(clocked, idp):
    """Claimed, and then too old: there is no moment between the two."""
    host = clocked(idp=IDP, passes=True)
    request = idp.asked(Browser().get(host.server.url(PAGE)))
    form = idp.form(request, STORED)
    assert Browser().post(request.acs_url, form).status == 303
    reasons = []
    for seconds in (0, 5 * MINUTE, 14 * MINUTE, *range(955, 965), 20 * MINUTE, 3 * HOUR):
        host.clock.set(seconds)
        reasons.append(enter(host, form, request.acs_url))
    assert set(reasons) == {"assertion_replayed", "assertion_too_old"}
    assert reasons == sorted(reasons)


@pytest.mark.parametrize("away", [-2 * HOUR, 20 * MINUTE, 2 * HOUR])
@pytest.mark.parametrize("meanwhile", ["nothing", "it is tried", "people come and go"])
def test_the_clock_was_away(clocked, idp, away, meanwhile):
    """Set, and set right again. Meanwhile what is over by that clock is swept out."""
    host = clocked(idp=IDP)
    request = idp.asked(Browser().get(host.server.url(PAGE)))
    form = idp.form(request, STORED)
    assert Browser().post(request.acs_url, form).status == 303
    host.clock.set(away)
    if meanwhile != "nothing":
        enter(host, form, request.acs_url)
    if meanwhile == "people come and go":
        for n in range(3):
            member = host.log_in(idp, name_id=f"person-{n}")
            member.get(host.server.url("/saml/logout"))
    host.clock.set(0)
    assert enter(host, form, request.acs_url) == "assertion_replayed"


def test_an_answered_login_stays_answered(clocked, idp):
    """The browser keeps the cookie of its login, and the IdP answers that again with another assertion."""
    host = clocked()
    browser = Browser()
    request = idp.asked(browser.get(host.server.url(PAGE)))
    kept = [copy.copy(cookie) for cookie in browser.session.cookies]
    assert browser.post(request.acs_url, idp.form(request)).status == 303
    host.clock.set(2 * HOUR)
    for n in range(3):
        host.log_in(idp, name_id=f"person-{n}")
    host.clock.set(0)
    again = Browser()
    for cookie in kept:
        again.session.cookies.set_cookie(cookie)
    page = again.post(request.acs_url, idp.form(request))
    assert page.status == 400 and "request_answered" in page.text, page.text
    assert not is_in(host.server, again)
