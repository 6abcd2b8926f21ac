"""`scripts/bench`: what protection costs, as ratios of one run, in interleaved rounds."""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.nginx import Nginx
from harness.response import Answer, Attribute

CONF = """
worker_processes 1;
worker_cpu_affinity 01;
events { worker_connections 1024; }
http {
    sendfile on;
    keepalive_requests 1000000;
    access_log off;
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        certificate sp.crt;
        certificate_key sp.key;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        root html;
        location /plain/ { }
        location /protected/ { auth_saml app; }
        location /variables/ {
            auth_saml app;
            add_header X-User $saml_name_id;
            add_header X-Mail $saml_attr_mail;
        }
    }
}
"""

#: What is compared: the first is the yardstick.
CONTENDERS = {
    "plain": "/plain/1k.bin",
    "protected": "/protected/1k.bin",
    "protected, two variables": "/variables/1k.bin",
}


ATTRIBUTES = [
    Attribute("mail", ["alice@example.org"]),
    Attribute("sn", ["Liddell"]),
    Attribute("givenName", ["Alice"]),
    Attribute("groups", ["staff", "admins"]),
    Attribute("uid", ["alice"]),
]


@dataclass
class Measured:
    """One contender over all rounds."""

    requests_per_second: list[float] = field(default_factory=list)
    cpu_microseconds: list[float] = field(default_factory=list)
    p99_milliseconds: list[float] = field(default_factory=list)


def main() -> None:
    options = argparse.ArgumentParser(prog="scripts/bench")
    options.add_argument("module")
    options.add_argument("nginx")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=int, default=4)
    given = options.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="auth-saml-bench-"))
    scratch.chmod(0o755)
    server = prepare(scratch, given.nginx, given.module).start()
    try:
        cookie = log_in(server)
        measured = {name: Measured() for name in CONTENDERS}
        for path in CONTENDERS.values():
            load(server, path, cookie, 1)
        for _ in range(given.rounds):
            for name, path in CONTENDERS.items():
                measure(measured[name], server, path, cookie, given.seconds)
        print(table(measured))
    finally:
        server.finish()
        shutil.rmtree(scratch, ignore_errors=True)


def prepare(scratch: Path, binary: str, module: str) -> Nginx:
    server = Nginx(scratch / "nginx", binary, module, CONF)
    server.write("sp.crt", rsa_credential("sp").certificate_pem)
    server.write("sp.key", rsa_credential("sp").key_pem)
    server.write("idp.xml", Idp().metadata())
    for folder in ("plain", "protected", "variables"):
        server.write(f"html/{folder}/1k.bin", os.urandom(1024))
    return server


def log_in(server: Nginx) -> str:
    """The Cookie header of a session with five attributes."""
    browser = Browser()
    page = Idp().login(browser, server.url("/protected/1k.bin"), Answer(attributes=ATTRIBUTES))
    assert page.status == 303, page.text
    # The first page after a login clears the loop guard's cookie, as a browser would see.
    assert browser.get(server.url("/protected/1k.bin")).status == 200
    return "; ".join(f"{c.name}={c.value}" for c in browser.session.cookies)


def measure(into: Measured, server: Nginx, path: str, cookie: str, seconds: int) -> None:
    before = cpu_nanoseconds(server)
    requests, rate, p99 = load(server, path, cookie, seconds)
    into.cpu_microseconds.append((cpu_nanoseconds(server) - before) / requests / 1000)
    into.requests_per_second.append(rate)
    into.p99_milliseconds.append(p99)


def load(server: Nginx, path: str, cookie: str, seconds: int) -> tuple[int, float, float]:
    """Requests, requests a second and p99 in ms of 16 keep-alive connections from the other core."""
    command = [
        "taskset",
        "-c",
        "1",
        "wrk",
        "-t1",
        "-c16",
        f"-d{seconds}s",
        "--latency",
        "-H",
        f"Cookie: {cookie}",
        server.url(path),
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out, out
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return requests, rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def cpu_nanoseconds(server: Nginx) -> int:
    """User and system time of all workers."""
    return sum(
        int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in server.workers()
    )


def table(measured: dict[str, Measured]) -> str:
    """Medians; ratios are the median of the rounds' ratios, plain over contender for CPU."""
    yardstick = next(iter(measured.values()))
    lines = [
        "| | requests/s | ratio | CPU µs/request | ratio | p99 ms |",
        "|---|---|---|---|---|---|",
    ]
    for name, m in measured.items():
        rate = ratio(m.requests_per_second, yardstick.requests_per_second)
        cpu = ratio(yardstick.cpu_microseconds, m.cpu_microseconds)
        lines.append(
            f"| {name} | {statistics.median(m.requests_per_second):.0f} | {rate:.3f}"
            f" | {statistics.median(m.cpu_microseconds):.2f} | {cpu:.3f}"
            f" | {statistics.median(m.p99_milliseconds):.2f} |"
        )
    return "\n".join(lines)


def ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


if __name__ == "__main__":
    main()
