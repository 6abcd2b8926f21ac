"""A real nginx in a directory of its own, on free loopback ports."""

import collections
import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

GLOBALS = """\
load_module @MODULE@;
@USER@
daemon off;
pid @DIR@/nginx.pid;
error_log @DIR@/error.log info;
"""

HTTP_GLOBALS = """
    client_body_temp_path @DIR@/temp-body;
    proxy_temp_path @DIR@/temp-proxy;
    fastcgi_temp_path @DIR@/temp-fastcgi;
    uwsgi_temp_path @DIR@/temp-uwsgi;
    scgi_temp_path @DIR@/temp-scgi;
    log_format saml '$request_method $uri $status [$saml_error] $saml_request_id';
    access_log @DIR@/access.log saml;
"""

TROUBLE = re.compile(
    r"^\S+ \S+ \[(alert|crit|emerg)\]|exited on signal|exited with (fatal )?code [1-9]|panicked"
)


HELD = collections.deque()  # the sockets of the ports given out last
HELD_AT_MOST = 300


def free_ports(count: int) -> list[int]:
    """Loopback ports for servers of the caller's, which nobody else is given in the meantime.

    The socket that found a port stays bound to it and never listens. A server that sets
    SO_REUSEADDR, as all do, may listen there all the same; the kernel gives the port to no client
    and to no other run of these tests.
    """
    ports = []
    for _ in range(count):
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        HELD.append(held)
        ports.append(held.getsockname()[1])
    while len(HELD) > HELD_AT_MOST:
        HELD.popleft().close()
    return ports


def wait_for_port(
    port: int, process: subprocess.Popen, seconds: float = 10, address: str = "127.0.0.1"
) -> None:
    """Returns when something listens on `port`; raises when `process` ends or time is over."""
    deadline = time.monotonic() + seconds
    for pause in pauses():
        with socket.socket() as attempt:
            if attempt.connect_ex((address, port)) == 0:
                return
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"nothing listens on port {port} after {seconds} s")
        time.sleep(pause)


def pauses():
    """Seconds between two looks: most of what is waited for comes soon."""
    pause = 0.001
    while True:
        yield pause
        pause = min(2 * pause, 0.02)


def ends_within(process: subprocess.Popen, seconds: float) -> bool:
    """Waits for the end; unlike Popen.wait with a timeout it does not sleep past it."""
    descriptor = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    ended = poll.poll(seconds * 1000)
    os.close(descriptor)
    if ended:
        process.wait()
    return bool(ended)


def title(pid: int) -> bytes:
    """What a process calls itself; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def state(pid: int) -> str:
    """A letter of proc(5): what a process is doing."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class WithoutModule:
    """Makes of an nginx, mixed into its class, one that does not load the module, and has no log that names its variables."""

    def write(self, name: str, content: str | bytes) -> Path:
        if name == "nginx.conf":
            content = re.sub(r"^ *(load_module|log_format|access_log .* saml).*$", "", str(content), flags=re.M)
        return super().write(name, content)


class Nginx:
    """One nginx. `conf` is what a user would write; module, log and temp paths are added.

    `@DIR@`, `@ADDRESS@`, `@PORT@`, `@PORT2@`, `@PORT3@` and the keys of `values` are replaced in
    it. ADDRESS is where this one listens (127.0.0.1); its name for browsers stays 127.0.0.1, as if
    a load balancer stood in front (`Browser.towards`).
    """

    http = ""  # what every configuration says besides, but those that say it themselves
    environment = None  # of the process; None: the one of this process
    patience = 10  # seconds in which it begins, and in which a reload is done

    def __init__(self, directory: Path, binary: str, module: str, conf: str, values=()):
        self.directory = directory
        self.binary = binary
        self.ports = free_ports(3)
        self.process = None
        self.started = 0.0  # by time.monotonic()
        self.reloads = 0
        self.expected = ()  # words of a log line that is no trouble in this test, or several such
        self.first_workers = []
        self.values = {
            "DIR": str(directory),
            "MODULE": module,
            "USER": "user nobody nogroup;" if os.geteuid() == 0 else "",
            "ADDRESS": "127.0.0.1",
            "PORT": str(self.ports[0]),
            "PORT2": str(self.ports[1]),
            "PORT3": str(self.ports[2]),
            **dict(values),
        }
        self.address = self.values["ADDRESS"]
        self.port = int(self.values["PORT"])
        shutil.copytree(ROOT / "nginx-conf", directory, dirs_exist_ok=True)
        if self.values["MODULE"] != module:
            self.leave_out_endpoints_of_later()
        directory.chmod(0o755)
        self.configure(conf)

    def leave_out_endpoints_of_later(self) -> None:
        """A module of another version may not know all of them: who upgrades adds them afterwards."""
        known = Path(self.values["MODULE"]).read_bytes()
        path = self.directory / "saml-endpoints.conf"
        lines = path.read_text().splitlines(keepends=True)
        named = [re.search(r"{ (saml_\w+)", line) for line in lines]
        kept = [line for line, found in zip(lines, named) if not found or f"{found[1]}\0".encode() in known]
        path.write_text("".join(kept))

    def configure(self, conf: str) -> None:
        """Writes nginx.conf; takes effect at the next start or reload."""
        more = self.http if self.http.partition(" ")[0] not in conf else ""
        whole = GLOBALS + conf.replace("http {", "http {" + HTTP_GLOBALS + more, 1)
        self.write("nginx.conf", self.fill(whole))

    def fill(self, text: str) -> str:
        return re.sub(r"@([A-Z0-9_]+)@", lambda found: self.values[found.group(1)], text)

    def write(self, name: str, content: str | bytes) -> Path:
        """Puts a file into the directory; a string has its placeholders replaced."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else self.fill(content).encode())
        if path.suffix in (".key", ".secret"):
            path.chmod(0o600)  # as whoever made it would leave it
        return path

    def url(self, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def command(self, *arguments: str) -> list[str]:
        return [
            self.binary, "-p", f"{self.directory}/", "-c", "nginx.conf", "-e", "error.log", *arguments
        ]  # fmt: skip

    def test(self) -> tuple[bool, str]:
        """`nginx -t`: whether the configuration is good, and what nginx says."""
        done = subprocess.run(
            self.command("-t"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode == 0, done.stdout

    def start(self) -> "Nginx":
        with open(self.directory / "stderr.log", "wb") as stderr:
            # A session of its own: Ctrl-C is for us, who then stop it in order.
            self.process = subprocess.Popen(
                self.command(), stdout=stderr, stderr=stderr, start_new_session=True, env=self.environment
            )
        try:
            wait_for_port(self.port, self.process, self.patience, self.address)
            self.wait_for(lambda: len(self.workers()) >= self.worker_count(), "the workers", self.patience)
        except Exception:
            print((self.directory / "stderr.log").read_text())
            print(self.error_log())
            self.kill()
            raise
        self.first_workers = self.workers()
        self.started = time.monotonic()
        return self

    def worker_count(self) -> int:
        conf = (self.directory / "nginx.conf").read_text()
        wanted = re.search(r"^\s*worker_processes\s+(\d+)\s*;", conf, re.M)
        return int(wanted.group(1)) if wanted else 1

    def workers(self) -> list[int]:
        """The pids of the workers that run now, old ones of a reload included."""
        return [pid for pid in self.children() if b"worker process" in title(pid)]

    def children(self) -> list[int]:
        """The workers, and the processes that look after a cache."""
        pid = self.process.pid
        return sorted(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def reload(self) -> None:
        """Reloads and waits until all old workers are gone."""
        old = set(self.workers())
        self.reloads += 1
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(
            lambda: self.workers() and not old & set(self.workers()), "new workers after reload", self.patience
        )

    def wait_for(self, condition, what: str, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        for pause in pauses():
            if condition():
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s in vain for {what}")
            time.sleep(pause)

    def error_log(self) -> str:
        path = self.directory / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def access_log(self) -> str:
        """One line a request: method, path, status, [reason code], request id."""
        path = self.directory / "access.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self, seconds: float = 10, how: signal.Signals = signal.SIGQUIT) -> None:
        """Graceful stop, unless told otherwise, so that what is still open shows in the log."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        if not ends_within(self.process, seconds):
            self.kill()
            raise AssertionError(f"nginx did not quit within {seconds} s")

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            children = self.children()
            # The master first: it would put a worker in the place of a killed one.
            self.process.kill()
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self.process.wait()

    def finish(self) -> None:
        """Stops, then fails when the log tells of trouble or a worker was replaced."""
        if self.process is None:
            return
        assert self.process.poll() is None, f"nginx died: {self.error_log()}"
        workers = self.workers()
        self.stop()
        self.assert_no_trouble()
        if not self.reloads:
            assert workers == self.first_workers, "a worker was replaced without a reload"

    def assert_no_trouble(self) -> None:
        expected = [self.expected] if isinstance(self.expected, str) else self.expected
        trouble = [
            line
            for line in self.error_log().splitlines()
            if TROUBLE.search(line) and not any(words in line for words in expected)
        ]
        assert not trouble, "\n".join(trouble)
