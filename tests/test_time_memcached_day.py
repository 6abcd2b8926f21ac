"""What time of day memcached holds it for matters to sessions of more than 30 days alone."""

import pytest

from harness.browser import Browser
from harness.members import PAGE, assert_all_workers
from harness.response import Answer

DAY = 24 * 3600


@pytest.mark.parametrize(
    "lifetime, ahead, goes_on",
    [("20d", -400, True), ("20d", 400, True), ("60d", -400, True), ("60d", 20, True), ("60d", 70, False)],
)
def test_its_day_is_another(hosting, memcacheds, clocks, idp, lifetime, ahead, goes_on):
    wrong = clocks()
    wrong.set(ahead * DAY)
    with wrong.worn():
        nodes = memcacheds()
    host = hosting(nodes, clocks(), sp=f"session_lifetime {lifetime}; session_idle_timeout off;")
    browser = Browser()
    assert idp.login(browser, host.server.url(PAGE), Answer()).status == 303
    assert_all_workers(host.server, browser, goes_on, times=6)
