"""An assertion that was used is refused for as long as it would be good otherwise, and then for its age."""

import re

import pytest

from harness.browser import Browser
from harness.members import PAGE
from harness.response import random_id
from harness.timed import MINUTE, STORES, timed_site

AGE, SKEW = 15 * MINUTE, MINUTE


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("unsolicited", [True, False])
def test_no_gap(timed, store, unsolicited):
    """By browsers that know nothing of it, and by those who have a login of their own under way."""
    host = timed(timed_site(store, idp="allow_unsolicited on;" * unsolicited, sp="request_lifetime 1d;"))
    browser = Browser()
    request = host.idp.asked(browser.get(host.server.url(PAGE)))
    in_response_to = None if unsolicited else ""
    answer = host.answer(
        assertion_id=random_id(), in_response_to=in_response_to,
        not_on_or_after=86400, confirmation_not_on_or_after=86400,
    )  # fmt: skip
    form = host.idp.form(request, answer)
    kept = dict(browser.session.cookies)
    assert browser.post(request.acs_url, form).status == 303
    codes = []
    for passed in [1, 5 * MINUTE, 10 * MINUTE, AGE, *range(AGE + SKEW - 6, AGE + SKEW + 7), 20 * MINUTE, 60 * MINUTE]:
        host.set(passed)
        thief = Browser()
        thief.session.cookies.update(kept)
        page = thief.post(request.acs_url, form)
        assert page.status >= 400 and "saml_session" not in thief.cookie_names(), f"after {passed} s"
        codes += re.findall("assertion_replayed|request_answered|assertion_too_old", page.text)[:1]
    assert codes[0] != "assertion_too_old" and codes[-1] == "assertion_too_old", codes
