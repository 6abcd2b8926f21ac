"""A clock that a test steps while servers run by it: Debian's libfaketime, preloaded into nginx and memcached.

It hides what the kernel says from everything in the process, libcrypto and memcached included; epoll goes on by
true time, so that nothing waits for longer and nothing sooner.
"""

import collections
import contextlib
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.memcached import Memcached
from harness.nginx import Nginx, state

LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/*/libfaketime.so.1")

INSTANTS = (
    "issue_instant",
    "not_before",
    "not_on_or_after",
    "confirmation_not_on_or_after",
    "authn_instant",
    "session_not_on_or_after",
)


def library() -> str:
    """libfaketime; the test is skipped where there is none."""
    found = [path for pattern in LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))]
    if not found:
        pytest.skip("libfaketime is not installed (Debian's package faketime)")
    return str(found[0])


class FakeClock:
    """`clock.start(server)`, then `clock.set(seconds)` from the true time.

    The time of day alone is set, as an administrator or NTP does; with `passes` that time has really passed: the
    clock for durations, by which timers go, is ahead too, and never goes back.
    """

    def __init__(self, directory: Path, passes: bool = False):
        directory.mkdir()
        directory.chmod(0o755)
        self.file = directory / "offset"
        self.passes = passes
        self.seconds = 0
        self.nodes = []
        self.servers = []
        self.variables = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",  # the file is read each time that somebody asks
            "FAKETIME_DONT_FAKE_MONOTONIC": "0" if passes else "1",
            "NO_FAKE_STAT": "1",  # files keep their times
        }
        self.set(0)

    def set(self, seconds: int) -> None:
        assert not self.passes or seconds >= self.seconds, "no duration is negative"
        for server in self.servers if self.passes else ():
            await_sleep(server)
        self.seconds = seconds
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.chmod(0o644)
        new.replace(self.file)
        for node in self.nodes if self.passes else ():
            self.wait_for(node)

    def followed_by(self, *nodes: Memcached) -> None:
        """memcached looks at its clock each second: from now on a step waits until these have seen it."""
        self.nodes = [(node, node.stats()["uptime"] - self.seconds) for node in nodes]

    def wait_for(self, followed: tuple[Memcached, int]) -> None:
        node, start = followed
        deadline = time.monotonic() + 30
        while node.stats()["uptime"] < start + self.seconds:
            assert time.monotonic() < deadline, "memcached does not see the time pass"
            time.sleep(0.02)

    def go(self, seconds: int) -> None:
        """On by so many seconds, or back."""
        self.set(self.seconds + seconds)

    @property
    def environment(self) -> str:
        """For the beginning of an nginx.conf: workers have the variables that it names, and libfaketime looks for its
        own all the time."""
        return "".join(f"env {name}; " for name in self.variables)

    def start(self, server: Nginx) -> Nginx:
        conf = (server.directory / "nginx.conf").read_text()
        server.write("nginx.conf", self.environment + conf)
        self.servers.append(server)
        with self.worn():
            return server.start()

    @contextlib.contextmanager
    def worn(self):
        """What is started meanwhile goes by this clock."""
        os.environ.update(self.variables)
        try:
            yield
        finally:
            for name in self.variables:
                del os.environ[name]

    def said(self, message, off: int = 0):
        """An Answer or a LogoutRequest, as an IdP says it whose clock shows this time too, or `off` seconds more."""
        fields = {name: getattr(message, name, None) for name in INSTANTS}
        moved = {name: at + self.seconds + off for name, at in fields.items() if at is not None}
        return replace(message, **moved)


@contextlib.contextmanager
def frozen(server: Nginx):
    """All of its processes stand still, as in a virtual machine that is paused."""
    pids = [server.process.pid, *server.children()]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        server.wait_for(lambda: all(state(pid) == "T" for pid in pids), "the processes to stand still")
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


def await_sleep(server: Nginx) -> None:
    """Until no worker is in the midst of something, which would have taken all the time that passes now: for a moment,
    for some are never."""
    deadline, calm = time.monotonic() + 1, 0
    while calm < 3 and time.monotonic() < deadline:
        running = server.process is not None and server.process.poll() is None
        with contextlib.suppress(OSError):  # it has just ended
            calm = calm + 1 if all(state(pid) in "STt" for pid in (server.workers() if running else ())) else 0
        time.sleep(0.003)


def wait_for_rest(server: Nginx) -> None:
    """Until no worker has anything to do: one that goes round and round does not come to rest."""
    rested = collections.Counter()

    def all_rest() -> bool:
        for pid in server.workers():
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks = (pid, stat[11], stat[12])
            rested[ticks] += stat[0] == "S"
            if rested[ticks] < 5:
                return False
        return True

    server.wait_for(all_rest, "workers without work", 30)
