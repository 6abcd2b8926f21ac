"""A login may take `request_lifetime`, and no longer."""

import pytest

from harness.refusal import assert_refused
from harness.timed import MINUTE, STORES, timed_site


@pytest.mark.parametrize("store", STORES)
def test_how_long_a_person_may_look_for_their_second_factor(timed, store):
    host = timed(timed_site(store))
    in_time, late, much_later = (host.asked() for _ in range(3))
    host.set(10 * MINUTE - 5)
    assert in_time(host.answer()).status == 303
    host.set(10 * MINUTE + 2)
    assert_refused(host.server, late(host.answer()), "request_expired")
    host.set(60 * MINUTE)
    assert_refused(host.server, much_later(host.answer()), "request_expired")
    assert host.asked()(host.answer()).status == 303, "the next login is as good as any"
