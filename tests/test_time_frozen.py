"""A machine that sleeps (SIGSTOP of all its processes) and wakes up hours later, by one clock or by both."""

import os
import signal
import time

import pytest

from harness.idp import Idp
from harness.members import is_in
from harness.nginx import title
from harness.timed import HOUR, MINUTE, STORES, timed_site

SLO = Idp(slo=("HTTP-Redirect", "SOAP"))


def sleep(host, seconds: int) -> None:
    """All of the machine stops, and finds the clock ahead when it goes on."""
    pids = [host.server.process.pid, *host.server.children()]
    pids += [node.process.pid for node in host.nodes]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(0.3)
    nodes, host.nodes = host.nodes, []  # which notice it only when they go on
    passed = seconds - host.now
    host.set(seconds)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    host.nodes = nodes
    for node in nodes:
        host.server.wait_for(lambda: node.stats()["uptime"] >= passed, "memcached's clock")


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("sets", [False, True])
def test_a_short_sleep(timed, store, sets):
    """By the time of day alone (a VM), or by the clock for durations, too."""
    host = timed(timed_site(store, main="worker_processes 2;"), sets=sets)
    member, comes = host.log_in(), host.asked()
    sleep(host, 5 * MINUTE)
    assert is_in(host.server, member)
    assert comes(host.answer()).status == 303, "who was at the IdP meanwhile"


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("sets", [False, True])
def test_a_long_sleep(timed, store, sets):
    """What would have ended has ended; nothing else has: the lifetime is told by the time of day."""
    conf = timed_site(store, main="worker_processes 2;", sp="session_idle_timeout off; session_lifetime 8h;")
    host = timed(conf, sets=sets, idp=SLO)
    member, over = host.log_in(), host.log_in(session_not_on_or_after=HOUR)
    sleep(host, 7 * HOUR)
    assert is_in(host.server, member) and not is_in(host.server, over)
    workers = [pid for pid in host.server.children() if b"worker" in title(pid)]
    host.log_out()
    assert not any(is_in(host.server, member) for _ in range(6))
    assert is_in(host.server, host.log_in(issue_instant=host.now + 2))
    sleep(host, 16 * HOUR)
    assert is_in(host.server, host.log_in())
    assert workers == [pid for pid in host.server.children() if b"worker" in title(pid)]


@pytest.mark.parametrize("store", STORES)
def test_a_request_that_slept(timed, store):
    """It had come before, and is answered after: by what holds then."""
    host = timed(timed_site(store, sp="session_idle_timeout 30m;"))
    member = host.log_in()
    sleep(host, 31 * MINUTE)
    assert not is_in(host.server, member)
    assert is_in(host.server, host.log_in())
