"""The two hosts that are loaded: one that keeps its sessions in shared memory alone, one that has memcached.

Each lets a SOAP-speaking IdP of the tests' own sign people in; the first has pysaml2 beside it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.memcached import Memcached
from harness.metadata_server import TLS, MetadataServer, logs_in
from harness.nginx import Nginx
from harness.pysaml2_idp import Pysaml2Idp
from harness.wire import ask

CONF = """
worker_processes 2;
events {{ worker_connections 1024; }}
http {{
    saml_session_store sessions {{
        zone saml_sessions 16m;
        secret session.key;
        cache_size 256k;
        {store}
    }}
    saml_idp corp {{ {corp} max_assertion_age @LIFE@s; clock_skew 5s; }}
    {other}
    saml_sp app {{
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp; {idps}
        session_store sessions;
        session_lifetime @LIFE@s;
        session_idle_timeout @IDLE@s;
        request_lifetime @REQUEST@s;
        logout_redirect /bye.html;
    }}
    server {{
        listen 127.0.0.1:@PORT@;
        listen 127.0.0.1:@PORT2@ ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        access_log off;
        root html;
        include saml-endpoints.conf;
        location / {{ auth_saml app idp=corp; }}
        location /other/ {{ {other_location} }}
        location = /bye.html {{ return 200 bye; }}
        location = /status {{ saml_status; }}
        location = /connections {{ stub_status; }}
    }}
}}
"""
ALONE = CONF.format(
    store="",
    corp="metadata idp.xml; metadata_refresh @REFRESH@s;",
    other="saml_idp other { metadata other.xml; }",
    idps="idp other;",
    other_location="auth_saml app idp=other;",
)
WITH_MEMCACHED = CONF.format(
    store="memcached @NODES@; replicas 2; memcached_timeout 300ms;",
    corp="metadata @URL@; metadata_refresh @REFRESH@s; metadata_cache @DIR@/copies; "
    "metadata_ssl_trusted_certificate metadata-server.crt;",
    other="",
    idps="",
    other_location="return 404;",
)
PAGE, OTHER_PAGE = "/page.html", "/other/page.html"
TEXT = "a page\n"


@dataclass(frozen=True)
class Times:
    """Seconds. All that lives has ended several times within one run, however short."""

    run: float

    @property
    def life(self) -> int:
        """Of a session, and of assertions."""
        return int(min(300, max(4, self.run / 12)))

    @property
    def idle(self) -> int:
        return max(2, self.life // 2)

    @property
    def request(self) -> int:
        """Of a login: 5 is the least that there is."""
        return max(5, self.life // 2)

    @property
    def refresh(self) -> int:
        return max(1, self.life // 30)


@dataclass
class Host:
    name: str
    server: Nginx
    times: Times
    idp: Idp
    nodes: tuple[Memcached, ...] = ()
    metadata: MetadataServer | None = None  # None: idp.xml beside nginx.conf
    pysaml2: Pysaml2Idp | None = None

    def status(self) -> dict:
        return json.loads(ask(self.server, "/status").text)

    def publish(self, document: str) -> None:
        """The IdP's metadata changes."""
        if self.metadata:
            self.metadata.document = document
        else:
            self.server.write("fresh.xml", document).rename(self.server.directory / "idp.xml")

    def stop(self) -> None:
        self.server.kill()
        for node in self.nodes:
            node.kill()
        for other in (self.metadata, self.pysaml2):
            if other:
                other.stop()


def alone(folder: Path, binary: str, module: str, times: Times) -> Host:
    idp = Idp(slo=("HTTP-Redirect", "SOAP"))
    server = made(folder / "alone", binary, module, ALONE, times, {})
    pysaml2 = Pysaml2Idp(folder / "pysaml2").start()
    server.write("idp.xml", idp.metadata())
    server.write("other.xml", pysaml2.metadata())
    server.start()
    pysaml2.trust(ask(server, "/saml/metadata").text)
    return Host("shared memory", server, times, idp, pysaml2=pysaml2)


def with_memcached(folder: Path, binary: str, module: str, times: Times) -> Host:
    idp = Idp(slo=("HTTP-Redirect", "SOAP"))
    nodes = tuple(Memcached().start() for _ in range(3))
    metadata = MetadataServer(folder, idp.metadata())
    values = {"NODES": " ".join(node.address for node in nodes), "URL": metadata.url}
    server = made(folder / "memcached", binary, module, WITH_MEMCACHED, times, values)
    server.write("metadata-server.crt", TLS.certificate_pem)
    server.start()
    server.wait_for(lambda: logs_in(server, idp), "metadata in both workers", 30)
    return Host("memcached", server, times, idp, nodes, metadata)


def made(folder: Path, binary: str, module: str, conf: str, times: Times, values: dict) -> Nginx:
    spans = {"LIFE": times.life, "IDLE": times.idle, "REQUEST": times.request, "REFRESH": times.refresh}
    values = values | {name: str(span) for name, span in spans.items()}
    server = Nginx(folder, binary, module, conf, values)
    sp, tls = rsa_credential("sp"), rsa_credential("tls")
    server.write("sp.crt", sp.certificate_pem)
    server.write("sp.key", sp.key_pem)
    server.write("tls.crt", tls.certificate_pem)
    server.write("tls.key", tls.key_pem)
    server.write("session.key", "0123456789abcdef" * 4)
    for page in (PAGE, OTHER_PAGE):
        server.write(f"html{page}", TEXT)
    return server
