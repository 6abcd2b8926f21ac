"""Load by wrk from core 1, and what it costs the processes of core 0."""

import random
import re
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.bench.apache import Apache
from harness.nginx import Nginx

#: Takes another cookie for each request, in an order that has nothing to do with where they lie.
COOKIES = """
local cookies, at, stride = {}, 0, 611953
for line in io.lines(os.getenv("COOKIES")) do
    cookies[#cookies + 1] = "Cookie: " .. os.getenv("COOKIE_NAME") .. "=" .. line
end
local count = #cookies
local head = "GET " .. os.getenv("REQUEST_PATH") .. " HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n"
local foot = "\\r\\n\\r\\n"
function request()
    at = (at + stride) % count
    return head .. cookies[at + 1] .. foot
end
"""
UNITS = {"us": 0.001, "ms": 1, "s": 1000}


@dataclass
class Target:
    """What is asked for, by whom, and which processes pay for it."""

    server: Nginx | Apache
    path: str
    processes: Callable[[], list[int]]  # the pids, as they are now
    cookies: Path  # a file of session cookies, one a request
    cookie_name: str = "saml_session"
    connections: int = 16


@dataclass
class Measured:
    """One contender over all rounds."""

    requests_per_second: list[float] = field(default_factory=list)
    cpu_microseconds: list[float] = field(default_factory=list)
    p99_milliseconds: list[float] = field(default_factory=list)

    def add(self, target: Target, seconds: int) -> None:
        before = cpu_nanoseconds(target.processes())
        requests, rate, p99 = load(target, seconds)
        spent = cpu_nanoseconds(target.processes()) - before
        self.cpu_microseconds.append(spent / requests / 1000)
        self.requests_per_second.append(rate)
        self.p99_milliseconds.append(p99)


def interleaved(targets: dict[str, Target], rounds: int, seconds: int) -> dict[str, Measured]:
    measured = {name: Measured() for name in targets}
    for target in targets.values():
        load(target, 1)
    for _ in range(rounds):
        # Nobody always follows the same one.
        for name in random.sample(list(targets), len(targets)):
            measured[name].add(targets[name], seconds)
    return measured


def load(target: Target, seconds: int) -> tuple[int, float, float]:
    """Requests, requests a second and p99 in ms of keep-alive connections; all must be answered 2xx."""
    script = target.cookies.with_suffix(".lua")
    script.write_text(COOKIES)
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{target.connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(script), target.server.url(target.path)]
    environment = {"COOKIES": str(target.cookies), "COOKIE_NAME": target.cookie_name}
    environment["REQUEST_PATH"] = target.path
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    out = done.stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return requests, rate, float(value) * UNITS[unit]


def cpu_nanoseconds(pids: list[int]) -> int:
    """User and system time of these processes, with threads that have ended."""
    # What clock_getcpuclockid(3) gives, which Python has for threads only.
    return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids)


def ratios(above: list[float], below: list[float]) -> list[float]:
    """Of each round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """The median is the second."""
    if len(values) == 1:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, method="inclusive"))
