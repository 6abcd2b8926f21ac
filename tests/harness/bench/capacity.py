"""How much memory to give, from what one session takes."""

from harness.bench.memory import Memory

USERS = (1_000, 10_000, 100_000, 1_000_000)
#: Claims live for minutes, sessions for hours: as many as a tenth of the sessions at a time.
CLAIMS = 0.1


def rows(results: list[Memory]) -> list[list[str]]:
    """Users, then for each number of attributes the zone alone and memcached."""
    return [
        [f"{users:,}".replace(",", " ")]
        + [mebibytes(users * size(each)) for each in results for size in (in_zone, in_memcached)]
        for users in USERS
    ]


def heads(results: list[Memory]) -> list[str]:
    return ["users"] + [
        f"{where}, {each.attributes} attributes"
        for each in results
        for where in ("zone alone", "memcached")
    ]


def in_zone(one: Memory) -> float:
    # Index and claim take a block each.
    block = (one.zone_login - one.zone_session) / 2
    return one.zone_session + block + CLAIMS * block


def in_memcached(one: Memory) -> float:
    items = one.items
    return items["session"] + items["session set"] + CLAIMS * items["claim"]


def mebibytes(size: float) -> str:
    mebi = size / (1 << 20)
    return f"{mebi:.1f} MiB" if mebi < 10 else f"{mebi:.0f} MiB"
