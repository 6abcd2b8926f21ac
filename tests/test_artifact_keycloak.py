"""Whole logins by HTTP-Artifact through Keycloak, which imports our metadata by its own converter."""

import pytest

from harness.browser import Browser
from harness.site import site

pytestmark = pytest.mark.slow

CONF = site(
    idp="response_binding artifact; encryption @ENCRYPTION@;",
    metadata="keycloak.xml",
    location="add_header X-User $saml_name_id;",
)
PAGE = "/page.html"
FORCED = {"saml.artifact.binding": "true"}


@pytest.fixture
def serve(nginx, keycloak):
    def start(encryption="off", **attributes):
        files = {"keycloak.xml": keycloak.metadata()}
        server = nginx(CONF, files=files, ENCRYPTION=encryption)
        metadata = Browser().read(server.url("/saml/metadata")).text
        keycloak.trust(metadata, attributes={**FORCED, **attributes})
        return server

    return start


def log_in(keycloak, browser, server):
    page = keycloak.log_in(browser, server.url(PAGE))
    assert (page.status, page.url) == (200, server.url(PAGE)), page.text
    assert page.headers["X-User"] == "alice"
    (form,) = [page.saml_form for page in page.history if page.saml_form]
    assert form.fields.keys() == {"SAMLart", "RelayState"}, form.fields


def test_a_login(serve, keycloak, browser):
    """Keycloak posts the artifact by a form."""
    log_in(keycloak, browser, serve())


@pytest.mark.parametrize(
    "signed",
    [
        {"saml.server.signature": "true", "saml.assertion.signature": "false"},
        {"saml.server.signature": "false", "saml.assertion.signature": "true"},
        {"saml.server.signature": "true", "saml.assertion.signature": "true"},
        {"saml.encrypt": "true"},
    ],
    ids=["document", "assertion", "both", "encrypted"],
)
def test_each_way_of_signing(serve, keycloak, browser, signed):
    encryption = "require" if "saml.encrypt" in signed else "off"
    log_in(keycloak, browser, serve(encryption, **signed))


def test_nothing_signed(serve, keycloak, browser):
    signed = {"saml.server.signature": "false", "saml.assertion.signature": "false"}
    server = serve(**signed)
    page = keycloak.log_in(browser, server.url(PAGE))
    assert page.status == 403 and "signature_missing" in page.text, page.text
