"""The time of day is set while somebody has a session: nobody is in after the end, nobody stays out for good."""

import pytest

from harness.members import assert_all_workers, is_in

HOUR = 3600
RULES = "session_lifetime 8h; session_idle_timeout 1h;"


@pytest.mark.parametrize("hours", [-1, -5, -30])
def test_set_back(clocked, idp, hours):
    """The session goes on; so it does when the clock is right again, and others begin at any time."""
    host = clocked(sp=RULES)
    member = host.log_in(idp)
    host.clock.go(hours * HOUR)
    assert_all_workers(host.server, member, True, times=6)
    host.log_in(idp)
    host.clock.set(0)
    host.log_in(idp)


@pytest.mark.parametrize("hours", [2, 9, 30])
def test_set_forward(clocked, idp, hours):
    """Two hours are longer than the idle timeout, which is memcached's to count, nine than the lifetime."""
    host = clocked(sp=RULES)
    member = host.log_in(idp)
    host.clock.go(hours * HOUR)
    if hours > 8 or not host.nodes:
        assert_all_workers(host.server, member, False, times=6)
    else:
        assert_all_workers(host.server, member, True, times=6)
    another = host.log_in(idp)
    host.clock.set(0)
    assert_all_workers(host.server, another, True, times=6)
    host.log_in(idp)


def test_back_and_forth(clocked, idp):
    """Every few hours another way, with somebody who never leaves."""
    host = clocked(sp=RULES)
    member = host.log_in(idp)
    for hours in (3, -3, 12, -12, 0, 24, -48, 0):
        host.clock.set(hours * HOUR)
        if not is_in(host.server, member):
            member = host.log_in(idp)
        assert_all_workers(host.server, member, True, times=4)


def test_set_back_it_ends_all_the_same(clocked, idp):
    """As many hours later as the clock was set back, and no more."""
    host = clocked(sp="session_lifetime 2h; session_idle_timeout off;")
    member = host.log_in(idp)
    host.clock.go(-5 * HOUR)
    assert is_in(host.server, member)
    host.clock.go(6 * HOUR)
    assert_all_workers(host.server, member, True, times=4)
    host.clock.go(2 * HOUR)
    assert_all_workers(host.server, member, False, times=6)
