"""Keycloak changes its signing key: nobody touches the SP, and no login fails."""

import pytest

from harness.browser import Browser
from harness.every_second import EverySecond
from harness.metadata_server import TLS, MetadataServer
from harness.site import site

pytestmark = pytest.mark.slow

CONF = site(
    main="worker_processes 2;",
    metadata="@URL@",
    idp="metadata_ssl_trusted_certificate metadata-server.crt; metadata_cache @DIR@/copies; "
    "metadata_refresh 1s;",
    listen="reuseport",
)
KEYS = "org.keycloak.keys.KeyProvider"


class Rollover:
    """The keys of Keycloak's realm."""

    def __init__(self, keycloak):
        self.keycloak = keycloak
        self.old = next(key for key in self.providers() if key["providerId"] == "rsa-generated")

    def providers(self) -> list[dict]:
        return self.keycloak.admin("GET", f"/realms/test/components?type={KEYS}")

    def add(self, priority: int) -> dict:
        config = {
            "priority": [str(priority)], "enabled": ["true"], "active": ["true"],
            "keySize": ["2048"], "algorithm": ["RS256"],
        }  # fmt: skip
        new = {"name": "second", "providerId": "rsa-generated", "providerType": KEYS, "config": config}
        self.keycloak.admin("POST", "/realms/test/components", new | {"parentId": self.old["parentId"]})
        return next(key for key in self.providers() if key["name"] == "second")

    def change(self, key: dict, **config: str) -> None:
        changed = {**key["config"], **{name: [value] for name, value in config.items()}}
        self.keycloak.admin("PUT", f"/realms/test/components/{key['id']}", key | {"config": changed})

    def drop(self, key: dict) -> None:
        self.keycloak.admin("DELETE", f"/realms/test/components/{key['id']}")


@pytest.fixture
def served(tmp_path, keycloak):
    """Keycloak's metadata as it is, by https."""
    server = MetadataServer(tmp_path, keycloak.metadata())

    def sends(head, connection):
        server.document = keycloak.metadata()
        return server.serves(head, connection)

    server.sends = sends
    yield server
    server.stop()


def test_no_login_fails(nginx, keycloak, served):
    server = nginx(CONF, files={"metadata-server.crt": TLS.certificate_pem}, URL=served.url)
    server.wait_for(lambda: Browser().get(server.url("/page.html")).status == 302, "metadata")
    keycloak.trust(Browser().read(server.url("/saml/metadata")).text)

    def log_in():
        page = keycloak.log_in(Browser(), server.url("/page.html"))
        assert (page.status, page.text) == (200, "a page\n"), page.text

    with EverySecond(server, log_in) as logins:
        logins.go_on()
        rollover = Rollover(keycloak)
        second = rollover.add(priority=50)
        server.wait_for(lambda: "a new signing key" in server.error_log(), "the second key", 30)
        logins.go_on()
        rollover.change(second, priority="200")
        logins.go_on()
        rollover.drop(rollover.old)
        server.wait_for(lambda: "no longer the signing key" in server.error_log(), "the end of the first", 30)
        logins.go_on()
    assert server.error_log().count("a new signing key") == 1, "one worker speaks for all"
