"""However busy, a session ends after `session_lifetime`, or earlier when the IdP says so."""

import pytest

from harness.members import is_in
from harness.timed import HOUR, MINUTE, STORES, timed_site


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("lifetime, told", [(8 * HOUR, None), (3 * HOUR, 3 * HOUR), (8 * HOUR, 30 * HOUR)])
def test_a_busy_session_ends(timed, store, lifetime, told):
    """`told` is the SessionNotOnOrAfter, which cannot lengthen it."""
    host = timed(timed_site(store))
    member = host.log_in(session_not_on_or_after=told)
    for passed in range(40 * MINUTE, lifetime - 5, 40 * MINUTE):
        host.set(passed)
        assert is_in(host.server, member), f"after {passed} s"
    host.set(lifetime - 5)
    assert is_in(host.server, member)
    host.set(lifetime + 2)
    assert not is_in(host.server, member)
    assert is_in(host.server, host.log_in()), "and may come again"
