"""The clock that tests step: every process goes by it, and time of day and durations are two things."""

import email.utils
import time

import pytest

from harness.fake_clock import FakeClock, wait_for_rest
from harness.site import site

HOUR = 3600
CONF = site(main="worker_processes 2;", server="location = /open { return 200 $msec; }")


def off(browser, server) -> float:
    """How far a worker's time of day is from the true one."""
    page = browser.get(server.url("/open"), headers={"Connection": "close"})
    said = email.utils.parsedate_to_datetime(page.headers["Date"]).timestamp()
    assert abs(said - float(page.text)) < 2
    return said - time.time()


@pytest.mark.parametrize("passes", [False, True], ids=["set", "passes"])
def test_nginx_goes_by_it(prepared, scratch, browser, passes):
    clock = FakeClock(scratch / f"clock-{passes}", passes)
    server = clock.start(prepared(CONF))
    for seconds in (0, 26 * HOUR) if passes else (0, 26 * HOUR, -26 * HOUR, 0):
        clock.set(seconds)
        for _ in range(6):
            assert abs(off(browser, server) - seconds) < 60
    wait_for_rest(server)
    server.finish()


def test_memcached_goes_by_durations(scratch, memcacheds):
    """What it keeps for a minute is there when the day is set, and gone when it has passed."""
    for passes in (False, True):
        clock = FakeClock(scratch / f"clock-of-memcached-{passes}", passes)
        with clock.worn():
            [node] = memcacheds()
        node.put(b"minute", b"kept", 60)
        clock.followed_by(node)
        clock.go(26 * HOUR)
        assert node.get(b"minute") == (None if passes else b"kept")
