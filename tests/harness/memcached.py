"""Real memcached processes: started, killed, frozen and read like an intruder would."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import unquote_to_bytes

from harness.keys import Credential
from harness.nginx import free_ports


class Memcached:
    """One node; `address` is its name in nginx.conf. A `directory` makes it a unix socket."""

    def __init__(
        self,
        directory: Path | None = None,
        tls: Path | None = None,
        megabytes: int = 64,
        options: list[str] | None = None,
    ):
        self.port = None if directory else free_ports(1)[0]
        self.path = directory and directory / f"memcached-{os.urandom(4).hex()}/socket"
        self.tls = tls  # a file with key and certificate
        self.megabytes = megabytes
        self.options = options or []  # further ones of its command line
        self.process = None

    @property
    def address(self) -> str:
        return f"unix:{self.path}" if self.path else f"127.0.0.1:{self.port}"

    def start(self) -> "Memcached":
        """Empty, at the same address as before."""
        command = ["memcached", "-m", str(self.megabytes), "-t", "1", "-c", "512", *self.options]
        if os.geteuid() == 0:
            command += ["-u", "nobody"]
        if self.path:
            self.path.parent.mkdir(exist_ok=True)
            self.path.parent.chmod(0o777)  # it binds as nobody
            self.path.unlink(missing_ok=True)
            command += ["-s", str(self.path), "-a", "0777"]
        else:
            command += ["-l", f"127.0.0.1:{self.port}", "-U", "0"]
        if self.tls:
            # Beside the TLS port a plain one for ourselves.
            self.plain_port = free_ports(1)[0]
            command[command.index("-l") + 1] += f",notls:127.0.0.1:{self.plain_port}"
            command += ["-Z", "-o", f"ssl_chain_cert={self.tls},ssl_key={self.tls}"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), self.connection():
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)}: no answer ({self.process.poll()})")
            time.sleep(0.01)

    def kill(self) -> None:
        """Dead at once, frozen or not: clients are refused, what it held is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Still connected, still accepting (the kernel does), and silent."""
        self.process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + 10
        while (
            Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T"
        ):
            assert time.monotonic() < deadline, "memcached does not freeze"
            time.sleep(0.001)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def connection(self) -> socket.socket:
        if self.path:
            made = socket.socket(socket.AF_UNIX)
            made.connect(str(self.path))
        else:
            made = socket.create_connection(
                ("127.0.0.1", self.plain_port if self.tls else self.port)
            )
        made.settimeout(10)
        return made

    def command(self, octets: bytes, *ends: bytes) -> bytes:
        """What comes back, up to and with one of `ends`."""
        with self.connection() as connection:
            connection.sendall(octets)
            answer = b""
            while not answer.endswith(ends):
                more = connection.recv(1 << 16)
                assert more, f"memcached hung up after {answer!r}"
                answer += more
            return answer

    def stats(self) -> dict[str, int]:
        """The counters whose values are whole numbers."""
        lines = self.command(b"stats\r\n", b"END\r\n").decode().splitlines()[:-1]
        words = [line.split() for line in lines]
        return {name: int(value) for _, name, value in words if value.isdigit()}

    def keys(self) -> list[bytes]:
        """Every key, by the LRU crawler; it may be at work for itself."""
        ask = b"lru_crawler metadump all\r\n"
        while (dump := self.command(ask, b"END\r\n", b"request\r\n")).startswith(b"BUSY"):
            time.sleep(0.01)
        lines = dump.decode().splitlines()[:-1]
        return [unquote_to_bytes(line.split()[0].removeprefix("key=")) for line in lines]

    def entries(self) -> dict[bytes, bytes]:
        """Everything it holds."""
        found = {key: self.get(key) for key in self.keys()}
        return {key: value for key, value in found.items() if value is not None}

    def get(self, key: bytes) -> bytes | None:
        head, _, rest = self.command(b"mg %s v\r\nmn\r\n" % key, b"MN\r\n").partition(b"\r\n")
        if not head.startswith(b"VA "):
            return None
        return rest[: int(head.split()[1])]

    def put(self, key: bytes, value: bytes, seconds: int = 600) -> None:
        """As an intruder writes."""
        line = b"ms %s %d T%d\r\n" % (key, len(value), seconds)
        answer = self.command(line + value + b"\r\n", b"\r\n")
        assert answer.startswith(b"HD"), answer

    def delete(self, key: bytes) -> None:
        self.command(b"md %s\r\n" % key, b"\r\n")

    def clear(self) -> None:
        assert self.command(b"flush_all\r\n", b"\r\n") == b"OK\r\n"


def tls_file(directory: Path, credential: Credential) -> Path:
    """Key and certificate in one file that memcached's own user can read."""
    path = directory / "memcached-tls.pem"
    path.write_bytes(credential.key_pem + credential.certificate_pem)
    path.chmod(0o644)
    return path
