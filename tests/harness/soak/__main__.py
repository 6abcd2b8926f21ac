"""Starts the hosts, loads them for as long as told, and says what became of them."""

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness.bench.__main__ import surroundings
from harness.bench.load import cpu_nanoseconds
from harness.soak import samples, sites, verdict
from harness.soak.churn import Churn
from harness.soak.ledger import Ledger
from harness.soak.load import Load, every
from harness.soak.picture import picture
from harness.soak.report import report

#: Seconds between two samples, and how many a short run has at least.
PACE, SAMPLES = 10, 20


def main() -> int:
    given = options()
    where, times = surroundings(), sites.Times(given.hours * 3600)
    scratch = Path(tempfile.mkdtemp(prefix="auth-saml-soak-"))
    scratch.chmod(0o755)
    ledger, seen, hosts = Ledger(), [], []
    began = time.process_time()
    try:
        for make in (sites.alone, sites.with_memcached):
            hosts.append(make(scratch, given.nginx, given.module, times))
        spent = run(hosts, ledger, seen)
        logs = {host.name: finished(host, ledger) for host in hosts}
    finally:
        for host in hosts:
            host.stop()
        shutil.rmtree(scratch, ignore_errors=True)
    how = (
        f"{where}; {given.hours:g} h; CPU of nginx {spent / times.run:.1%} of a core, "
        f"of the load {(time.process_time() - began) / times.run:.1%}"
    )
    faults = verdict.faults(seen, ledger, logs)
    text = report(how, verdict.growths(seen), ledger, faults)
    given.output.mkdir(parents=True, exist_ok=True)
    samples.write(given.output / "soak.csv", seen)
    (given.output / "soak.svg").write_text(picture(seen, "Mixed load while everything changes", how))
    (given.output / "soak.md").write_text(text)
    for name, log in logs.items():
        (given.output / f"error-{name.replace(' ', '-')}.log").write_text(log)
    print(text)
    return 1 if faults else 0


def options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="scripts/soak")
    options.add_argument("module")
    options.add_argument("nginx")
    options.add_argument("hours", type=float, help="may be a fraction: 0.01")
    options.add_argument("--output", type=Path, required=True, help="folder for the curves and tables")
    given = options.parse_args()
    if given.hours * 3600 < 15:
        options.error("less than 15 seconds say nothing: 0.0042 hours are the least")
    return given


def run(hosts: list[sites.Host], ledger: Ledger, seen: list[samples.Sample]) -> float:
    """Until the time is over; the seconds of CPU that the masters and today's workers took."""
    stop, seconds = threading.Event(), hosts[0].times.run
    threads = [
        thread
        for host in hosts
        for kind in (Load, Churn)
        for thread in kind(host, ledger, stop).threads()
    ]
    began, cpu = time.monotonic(), Spent()
    for thread in threads:
        thread.start()
    try:
        for _ in every(min(PACE, seconds / SAMPLES), stop):
            passed = time.monotonic() - began
            if passed > seconds:
                break
            for host in hosts:
                cpu.look([host.server.process.pid, *host.server.workers()])
                try:
                    seen.append(samples.sample(host, ledger, passed))
                except (OSError, ValueError) as error:  # no answer, or none that can be read
                    ledger.amiss(host.name, "sample", repr(error))
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    return cpu.seconds


class Spent:
    """CPU of processes that come and go, as last seen of each."""

    def __init__(self):
        self.of = {}

    def look(self, pids: list[int]) -> None:
        for pid in pids:
            with contextlib.suppress(OSError):
                self.of[pid] = cpu_nanoseconds([pid]) / 1e9

    @property
    def seconds(self) -> float:
        return sum(self.of.values())


def finished(host: sites.Host, ledger: Ledger) -> str:
    """The error log, after an end in order."""
    try:
        host.server.stop()
    except AssertionError as error:
        ledger.amiss(host.name, "end", str(error))
    return host.server.error_log()


if __name__ == "__main__":
    sys.exit(main())
