"""Whether a request costs more when the store holds many sessions."""

from pathlib import Path

from harness.bench.hosts import CONF, PAGE, Bench, memcached
from harness.bench.load import Measured, Target, interleaved
from harness.bench.members import fill, visit
from harness.memcached import Memcached
from harness.nginx import Nginx

ATTRIBUTES = 5
FEW = 1000


def measure(bench: Bench, many: int, rounds: int, seconds: int) -> dict[str, Measured]:
    """Rows in pairs: few sessions, then many."""
    few_node, many_node = bench.node(unix=True), bench.node(unix=True, megabytes=8192)
    few_server, few = in_zone(bench, few_node, FEW)
    many_server, everybody = in_zone(bench, many_node, many)
    some_of_many = first(everybody, FEW)
    rows = {
        f"zone holds {FEW}": by_zone(few_server, few),
        f"zone holds {many}, the same {FEW} come": by_zone(many_server, some_of_many),
        f"zone holds {many}, all come in turn": by_zone(many_server, everybody),
        f"memcached holds {FEW}": by_memcached(bench, few_node, few),
        f"memcached holds {many}, the same {FEW} come": by_memcached(bench, many_node, some_of_many),
    }
    return interleaved(rows, rounds, seconds)


def in_zone(bench: Bench, node: Memcached, count: int) -> tuple[Nginx, Path]:
    """A host whose zone is the store, with `count` sessions: read from memcached at first."""
    zone = f"{max(16, count * 1200 >> 20)}m"
    server = bench.host(memcached(node, cache_valid="60s"), zone)
    cookies = fill(bench, server, node, ATTRIBUTES, count)
    visit(server, cookies.read_text().split())
    server.values["STORE"] = ""
    server.configure(CONF)
    server.reload()
    assert "is full" not in server.error_log()
    return server, cookies


def by_zone(server: Nginx, cookies: Path) -> Target:
    return Target(server.url(f"/protected/{PAGE}"), server.workers, cookies=cookies)


def by_memcached(bench: Bench, node: Memcached, cookies: Path) -> Target:
    server = bench.host(memcached(node, cache_valid="0s"))
    processes = lambda: [*server.workers(), node.process.pid]  # noqa: E731
    return Target(server.url(f"/protected/{PAGE}"), processes, cookies=cookies)


def first(cookies: Path, count: int) -> Path:
    some = cookies.with_name(f"{cookies.name}-first")
    some.write_text("\n".join(cookies.read_text().split()[:count]) + "\n")
    return some
