"""What sessions take, in the zone and in memcached: found by filling, not by arithmetic."""

import re
from dataclasses import dataclass

from harness.bench.hosts import Bench, memcached
from harness.bench.members import Members, fill, visit
from harness.crowd import unique
from harness.memcached import Memcached
from harness.nginx import Nginx

ZONE = 4 << 20
ATTRIBUTES = (5, 10, 50)
#: What the letter after the prefix says.
KINDS = {"s": "session", "i": "session set", "r": "claim", "t": "tombstone"}


@dataclass
class Memory:
    """Bytes for one session with so many attributes."""

    attributes: int
    zone_session: float  # the session alone, the zone's own tables included
    zone_login: float  # with its session set and the claim against replay
    value: int  # what memcached is sent for the session
    items: dict[str, int]  # what memcached takes for each kind, rounded to its slab classes


def measure(bench: Bench) -> list[Memory]:
    return [measure_one(bench, attributes) for attributes in ATTRIBUTES]


def measure_one(bench: Bench, attributes: int) -> Memory:
    node = bench.node()
    server = bench.host(memcached(node, cache_valid="60s"), f"{ZONE >> 20}m")
    cookies = fill(bench, server, node, attributes, ZONE // 256).read_text().split()
    sessions = visit(server, cookies, connections=1, enough=lambda: is_full(server))
    node.clear()
    log_in_and_out(server, attributes)
    return Memory(
        attributes,
        ZONE / sessions,
        ZONE / logins_that_fit(bench, attributes),
        max(len(value) for value in node.entries().values()),
        {kind: item_size(node, letter) for letter, kind in KINDS.items()},
    )


def is_full(server: Nginx) -> bool:
    return "is full" in server.error_log()


def logins_that_fit(bench: Bench, attributes: int) -> int:
    server = bench.host(zone=f"{ZONE >> 20}m")
    members, count = Members(server, attributes), 0
    while not is_full(server):
        members.cookie(f"member-{count:07}@example.org")
        count += 1
    return count


def log_in_and_out(server: Nginx, attributes: int) -> None:
    """Leaves one entry of each kind at least."""
    members = Members(server, attributes)
    index = unique()
    members.enter("bob@example.org", index)
    status, _, text = members.post_logout(members.logout_form("bob@example.org", index))
    assert status in (200, 303), text
    members.cookie("member-0000000@example.org")


def item_size(node: Memcached, letter: str) -> int:
    """The chunk that the largest entry of this kind lies in, as memcached says."""
    keys = [key for key in node.keys() if key.startswith(b"saml" + letter.encode())]
    classes = [int(re.search(rb"cls=(\d+)", debug(node, key)).group(1)) for key in keys]
    slabs = node.command(b"stats slabs\r\n", b"END\r\n").decode()
    sizes = {int(c): int(size) for c, size in re.findall(r"STAT (\d+):chunk_size (\d+)", slabs)}
    return sizes[max(classes)]


def debug(node: Memcached, key: bytes) -> bytes:
    return node.command(b"me %s\r\n" % key, b"\r\n")
