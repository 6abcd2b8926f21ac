"""What is measured, in which order, and where it is written."""

import argparse
import datetime
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote

from harness.bench import (
    cost,
    crowd_at_once,
    crypto,
    freeze,
    logins,
    memory,
    million,
    operators,
    picture,
    reload,
    report,
)
from harness.bench.hosts import Bench

LEFT_OUT = "NOTE: without the rows of {}, whose packages are not to be had."
#: Packages of others that are installed.
MEASURED = ("nginx", "memcached", "libnginx-mod-http-lua", "apache2-bin")
SECTIONS = ("cost", "logins", "crypto", "million", "crowd", "operators", "freeze", "reload", "memory")


def main() -> None:
    given = options()
    scratch = Path(tempfile.mkdtemp(prefix="auth-saml-bench-"))
    scratch.chmod(0o755)
    bench = Bench(scratch, given.nginx, given.module, given.fill)
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
    for contender in ("--lua", "--apache"):
        options.add_argument(contender, type=folder, help="where its packages are unpacked")
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


def folder(given: str) -> Path | None:
    """Empty: what should be there could not be had."""
    return Path(given) if given else None


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
    measured = cost.measure(bench, given.rounds, given.seconds, given.lua, given.apache)
    if given.output:
        how = f"{where}; {given.rounds} rounds of {given.seconds} s"
        (given.output / "bench.svg").write_text(picture.picture(measured, how))
    contenders = {"Lua": given.lua, "Apache": given.apache}
    missing = [LEFT_OUT.format(name) for name, unpacked in contenders.items() if not unpacked]
    return "\n\n".join([report.cost(measured), versions(given), *missing])


def versions(given: argparse.Namespace) -> str:
    command = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *MEASURED]
    known = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    for unpacked in filter(None, (given.lua, given.apache)):
        names = sorted(path.name for path in unpacked.glob("*.deb"))
        known += [unquote(" ".join(name.split("_")[:2])) for name in names]
    return f"{given.rounds} rounds of {given.seconds} s. Packages: {', '.join(known)}."


def measure_logins(bench: Bench, given: argparse.Namespace) -> str:
    return report.logins(logins.measure(bench, given.rounds, given.apache))


def measure_crypto(bench: Bench, given: argparse.Namespace) -> str:
    return report.crypto(crypto.measure(bench, given.rounds, given.seconds))


def measure_million(bench: Bench, given: argparse.Namespace) -> str:
    return report.million(million.measure(bench, given.sessions, given.rounds, given.seconds))


def measure_crowd(bench: Bench, given: argparse.Namespace) -> str:
    return report.crowd(crowd_at_once.measure(bench, given.rounds, given.seconds))


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
    "logins": measure_logins,
    "crypto": measure_crypto,
    "million": measure_million,
    "crowd": measure_crowd,
    "operators": measure_operators,
    "freeze": measure_freeze,
    "reload": measure_reload,
    "memory": measure_memory,
}

if __name__ == "__main__":
    main()
