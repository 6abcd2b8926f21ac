"""The SP changes its key: Keycloak, which holds one certificate of it for each use, is told in time, and no login fails."""

import pytest

from harness.browser import Browser
from harness.every_second import EverySecond
from harness.keys import rsa_credential

pytestmark = pytest.mark.slow

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata keycloak.xml; encryption require; sign_requests on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        @PAIRS@
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
OLD = "certificate sp.crt; certificate_key sp.key;"
NEW = "certificate new.crt; certificate_key new.key;"
CERTIFICATE = rsa_credential("sp-new")


def test_no_login_fails(nginx, keycloak):
    files = {
        "keycloak.xml": keycloak.metadata(),
        "new.crt": CERTIFICATE.certificate_pem,
        "new.key": CERTIFICATE.key_pem,
    }
    server = nginx(CONF, files=files, PAIRS=OLD)
    client = keycloak.trust(Browser().read(server.url("/saml/metadata")).text)
    (own,) = keycloak.admin("GET", f"/realms/test/clients?clientId={client['clientId']}")
    assert own["attributes"]["saml.client.signature"] == own["attributes"]["saml.encrypt"] == "true"

    def tell(**attributes: str) -> None:
        own["attributes"] |= {name.replace("_", "."): value for name, value in attributes.items()}
        keycloak.admin("PUT", f"/realms/test/clients/{own['id']}", own)

    def pairs(text: str) -> None:
        server.configure(CONF.replace("@PAIRS@", text))
        server.reload()

    def log_in() -> None:
        page = keycloak.log_in(Browser(), server.url("/page.html"))
        assert (page.status, page.text) == (200, "a page\n"), page.text

    with EverySecond(server, log_in) as logins:
        logins.go_on()
        pairs(OLD + NEW)
        metadata = Browser().read(server.url("/saml/metadata")).text
        assert CERTIFICATE.certificate_base64 in metadata.replace("\n", "")
        logins.go_on()
        tell(saml_encryption_certificate=CERTIFICATE.certificate_base64)
        logins.go_on()
        # It knows one certificate that signs: while the new one takes its place, it must not ask for it.
        tell(saml_client_signature="false")
        pairs(NEW + OLD)
        tell(saml_signing_certificate=CERTIFICATE.certificate_base64)
        tell(saml_client_signature="true")
        logins.go_on()
        pairs(NEW)
        logins.go_on()
    assert keycloak.log_in(Browser(), server.url("/page.html")).text == "a page\n"
    # Signatures count: Keycloak turns the old key away by now.
    pairs(OLD)
    assert "Invalid requester" in Browser().open(server.url("/page.html")).text
