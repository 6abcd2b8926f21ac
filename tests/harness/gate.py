"""A gate in front of one memcached that counts commands and shuts at a chosen one."""

import contextlib
import socket
import threading
import time

from harness.memcached import Memcached


class Gate:
    """Clients speak to `address`; what passes lands in `commands`, after `delay` seconds each.

    `shut(at, how)` lets `at` more commands through. Then, by `how`:
    "freeze": nothing more passes, connections stay open and silent;
    "refuse": connections are cut and new ones refused;
    "lose": one more command reaches memcached, its answer does not come back; then as "freeze".
    """

    def __init__(self, node: Memcached):
        self.node = node
        self.commands = []
        self.delay = 0.0
        self.lock = threading.Lock()
        self.connections = set()
        self.left = None  # commands until the gate shuts; None: never
        self.how = None
        self.is_shut = False
        self.listener = None
        self.port = None
        self.listen()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def listen(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port or 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def shut(self, at: int = 0, how: str = "freeze") -> None:
        with self.lock:
            self.commands = []
            self.left, self.how = at, how
        if at == 0 and how == "refuse":
            self.close()

    def open(self) -> None:
        """Everything passes again; what hung is cut, as a restarted network would."""
        with self.lock:
            self.left, self.how, self.is_shut = None, None, False
        self.cut()
        if self.listener is None:
            self.listen()

    def close(self) -> None:
        """No more connections, old or new."""
        self.is_shut = True
        listener, self.listener = self.listener, None
        if listener:
            # Wakes accept(), which close() alone does not.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self) -> None:
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        silent = threading.Event()
        with contextlib.suppress(OSError), client, self.node.connection() as server:
            self.connections.update((client, server))
            server.settimeout(None)
            answers = threading.Thread(target=self.back, args=(server, client, silent), daemon=True)
            answers.start()
            for command in commands_of(client):
                time.sleep(self.delay)
                verdict = self.judge(command)
                if verdict == "lose":
                    time.sleep(0.05)  # the answers to earlier commands are on their way
                    silent.set()
                if verdict in ("pass", "lose"):
                    server.sendall(command)
                if verdict == "refuse":
                    self.close()
                if verdict == "cut":
                    client.shutdown(socket.SHUT_RDWR)
                    server.shutdown(socket.SHUT_RDWR)
            self.connections.difference_update((client, server))

    def back(self, server: socket.socket, client: socket.socket, silent: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while octets := server.recv(1 << 16):
                if not silent.is_set():
                    client.sendall(octets)
            client.shutdown(socket.SHUT_RDWR)

    def judge(self, command: bytes) -> str:
        with self.lock:
            if self.is_shut:
                return self.how if self.how != "lose" else "freeze"
            if self.left is None or self.left > 0:
                self.left = None if self.left is None else self.left - 1
                self.commands.append(command)
                return "pass"
            self.is_shut = True
            return self.how


def commands_of(client: socket.socket):
    """The commands that come in, one by one: a line, and for `ms` the value behind it."""
    held = b""
    while octets := client.recv(1 << 16):
        held += octets
        while (length := command_length(held)) is not None and length <= len(held):
            yield held[:length]
            held = held[length:]


def command_length(octets: bytes) -> int | None:
    line, found, _ = octets.partition(b"\r\n")
    if not found:
        return None
    words = line.split()
    value = int(words[2]) + 2 if words[:1] == [b"ms"] else 0
    return len(line) + 2 + value
