"""What a new SP is, and the files that make it."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?")
#: What may stand between nginx's quotes without a meaning of its own.
SAFE = re.compile(r"[^\x00-\x20\x7f\"\\$;{}']+")


class Refused(Exception):
    """Nothing was made, and why."""


@dataclass(frozen=True)
class Site:
    folder: Path  # nginx's own, /etc/nginx
    name: str
    host: str
    idp_metadata: str  # a file or an https:// URL
    entity_id: str
    upstream: str
    tls_certificate: str  # none: TLS is done by something in front
    tls_key: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise Refused(f"the name {self.name!r} is not lower-case letters, digits and underscores")
        if not HOST.fullmatch(self.host):
            raise Refused(f"{self.host!r} is no name of a host")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise Refused("--tls-certificate and --tls-key belong together")
        for value in (self.idp_metadata, self.entity_id, self.upstream, self.tls_certificate, self.tls_key):
            if value and not SAFE.fullmatch(value):
                raise Refused(f"{value!r} has a character that nginx would not take as it is")
        if urlsplit(self.upstream).scheme not in ("http", "https"):
            raise Refused(f"{self.upstream!r} is no http:// or https:// URL")
        if self.idp_metadata and not self.is_url and not Path(self.idp_metadata).is_file():
            raise Refused(f"{self.idp_metadata} is neither a file nor an https:// URL")

    @property
    def is_url(self) -> bool:
        return self.idp_metadata.startswith("https://")

    @property
    def base_url(self) -> str:
        return f"https://{self.host}"

    @property
    def metadata_url(self) -> str:
        return f"{self.base_url}/saml/metadata"

    @property
    def key(self) -> Path:
        return self.folder / f"saml/{self.name}.key"

    @property
    def certificate(self) -> Path:
        return self.folder / f"saml/{self.name}.crt"

    @property
    def idp_copy(self) -> Path:
        return self.folder / f"saml/{self.name}-idp.xml"

    @property
    def conf(self) -> Path:
        return self.folder / f"conf.d/saml-{self.name}.conf"

    def make(self) -> None:
        """Key, certificate, metadata and configuration; none of them over one that is there."""
        wanted = [self.key, self.certificate, self.conf]
        if self.idp_metadata and not self.is_url:
            wanted.append(self.idp_copy)
        for path in wanted:
            if os.path.lexists(path):
                raise Refused(f"{path} is there already, and is not written over: take another --name, or move it away")
        self.key.parent.mkdir(parents=True, exist_ok=True)
        self.conf.parent.mkdir(parents=True, exist_ok=True)
        self.make_key()
        if self.idp_copy in wanted:
            with open(self.idp_copy, "xb") as copy, open(self.idp_metadata, "rb") as file:
                shutil.copyfileobj(file, copy)
        with open(self.conf, "x", encoding="utf-8") as file:
            file.write(self.configuration())

    def make_key(self) -> None:
        # Made with these rights, so that nobody reads it in between.
        os.close(os.open(self.key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        subject = "/CN=" + self.host.partition(":")[0][:64]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "3650", "-subj", subject, "-keyout", str(self.key), "-out", str(self.certificate)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Refused(f"openssl made no key: {done.stderr.strip()}")
        self.key.chmod(0o600)

    def configuration(self) -> str:
        metadata = f"metadata {self.idp_metadata if self.is_url else f'saml/{self.name}-idp.xml'};"
        if not self.idp_metadata:
            metadata = f"# metadata saml/{self.name}-idp.xml;   # until it is here, only /saml/metadata works"
        name, port = self.host.partition(":")[0], self.host.partition(":")[2]
        tls = [f"listen {port or 443} ssl;", f"ssl_certificate {self.tls_certificate};", f"ssl_certificate_key {self.tls_key};"]
        listen = tls if self.tls_certificate else [f"listen {80};  # behind what does TLS"]
        lines = "\n    ".join(listen)
        return CONFIGURATION.format(site=self, metadata=metadata, server_name=name, listen=lines)

    def to_tell(self) -> str:
        """What the IdP's administrator needs."""
        return TO_TELL.format(site=self, fingerprint=self.fingerprint())

    def fingerprint(self) -> str:
        command = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(self.certificate)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().partition("=")[2]


CONFIGURATION = """\
# Made by scripts/sp-init. Every setting is in docs/directives.md.

saml_idp {site.name} {{
    {metadata}
}}

saml_sp {site.name} {{
    base_url        {site.base_url};
    entity_id       {site.entity_id};
    certificate     saml/{site.name}.crt;
    certificate_key saml/{site.name}.key;
    idp             {site.name};
}}

server {{
    {listen}
    server_name {server_name};

    location / {{
        auth_saml {site.name};
        proxy_set_header Host          $http_host;
        proxy_set_header X-Remote-User $remote_user;
        proxy_pass {site.upstream};
    }}

    location = /saml/acs      {{ saml_acs {site.name}; }}
    location = /saml/login    {{ saml_login {site.name}; }}
    location = /saml/sls      {{ saml_sls {site.name}; }}
    location = /saml/logout   {{ saml_logout {site.name}; }}
    location = /saml/metadata {{ saml_metadata {site.name}; }}
}}
"""
TO_TELL = """\
For the IdP:
  metadata                     {site.metadata_url}
  or by hand:
  entityID (Audience)          {site.entity_id}
  ACS URL (Reply URL)          {site.base_url}/saml/acs, HTTP-POST
  Single Logout Service        {site.base_url}/saml/sls, HTTP-Redirect or HTTP-POST
  certificate for signatures   {site.certificate}
    SHA-256                    {fingerprint}
"""
