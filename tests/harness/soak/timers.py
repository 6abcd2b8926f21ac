"""How many timers an nginx process has in its tree, read from its memory from outside."""

import functools
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

from harness.nginx import Nginx, state

TREE = "ngx_event_timer_rbtree"
#: `ngx_rbtree_t` begins with the root and the sentinel, a node with its key, left and right.
POINTERS, NODE = struct.Struct("<QQ"), struct.Struct("<QQQ")
#: More than so many are no tree any more.
MOST = 100_000


def timers(server: Nginx, pid: int) -> int:
    """The process stands still meanwhile, for less than a millisecond; none when it has just gone."""
    try:
        place = base(pid, server.binary) + offset(server.binary)
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            os.kill(pid, signal.SIGSTOP)
            try:
                await_stop(pid)
                return walk(memory, place)
            finally:
                os.kill(pid, signal.SIGCONT)
    except (OSError, StopIteration):
        return 0


def await_stop(pid: int) -> None:
    """The signal comes when the process looks next."""
    while state(pid) not in "TXZ":
        time.sleep(0.0001)


def walk(memory, place: int) -> int:
    root, sentinel = POINTERS.unpack(read(memory, place, POINTERS.size))
    waiting, count = [root], 0
    while waiting:
        node = waiting.pop()
        if node == sentinel:
            continue
        count += 1
        assert count < MOST, "this is no tree"
        _, left, right = NODE.unpack(read(memory, node, NODE.size))
        waiting += [left, right]
    return count


def read(memory, place: int, size: int) -> bytes:
    memory.seek(place)
    return memory.read(size)


def base(pid: int, binary: str) -> int:
    """Where the program is mapped, which is position-independent."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return next(int(line.split("-")[0], 16) for line in lines if line.endswith(os.path.realpath(binary)))


@functools.cache
def offset(binary: str) -> int:
    """Of the tree in the program: modules know it by name."""
    symbols = subprocess.run(["nm", "-D", binary], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0], 16) for line in symbols.splitlines() if line.split()[-1] == TREE)
