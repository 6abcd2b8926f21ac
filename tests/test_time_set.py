"""Somebody sets the clock by hours, and back, while people work: nobody is locked out, nothing goes on for longer."""

import pytest

from harness.idp import Idp
from harness.members import is_in
from harness.timed import DAY, HOUR, MINUTE, STORES, timed_site

SLO = Idp(slo=("HTTP-Redirect", "SOAP"))


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("seconds", [-6 * HOUR, -MINUTE, 30 * MINUTE])
def test_a_session_that_is_not_over_by_either_clock_goes_on(timed, store, seconds):
    host = timed(timed_site(store, main="worker_processes 2;"), sets=True)
    member = host.log_in()
    host.set(seconds)
    assert all(is_in(host.server, member) for _ in range(6))
    host.set(0)
    assert all(is_in(host.server, member) for _ in range(6))


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("seconds", [-6 * HOUR, 6 * HOUR])
def test_who_comes_while_the_clock_is_wrong_is_let_in_and_so_are_others_afterwards(timed, store, seconds):
    """The IdP's clock is as wrong, as on one machine."""
    host = timed(timed_site(store, main="worker_processes 2;"), sets=True)
    host.set(seconds)
    members = [host.log_in(name_id=f"{n}@example.org") for n in range(3)]
    assert all(is_in(host.server, member) for member in members)
    host.set(0)
    late = [host.log_in(name_id=f"{n}@example.org") for n in range(3)]
    assert all(is_in(host.server, member) for member in late)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("seconds", [-6 * HOUR, 6 * HOUR])
def test_in_the_middle_of_a_login(timed, store, seconds):
    """The way back after the clock was put right: refused at worst, and the next login is as any."""
    host = timed(timed_site(store), sets=True)
    host.set(seconds)
    comes = host.asked()
    host.set(0)
    page = comes(host.answer())
    assert page.status in (303, 400), page.text
    assert page.status == 303 or "request_" in page.text, page.text
    assert host.asked()(host.answer()).status == 303


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("seconds", [-6 * HOUR, 6 * HOUR])
def test_a_logout_holds_whatever_the_clock_says_later(timed, store, seconds):
    host = timed(timed_site(store, main="worker_processes 2;"), idp=SLO, sets=True)
    member = host.log_in()
    host.log_out()
    for now in (seconds, 0, seconds, -DAY, 0):
        host.set(now)
        assert not any(is_in(host.server, member) for _ in range(4)), f"{now} s from the true time"


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("seconds", [-6 * HOUR, 6 * HOUR])
def test_a_logout_while_the_clock_is_wrong_holds_afterwards(timed, store, seconds):
    """And does not keep out those who log in when it is right again."""
    host = timed(timed_site(store, main="worker_processes 2;"), idp=SLO, sets=True)
    member = host.log_in()
    host.set(seconds)
    host.log_out()
    assert not any(is_in(host.server, member) for _ in range(4))
    host.set(0)
    assert not any(is_in(host.server, member) for _ in range(4))


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("seconds", [-6 * HOUR, 6 * HOUR])
def test_a_used_assertion_stays_used(timed, store, seconds):
    """Unsolicited, so that only the claim stands between it and whoever has it."""
    host = timed(timed_site(store, idp="allow_unsolicited on;"), sets=True)
    comes = host.asked()
    answer = host.answer(in_response_to=None, assertion_id="_once")
    assert comes(answer).status == 303
    for now in (seconds, 0, -seconds, 0):
        host.set(now)
        page = host.asked()(answer)
        assert page.status >= 400, f"{now} s from the true time"


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("what", ["claim", "tombstone"])
def test_minutes_ahead_make_nothing_forgotten(timed, store, what):
    """Whoever logs in meanwhile: it is remembered as long as the assertion would be good, five minutes here, and one more."""
    host = timed(timed_site(store, idp="allow_unsolicited on;"), idp=SLO, sets=True)
    old = host.answer(at=-2, in_response_to=None, assertion_id="_once")
    if what == "claim":
        assert host.asked()(old).status == 303
    else:
        host.log_in(issue_instant=-5)
        host.log_out()
    host.set(5 * MINUTE)
    for n in range(20):
        host.log_in(name_id=f"{n}@example.org")
        host.log_in()
    host.set(0)
    assert host.asked()(old).status >= 400
    assert is_in(host.server, host.log_in(issue_instant=2))


@pytest.mark.parametrize("store", STORES)
def test_the_end_of_a_session_is_that_of_the_clock_it_began_by(timed, store):
    """A clock that was ahead and is put right makes no session last for longer than its lifetime and the mistake."""
    host = timed(timed_site(store, sp="session_idle_timeout off; session_lifetime 1h;"), sets=True)
    host.set(2 * HOUR)
    member = host.log_in()
    host.set(0)
    is_in(host.server, member)
    host.set(3 * HOUR + 2)
    assert not is_in(host.server, member)
