"""Real memcacheds that are asked the same as the simulated ones: they must answer the same, and count the same."""

from dataclasses import dataclass

from harness.bench.load import cpu_nanoseconds
from harness.memcached import Memcached
from harness.scale.scenes import Programs


@dataclass(frozen=True)
class Doubled:
    """Bytes and commands as the simulation counts them, and as memcached's `stats` do."""

    simulated: dict[str, int]
    counted: dict[str, int]
    #: Of memcached, microseconds of CPU for each command.
    cpu: float


#: memcached counts commands by what they do.
COMMANDS = ("cmd_get", "cmd_set", "cmd_touch", "delete_hits", "delete_misses")
ROUNDS = 5


def double(programs: Programs, people: int, nodes: int = 2, replicas: int = 2) -> Doubled:
    """The least CPU of some rounds, since others use the machine, too; the counts of the last."""
    rounds = [double_once(programs, people, nodes, replicas) for _ in range(ROUNDS)]
    last = rounds[-1]
    return Doubled(last.simulated, last.counted, min(one.cpu for one in rounds))


def double_once(programs: Programs, people: int, nodes: int, replicas: int) -> Doubled:
    made = [Memcached(megabytes=256).start() for _ in range(nodes)]
    try:
        pids = [node.process.pid for node in made]
        before, look = counters(made), counters(made)
        asking = {name: look[name] - before[name] for name in before}
        cpu = cpu_nanoseconds(pids)
        addresses = ",".join(node.address for node in made)
        played = programs.play(
            "operations", nodes=nodes, replicas=replicas, people=people, doubles=addresses
        )
        cpu = cpu_nanoseconds(pids) - cpu
        after = counters(made)
    finally:
        for node in made:
            node.kill()
    found = {name: after[name] - look[name] - asking[name] for name in after}
    simulated = {name: int(played[f"all: {name}"]) for name in ("commands", "read", "written")}
    return Doubled(simulated, found, cpu / 1000 / simulated["commands"])


def counters(nodes: list[Memcached]) -> dict[str, int]:
    all_stats = [node.stats() for node in nodes]
    names = {"commands": COMMANDS, "read": ("bytes_read",), "written": ("bytes_written",)}
    return {
        name: sum(stats[one] for stats in all_stats for one in of) for name, of in names.items()
    }
