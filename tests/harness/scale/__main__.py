"""What is played, in which order, and where it is written."""

import argparse
from pathlib import Path

from harness.bench.__main__ import surroundings
from harness.scale import report
from harness.scale.counted import instructions
from harness.scale.doubles import double
from harness.scale.logins import cpu_of_a_login
from harness.scale.picture import Line, picture
from harness.scale.scenes import Figures, Programs

HOSTS = (1, 10, 100, 1_000)
NODES = (1, 3, 10, 30)
SPREADS = {"requests": "a request", "pages": "a page", "people": "a person"}
WORKERS, REPLICAS = 4, 2


def main() -> None:
    given = options()
    programs = Programs(given.scale, given.contention)
    sections = Sections(programs, given)
    print(f"{surroundings()}\n")
    for name in given.only:
        print(f"## {name}\n\n{getattr(sections, name)()}\n", flush=True)


def options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="scripts/scale")
    options.add_argument("scale", type=Path)
    options.add_argument("contention", type=Path)
    options.add_argument("--module", default="", help="and nginx, for the CPU of a login")
    options.add_argument("--nginx", default="")
    names = [name for name in vars(Sections) if not name.startswith("_")]
    options.add_argument("--only", nargs="+", choices=names, default=names)
    options.add_argument("--hosts", type=int, nargs="+", default=HOSTS)
    options.add_argument("--people", type=int, default=200, help="that go from page to page")
    options.add_argument("--seconds", type=int, default=600, help="for which they are watched")
    options.add_argument("--storm", type=int, default=50_000, help="people who come to work")
    options.add_argument("--logouts", type=int, default=10_000, help="of which each is played")
    options.add_argument("--doubled", type=int, default=500, help="people of real memcacheds")
    options.add_argument("--keys", type=int, default=200_000, help="that are spread over nodes")
    options.add_argument("--output", type=Path, help="folder for the pictures")
    given = options.parse_args()
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
    return given


class Sections:
    """Each method is one; what several need is played once."""

    def __init__(self, programs: Programs, given: argparse.Namespace):
        self._programs, self._given = programs, given
        self._seen: dict[tuple[int, str], Figures] = {}
        self._cpu = 0.0

    def memcached(self) -> str:
        doubled = double(self._programs, self._given.doubled)
        self._cpu = doubled.cpu
        return f"{report.doubles(doubled)}\n\nCPU of memcached: {doubled.cpu:.1f} µs a command."

    def operations(self) -> str:
        play = self._programs.play
        return report.operations({replicas: play("operations", replicas=replicas) for replicas in (1, 2)})

    def visits(self) -> str:
        self._draw()
        named = {(hosts, SPREADS[spread]): seen for (hosts, spread), seen in self._visits().items()}
        return report.visits(named)

    def nodes(self) -> str:
        order = self._programs.play("order", hosts=2, replicas=REPLICAS, workers=WORKERS)
        return report.nodes(
            self._visits(), order, NODES, WORKERS, REPLICAS, self._cpu_of_a_command()
        )

    def shares(self) -> str:
        pairs = [(count, replicas) for count in (3, 10, 30) for replicas in (1, 2)]
        play = self._programs.play
        keys = self._given.keys
        return report.shares(
            {(n, r): play("shares", nodes=n, replicas=r, people=keys) for n, r in pairs}
        )

    def outage(self) -> str:
        kinds = {"gone": "killed", "silent": "frozen"}
        played = {
            (count, replicas, kinds[kind]): self._programs.play(
                "outage", hosts=10, nodes=count, replicas=replicas, as_if=kind,
                people=self._given.people, seconds=max(self._given.seconds // 4, 30),
            )
            for count in (3, 10)
            for replicas in (1, 2)
            for kind in kinds
        }  # fmt: skip
        return report.outages(played)

    def order(self) -> str:
        play = self._programs.play
        return report.orders(
            {hosts: play("order", hosts=hosts, replicas=REPLICAS) for hosts in self._given.hosts}
        )

    def logouts(self) -> str:
        people = self._given.logouts
        played = self._programs.play("logouts", hosts=10, replicas=REPLICAS, people=people)
        return report.logouts(played, self._cpu_of_a_command())

    def storm(self) -> str:
        people = self._given.storm
        played = self._programs.play("storm", hosts=10, replicas=REPLICAS, people=people)
        built = self._given.module and self._given.nginx
        logins = cpu_of_a_login(self._given.module, self._given.nginx) if built else None
        return report.storm(played, logins, self._cpu_of_a_command())

    def contention(self) -> str:
        compete = self._programs.compete
        alone = compete(1, 0, 2)
        measured = [alone, *(compete(workers, 0, 2) for workers in (2, 8, 64))]
        held = min(one["held undisturbed, ns"] for one in measured[:2])
        return report.contention(instructions(self._programs.contention), measured, held)

    def _visits(self) -> dict[tuple[int, str], Figures]:
        if not self._seen:
            watched = {"people": self._given.people, "seconds": self._given.seconds}
            watched["warm_up"] = self._given.seconds * 3 // 2
            self._seen = {
                (hosts, spread): self._programs.play("visits", hosts=hosts, spread=spread, **watched)
                for hosts in self._given.hosts
                for spread in SPREADS
            }
        return self._seen

    def _cpu_of_a_command(self) -> float:
        if not self._cpu:
            self.memcached()
        return self._cpu

    def _draw(self) -> None:
        if not self._given.output:
            return
        lines = [
            Line(
                f"{count} nodes",
                [
                    (hosts, report.per_second(seen, hosts, REPLICAS) / count)
                    for (hosts, spread), seen in self._visits().items()
                    if spread == "requests"
                ],
            )
            for count in (3, 10, 30)
        ]
        drawn = picture(
            "Commands a second at each memcached node",
            f"1,000 people for each host, a page of 10 requests a minute each, replicas {REPLICAS}, "
            "requests spread over all workers",
            "hosts",
            "commands a second of one node, simulated",
            lines,
        )
        (self._given.output / "scale-nodes.svg").write_text(drawn)


if __name__ == "__main__":
    main()
