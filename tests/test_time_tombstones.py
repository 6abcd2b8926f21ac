"""An assertion from before a logout begins no session, from the logout until it is too old for any: no second between."""

import re

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import PAGE, is_in
from harness.timed import MINUTE, STORES, timed_site

SLO = Idp(slo=("HTTP-Redirect", "SOAP"))
#: What an assertion may be at most, and how far clocks are apart.
AGE, SKEW = 15 * MINUTE, MINUTE
SPANS = [1, 5 * MINUTE, 10 * MINUTE, AGE, *range(AGE + SKEW - 10, AGE + SKEW + 5), 20 * MINUTE, 21 * MINUTE]


def under_way(host, answer) -> tuple[Browser, str, dict]:
    """A login whose answer has been signed, and is on its way."""
    browser = Browser()
    request = host.idp.asked(browser.get(host.server.url(PAGE)))
    return browser, request.acs_url, host.idp.form(request, answer)


@pytest.mark.parametrize("store", STORES)
def test_no_gap(timed, store):
    host = timed(timed_site(store, sp="request_lifetime 1d;"), idp=SLO)
    # By an IdP that says whatever it likes of how long it is good.
    old = host.answer(not_on_or_after=86400, confirmation_not_on_or_after=86400)
    late = [under_way(host, old) for _ in SPANS]
    host.log_out()
    codes = []
    for passed, (browser, url, form) in zip(SPANS, late, strict=True):
        host.set(passed)
        page = browser.post(url, form)
        assert page.status >= 400, f"after {passed} s"
        codes += re.findall("assertion_logged_out|assertion_too_old", page.text)[:1]
    assert len(codes) == len(SPANS)
    assert codes == sorted(codes), "logged out first, then too old"
    assert set(codes) == {"assertion_logged_out", "assertion_too_old"}
    assert is_in(host.server, host.log_in()), "a new login is welcome"
