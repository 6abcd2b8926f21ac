"""What `scripts/bench` makes of what it measured, where the answer is known."""

import subprocess
import sys

from lxml import etree

from harness.bench import logins, report
from harness.bench.cost import PLAIN, PLAIN_APACHE
from harness.bench.load import Measured, cpu_nanoseconds
from harness.bench.picture import LEFT, WIDTH, picture

OURS, MELLON = "shared memory, 5 attributes", "Apache, mod_auth_mellon"
SVG = {"svg": "http://www.w3.org/2000/svg"}
BURNS = """
import threading, time
def burn():
    while time.thread_time() < 0.2:
        pass
thread = threading.Thread(target=burn)
thread.start()
thread.join()
print("done", flush=True)
input()
"""


def rounds(*cpu_microseconds: float) -> Measured:
    same = [100.0] * len(cpu_microseconds)
    return Measured(same, list(cpu_microseconds), same)


MEASURED = {
    PLAIN: rounds(20, 20, 20, 20, 20),
    # Of these, plain nginx needs 1, 0.8, 0.5, 0.4 and 0.25.
    OURS: rounds(20, 25, 40, 50, 80),
    PLAIN_APACHE: rounds(40, 50, 40, 50, 40),
    MELLON: rounds(50, 60, 50, 60, 50),
}


def cells(name: str) -> list[str]:
    [row] = [line for line in report.cost(MEASURED).splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in row.split("|")[1:-1]]


def test_a_ratio_is_told_with_its_quartiles():
    assert cells(OURS)[4:8] == ["0.500 (0.400 to 0.800)", "", "20.0 (5.0 to 30.0)", "≥ 0.98"]


def test_a_module_of_apache_is_compared_with_apache_too():
    ratios = ["0.400 (0.333 to 0.400)", "0.800 (0.800 to 0.833)"]
    assert cells(MELLON)[4:8] == [*ratios, "10.0 (10.0 to 10.0)", ""]
    assert cells(PLAIN_APACHE)[5:7] == ["", ""]


def test_a_login_is_compared_with_the_same_step_of_others():
    measured = {
        logins.OURS: logins.Login([100, 100, 100], [20, 20, 20]),
        logins.OURS + logins.ENCRYPTED: logins.Login([100, 100, 100], [50, 50, 50]),
        logins.SHIB: logins.Login([200, 250, 400], [200, 200, 200]),
        logins.SHIB + logins.ENCRYPTED: logins.Login([200, 200, 200], [500, 500, 500]),
    }
    lines = report.logins(measured).splitlines()
    [plain] = [line for line in lines if line.startswith(f"| {logins.OURS} |")]
    ways = ["100 (100 to 100)", "0.400 (0.325 to 0.450)", ""]
    assert [cell.strip() for cell in plain.split("|")[2:8]] == [
        *ways, "20 (20 to 20)", "0.100 (0.100 to 0.100)", "",
    ]  # fmt: skip
    [encrypted] = [line for line in lines if line.startswith(f"| {logins.OURS}{logins.ENCRYPTED} |")]
    assert encrypted.split("|")[6].strip() == "0.100 (0.100 to 0.100)"


def test_one_round_has_no_spread():
    assert report.spread([0.5]) == "0.500 (0.500 to 0.500)"


def test_the_picture_shows_each_row_and_whose_it_is():
    drawn = etree.fromstring(picture(MEASURED, "today").encode())
    bars = drawn.xpath("svg:rect[@x]", namespaces=SVG)
    assert [bar.get("class") for bar in bars] == ["plain", "ours", "plain", "other"]
    widths = [int(bar.get("width")) / WIDTH for bar in bars]
    assert widths == [1, 0.5, 0.5, 0.4]
    whiskers = drawn.xpath("svg:path[@class='quartiles']/@d", namespaces=SVG)
    assert whiskers[0].startswith(f"M{LEFT + WIDTH * 2 // 5} ")
    assert f"H{LEFT + WIDTH * 4 // 5}m" in whiskers[0]
    assert "prefers-color-scheme: dark" in drawn.findtext("svg:style", namespaces=SVG)


def test_the_cpu_of_a_thread_that_has_ended_counts():
    with subprocess.Popen(
        [sys.executable, "-c", BURNS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        assert cpu_nanoseconds([process.pid]) >= 200_000_000
