"""Keycloak as IdP: its own distribution from Maven Central, with a realm of one user."""

import fcntl
import os
import shutil
import signal
import subprocess
import zipfile
from pathlib import Path

import requests

from harness.browser import Browser, Page
from harness.nginx import ROOT, free_ports, wait_for_port

VERSION = "26.4.5"  # runs on Debian 12's Java 17
MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
HOME = ROOT / f".cache/keycloak-{VERSION}"
ADMIN = {"username": "admin", "password": "admin"}
ENVIRONMENT = {
    **os.environ,
    "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN["username"],
    "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMIN["password"],
    "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m",
    "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",  # it lives for a minute: start fast
}

REALM = {
    "realm": "test",
    "enabled": True,
    "sslRequired": "none",
    "users": [
        {
            "username": name,
            "enabled": True,
            "email": f"{name}@example.org",
            "firstName": first,
            "lastName": last,
            "credentials": [{"type": "password", "value": "secret", "temporary": False}],
        }
        for name, first, last in (("alice", "Alice", "Ångström"), ("bob", "Bob", "読者"))
    ],
}


def attribute_mapper(user_property: str, name: str, friendly_name: str) -> dict:
    """Puts a property of the user into assertions."""
    return {
        "name": friendly_name,
        "protocol": "saml",
        "protocolMapper": "saml-user-property-mapper",
        "config": {
            "user.attribute": user_property,
            "attribute.name": name,
            "attribute.nameformat": "URI Reference",
            "friendly.name": friendly_name,
        },
    }


ATTRIBUTES = [
    attribute_mapper("email", "urn:oid:0.9.2342.19200300.100.1.3", "mail"),
    attribute_mapper("lastName", "urn:oid:2.5.4.4", "surname"),
]


class Unavailable(Exception):
    """Why there is no Keycloak on this machine."""


class Keycloak:
    """One server with the realm above; SPs are its clients."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.realm = f"{self.url}/realms/test"
        self.process = None
        self.http = requests.Session()
        self.http.trust_env = False

    def start(self) -> "Keycloak":
        install()
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / "keycloak.log", "wb") as log:
            self.process = subprocess.Popen(
                [
                    HOME / "bin/kc.sh", "start", "--optimized", "--cache=local", "--http-enabled=true",
                    "--hostname-strict=false", "--http-host=127.0.0.1", f"--http-port={self.port}",
                ],
                env=ENVIRONMENT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            wait_for_port(self.port, self.process, 120)
            self.admin("POST", "/realms", REALM)
        except Exception:
            print((self.directory / "keycloak.log").read_text())
            self.stop()
            raise
        return self

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def admin(self, method: str, path: str, body: dict | str | None = None):
        """One call of the admin API, with a token of its own: they live for a minute."""
        token = self.http.post(
            f"{self.url}/realms/master/protocol/openid-connect/token",
            {"grant_type": "password", "client_id": "admin-cli", **ADMIN},
            timeout=60,
        ).json()["access_token"]
        answer = self.http.request(
            method,
            f"{self.url}/admin{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            **({"data": body.encode()} if isinstance(body, str) else {"json": body}),
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.text else None

    def metadata(self) -> str:
        """What an administrator downloads: Realm settings, SAML 2.0 Identity Provider Metadata."""
        return self.http.get(f"{self.realm}/protocol/saml/descriptor", timeout=60).text

    def trust(self, sp_metadata: str, **changes) -> dict:
        """Imports an SP's metadata by Keycloak's own converter; what it made of it.

        `changes` replace fields of that client, `attributes` those of the same name.
        """
        client = self.admin("POST", "/realms/test/client-description-converter", sp_metadata)
        attributes = {**client["attributes"], **changes.pop("attributes", {})}
        client |= {"protocolMappers": ATTRIBUTES, **changes, "attributes": attributes}
        self.admin("POST", "/realms/test/clients", client)
        return client

    def log_in(
        self, browser: Browser, url: str, user: str = "alice", password: str = "secret"
    ) -> Page:
        """Opens a protected page and fills in the login form; the page the person sees in the end."""
        page = browser.open(url)
        assert page.url.startswith(self.url), f"not at the IdP but at {page.url}: {page.text}"
        form = next(form for form in page.forms if "username" in form.fields)
        return browser.submit(form, username=user, password=password)

    def log_out(self, browser: Browser) -> Page:
        """The person signs out at Keycloak: a page that asks, then all front channels in turn."""
        page = browser.open(f"{self.realm}/protocol/openid-connect/logout")
        (form,) = page.forms
        return browser.submit(form)

    def kill_sessions(self, user: str = "alice") -> None:
        """The administrator signs a user out everywhere, by the back channel.

        One by one: all in one call tells an SP of the first session only (26.4).
        """
        for session in self.sessions(user):
            self.admin("DELETE", f"/realms/test/sessions/{session['id']}")

    def sessions(self, user: str = "alice") -> list[dict]:
        return self.admin("GET", f"/realms/test/users/{self.user_id(user)}/sessions")

    def user_id(self, user: str) -> str:
        (found,) = self.admin("GET", f"/realms/test/users?exact=true&username={user}")
        return found["id"]


def install() -> None:
    """Unpacks and builds the distribution once, in .cache."""
    need("java")
    HOME.parent.mkdir(exist_ok=True)
    with open(f"{HOME}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not HOME.exists():
            unpack(HOME.parent / f"keycloak-{VERSION}.new")


def need(tool: str) -> None:
    if not shutil.which(tool):
        raise Unavailable(f"Keycloak needs {tool}, which is not installed")


def unpack(directory: Path) -> None:
    need("mvn")
    shutil.rmtree(directory, ignore_errors=True)
    done = subprocess.run(
        ["mvn", "-B", "-q", MAVEN_COPY, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={directory}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        why = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stdout)
        raise Unavailable(f"Maven has no {ARTIFACT}: {why}")
    (archive,) = directory.glob("*.zip")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(directory)
    archive.unlink()
    home = directory / HOME.name
    (home / "bin/kc.sh").chmod(0o755)
    # The database in memory: every start finds an empty Keycloak.
    subprocess.run(
        [home / "bin/kc.sh", "build", "--db=dev-mem"],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
    )  # fmt: skip
    home.rename(HOME)
    shutil.rmtree(directory)
