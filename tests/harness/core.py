"""Core dumps of nginx's processes, by the kernel and by a debugger, and what is in them."""

import os
import shutil
import signal
import struct
import subprocess
from pathlib import Path

import pytest

from harness.nginx import Nginx, state

# Of the configuration: where the kernel writes.
SETTINGS = "working_directory @DIR@/cores; worker_rlimit_core 1g;"
FOLDER = "cores"
LOAD = 1


def make_room(server: Nginx) -> None:
    """Before it starts; for whatever user the worker has."""
    (server.directory / FOLDER).mkdir()
    (server.directory / FOLDER).chmod(0o777)


def crash(server: Nginx, how: signal.Signals = signal.SIGSEGV) -> Path:
    """Ends the worker as a fault would, and returns what the kernel wrote of it."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if "/" in pattern or pattern.startswith("|"):
        pytest.skip(f"the kernel's dumps go elsewhere: core_pattern is {pattern}")
    [worker] = server.workers()
    # Who is at work has what it works with on its stack.
    server.wait_for(lambda: state(worker) == "S", "a worker without work")
    server.expected = f"exited on signal {how}"
    os.kill(worker, how)
    server.wait_for(lambda: server.workers() not in ([], [worker]), "another worker")
    server.first_workers = server.workers()
    [core] = (server.directory / FOLDER).iterdir()
    kept = server.directory / f"{worker}.core"
    shutil.move(core, kept)
    return kept


def attach(server: Nginx, pid: int) -> Path:
    """What a debugger writes of a process that goes on."""
    path = server.directory / "gcore"
    done = subprocess.run(["gcore", "-o", path, str(pid)], capture_output=True, text=True, check=False)
    core = path.with_suffix(f".{pid}")
    assert core.exists(), done.stdout + done.stderr
    return core


def memory(core: Path) -> bytes:
    """The memory in a dump, without the registers."""
    content = core.read_bytes()
    [headers] = struct.unpack_from("<Q", content, 32)
    [count] = struct.unpack_from("<H", content, 56)
    segments = [struct.unpack_from("<IIQQQQQQ", content, headers + 56 * i) for i in range(count)]
    return b"".join(content[s[2] : s[2] + s[5]] for s in segments if s[0] == LOAD)


def maps(pid: int) -> list[tuple[int, int, str]]:
    """What a process has mapped: start, end, name."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        addresses, *rest = line.split(maxsplit=5)
        start, end = (int(address, 16) for address in addresses.split("-"))
        found.append((start, end, rest[4] if len(rest) > 4 else ""))
    return found


def backtrace(server: Nginx, core: Path) -> str:
    """Who called whom, as gdb says."""
    commands = ["-ex", "backtrace", "-ex", "info sharedlibrary"]
    done = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", server.binary, core, *commands],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout
