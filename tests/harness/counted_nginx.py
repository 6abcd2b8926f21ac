"""An nginx under callgrind, which counts the instructions that it takes."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from harness.nginx import Nginx, WithoutModule, wait_for_port

#: Nothing else of the environment: its size moves the stack, and some of it chooses code.
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C",
    # callgrind counts `rep stosb` once for each octet, which is one instruction: glibc's loops tell more of the truth.
    "GLIBC_TUNABLES": ":".join(
        f"glibc.cpu.x86_rep_{copy_or_set}_threshold={1 << 30}" for copy_or_set in ("movsb", "stosb")
    ),
}


class CountedNginx(Nginx):
    """One process that does it all."""

    def start(self) -> "CountedNginx":
        self.process = subprocess.Popen(
            self.command(), stderr=subprocess.DEVNULL, env=ENVIRONMENT, start_new_session=True
        )
        wait_for_port(self.port, self.process, seconds=300)
        return self

    def command(self, *arguments: str) -> list[str]:
        return [
            "valgrind", "--quiet", "--tool=callgrind",
            f"--callgrind-out-file={self.directory}/counted", *super().command(*arguments),
        ]  # fmt: skip

    def write(self, name: str, content: str | bytes) -> Path:
        if name == "nginx.conf":
            # What is logged of callgrind and of connections is no request's.
            content = str(content).replace("error.log info;", "error.log warn;")
        return super().write(name, content)

    @contextlib.contextmanager
    def connections(self, count: int):
        """Kept ones: `ask(requests, status)` sends one by each, and nginx finds all of them in one turn of its loop."""
        with contextlib.ExitStack() as stack:
            kept = [
                stack.enter_context(socket.create_connection((self.address, self.port)))
                for _ in range(count)
            ]
            answers = [connection.makefile("rb") for connection in kept]

            def ask(requests: list[bytes], status: int) -> None:
                with self.halted() if count > 1 else contextlib.nullcontext():
                    for connection, request in zip(kept, requests, strict=True):
                        connection.sendall(request)
                for answer in answers:
                    check(answer, status)

            yield ask

    @contextlib.contextmanager
    def halted(self):
        self.process.send_signal(signal.SIGSTOP)
        state = Path(f"/proc/{self.process.pid}/stat")
        self.wait_for(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "a halt")
        yield
        self.process.send_signal(signal.SIGCONT)

    def dump(self, keep: Path | None = None) -> int:
        """The instructions since the last dump, which goes into the file `keep`."""
        before = self.dumps()
        subprocess.run(
            ["callgrind_control", "--dump", str(self.process.pid)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        self.wait_for(lambda: self.dumps() > before, "callgrind's file", seconds=60)
        newest = self.directory / f"counted.{before + 1}"
        if keep:
            keep.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(newest, keep)
        return counted(newest.read_text())

    def dumps(self) -> int:
        return len(list(self.directory.glob("counted.*")))


def check(answer, status: int) -> None:
    """Reads one answer to its end."""
    head = b"".join(iter(answer.readline, b"\r\n"))
    assert head.split(b" ")[1] == str(status).encode(), head
    length = re.search(rb"^content-length: (\d+)", head, re.I | re.M)
    answer.read(int(length[1]) if length else 0)


class CountedBareNginx(WithoutModule, CountedNginx):
    """The same nginx, which has not loaded the module."""


def counted(dump: str) -> int:
    """All instructions of a dump but those of glibc's malloc and free: how long these search depends on all that was
    freed before, and says nothing of a request."""
    total = int(re.search(r"^(?:totals|summary): (\d+)", dump, re.M)[1])
    files, allocator, in_call, of_allocator = {}, False, False, 0
    for line in dump.splitlines():
        if found := re.match(r"(c?)(?:fl|fi|fe)=\((\d+)\)(?: (.*))?", line):
            called, number, name = found.groups()
            if name:
                files[number] = name.endswith("/malloc.c")
            if not called:
                allocator = files[number]
        elif line.startswith("calls="):
            in_call = True
        elif cost := re.match(r"(?:[+-]?\d+|\*) (\d+)$", line):
            # The line after a call has what was called with it.
            of_allocator += int(cost[1]) if allocator and not in_call else 0
            in_call = False
    return total - of_allocator
