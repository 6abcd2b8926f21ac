"""memcached frozen (SIGSTOP) while others load an unprotected location."""

import http.client
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from harness.bench.cost import target
from harness.bench.hosts import PAGE, Bench, memcached
from harness.bench.load import Target, load
from harness.bench.members import Members, fill
from harness.nginx import Nginx

#: Requests a second by members, half of whom this host has never seen.
PACE = 100
#: Longer than the longest pause between two probes.
RECOVERY = 6


@dataclass
class Frozen:
    p99_without: list[float] = field(default_factory=list)
    p99_with: list[float] = field(default_factory=list)
    #: Status → answers, while frozen.
    known: Counter = field(default_factory=Counter)
    unknown: Counter = field(default_factory=Counter)
    same_workers: bool = True


def measure(bench: Bench, rounds: int, seconds: int) -> Frozen:
    node = bench.node()
    server = bench.host(memcached(node, more="stale 1h;"))
    # One for each request: nobody has seen them.
    cookies = fill(bench, server, node, 5, PACE * rounds * seconds * 2)
    unknown = iter(cookies.read_text().split())
    known = Members(server, 5).cookie()
    plain = target(server, "plain", bench.cookies(known))
    result, workers = Frozen(), server.workers()
    for _ in range(rounds):
        result.p99_without.append(loaded(plain, known, unknown, seconds, Counter(), Counter()))
        node.freeze()
        p99 = loaded(plain, known, unknown, seconds, result.known, result.unknown)
        result.p99_with.append(p99)
        node.thaw()
        time.sleep(RECOVERY)
    result.same_workers = server.workers() == workers
    return result


def loaded(
    plain: Target, known: str, unknown, seconds: int, of_known: Counter, of_unknown: Counter
) -> float:
    """p99 in ms of the unprotected location while members come and go."""
    stop = threading.Event()
    coming = (
        (lambda: known, of_known),
        (lambda: next(unknown), of_unknown),
    )
    threads = [threading.Thread(target=come, args=(plain.server, *each, stop)) for each in coming]
    for thread in threads:
        thread.start()
    try:
        return load(plain, seconds)[2]
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def come(server: Nginx, cookie, statuses: Counter, stop: threading.Event) -> None:
    os.sched_setaffinity(0, {1})
    connection = http.client.HTTPConnection(server.address, server.port, timeout=10)
    while not stop.wait(2 / PACE):
        connection.request("GET", f"/protected/{PAGE}", headers={"Cookie": f"saml_session={cookie()}"})
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
    connection.close()
