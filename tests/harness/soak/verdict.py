"""Whether something grew over the second half of a run, or went wrong."""

import statistics
from dataclasses import dataclass

from harness.nginx import TROUBLE
from harness.soak.ledger import Ledger
from harness.soak.samples import Sample

#: By how much each may be more at the end of the second half than at its beginning, by the straight line
#: that is nearest to the samples. The number of sessions wavers by its root, and memory and zone with it.
BOUNDS = {
    "master_kib": 1024,
    "workers_kib": 2048,
    "master_descriptors": 2,
    "worker_descriptors": 16,
    "worker_timers": 16,
    "old_workers": 1,
    "connections": 16,
    "zone_bytes": 131072,
    "pinned_bytes": 65536,
    "sessions": 60,
    "claims": 120,
    "tombstones": 60,
    "evictions": 0,
    "node_connections": 4,
    "p50_ms": 10,
}


@dataclass(frozen=True)
class Growth:
    """Of one series of one host over the second half."""

    host: str
    name: str
    mean: float
    by: float

    @property
    def too_much(self) -> bool:
        return self.by > BOUNDS[self.name]


def growths(samples: list[Sample]) -> list[Growth]:
    half = max(one.seconds for one in samples) / 2
    second = [one for one in samples if one.seconds >= half]
    hosts = dict.fromkeys(one.host for one in second)
    return [growth(host, name, second) for host in hosts for name in BOUNDS]


def growth(host: str, name: str, samples: list[Sample]) -> Growth:
    mine = [one for one in samples if one.host == host]
    times, values = [one.seconds for one in mine], [getattr(one, name) for one in mine]
    slope = statistics.linear_regression(times, values).slope if len(mine) > 1 else 0.0
    return Growth(host, name, statistics.fmean(values), slope * (times[-1] - times[0]))


def faults(samples: list[Sample], ledger: Ledger, logs: dict[str, str]) -> list[str]:
    """Why the run has failed; `logs` are the error logs of the hosts. Empty: it has not."""
    grown = [
        f"{one.host}: {one.name} grew by {one.by:.1f} in the second half, {BOUNDS[one.name]} may be"
        for one in growths(samples)
        if one.too_much
    ]
    trouble = [
        f"{host}: {line}" for host, log in logs.items() for line in log.splitlines() if TROUBLE.search(line)
    ]
    wrong = [f"{host}: {count} wrong answers, {kind}" for (host, kind), count in ledger.wrong.items()]
    return grown + trouble + wrong
