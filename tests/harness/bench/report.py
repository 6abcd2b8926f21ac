"""What was measured, as Markdown: medians of the rounds, with quartiles where it is a ratio."""

from collections.abc import Callable
from statistics import median

from harness.bench import capacity
from harness.bench.cost import BUDGETS, PLAIN, own_server
from harness.bench.crowd_at_once import CACHE_SIZE, CrowdAtOnce
from harness.bench.crypto import Waited
from harness.bench.freeze import Frozen
from harness.bench.load import Measured, quartiles, ratios
from harness.bench.logins import ENCRYPTED, MELLON, SHIB, Login
from harness.bench.memory import Memory
from harness.bench.operators import LOOKS, Looked
from harness.bench.reload import Reloaded


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: list[float], digits: int = 3) -> str:
    """The median of the rounds, and their quartiles."""
    low, middle, high = (f"{value:.{digits}f}" for value in quartiles(values))
    return f"{middle} ({low} to {high})"


def cost(measured: dict[str, Measured]) -> str:
    plain = measured[PLAIN]
    rows = [
        [
            name,
            f"{median(row.requests_per_second):.0f}",
            spread(ratios(row.requests_per_second, plain.requests_per_second)),
            f"{median(row.cpu_microseconds):.2f}",
            spread(cpu_ratios(plain, row)),
            *added(measured, name),
            f"≥ {BUDGETS[name]:.2f}" if name in BUDGETS else "",
            f"{median(row.p99_milliseconds):.2f}",
        ]
        for name, row in measured.items()
    ]
    heads = ["", "requests/s", "ratio", "CPU µs/request", "plain nginx ÷ this"]
    heads += ["plain Apache ÷ this", "adds to its own server, µs", "budget", "p99 ms"]
    return table(heads, rows)


def cpu_ratios(yardstick: Measured, row: Measured) -> list[float]:
    """How much of the row's CPU the yardstick needs: 1 = nothing was added."""
    return ratios(yardstick.cpu_microseconds, row.cpu_microseconds)


def added(measured: dict[str, Measured], name: str) -> list[str]:
    """To the same server without: as a ratio where that is Apache, and as CPU of a request."""
    own = own_server(name)
    if own == name:
        return ["", ""]
    pairs = zip(measured[name].cpu_microseconds, measured[own].cpu_microseconds, strict=True)
    ratio = "" if own == PLAIN else spread(cpu_ratios(measured[own], measured[name]))
    return [ratio, spread([this - without for this, without in pairs], 1)]


def logins(measured: dict[str, Login]) -> str:
    rows = [
        [
            name,
            spread(row.redirect, 0),
            *times(measured, name, lambda login: login.redirect),
            spread(row.acs, 0),
            *times(measured, name, lambda login: login.acs),
        ]
        for name, row in measured.items()
    ]
    heads = [""]
    for step in ("way to the IdP", "ACS"):
        heads += [f"{step}, CPU µs", "÷ mod_shib", "÷ mod_auth_mellon"]
    return table(heads, rows)


def times(measured: dict[str, Login], name: str, step: Callable[[Login], list[float]]) -> list[str]:
    """This row over those of others who do the same."""
    what = ENCRYPTED if name.endswith(ENCRYPTED) else ""
    others = [measured.get(other + what) for other in (SHIB, MELLON)]
    return [spread(ratios(step(measured[name]), step(other))) if other else "" for other in others]


def million(pairs: list[dict[str, Measured]]) -> str:
    rows = []
    for pair in pairs:
        few, many = pair.values()
        more = spread(ratios(many.cpu_microseconds, few.cpu_microseconds))
        for (name, row), more_than_few in zip(pair.items(), ("", more), strict=True):
            rows.append([name, f"{median(row.cpu_microseconds):.2f}", more_than_few])
    return table(["", "CPU µs/request", "÷ few (budget ≤ 1.05)"], rows)


def crowd(result: CrowdAtOnce) -> str:
    few = next(iter(result.rows.values()))
    rows = [
        [
            name,
            f"{median(row.cpu_microseconds):.2f}",
            spread(ratios(few.cpu_microseconds, row.cpu_microseconds)) if row is not few else "",
        ]
        for name, row in result.rows.items()
    ]
    heads = ["attributes", f"sessions, `cache_size {CACHE_SIZE}`", "still decoded at the end"]
    heads += ["private memory of the worker before, MiB", "after", "for them, MiB", "bytes a session"]
    memory = [
        [
            str(kept.attributes),
            str(kept.sessions),
            str(kept.known),
            f"{kept.before / 2**20:.1f}",
            f"{kept.after / 2**20:.1f}",
            f"{(kept.after - kept.before) / 2**20:.1f}",
            f"{(kept.after - kept.before) / kept.known:.0f}",
        ]
        for kept in result.kept
    ]
    costs = table(["who comes", "CPU µs/request", "few ÷ this (budget ≥ 0.95 for 10000)"], rows)
    return f"{table(heads, memory)}\n\n{costs}"


def operators(hosts: list[Looked]) -> str:
    heads = ["sessions", *(f"status as {form}, CPU ms" for form in LOOKS), "search through all, s"]
    heads += ["others wait meanwhile, ms: p50", "p99", "at most", "without: p50", "p99", "at most"]
    rows = [
        [
            str(host.sessions),
            *(f"{host.status_milliseconds[form]:.2f}" for form in LOOKS),
            f"{host.search_seconds:.2f}",
            *waits(host.waits_meanwhile),
            *waits(host.waits_before),
        ]
        for host in hosts
    ]
    return table(heads, rows)


def waits(milliseconds: list[float]) -> list[str]:
    ordered = sorted(milliseconds)
    at = (len(ordered) // 2, len(ordered) * 99 // 100, len(ordered) - 1)
    return [f"{ordered[place]:.2f}" for place in at]


def crypto(measured: dict[str, Waited]) -> str:
    heads = ["", "p99 of a member's page, idle, ms", "… while others log in", "ratio (budget ≤ 1.5)"]
    heads += ["CPU of the event loop, µs/login", "… of all threads"]
    rows = [
        [
            name,
            f"{median(row.p99_idle):.2f}",
            f"{median(row.p99_meanwhile):.2f}",
            spread(ratios(row.p99_meanwhile, row.p99_idle), 2),
            f"{median(row.loop_microseconds):.0f}",
            f"{median(row.all_microseconds):.0f}",
        ]
        for name, row in measured.items()
    ]
    return table(heads, rows)


def frozen(result: Frozen) -> str:
    heads = ["p99 without, ms", "p99 frozen, ms", "ratio (budget ≤ 1.2)"]
    heads += ["answers to members known here", "to unknown ones", "workers"]
    row = [
        f"{median(result.p99_without):.2f}",
        f"{median(result.p99_with):.2f}",
        spread(ratios(result.p99_with, result.p99_without)),
        statuses(result.known),
        statuses(result.unknown),
        "the same" if result.same_workers else "REPLACED",
    ]
    return table(heads, [row])


def statuses(counts: dict[int, int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))


def reloaded(results: dict[str, Reloaded]) -> str:
    heads = ["", "reloads", "requests", "logins", "failed", "lost sessions"]
    rows = [
        [name, *map(str, (r.reloads, r.requests, r.logins, len(r.failures), r.lost))]
        for name, r in results.items()
    ]
    failures = [failure for result in results.values() for failure in result.failures[:5]]
    return "\n\n".join([table(heads, rows), *failures])


def memory(results: list[Memory]) -> str:
    heads = ["attributes", "zone: session", "… with session set and claim", "memcached: session's value"]
    heads += [f"item: {kind}" for kind in results[0].items]
    rows = [
        [
            str(result.attributes),
            f"{result.zone_session:.0f}",
            f"{result.zone_login:.0f}",
            str(result.value),
            *map(str, result.items.values()),
        ]
        for result in results
    ]
    capacities = table(capacity.heads(results), capacity.rows(results))
    return f"{table(heads, rows)}\n\n{capacities}"
