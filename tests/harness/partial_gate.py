"""A gate that some processes cannot pass, and after which they go on believing so."""

import contextlib
import os
import socket
from pathlib import Path

from harness.gate import Gate


class PartialGate(Gate):
    """Between `refuse(pids)` and `admit()` these processes get no connection.

    Who was refused holds the node for down from then on, also when it is admitted again: probes
    (`mn`) are cut off at any time. Any other command passes.
    """

    def __init__(self, node):
        self.refused = []
        super().__init__(node)

    def refuse(self, pids: list[int]) -> None:
        self.refused = pids
        for connection in list(self.connections):
            if self.is_refused(connection):
                connection.shutdown(socket.SHUT_RDWR)

    def admit(self) -> None:
        self.refused = []

    def is_refused(self, connection: socket.socket) -> bool:
        with contextlib.suppress(OSError):
            port = connection.getpeername()[1]
            return any(has_port(pid, port) for pid in self.refused)
        return False

    def serve(self, client: socket.socket) -> None:
        if self.is_refused(client):
            client.close()
        else:
            super().serve(client)

    def judge(self, command: bytes) -> str:
        return "cut" if command == b"mn\r\n" else super().judge(command)


def has_port(pid: int, port: int) -> bool:
    """Has this process a socket with this loopback port at its own end?"""
    ours = f"0100007F:{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = [words[9] for line in lines if (words := line.split())[1] == ours]
    wanted = {f"socket:[{inode}]" for inode in inodes}
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.readlink(descriptor) in wanted:
                    return True
    return False
