"""A session ends an hour after its last use, by default, however often it was used before."""

import pytest

from harness.members import is_in
from harness.timed import HOUR, MINUTE, STORES, timed_site


@pytest.mark.parametrize("store", STORES)
def test_use_moves_the_end(timed, store):
    host = timed(timed_site(store))
    used, left = host.log_in(), host.log_in()
    for passed in range(50 * MINUTE, 7 * HOUR, 50 * MINUTE):
        host.set(passed)
        assert is_in(host.server, used), f"after {passed} s"
    assert not is_in(host.server, left)
    # The last use was told a minute late at most.
    host.set(passed + 59 * MINUTE - 5)
    assert is_in(host.server, used)
    host.set(passed + 59 * MINUTE - 5 + HOUR + 2)
    assert not is_in(host.server, used)


@pytest.mark.parametrize("store", STORES)
def test_who_does_nothing_is_out_after_an_hour(timed, store):
    host = timed(timed_site(store))
    member = host.log_in()
    host.set(HOUR + 2)
    assert not is_in(host.server, member)
    assert is_in(host.server, host.log_in()), "and may come again"
