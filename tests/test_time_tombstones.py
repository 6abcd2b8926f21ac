"""An assertion from before a logout begins no session, from the logout until it is too old for any: no second between."""

import re

import pytest

from harness.idp import Idp
from harness.members import is_in
from harness.timed import MINUTE, STORES, timed_site

SLO = Idp(slo=("HTTP-Redirect", "SOAP"))
#: What an assertion may be at most, and how far clocks are apart.
AGE, SKEW = 15 * MINUTE, MINUTE


@pytest.mark.parametrize("store", STORES)
def test_no_gap(timed, store):
    host = timed(timed_site(store, sp="request_lifetime 1d;"), idp=SLO)
    late = [host.asked() for _ in range(30)]
    host.log_out()
    # As an IdP that says whatever it likes of how long it is good.
    old = host.answer(at=0, not_on_or_after=86400, confirmation_not_on_or_after=86400)
    codes = []
    spans = [1, 5 * MINUTE, 10 * MINUTE, AGE, *range(AGE + SKEW - 6, AGE + SKEW + 7), 20 * MINUTE, 21 * MINUTE]
    for passed, comes in zip(spans, late):
        host.set(passed)
        page = comes(old)
        assert page.status >= 400, f"after {passed} s"
        codes += re.findall("assertion_logged_out|assertion_too_old", page.text)[:1]
    assert len(codes) == len(spans)
    assert codes == sorted(codes), "logged out first, then too old"
    assert set(codes) == {"assertion_logged_out", "assertion_too_old"}
    assert is_in(host.server, host.log_in()), "a new login is welcome"
