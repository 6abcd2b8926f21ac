"""What was played, as Markdown."""

from harness.bench.report import table
from harness.scale.doubles import Doubled
from harness.scale.scenes import Figures

#: A page of ten requests in a minute, from each of a thousand people for each host.
PEOPLE, PAGES_A_MINUTE, REQUESTS = 1_000, 1, 10
OF_PEOPLE = ("gets", "touches", "sets")


def operations(by_replicas: dict[int, Figures]) -> str:
    names = [name.removesuffix(": commands") for name in by_replicas[1] if name.endswith(": commands")]
    rows = [
        [name]
        + [
            f"{played[f'{name}: {part}']:,.0f}"
            for played in by_replicas.values()
            for part in ("commands", "read", "written")
        ]
        for name in names
        if name != "all"
    ]
    heads = ["one"] + [
        f"{part}, replicas {replicas}"
        for replicas in by_replicas
        for part in ("commands", "bytes to nodes", "bytes from nodes")
    ]
    return table(heads, rows)


def visits(played: dict[tuple[int, str], Figures]) -> str:
    rows = []
    for (hosts, spread), seen in played.items():
        each = [seen[f"{name}: commands"] / seen["requests"] for name in OF_PEOPLE]
        octets = [
            sum(seen[f"{name}: {way}"] for name in OF_PEOPLE) / seen["requests"]
            for way in ("read", "written")
        ]
        part = seen["asked"] / seen["requests"]
        rows.append(
            [f"{hosts:,}", spread, f"{part:.2f}", *(f"{one:.2f}" for one in each), f"{sum(each):.2f}"]
            + [f"{one:,.0f}" for one in octets]
        )
    heads = ["hosts", "to one worker go", "of the requests ask a node", "gets", "moves of expiries"]
    heads += ["looks into sets", "commands", "bytes to nodes", "bytes from nodes"]
    return table(heads, rows)


def per_second(seen: Figures, hosts: int, replicas: int, what: str = "commands") -> float:
    """Of all nodes together, for the people of so many hosts."""
    requests = hosts * PEOPLE * PAGES_A_MINUTE * REQUESTS / 60
    return replicas * requests * sum(seen[f"{name}: {what}"] for name in OF_PEOPLE) / seen["requests"]


def nodes(
    played: dict[tuple[int, str], Figures],
    order: Figures,
    counts: tuple[int, ...],
    workers: int,
    replicas: int,
    cpu: float,
) -> str:
    """`order`: of one worker, asks for orders in a second. `cpu`: of a command, microseconds."""
    rows = []
    for (hosts, spread), seen in played.items():
        if spread != "requests":
            continue
        asks = hosts * workers * order["asked each second: commands"] / order["workers"] / replicas
        for count in counts:
            own = min(replicas, count)
            each = per_second(seen, hosts, own) / count
            read, written = (per_second(seen, hosts, own, way) / count for way in ("read", "written"))
            rows.append(
                [
                    f"{hosts:,}",
                    str(count),
                    f"{each:,.0f}",
                    f"{read * 8 / 1e6:,.1f}",
                    f"{written * 8 / 1e6:,.1f}",
                    f"{asks:,.0f}",
                    f"{(each + asks) * cpu / 1e6:.2f}",
                    f"{hosts * workers:,}",
                    f"{per_second(seen, 1, own):,.0f}",
                ]
            )
    heads = ["hosts", "nodes", "commands/s at each node", "Mbit/s to it", "Mbit/s from it"]
    heads += ["asks for orders/s, where these lie", "cores of that node (estimate)"]
    heads += ["connections of each node", "commands/s of a host"]
    return table(heads, rows)


def shares(played: dict[tuple[int, int], Figures]) -> str:
    rows = []
    for (count, replicas), figures in played.items():
        fails = 1 - (1 - figures["lost with 1"]) ** 5 if replicas == 1 else 0.0
        rows.append(
            [str(count), str(replicas), percent(figures["on one node"]), percent(figures["lost with 1"])]
            + [percent(fails), percent(figures["lost with 2"])]
        )
    heads = ["nodes", "replicas", "of the sessions have a copy on one node", "are lost with one node"]
    heads += ["of the logins are refused while it is down", "of the sessions are lost with two nodes"]
    return table(heads, rows)


def outages(played: dict[tuple[int, int, str], Figures]) -> str:
    rows = []
    for (count, replicas, kind), fare in played.items():
        for when in ("during", "after"):
            all_requests = sum(fare[f"{when}: {name}"] for name in ("let in", "logged out", "refused"))
            logins = fare[f"{when}: logins"] + fare[f"{when}: logins refused"]
            rows.append(
                [str(count), str(replicas), kind, when]
                + [percent(fare[f"{when}: {name}"] / all_requests) for name in ("refused", "logged out")]
                + [percent(fare[f"{when}: logins refused"] / logins)]
                + [percent(fare[f"{when}: slow"] / all_requests), f"{fare[f'{when}: longest'] / 1000:,.0f}"]
            )
    heads = ["nodes", "replicas", "one of them is", "", "requests that get 503", "sent to log in again"]
    heads += ["logins refused", "requests that take more than 10 ms", "the longest, ms"]
    return table(heads, rows)


def orders(played: dict[int, Figures]) -> str:
    rows = [
        [
            f"{hosts:,}",
            f"{figures['workers']:,.0f}",
            f"{figures['given: commands']:.0f}",
            f"{figures['half have heard, ms']:,.0f}",
            f"{figures['all have heard, ms']:,.0f}",
            f"{figures['asked each second: commands']:,.0f}",
        ]
        for hosts, figures in played.items()
    ]
    heads = ["hosts", "workers", "writes", "half of the workers have heard after, ms", "all, ms"]
    heads += ["asks for orders/s, which go on at all times"]
    return table(heads, rows)


def storm(played: Figures, logins: dict[str, float] | None, cpu: float) -> str:
    people, seconds = played["people"], played["seconds"]
    rows = [
        ["people", f"{people:,.0f} in {seconds / 60:.0f} minutes"],
        ["logins/s in the mean, and in the second that had most", f"{people / seconds:,.0f}, {played['peak of logins']:,.0f}"],
        ["commands of all nodes for one, with a page of ten requests", f"{played['nodes: commands'] / people:,.0f}"],
        ["commands/s of all nodes, in the second that had most", f"{played['peak of commands']:,.0f}"],
        ["the longest that the store took for a login, ms", f"{played['longest'] / 1000:.1f}"],
        ["entries of all nodes at the end, MiB of keys and values", f"{played['entries']:,.0f}, {played['bytes held'] / (1 << 20):,.0f}"],
        ["cores of memcached in that second (estimate)", f"{played['peak of commands'] * cpu / 1e6:.2f}"],
    ]  # fmt: skip
    if logins:
        busy = played["peak of logins"] * (logins["redirect"] + logins["login"]) / 1e6
        rows += [
            ["CPU of a worker for the redirect, and for the Response, µs (measured)", f"{logins['redirect']:,.0f}, {logins['login']:,.0f}"],
            ["… for the redirect with a key on P-256", f"{logins['redirect, EC']:,.0f}"],
            ["cores of all hosts for the logins of that second (estimate)", f"{busy:.2f}"],
        ]  # fmt: skip
    return table(["", "50,000 come to work" if people == 50_000 else "they come to work"], rows)


def logouts(played: Figures, cpu: float) -> str:
    people = played["people"]
    each = played["nodes: commands"] / people
    rows = [
        ["LogoutRequests", f"{people:,.0f}, 16 at a time"],
        ["commands of all nodes for each", f"{each:.1f}"],
        ["bytes to nodes, from nodes, for each", f"{played['nodes: read'] / people:,.0f}, {played['nodes: written'] / people:,.0f}"],
        ["the store takes for one, ms", f"{played['seconds'] * 16 / people * 1000:.1f}"],
        ["for 100,000: commands of all nodes", f"{each * 100_000:,.0f}"],
        ["for 100,000: seconds of memcached's CPU, all nodes together (estimate)", f"{each * 100_000 * cpu / 1e6:.0f}"],
    ]  # fmt: skip
    return table(["", "an IdP ends each"], rows)


def contention(counted: dict[str, float], measured: list[Figures], undisturbed: float) -> str:
    first = table(
        ["the lock is held for a", "instructions"],
        [[name, f"{count:,.0f}"] for name, count in counted.items()],
    )
    rows = [
        [
            f"{one['workers']:.0f}",
            f"{one['look-ups each second']:,.0f}",
            f"{one['held undisturbed, ns']:,.0f}",
            f"{one['99 of 100 wait less than, ns'] / 1000:,.2f}",
            f"{one['waited, ns'] / 1000:,.1f}",
        ]
        for one in measured
    ]
    heads = ["workers that do nothing else", "look-ups/s of all", "lock held, undisturbed, ns"]
    heads += ["99 of 100 wait less than, µs", "mean wait, µs"]
    estimated = [
        [f"{workers}", f"{rate:,}", *estimate(workers * rate, undisturbed)]
        for workers in (2, 8, 64)
        for rate in (1_000, 10_000)
    ]
    third = table(
        ["workers, each on a core of its own", "look-ups/s of each in the zone", "the lock is held", "mean wait, µs"],
        estimated,
    )
    return "\n\n".join([first, table(heads, rows), third])


def estimate(rate: float, held: float) -> list[str]:
    """M/D/1: who comes has no plan, each holds the lock for the same time."""
    load = rate * held / 1e9
    wait = f"{load * held / (2 * (1 - load)) / 1000:.2f}" if load < 1 else "no end"
    return [percent(load), wait]


def doubles(doubled: Doubled) -> str:
    rows = [
        [name, f"{count:,}", f"{doubled.counted[name]:,}"] for name, count in doubled.simulated.items()
    ]
    names = {"commands": "commands", "read": "bytes read", "written": "bytes written"}
    rows = [[names[row[0]], *row[1:]] for row in rows]
    return table(["", "simulated nodes", "memcached's own `stats`"], rows)


def percent(part: float) -> str:
    return f"{100 * part:.1f} %" if part < 0.995 else f"{100 * part:.0f} %"
