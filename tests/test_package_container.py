"""The Containerfile: its last stage is done step by step in a Debian; its first is what scripts/package does.

No registry is at hand: that the two images are to be had, and that the first has git and Rust, is not tried.
"""

import http.client
import re
import time
from fnmatch import fnmatch

import pytest

from harness.nginx import ROOT, free_ports
from harness.package import NAME, made, of

pytestmark = pytest.mark.slow

TEXT = (ROOT / "packaging/Containerfile").read_text()
SITE = "/etc/nginx/sites-available/default"


def stages() -> list[list[tuple[str, str]]]:
    """Each stage's instructions; a line that ends with a backslash goes on."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.M)).splitlines()
    instructions = [tuple(line.split(None, 1)) for line in lines if line]
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions:
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def test_the_first_stage_makes_what_the_last_one_takes():
    build, run = stages()
    assert dict(build)["RUN"].endswith("scripts/package deb")
    assert dict(build)["WORKDIR"] == dict(build)["COPY"].split()[1]
    source = dict(run)["COPY"].split()[1]
    package = of(made("deb"), NAME)
    assert source.startswith(f"{dict(build)['WORKDIR']}/target/package/")
    assert fnmatch(package.name, source.rpartition("/")[2])
    # One glob takes one package: neither the symbols' nor the second object's.
    assert [path for path in made("deb") if fnmatch(path.name, source.rpartition("/")[2])] == [package]
    assert dict(build)["FROM"].split()[0].endswith("-bookworm") and "bookworm" in dict(run)["FROM"]


def test_the_last_stage(debian):
    _, run = stages()
    package = of(made("deb"), NAME)
    (debian.path / "tmp" / package.name).write_bytes(package.read_bytes())
    debian.run(dict(run)["RUN"])
    assert debian.run("ls /tmp").strip() == ""
    [port] = free_ports(1)
    debian.run(f"sed -i -e 's/listen 80 /listen 127.0.0.1:{port} /' -e '/listen \\[::\\]/d' {SITE}")
    assert dict(run)["CMD"] == '["nginx", "-g", "daemon off;"]' and dict(run)["STOPSIGNAL"] == "SIGQUIT"
    debian.run("nginx -g 'daemon off;' >/root/said 2>&1 & echo")
    assert answer(port).status == 200
    debian.run("kill -QUIT $(cat /run/nginx.pid); while [ -e /run/nginx.pid ]; do sleep 0.05; done")
    assert '"GET / HTTP/1.1" 200' in debian.run("cat /root/said")


def answer(port: int) -> http.client.HTTPResponse:
    deadline = time.monotonic() + 10
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
