"""What a protected request costs, by where its session lies and who looks after it."""

import os
from pathlib import Path

from harness.bench.apache import Apache, with_mellon, with_shib
from harness.bench.hosts import PAGE, Bench, memcached
from harness.bench.load import Measured, Target, interleaved
from harness.bench.lua import dict_host, memcached_host
from harness.bench.members import Members, fill
from harness.crowd import unique
from harness.memcached import Memcached
from harness.nginx import Nginx

#: Each client of the load has a session of its own: requests for one session would share look-ups.
CLIENTS = 64

#: What others are compared with, which protects nothing.
PLAIN = "plain nginx"
PLAIN_APACHE = "Apache, plain"
#: What a location that is not protected costs by the module's being there.
UNLOADED = "nginx that has not loaded the module"

#: The least that we allow ourselves, as plain nginx's CPU over the row's.
BUDGETS = {
    "shared memory, 5 attributes": 0.98,
    "shared memory, 50 attributes": 0.98,
    "memcached, cache_valid 1s": 0.97,
    "memcached, cache_valid 0, unix socket": 0.70,
    "memcached, cache_valid 0, TCP": 0.65,
}


def own_server(name: str) -> str:
    """The row of the same server without protection."""
    return PLAIN_APACHE if name.startswith("Apache") else PLAIN


def others(name: str) -> bool:
    """Whether it is not ours that does the protecting, or nothing does."""
    return name.startswith(("nginx that", "auth_request", "Lua", "lua-", "Apache"))


def measure(
    bench: Bench, rounds: int, seconds: int, lua: Path | None, apache: Path | None
) -> dict[str, Measured]:
    """Rows by name. `lua` and `apache` are where their packages are unpacked; None leaves them out."""
    rows = by_nginx(bench, lua)
    if apache:
        rows |= by_apache(bench, apache)
    return interleaved(rows, rounds, seconds)


def by_nginx(bench: Bench, lua: Path | None) -> dict[str, Target]:
    alone = bench.host()
    five, fifty = (
        bench.cookies(*(Members(alone, count).cookie() for _ in range(CLIENTS))) for count in (5, 50)
    )
    cached, unix, tcp = bench.node(), bench.node(unix=True), bench.node()
    rows = {
        # It gets the cookies too: reading the header is no part of the protection.
        PLAIN: target(alone, "plain", five),
        UNLOADED: target(bench.bare(), "plain", five),
        "shared memory, 5 attributes": target(alone, "protected", five),
        "shared memory, 5 attributes, no Cache-Control": target(alone, "bare", five),
        "shared memory, 5 attributes, two variables": target(alone, "variables", five),
        "shared memory, 50 attributes": target(alone, "protected", fifty),
        "memcached, cache_valid 1s": asking(bench, cached, "1s"),
        "memcached, cache_valid 0, unix socket": asking(bench, unix, "0s"),
        "memcached, cache_valid 0, TCP": asking(bench, tcp, "0s"),
        "auth_request, answered 204 in place": target(alone, "asked", five),
    }
    if lua:
        size = max(len(value) for value in cached.entries().values())
        keys = [unique() for _ in range(CLIENTS)]
        cookies = bench.cookies(*keys)
        rows["Lua, shared dict"] = target(dict_host(bench, lua, keys, size), "protected", cookies)
        for node, name in ((unix, "unix socket"), (tcp, "TCP")):
            for key in keys:
                node.put(key.encode(), bytes(size), 36_000)
            server = memcached_host(bench, lua, node)
            rows[f"lua-resty-memcached, one get, {name}"] = target(server, "protected", cookies, node)
    return rows


def asking(bench: Bench, node: Memcached, cache_valid: str) -> Target:
    server = bench.host(memcached(node, cache_valid=cache_valid))
    return target(server, "protected", fill(bench, server, node, 5, CLIENTS), node)


def target(server: Nginx, folder: str, cookies: Path, *nodes: Memcached) -> Target:
    """The CPU of memcached counts as the server's."""
    processes = lambda: server.workers() + [node.process.pid for node in nodes]  # noqa: E731
    return Target(server, f"/{folder}/{PAGE}", processes, cookies, connections=CLIENTS)


def by_apache(bench: Bench, unpacked: Path) -> dict[str, Target]:
    return {
        PLAIN_APACHE: served(bench, Apache(bench.folder("apache"))),
        "Apache, mod_auth_mellon": served(bench, with_mellon(bench.folder("mellon"), unpacked)),
        "Apache, mod_shib": served(bench, with_shib(bench.folder("shib"), unpacked)),
    }


def served(bench: Bench, server: Apache) -> Target:
    """The page, to those who have logged in where that is asked for."""
    bench.servers.append(server)
    path = f"/protected/{PAGE}"
    server.write(f"html{path}", os.urandom(1024))
    server.start()
    names, values = zip(*(server.cookie(path) for _ in range(CLIENTS)), strict=True)
    assert len(set(names)) == 1, names
    return Target(server, path, server.pids, bench.cookies(*values), names[0], CLIENTS)
