"""What `scripts/scale` plays is what nginx does: the same commands, to nodes that answer as memcached does."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from lxml import etree

from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import log_in
from harness.nginx import ROOT
from harness.scale import report
from harness.scale.doubles import COMMANDS, double_once
from harness.scale.picture import Line, picture
from harness.scale.scenes import Programs
from harness.site import site

PEOPLE = 20
STORE = """
saml_session_store shared {
    memcached @NODES@;
    replicas 2;
    cache_valid 0;
    secret session.key;
}
"""
CONF = site(http=STORE, sp="session_store shared;", idp="allow_unsolicited on;")
SECRET = {"session.key": "0123456789abcdef" * 4}


@pytest.fixture(scope="module")
def programs() -> Programs:
    """As the unit tests have it: that is quick to build."""
    for package in (["-p", "scale"], ["-p", "zone", "--example", "contention"]):
        subprocess.run(["cargo", "build", "--quiet", *package], cwd=ROOT, check=True)
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
    return Programs(folder / "scale", folder / "examples/contention")


def test_a_real_memcached_answers_the_same_and_counts_the_same(programs):
    """Each reply is compared by the program itself."""
    doubled = double_once(programs, people=PEOPLE, nodes=2, replicas=2)
    assert doubled.counted["commands"] == doubled.simulated["commands"]
    assert doubled.counted["read"] == doubled.simulated["read"]
    # What is left of a life, and a CAS, may have a digit more.
    assert abs(doubled.counted["written"] - doubled.simulated["written"]) < 0.01 * doubled.simulated["written"]


class Counting:
    """Commands that nodes get, but for what a worker asks for each second."""

    def __init__(self, nodes):
        self.nodes = nodes

    def commands(self) -> int:
        # What nobody waits for is under way.
        time.sleep(0.1)
        return sum(node.stats()[name] for node in self.nodes for name in COMMANDS)

    def of(self, work) -> tuple[int, int]:
        """Those of `work`, and how many of them may be asks for orders."""
        before, began = self.commands(), time.monotonic()
        work()
        count = self.commands() - before
        return count, 2 * (int(time.monotonic() - began) + 2)


def test_nginx_sends_as_many_commands(programs, nginx, memcacheds):
    played = programs.play("operations", replicas=2, nodes=2, people=PEOPLE)
    nodes = memcacheds(2)
    idp = Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))
    server = nginx(CONF, files=SECRET, NODES=" ".join(node.address for node in nodes))
    counting, members = Counting(nodes), []

    def assert_as_played(name: str, work) -> None:
        count, orders = counting.of(work)
        expected = round(PEOPLE * played[f"{name}: commands"])
        assert expected <= count <= expected + orders, name

    def log_all_in() -> None:
        for number in range(PEOPLE):
            name = f"member{number}@example.org"
            members.append(log_in(server, idp, f"_session-{number}", name_id=name))

    def look() -> None:
        for member in members:
            assert member.get(server.url("/page.html")).status == 200

    def log_all_out() -> None:
        for number in range(PEOPLE):
            name, index = f"member{number}@example.org", f"_session-{number}"
            request = LogoutRequest(name_id=name, session_index=(index,))
            assert_success(send(idp, server.url("/saml/sls"), request))

    assert_as_played("login", log_all_in)
    # The first request of each moves its idle timeout.
    look()
    assert_as_played("a later one, after cache_valid", look)
    assert_as_played("logout by the IdP", log_all_out)


@pytest.mark.slow
def test_all_sections_are_played(programs, tmp_path):
    command = [
        ROOT / ".cache/venv/bin/python", "-m", "harness.scale", programs.scale, programs.contention,
        "--only", "operations", "visits", "nodes", "shares", "order", "storm", "logouts",
        "--hosts", "1", "10", "--people", "10", "--seconds", "30", "--storm", "200", "--logouts", "100", "--keys", "2000", "--doubled", "10", "--output", tmp_path,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": ROOT / "tests", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    for section in ("operations", "visits", "nodes", "shares", "order", "storm", "logouts"):
        table = done.stdout.partition(f"## {section}\n")[2].partition("\n## ")[0]
        assert table.count("\n|") > 3, section
    etree.parse(tmp_path / "scale-nodes.svg")


def test_histories_and_interleavings_are_played(programs):
    played = programs.play("histories", seed=5, count=3)
    assert played["histories"] == 3 and played["questions"] > 50 and played["with a broken promise"] == 0
    tried = programs.play("interleavings", switches=0)
    assert sum(tried[name] for name in tried if name.endswith("broken")) == 0
    assert tried["a look and a logout: orders"] == 55


def test_workers_compete_for_a_zone(programs):
    alone, two = programs.compete(1, 0, 0.1), programs.compete(2, 0, 0.1)
    assert alone["look-ups each second"] > 0 and two["look-ups each second"] > 0
    assert alone["workers"] == 1 and two["workers"] == 2


def test_the_estimate_of_a_queue():
    """M/D/1 at half load waits half of what one takes."""
    assert report.estimate(1e6, 500) == ["50.0 %", "0.25"]
    assert report.estimate(3e6, 500)[1] == "no end"


def test_the_picture_has_a_line_for_each_and_a_grid_of_powers_of_ten():
    drawn = picture("title", "caption", "across", "up", [Line("a & b", [(1, 20), (1000, 2000)])])
    tree = etree.fromstring(drawn.encode())
    names = {"svg": "http://www.w3.org/2000/svg"}
    [line] = tree.xpath("svg:polyline/@points", namespaces=names)
    assert line == "90,378 610,165"
    ticks = tree.xpath("svg:text/text()", namespaces=names)
    assert {"1", "10", "100", "1,000", "10,000", "a & b"} <= set(ticks)
