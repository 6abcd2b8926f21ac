"""What an operator's looks cost the worker that answers, by how many sessions the zone holds."""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from harness.bench.hosts import PAGE, Bench
from harness.bench.load import cpu_nanoseconds
from harness.bench.million import FEW, in_zone
from harness.nginx import Nginx

LOOKS = ("openmetrics", "json", "html")
#: Of one way, in a row: one is shorter than the clock is fine.
TIMES = 200


@dataclass
class Looked:
    """A host, and what its operator does."""

    sessions: int
    #: CPU of a look at the status, by its format.
    status_milliseconds: dict[str, float] = field(default_factory=dict)
    #: Going through all sessions, for one that is not there.
    search_seconds: float = 0
    #: Of another client of the same worker: without, and meanwhile.
    waits_before: list[float] = field(default_factory=list)
    waits_meanwhile: list[float] = field(default_factory=list)


def measure(bench: Bench, many: int) -> list[Looked]:
    return [looked(bench, count) for count in (FEW, many)]


def looked(bench: Bench, count: int) -> Looked:
    node = bench.node(unix=True, megabytes=8192)
    server, cookies = in_zone(bench, node, count)
    member = cookies.read_text().split()[0]
    result = Looked(count)
    for form in LOOKS:
        result.status_milliseconds[form] = status(server, form)
    _, result.waits_before = meanwhile(server, member, lambda: time.sleep(3))
    result.search_seconds, result.waits_meanwhile = meanwhile(server, member, lambda: search(server))
    return result


def status(server: Nginx, form: str) -> float:
    connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
    before = cpu_nanoseconds(server.workers())
    for _ in range(TIMES):
        connection.request("GET", f"/status?format={form}")
        assert connection.getresponse().read()
    return (cpu_nanoseconds(server.workers()) - before) / TIMES / 1e6


def search(server: Nginx) -> float:
    """Seconds of looking for somebody who has none."""
    connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
    begun, cursor = time.monotonic(), ""
    while cursor is not None:
        connection.request("GET", f"/sessions?{urlencode({'name_id': 'nobody', 'cursor': cursor})}")
        found = json.loads(connection.getresponse().read())
        assert found["sessions"] == []
        cursor = found["next"]
    return time.monotonic() - begun


def meanwhile(server: Nginx, cookie: str, work) -> tuple:
    """What comes of the work, and how long a member waited for each page, ms."""
    over, waits = threading.Event(), []

    def ask() -> None:
        connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
        while not over.is_set():
            begun = time.monotonic()
            connection.request("GET", f"/protected/{PAGE}", headers={"Cookie": f"saml_session={cookie}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            waits.append((time.monotonic() - begun) * 1000)

    member = threading.Thread(target=ask)
    member.start()
    try:
        return work(), waits
    finally:
        over.set()
        member.join()
