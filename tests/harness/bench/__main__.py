"""What is measured, in which order, and where it is written."""

import argparse
import datetime
import os
import shutil
import tempfile
from pathlib import Path

from harness.bench import cost, freeze, memory, million, operators, picture, reload, report
from harness.bench.hosts import Bench

NO_LUA = "\n\nNOTE: without lua-resty-memcached, whose packages could not be installed."
SECTIONS = ("cost", "million", "operators", "freeze", "reload", "memory")


def main() -> None:
    given = options()
    scratch = Path(tempfile.mkdtemp(prefix="auth-saml-bench-"))
    scratch.chmod(0o755)
    bench = Bench(scratch, given.nginx, given.module, given.fill, given.lua_path)
    pages = []
    try:
        for section in given.only:
            pages.append(f"## {section}\n\n{surroundings()}\n\n{MEASURES[section](bench, given)}\n")
            bench.finish()
            print(pages[-1], flush=True)
    finally:
        bench.kill()
        shutil.rmtree(scratch, ignore_errors=True)
    if given.output:
        (given.output / "bench.md").write_text("\n".join(pages))


def options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="scripts/bench")
    options.add_argument("module")
    options.add_argument("nginx")
    options.add_argument("fill")
    options.add_argument("--lua-path", help="where nginx/memcached.lua is")
    options.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=int, default=4, help="of one round of one row")
    options.add_argument("--sessions", type=int, default=1_000_000, help="that are many")
    options.add_argument("--reload-seconds", type=int, default=60)
    options.add_argument("--output", type=Path, help="folder for bench.md and bench.svg")
    given = options.parse_args()
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
    return given


def surroundings() -> str:
    """When, where, and what else the machine had to do: it is rarely ours alone."""
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    return f"{datetime.date.today()}, {os.cpu_count()} × {cpu}, load average before: {load}"


def measure_cost(bench: Bench, given: argparse.Namespace) -> str:
    where = surroundings()
    measured = cost.measure(bench, given.rounds, given.seconds)
    if given.output:
        (given.output / "bench.svg").write_text(picture.picture(measured, where))
    return report.cost(measured) + ("" if bench.lua_path else NO_LUA)


def measure_million(bench: Bench, given: argparse.Namespace) -> str:
    return report.million(million.measure(bench, given.sessions, given.rounds, given.seconds))


def measure_operators(bench: Bench, given: argparse.Namespace) -> str:
    return report.operators(operators.measure(bench, given.sessions))


def measure_freeze(bench: Bench, given: argparse.Namespace) -> str:
    return report.frozen(freeze.measure(bench, given.rounds, given.seconds))


def measure_reload(bench: Bench, given: argparse.Namespace) -> str:
    return report.reloaded(reload.measure(bench, given.reload_seconds))


def measure_memory(bench: Bench, _: argparse.Namespace) -> str:
    return report.memory(memory.measure(bench))


MEASURES = {
    "cost": measure_cost,
    "million": measure_million,
    "operators": measure_operators,
    "freeze": measure_freeze,
    "reload": measure_reload,
    "memory": measure_memory,
}

if __name__ == "__main__":
    main()
