"""nginx replaced while it runs (`USR2`, `WINCH`, `QUIT`): the old master, the new one, their workers."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from harness.nginx import Nginx, title


class Generations:
    """An nginx whose master is a daemon, for one that somebody else has started ignores `USR2`."""

    def __init__(self, server: Nginx):
        self.server = server
        self.seen = set()  # the pids of all masters
        self.expected = ()  # words of log lines that are no trouble in this test
        conf = (server.directory / "nginx.conf").read_text()
        server.write("nginx.conf", conf.replace("daemon off;", "daemon on;"))

    def start(self) -> int:
        """The pid of the master."""
        subprocess.run(self.server.command(), check=True, timeout=30, stdin=subprocess.DEVNULL)
        self.server.wait_for(
            lambda: self.master() and self.is_complete(self.master()), "the master and its workers"
        )
        self.seen.add(self.master())
        return self.master()

    def master(self) -> int | None:
        """Whom nginx.pid names: the newest."""
        text = ""
        with contextlib.suppress(FileNotFoundError):  # there is none while the name changes hands
            text = (self.server.directory / "nginx.pid").read_text().strip()
        return int(text) if text else None

    def workers(self, master: int) -> list[int]:
        children = Path(f"/proc/{master}/task/{master}/children")
        try:
            pids = map(int, children.read_text().split())
        except OSError:
            return []
        return [pid for pid in pids if b"worker process" in title(pid)]

    def is_complete(self, master: int) -> bool:
        return len(self.workers(master)) == self.server.worker_count()

    def replace(self) -> int:
        """`USR2`: the pid of the new master, which works beside the old one."""
        old = self.master()
        os.kill(old, signal.SIGUSR2)
        self.server.wait_for(lambda: self.master() not in (None, old), "the new master")
        new = self.master()
        self.seen.add(new)
        self.server.wait_for(lambda: self.is_complete(new), "its workers")
        return new

    def retire(self, master: int) -> None:
        """`WINCH`: its workers end what they have begun; the master stays."""
        os.kill(master, signal.SIGWINCH)
        self.server.wait_for(lambda: not self.workers(master), "the end of its workers")

    def revive(self, master: int) -> None:
        """`HUP` to a master that has been retired: workers again."""
        os.kill(master, signal.SIGHUP)
        self.server.wait_for(lambda: self.is_complete(master), "workers again")

    def quit(self, master: int) -> None:
        """`QUIT`, and it is gone, with all that is its."""
        os.kill(master, signal.SIGQUIT)
        self.server.wait_for(lambda: b"nginx" not in title(master), "the end of a master")

    def finish(self) -> None:
        """All end, and the log tells of no trouble."""
        for master in sorted(self.seen, reverse=True):
            if b"nginx" in title(master):
                self.quit(master)
        self.server.expected = self.expected
        self.server.assert_no_trouble()

    def kill(self) -> None:
        """Whatever is left of them; also whom a start that failed has left behind."""
        for name in ("nginx.pid", "nginx.pid.oldbin"):
            with contextlib.suppress(FileNotFoundError, ValueError):
                self.seen.add(int((self.server.directory / name).read_text()))
        for master in self.seen:
            for pid in [master, *self.workers(master)]:
                if b"nginx" in title(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
