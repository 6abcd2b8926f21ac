"""Apache with mod_auth_openidc, as what OAuth 2.0 calls a resource server: it verifies bearer tokens itself."""

import os
import signal
import subprocess
from pathlib import Path

from harness.nginx import free_ports, wait_for_port

MODULES = "mpm_event authn_core authz_core authz_user auth_openidc headers"
CONF = """
ServerRoot {directory}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {directory}/httpd.pid
ErrorLog {directory}/error.log
DocumentRoot {directory}/html
{user}
{modules}
OIDCCryptoPassphrase "for cookies that nobody gets"
OIDCOAuthVerifyJwksUri {jwks_url}
OIDCOAuthSSLValidateServer Off
OIDCOAuthRemoteUserClaim sub
<Location />
    AuthType oauth20
    <RequireAll>
{rules}
    </RequireAll>
    Header set X-User "expr=%{{REMOTE_USER}}"
</Location>
"""


class OpenidcApache:
    """Serves one page to whom the keys at `jwks_url`, which is https, vouch for and whose claims fit (`aud:wiki`)."""

    def __init__(self, directory: Path, jwks_url: str, claims: list[str]):
        (directory / "html").mkdir(parents=True)
        directory.chmod(0o755)
        (directory / "html/index.html").write_text("the wiki\n")
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.directory = directory
        modules = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES.split()]
        values = {
            "directory": directory,
            "port": self.port,
            "jwks_url": jwks_url,
            "user": "User nobody\nGroup nogroup" if os.geteuid() == 0 else "",
            "modules": "\n".join(modules),
            "rules": "\n".join(f'        Require claim "{claim}"' for claim in claims),
        }
        (directory / "httpd.conf").write_text(CONF.format(**values))
        self.process = None

    def start(self) -> "OpenidcApache":
        command = ["apache2", "-d", self.directory, "-f", "httpd.conf", "-DFOREGROUND"]
        with open(self.directory / "stderr.log", "wb") as stderr:
            self.process = subprocess.Popen(command, stdout=stderr, stderr=stderr, start_new_session=True)
        wait_for_port(self.port, self.process)
        return self

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def error_log(self) -> str:
        return (self.directory / "error.log").read_text(errors="replace")
