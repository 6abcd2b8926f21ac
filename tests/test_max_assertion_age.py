"""An assertion that is valid for hours does not undo a logout: before that is forgotten, it is too old."""

import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import await_age, is_in, log_in, log_in_again
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    idp="allow_unsolicited on; @IDP@",
    sp="@SP@",
    listen="reuseport",
)
HOUR = {"not_on_or_after": 3600, "confirmation_not_on_or_after": 3600}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


def test_fifteen_minutes_unless_told_otherwise(nginx, idp):
    server = nginx(CONF, IDP="", SP="")
    for age, fits in [(1300, False), (970, False), (950, True)]:
        browser = Browser()
        answer = Answer(issue_instant=-age, **HOUR)
        page = idp.login(browser, server.url("/page.html"), answer)
        if fits:
            assert page.status == 303, page.text
        else:
            line = assert_refused(server, page, "assertion_too_old")
            assert page.status == 403
            assert "max_assertion_age is 900 s" in line
        assert is_in(server, browser) == fits


@pytest.mark.parametrize("place", ["IDP", "SP"])
def test_as_configured(nginx, idp, place):
    values = {"IDP": "", "SP": "", place: "max_assertion_age 30m; clock_skew 0s;"}
    server = nginx(CONF, **values)
    log_in(server, idp, issue_instant=-1750, **HOUR)
    page = idp.login(Browser(), server.url("/page.html"), Answer(issue_instant=-1850, **HOUR))
    assert_refused(server, page, "assertion_too_old")


@pytest.mark.parametrize("ahead", [0, 2], ids=["same clock", "IdP's clock is ahead"])
def test_after_a_logout_no_moment_lets_it_in(nginx, idp, ahead):
    """Ever later, past the end of the tombstone: first it was logged out, then it is too old."""
    server = nginx(CONF, IDP="max_assertion_age 2s; clock_skew 2s;", SP="")
    await_age(server, 1)
    request = idp.asked(Browser().get(server.url("/page.html")))
    answer = Answer(in_response_to=None, issue_instant=ahead - 1, **HOUR)
    late = [idp.form(request, answer) for _ in range(40)]
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(issue_instant=ahead)))
    reasons = []
    for form in late:
        browser = Browser()
        page = browser.post(request.acs_url, form)
        assert page.status >= 400, f"let in after {reasons}"
        is_old = "assertion_too_old" in page.text
        reasons.append("assertion_too_old" if is_old else "assertion_logged_out")
        assert_refused(server, page, reasons[-1])
        assert not is_in(server, browser)
        time.sleep(0.2)
    assert set(reasons) == {"assertion_logged_out", "assertion_too_old"}
    assert reasons == sorted(reasons), "never the other way round"
    assert is_in(server, log_in_again(server, idp, "_session-1"))


def test_bounds(prepared):
    for value, good in [("0s", False), ("1s", True), ("1d", True), ("2d", False), ("off", False)]:
        server = prepared(CONF, IDP=f"max_assertion_age {value};", SP="")
        accepted, output = server.test()
        assert accepted == good, output
        assert good or '"max_assertion_age" directive, it must be 1s to 86400s' in output
