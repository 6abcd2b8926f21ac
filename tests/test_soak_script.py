"""`scripts/soak`: a quarter of a minute of it, and what it makes of a run that went wrong."""

import contextlib
import csv
import dataclasses
import socket
import subprocess
import sys

import pytest
from lxml import etree

from harness.nginx import ROOT
from harness.site import site
from harness.soak.ledger import Ledger
from harness.soak.picture import PANELS, picture
from harness.soak.samples import Sample
from harness.soak.timers import timers
from harness.soak.verdict import BOUNDS, faults, growths

NOTHING = Sample("one", 0, **{field.name: 0 for field in dataclasses.fields(Sample)[2:]})
HOUR = range(0, 3600, 10)


def series(name: str, value) -> list[Sample]:
    """An hour in which this alone is what `value` makes of the seconds."""
    return [dataclasses.replace(NOTHING, seconds=at, **{name: value(at)}) for at in HOUR]


@pytest.mark.slow
def test_a_short_run(build, tmp_path):
    command = [sys.executable, "-W", "ignore", "-m", "harness.soak", *build, "0.005", "--output", tmp_path]
    done = subprocess.run(command, cwd=ROOT / "tests", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(tmp_path / "soak.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["host"] for row in rows} == {"shared memory", "memcached"} and len(rows) >= 20
    assert all(int(row["workers_kib"]) > 1000 and int(row["worker_descriptors"]) > 4 for row in rows)
    assert all(int(row["worker_timers"]) > 2 for row in rows)
    last = rows[-1]
    assert int(last["requests"]) > 100 and int(last["wrong"]) == 0
    kinds = ["page", "login", "logout here", "logout there", "replay", "reload", "node killed", "login by pysaml2"]
    report = (tmp_path / "soak.md").read_text()
    assert all(f"| {kind} |" in report for kind in kinds), report
    assert etree.fromstring((tmp_path / "soak.svg").read_bytes()).tag.endswith("svg")


def test_the_timers_of_a_worker(nginx):
    """Each connection that has said nothing yet has one."""
    server = nginx(site())
    [worker] = server.workers()
    before = timers(server, worker)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        server.wait_for(lambda: timers(server, worker) == before + 20, "their timers")
    server.wait_for(lambda: timers(server, worker) == before, "them to be gone")


@pytest.mark.parametrize("name", BOUNDS)
def test_what_grows_is_found(name):
    """By a little more than it may, over the second half."""
    allowed, more = BOUNDS[name], BOUNDS[name] * 1.05 + 0.5
    [fault] = faults(series(name, lambda at: 100 + more * at / 1790), Ledger(), {})
    assert f"one: {name} grew by" in fault
    assert faults(series(name, lambda at: 100 + allowed * 0.9 * at / 1790), Ledger(), {}) == []


def test_what_grows_at_first_is_no_fault():
    warm = series("workers_kib", lambda at: min(at, 1500) * 20)
    assert faults(warm, Ledger(), {}) == []
    assert {one.by for one in growths(warm) if one.name == "workers_kib"} == {0}


def test_trouble_in_a_log_is_a_fault():
    quiet = series("sessions", lambda at: 5)
    line = "2026/11/30 12:00:00 [{}] 7#7: open socket #3 left in connection 5"
    for level in ("alert", "crit", "emerg"):
        assert faults(quiet, Ledger(), {"one": line.format(level)}) == [f"one: {line.format(level)}"]
    assert faults(quiet, Ledger(), {"one": line.format("error")}) == []


def test_a_wrong_answer_is_a_fault():
    ledger = Ledger()
    assert ledger.judge("one", "page", 200, 200)
    assert not ledger.judge("one", "page", 200, 503, "store_unavailable")
    assert faults(series("sessions", lambda at: 5), ledger, {}) == ["one: 1 wrong answers, page"]
    assert "503 for 200 store_unavailable" in ledger.told[0]


def test_the_picture_has_a_curve_for_each_host():
    both = [sample for host in ("one", "other") for sample in series("sessions", lambda at: at % 7)]
    both = [dataclasses.replace(one, host="other" if n >= len(HOUR) else "one") for n, one in enumerate(both)]
    drawn = etree.fromstring(picture(both, "title", "caption").encode())
    kinds = [line.get("class") for line in drawn.iter("{*}polyline")]
    assert kinds.count("line first") == kinds.count("line second") == len(PANELS)
    assert "prefers-color-scheme: dark" in drawn.findtext("{*}style")
