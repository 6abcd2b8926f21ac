"""CPU that a worker of nginx takes for the two requests of a login."""

import shutil
import tempfile
from pathlib import Path

from harness.bench.load import cpu_nanoseconds
from harness.counted_nginx import CountedNginx
from harness.instructions import CONF, acceptable, answer, furnish, request
from harness.keys import Credential, ec_credential, rsa_credential
from harness.nginx import Nginx

WARM_UP, TIMES = 10, 100


class OneProcess(CountedNginx):
    """As it is counted, and without callgrind."""

    def command(self, *arguments: str) -> list[str]:
        return Nginx.command(self, *arguments)


def cpu_of_a_login(module: str, nginx: str) -> dict[str, float]:
    """Microseconds, by a kept connection; the redirect signed by a key of RSA 2048, and by one on P-256."""
    rsa, ec = (cpu_with(key, module, nginx) for key in (rsa_credential("sp"), ec_credential("sp")))
    return {**rsa, "redirect, EC": ec["redirect"]}


def cpu_with(key: Credential, module: str, nginx: str) -> dict[str, float]:
    scratch = Path(tempfile.mkdtemp(prefix="auth-saml-scale-"))
    scratch.chmod(0o755)
    conf = CONF.replace("@FEDERATION@", "").replace("@MEMBERS@", "")
    server = OneProcess(scratch / "nginx", nginx, module, conf)
    furnish(server, 0)
    server.write("sp.crt", key.certificate_pem)
    server.write("sp.key", key.key_pem)
    try:
        server.start()
        redirects = [request("GET", "/page.html")] * (WARM_UP + TIMES)
        logins = [acceptable(server, answer(5)) for _ in range(WARM_UP + TIMES)]
        return {
            "redirect": cpu_of(server, redirects, 302),
            "login": cpu_of(server, logins, 303),
        }
    finally:
        server.kill()
        shutil.rmtree(scratch, ignore_errors=True)


def cpu_of(server: CountedNginx, requests: list[bytes], status: int) -> float:
    with server.connections(1) as ask:
        for one in requests[:WARM_UP]:
            ask([one], status)
        before = cpu_nanoseconds([server.process.pid])
        for one in requests[WARM_UP:]:
            ask([one], status)
        return (cpu_nanoseconds([server.process.pid]) - before) / 1000 / TIMES
