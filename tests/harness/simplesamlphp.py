"""Debian's SimpleSAMLphp as IdP, behind PHP's own server, in a directory of its own."""

import json
import os
import secrets
import signal
import subprocess
import urllib.request
from pathlib import Path
from urllib.parse import quote

from harness.browser import Browser, Page
from harness.keys import Credential, rsa_credential
from harness.nginx import free_ports, wait_for_port

PACKAGE = Path("/usr/share/simplesamlphp")
PHP = ["php", "-d", "error_reporting=E_ALL & ~E_DEPRECATED", "-d", "display_errors=0"]
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

USERS = {
    "alice:secret": {
        "uid": ["alice"],
        "mail": ["alice@example.org"],
        "displayName": ["Alice Ångström"],
        "groups": ["staff", "Führung", "読者"],
        "urn:oid:2.5.4.42": ["Alice"],
        "https://schemas.example.org/claims/department": ["Research & Development"],
    },
    "bob:secret": {"uid": ["bob"], "mail": ["bob@example.org"], "groups": ["guests"]},
}

IMPORT = """
require_once '/usr/share/simplesamlphp/lib/_autoload.php';
use SimpleSAML\\Metadata\\SAMLParser;
foreach (SAMLParser::parseDescriptorsString(stream_get_contents(STDIN)) as $id => $entity) {
    $sp = $entity->getMetadata20SP();
    unset($sp['entityDescriptor']);
    echo '$metadata[', var_export($id, true), '] = ', var_export($sp, true), ";\\n";
}
"""


class SimpleSamlPhp:
    """An IdP with the users above and a login form."""

    def __init__(
        self, directory: Path, port: int | None = None, credential: Credential | None = None
    ):
        self.directory = directory
        self.port = port or free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.entity_id = f"{self.url}/saml2/idp/metadata.php"
        self.credential = credential or rsa_credential("simplesamlphp")
        self.process = None
        self.configure()

    def configure(self) -> None:
        for name in ("config", "metadata", "cert", "log", "data", "temp", "sessions"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "cert/idp.pem").write_bytes(self.credential.key_pem)
        (self.directory / "cert/idp.crt").write_bytes(self.credential.certificate_pem)
        self.write_php("config/config.php", "config", self.settings())
        users = {"users": {"0": "exampleauth:UserPass", **USERS}}
        hosted = {self.entity_id: self.hosted()}
        self.write_php("config/authsources.php", "config", users)
        self.write_php("metadata/saml20-idp-hosted.php", "metadata", hosted)

    def settings(self) -> dict:
        return {
            "baseurlpath": f"{self.url}/",
            "certdir": f"{self.directory}/cert/",
            "loggingdir": f"{self.directory}/log/",
            "datadir": f"{self.directory}/data/",
            "tempdir": f"{self.directory}/temp",
            "metadatadir": f"{self.directory}/metadata/",
            "attributenamemapdir": f"{PACKAGE}/config/attributemap/",
            "technicalcontact_name": "Tests",
            "technicalcontact_email": "tests@example.org",
            "timezone": "UTC",
            "secretsalt": secrets.token_hex(16),
            "auth.adminpassword": secrets.token_hex(16),
            "admin.checkforupdates": False,
            "enable.saml20-idp": True,
            "module.enable": {"core": True, "saml": True, "exampleauth": True},
            "logging.handler": "file",
            "logging.level": 6,
            "session.cookie.secure": False,
            "session.cookie.samesite": None,
            "language.cookie.secure": False,
            "language.cookie.samesite": None,
            "language.default": "en",
            "session.phpsession.savepath": f"{self.directory}/sessions",
            "store.type": "sql",  # artifacts are kept there
            "store.sql.dsn": f"sqlite:{self.directory}/data/store.sqlite",
            "metadata.sources": [{"type": "flatfile"}],
        }

    def hosted(self) -> dict:
        return {
            "host": "__DEFAULT__",
            "privatekey": "idp.pem",
            "certificate": "idp.crt",
            "auth": "users",
            "NameIDFormat": [EMAIL],
            "validate.authnrequest": True,
            "saml20.sendartifact": True,  # to those who ask for it
            "sign.logout": True,
            "validate.logout": True,
            "saml20.ecp": True,
            "SingleLogoutServiceBinding": [
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
            ],
            "authproc": {
                "10": {"class": "saml:AttributeNameID", "attribute": "mail", "Format": EMAIL},
                "11": {"class": "saml:TransientNameID"},
                "12": {"class": "saml:PersistentNameID", "attribute": "uid"},
            },
        }

    def write_php(self, name: str, variable: str, value: dict) -> None:
        text = json.dumps(value, ensure_ascii=False, indent=2)
        php = f"<?php\n${variable} = json_decode(<<<'JSON'\n{text}\nJSON, true);\n"
        (self.directory / name).write_text(php)

    def start(self) -> "SimpleSamlPhp":
        with open(self.directory / "log/php.log", "wb") as log:
            self.process = subprocess.Popen(
                [*PHP, "-S", f"127.0.0.1:{self.port}", "-t", str(PACKAGE / "www")],
                env={**self.environment(), "PHP_CLI_SERVER_WORKERS": "4"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for_port(self.port, self.process)
        return self

    def stop(self) -> None:
        """PHP's server leaves its workers behind unless the whole group is told."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def metadata(self) -> str:
        """The IdP's metadata, as its administrator would hand it over."""
        with urllib.request.urlopen(self.entity_id) as answer:
            return answer.read().decode()

    def trust(self, sp_metadata: str) -> str:
        """Takes an SP's metadata in, by SimpleSAMLphp's own converter; what it made of it."""
        done = subprocess.run(
            [*PHP, "-r", IMPORT],
            input=sp_metadata,
            text=True,
            capture_output=True,
            env=self.environment(),
            check=False,
        )
        assert done.returncode == 0 and "$metadata[" in done.stdout, done.stdout + done.stderr
        (self.directory / "metadata/saml20-sp-remote.php").write_text("<?php\n" + done.stdout)
        self.sp_entity_id = done.stdout.split("'")[1]
        return done.stdout

    def environment(self) -> dict[str, str]:
        return {**os.environ, "SIMPLESAMLPHP_CONFIG_DIR": f"{self.directory}/config"}

    def log_in(
        self, browser: Browser, url: str, user: str = "alice", password: str = "secret"
    ) -> Page:
        """Opens a protected page and fills in the login form; the page the person sees in the end."""
        page = browser.open(url)
        assert page.url.startswith(self.url), f"not at the IdP but at {page.url}: {page.text}"
        form = next(form for form in page.forms if "username" in form.fields)
        return browser.submit(form, username=user, password=password)

    def log_out(self, browser: Browser) -> Page:
        """The person signs out at the IdP, which asks one SP after the other; ends at `signed-out`."""
        return browser.open(f"{self.url}/saml2/idp/initSLO.php?RelayState={self.signed_out}")

    @property
    def signed_out(self) -> str:
        """Any page of the IdP will do to end a logout."""
        return f"{self.url}/saml2/idp/metadata.php"

    def knows(self, browser: Browser) -> bool:
        """Whether the IdP has a session of its own for this browser: the login form does not come."""
        sso = f"{self.url}/saml2/idp/SSOService.php?spentityid={quote(self.sp_entity_id)}"
        page = browser.get(sso)
        while page.location and page.location.startswith(self.url):
            page = browser.get(page.location)
        return page.saml_form is not None
