"""memcached's own clock: what it has dropped is over, and what it still has is not good for longer."""

from harness.members import is_in
from harness.timed import DAY, HOUR, MINUTE, timed_site

KINDS = {b"samls": "session", b"samli": "session set", b"samlr": "claim", b"samlt": "tombstone"}


def test_everything_ends_there_too(timed):
    """Nothing of a day's logins is left when all that it was for is over."""
    host = timed(timed_site("memcached", sp="request_lifetime 5m;"))
    for _ in range(5):
        host.log_in()
    kinds = {KINDS[key[:5]] for node in host.nodes for key in node.keys()}
    assert kinds == {"session", "session set", "claim"}
    host.set(DAY)
    left = [key for node in host.nodes for key in node.keys() if node.get(key) is not None]
    assert left == []


def test_a_session_that_memcached_keeps_for_too_long(timed):
    """Its clock is an hour late, or somebody wants it so: the session ends all the same."""
    host = timed(timed_site("memcached", sp="session_idle_timeout off; session_lifetime 1h;"), sets=True)
    member = host.log_in()
    host.set(HOUR - 5)
    assert is_in(host.server, member)
    host.set(HOUR + 2)
    assert not is_in(host.server, member)
    assert is_in(host.server, host.log_in())


def test_a_session_that_memcached_drops_too_early(timed):
    """As when its clock runs ahead: the person logs in again, and nothing else."""
    host = timed(timed_site("memcached", sp="session_lifetime 2h; session_idle_timeout 30m;"))
    member = host.log_in()
    host.set(20 * MINUTE)
    assert is_in(host.server, member)
    for node in host.nodes:
        node.clear()
    assert not is_in(host.server, member)
    assert is_in(host.server, host.log_in())
