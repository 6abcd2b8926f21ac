"""Whether a request costs more when the store holds many sessions."""

from pathlib import Path

from harness.bench.cost import target
from harness.bench.hosts import CONF, Bench, memcached
from harness.bench.load import Measured, Target, interleaved
from harness.bench.members import fill, visit
from harness.memcached import Memcached
from harness.nginx import Nginx

ATTRIBUTES = 5
FEW = 1000


def measure(bench: Bench, many: int, rounds: int, seconds: int) -> list[dict[str, Measured]]:
    """Pairs of rows: few sessions, then many."""
    few_server, few = in_zone(bench, FEW)
    many_server, everybody = in_zone(bench, many)
    some_of_many = bench.cookies(*everybody.read_text().split()[:FEW])
    few_come = {f"zone holds {FEW}": target(few_server, "protected", few)}
    some_come, all_come = (
        {f"zone holds {many}, {who}": target(many_server, "protected", cookies)}
        for who, cookies in ((f"{FEW} of them come", some_of_many), ("all come in turn", everybody))
    )
    asked = {
        f"memcached holds {FEW}": by_memcached(bench, FEW),
        f"memcached holds {many}, {FEW} of them come": by_memcached(bench, many),
    }
    # Apart: they share a worker, and the one empties its cache for the other.
    pairs = (few_come | some_come, asked, few_come | all_come)
    return [interleaved(pair, rounds, seconds) for pair in pairs]


def in_zone(bench: Bench, count: int, attributes: int = ATTRIBUTES) -> tuple[Nginx, Path]:
    """A host whose zone is the store, with `count` sessions: read from memcached at first."""
    node = roomy_node(bench)
    zone = f"{max(16, count * (800 + 80 * attributes) >> 20)}m"
    server = bench.host(memcached(node, cache_valid="60s"), zone)
    cookies = fill(bench, server, node, attributes, count)
    for _ in range(2):
        # What memcached said is not copied when another one's copy came between: it is asked again.
        visit(server, cookies.read_text().split())
    server.values["STORE"] = ""
    server.configure(CONF)
    server.reload()
    node.kill()
    assert "is full" not in server.error_log()
    return server, cookies


def by_memcached(bench: Bench, count: int) -> Target:
    """Of `count` sessions FEW come. They are of this host alone: a session belongs to a `base_url`."""
    node = roomy_node(bench)
    server = bench.host(memcached(node, cache_valid="0s"))
    everybody = fill(bench, server, node, ATTRIBUTES, count).read_text().split()
    return target(server, "protected", bench.cookies(*everybody[:FEW]), node)


def roomy_node(bench: Bench) -> Memcached:
    return bench.node(unix=True, megabytes=8192)
