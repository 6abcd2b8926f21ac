"""The servers of the bench, each in the plainest configuration that does what its row says."""

import os
import subprocess
from pathlib import Path

from harness.crowd import CROWD_IDP
from harness.idp import Idp
from harness.keys import Credential, rsa_credential
from harness.memcached import Memcached
from harness.nginx import Nginx, WithoutModule

CONF = """
worker_processes @WORKERS@;
worker_cpu_affinity 01;
events { worker_connections 4096; }
http {
    sendfile on;
    keepalive_requests 1000000000;
    access_log off;
    saml_session_store sessions {
        zone saml_sessions @ZONE@;
        secret session.key;
        @STORE@
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store sessions;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        root html;
        location = /status { saml_status; }
        location = /sessions { saml_sessions; }
        location /plain/ { }
        location /protected/ { auth_saml app; }
        location /asked/ { auth_request /allowed; }
        location = /allowed { internal; return 204; }
        location /bare/ { auth_saml app; auth_saml_cache_control off; }
        location /variables/ {
            auth_saml app;
            add_header X-User $saml_name_id;
            add_header X-Mail $saml_attr_mail;
        }
    }
}
"""
#: The same page without anything of ours.
BARE_CONF = """
worker_processes 1;
worker_cpu_affinity 01;
events { worker_connections 4096; }
http {
    sendfile on;
    keepalive_requests 1000000000;
    access_log off;
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        location /plain/ { }
    }
}
"""
SECRET = "0123456789abcdef" * 4
PAGE = "1k.bin"
SP = rsa_credential("sp")


class BareNginx(WithoutModule, Nginx):
    """An nginx that has not loaded it."""


class Bench:
    """Makes servers on core 0, and takes them down."""

    def __init__(self, scratch: Path, nginx: str, module: str, fill: str):
        self.scratch, self.nginx, self.module, self.fill = scratch, nginx, module, fill
        self.servers, self.nodes = [], []

    def node(self, unix: bool = False, megabytes: int = 64) -> Memcached:
        node = Memcached(self.scratch if unix else None, megabytes=megabytes).start()
        for thread in Path(f"/proc/{node.process.pid}/task").iterdir():
            subprocess.run(["taskset", "-pc", "0", thread.name], check=True, stdout=subprocess.DEVNULL)
        self.nodes.append(node)
        return node

    def host(
        self,
        store: str = "",
        zone: str = "16m",
        workers: int = 1,
        idp: Idp = CROWD_IDP,
        credential: Credential = SP,
    ) -> Nginx:
        """Started; `store` are more lines of its saml_session_store."""
        server = self.made(CONF, ZONE=zone, STORE=store, WORKERS=str(workers))
        server.write("sp.crt", credential.certificate_pem)
        server.write("sp.key", credential.key_pem)
        server.write("session.key", SECRET)
        server.write("idp.xml", idp.metadata())
        return server.start()

    def cookies(self, *values: str) -> Path:
        """A file of session cookies."""
        path = self.scratch / f"cookies-{os.urandom(8).hex()}"
        path.write_text("".join(f"{value}\n" for value in values))
        return path

    def bare(self) -> Nginx:
        """Started; without the module."""
        return self._made(BareNginx, BARE_CONF, {}).start()

    def made(self, conf: str, **values: str) -> Nginx:
        return self._made(Nginx, conf, values)

    def _made(self, kind: type[Nginx], conf: str, values: dict[str, str]) -> Nginx:
        server = kind(self.folder("nginx"), self.nginx, self.module, conf, values)
        for folder in ("plain", "protected", "asked", "bare", "variables"):
            server.write(f"html/{folder}/{PAGE}", os.urandom(1024))
        self.servers.append(server)
        return server

    def folder(self, kind: str) -> Path:
        """The name of one for the next server."""
        return self.scratch / f"{kind}-{len(self.servers)}"

    def finish(self) -> None:
        """Stops all, and fails when a log tells of trouble."""
        try:
            for server in self.servers:
                server.finish()
        finally:
            self.kill()

    def kill(self) -> None:
        for process in self.servers + self.nodes:
            process.kill()
        self.servers, self.nodes = [], []


def memcached(*nodes: Memcached, cache_valid: str = "1s", more: str = "") -> str:
    """Lines of a saml_session_store."""
    return f"memcached {' '.join(n.address for n in nodes)}; cache_valid {cache_valid}; {more}"
