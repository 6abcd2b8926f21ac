"""What a worker's decoded sessions take of memory, and whether a request costs more when many people come."""

import http.client
import json
import re
from dataclasses import dataclass
from pathlib import Path

from harness.bench.cost import target
from harness.bench.hosts import CONF, Bench
from harness.bench.load import Measured, interleaved
from harness.bench.members import visit
from harness.bench.million import ATTRIBUTES, in_zone
from harness.nginx import Nginx

#: Sessions that come, by how many attributes they have.
SESSIONS = {5: 100_000, 10: 20_000, 50: 10_000}
CACHE_SIZE = "64m"
#: People who come at once, with ATTRIBUTES. The first are those by whom the others are measured.
CROWDS = (16, 10_000, SESSIONS[ATTRIBUTES])


@dataclass
class Kept:
    """What a worker keeps of the sessions that came."""

    attributes: int
    sessions: int
    #: Its private memory, bytes, before and after.
    before: int
    after: int
    #: Of as many requests, one of each once more, those whose session was decoded.
    known: int


@dataclass
class CrowdAtOnce:
    """A worker for each number of attributes, and what requests cost the one with ATTRIBUTES."""

    kept: list[Kept]
    rows: dict[str, Measured]


def measure(bench: Bench, rounds: int, seconds: int) -> CrowdAtOnce:
    result = CrowdAtOnce([], {})
    for attributes, count in SESSIONS.items():
        server, everybody = in_zone(bench, count, attributes)
        cookies = everybody.read_text().split()
        result.kept.append(keep(server, attributes, cookies))
        if attributes == ATTRIBUTES:
            targets = {
                f"{some} users": target(server, "protected", bench.cookies(*cookies[:some]))
                for some in CROWDS
            }
            result.rows = interleaved(targets, rounds, seconds)
    return result


def keep(server: Nginx, attributes: int, cookies: list[str]) -> Kept:
    server.values["STORE"] = f"cache_size {CACHE_SIZE};"
    server.configure(CONF)
    server.reload()
    # What a worker allocates once, it has before it is looked at.
    visit(server, cookies[:100])
    before = private_memory(server)
    for _ in range(2):
        # Its idle timeout ends a session sooner than what memcached said: it is decoded once more.
        visit(server, cookies)
    after, hits = private_memory(server), hits_of(server)
    visit(server, cookies)
    return Kept(attributes, len(cookies), before, after, hits_of(server) - hits)


def private_memory(server: Nginx) -> int:
    [worker] = server.workers()
    status = Path(f"/proc/{worker}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) << 10


def hits_of(server: Nginx) -> int:
    """Requests whose session the worker had decoded."""
    connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
    connection.request("GET", "/status?format=json")
    return json.loads(connection.getresponse().read())["look_ups"]["ended"]["worker"]
