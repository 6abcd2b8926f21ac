"""What a protected request costs, by where its session lies."""

from pathlib import Path

from harness.bench.hosts import PAGE, Bench, memcached
from harness.bench.load import Measured, Target, interleaved
from harness.bench.lua import lua_host
from harness.bench.members import Members, fill
from harness.memcached import Memcached
from harness.nginx import Nginx

#: Each client of the load has a session of its own: requests for one session would share look-ups.
CLIENTS = 16

#: The least that we allow ourselves, as plain nginx's CPU over the row's.
BUDGETS = {
    "shared memory, 5 attributes": 0.97,
    "shared memory, 50 attributes": 0.97,
    "memcached, cache_valid 1s": 0.95,
    "memcached, cache_valid 0, unix socket": 0.60,
    "memcached, cache_valid 0, TCP": 0.55,
}


def measure(bench: Bench, rounds: int, seconds: int) -> dict[str, Measured]:
    """Rows by name, plain nginx first."""
    return interleaved(targets(bench), rounds, seconds)


def targets(bench: Bench) -> dict[str, Target]:
    alone = bench.host()
    five, fifty = (
        bench.cookies(*(Members(alone, count).cookie() for _ in range(CLIENTS))) for count in (5, 50)
    )
    rows = {
        # It gets the cookies too: reading the header is no part of the protection.
        "plain nginx": target(alone, "plain", five),
        "shared memory, 5 attributes": target(alone, "protected", five),
        "shared memory, 5 attributes, no Cache-Control": target(alone, "bare", five),
        "shared memory, 5 attributes, two variables": target(alone, "variables", five),
        "shared memory, 50 attributes": target(alone, "protected", fifty),
        "memcached, cache_valid 1s": asking(bench, bench.node(), "1s"),
    }
    for unix, name in ((True, "unix socket"), (False, "TCP")):
        node = bench.node(unix)
        rows[f"memcached, cache_valid 0, {name}"] = asking(bench, node, "0s")
        if bench.lua_path:
            rows[f"lua-resty-memcached, one get, {name}"] = asking_by_lua(bench, node)
    return rows


def asking(bench: Bench, node: Memcached, cache_valid: str) -> Target:
    server = bench.host(memcached(node, cache_valid=cache_valid))
    return target(server, "protected", fill(bench, server, node, 5, CLIENTS), node)


def asking_by_lua(bench: Bench, node: Memcached) -> Target:
    """As many bytes, under a key that the cookie names; neither opened nor read."""
    size = max(len(value) for value in node.entries().values())
    node.put(b"lua", bytes(size), 36_000)
    return target(lua_host(bench, node), "protected", bench.cookies("lua"), node)


def target(server: Nginx, folder: str, cookies: Path, *nodes: Memcached) -> Target:
    """The CPU of memcached counts as the server's."""
    processes = lambda: server.workers() + [node.process.pid for node in nodes]  # noqa: E731
    return Target(server, f"/{folder}/{PAGE}", processes, cookies)
