"""What one host is at a moment: memory, descriptors, connections, zone, sessions, answers."""

import csv
import re
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from harness.nginx import state, title
from harness.soak.ledger import Ledger
from harness.soak.sites import Host
from harness.soak.timers import timers
from harness.wire import ask


@dataclass(frozen=True)
class Sample:
    """Workers that are leaving after a reload count as `old_workers` alone."""

    host: str
    seconds: float
    master_kib: int  # memory of its own, not shared with the zone or files
    workers_kib: int  # the same, all workers together
    resident_kib: int  # all that is resident, the zone in each worker
    master_descriptors: int
    worker_descriptors: int  # all workers together
    worker_timers: int
    old_workers: int
    connections: int  # nginx's own count
    zone_bytes: int
    pinned_bytes: int
    sessions: int
    claims: int
    tombstones: int
    evictions: int
    node_connections: int  # at the memcached node that has most
    node_bytes: int
    requests: int
    wrong: int
    p50_ms: float
    p99_ms: float


def sample(host: Host, ledger: Ledger, seconds: float) -> Sample:
    workers = settled(host)
    master = host.server.process.pid
    [store] = host.status()["session_stores"]
    took = ledger.taken(host.name)
    nodes = [stats for node in host.nodes if (stats := of_node(node))]
    return Sample(
        host=host.name,
        seconds=round(seconds, 1),
        master_kib=memory(master, "RssAnon"),
        workers_kib=sum(memory(pid, "RssAnon") for pid in workers),
        resident_kib=sum(memory(pid, "VmRSS") for pid in [master, *workers]),
        master_descriptors=descriptors(master),
        worker_descriptors=sum(map(descriptors, workers)),
        worker_timers=sum(timers(host.server, pid) for pid in workers),
        old_workers=len(host.server.workers()) - len(workers),
        connections=int(re.search(r"\d+", ask(host.server, "/connections").text).group()),
        zone_bytes=store["used_bytes"],
        pinned_bytes=store["pinned_bytes"],
        sessions=store["sessions"],
        claims=store["claims"],
        tombstones=store["tombstones"],
        evictions=store["evictions"],
        node_connections=max((stats["curr_connections"] for stats in nodes), default=0),
        node_bytes=sum(stats["bytes"] for stats in nodes),
        requests=sum(count for (name, _), count in ledger.asked.items() if name == host.name),
        wrong=sum(count for (name, _), count in ledger.wrong.items() if name == host.name),
        p50_ms=quantile(took, 0.5),
        p99_ms=quantile(took, 0.99),
    )


def settled(host: Host) -> list[int]:
    """Today's workers, when a reload is over that is just going on."""
    until = time.monotonic() + 2
    while True:
        workers = [pid for pid in host.server.workers() if b"shutting down" not in title(pid)]
        if len(workers) == host.server.worker_count() or time.monotonic() > until:
            return workers
        time.sleep(0.02)


def of_node(node) -> dict[str, int]:
    """Nothing while it is dead or frozen."""
    process = node.process
    try:
        if process is None or state(process.pid) == "T":
            return {}
        return node.stats()
    except (OSError, AssertionError):  # it was killed meanwhile
        return {}


def memory(pid: int, what: str) -> int:
    """KiB of a process; none when it has just gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{what}:\s+(\d+) kB", status, re.M)
    return int(found.group(1)) if found else 0


def descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def quantile(ordered: list[float], part: float) -> float:
    """Of what is in order; 0 of nothing."""
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 2) if ordered else 0.0


def write(path: Path, samples: list[Sample]) -> None:
    with open(path, "w", newline="") as file:
        rows = csv.DictWriter(file, [field.name for field in fields(Sample)])
        rows.writeheader()
        rows.writerows(map(asdict, samples))
