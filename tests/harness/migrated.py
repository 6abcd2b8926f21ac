"""What scripts/migrate makes of other SPs' configurations, at work."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

from harness.browser import Browser, Page
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.nginx import ROOT, Nginx
from harness.response import Answer

sys.path.insert(0, str(ROOT / "scripts"))
from migration.command import main  # noqa: E402

CONF = "events {}\nhttp {\n    include migrated.conf;\n}\n"


def migrate(*words: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "scripts/migrate", *words], capture_output=True, text=True, check=False
    )


def in_process(*words: str | Path) -> subprocess.CompletedProcess:
    """The same without a process of its own, for the many."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


class Person(Browser):
    """Finds the hosts of an old configuration at the test's nginx."""

    def __init__(self, server: Nginx, *hosts: str, tls: bool = True):
        super().__init__(verify=False)
        self.server, self.hosts = server, hosts
        self.scheme = r"\1" if tls else "http"  # without TLS it is as behind a proxy that does it

    def request(self, method: str, url: str, **options) -> Page:
        for host in self.hosts:
            here = re.sub(rf"^(https?)://{re.escape(host)}(:\d+)?(?=/|$)", rf"{self.scheme}://127.0.0.1:{self.server.port}", url)
            if here != url:
                options["headers"] = {"Host": host, **options.get("headers", {})}
                url = here
                break
        return super().request(method, url, **options)


class Migrated:
    """An nginx with an old configuration in `old/` and what was made of it in migrated.conf."""

    def __init__(self, server: Nginx, idp: Idp, peer: str, files: dict[str, str], *words: str):
        self.server, self.idp = server, idp
        tls, sp = rsa_credential("tls"), rsa_credential("sp")
        for name, content in {
            "old/tls.crt": tls.certificate_pem, "old/tls.key": tls.key_pem,
            "old/sp.crt": sp.certificate_pem, "old/sp.key": sp.key_pem,
            "old/idp.xml": idp.metadata(),
            **{f"old/{name}": content for name, content in files.items()},
        }.items():  # fmt: skip
            server.write(name, content)
        given = [server.directory / "old" / name for name in files if not name.startswith("part-")]
        self.done = migrate(peer, *given, *words)
        assert self.done.returncode == 0, self.done.stderr
        self.conf = self.done.stdout
        for command in re.findall(r"^#   \$ (.+)$", self.conf, re.M):
            subprocess.run(["sh", "-ec", command], check=True, capture_output=True, cwd=server.directory)
        for key in server.directory.glob("**/*.key"):
            key.chmod(0o600)
        server.write("migrated.conf", re.sub(r"listen (443|80|8010)\b", "listen 127.0.0.1:@PORT@", self.conf))
        good, output = server.test()
        assert good, f"{output}\n{self.conf}"

    def start(self) -> "Migrated":
        self.server.start()
        return self

    def log_in(self, url: str, *hosts: str, **answer) -> Person:
        """A person who has come to the protected page and is in."""
        person = Person(self.server, *hosts, tls=" ssl;" in self.conf)
        page = self.idp.login(person, url, Answer(**answer))
        assert page.status == 303, f"{page.status}: {page.text}"
        return person
