"""memcached frozen (SIGSTOP) while others load an unprotected location."""

import http.client
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from harness.bench.hosts import PAGE, SECRET, Bench, memcached
from harness.bench.load import Target, load
from harness.bench.members import Members
from harness.nginx import Nginx

#: Requests a second by members, half of whom this host has never seen.
PACE = 100


@dataclass
class Frozen:
    p99_without: list[float] = field(default_factory=list)
    p99_with: list[float] = field(default_factory=list)
    known: dict[int, int] = field(default_factory=dict)  # status → answers, while frozen
    unknown: dict[int, int] = field(default_factory=dict)
    workers_replaced: bool = False

    def ratio(self) -> float:
        pairs = zip(self.p99_with, self.p99_without, strict=True)
        return statistics.median(a / b for a, b in pairs)


def measure(bench: Bench, rounds: int, seconds: int) -> Frozen:
    node = bench.node()
    store = memcached(node, more="stale 1h;")
    server, elsewhere = bench.host(store), bench.host(store)
    known = Members(server, 5).cookie()
    # A session of another host: both would share one, were their ports the same.
    unknown = Members(elsewhere, 5).cookie()
    result, workers = Frozen(), server.workers()
    for _ in range(rounds):
        result.p99_without.append(round_of_load(server, known, unknown, seconds)[0])
        node.freeze()
        p99, statuses = round_of_load(server, known, unknown, seconds)
        node.thaw()
        result.p99_with.append(p99)
        for into, counts in zip((result.known, result.unknown), statuses, strict=True):
            for status, count in counts.items():
                into[status] = into.get(status, 0) + count
        time.sleep(6)  # the longest pause between two probes
    result.workers_replaced = server.workers() != workers
    return result
