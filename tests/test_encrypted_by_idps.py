"""Whole logins with IdPs that encrypt for the certificate in our metadata."""

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.simplesamlphp import SimpleSamlPhp

CONF = """
events {}
http {
    saml_idp corp { metadata remote.xml; @IDP@ }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            proxy_set_header X-Name $saml_attr_displayName;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "$http_x_name"; }
    }
}
"""


def trusting(nginx, idp, more: str):
    server = nginx(CONF, files={"remote.xml": idp.metadata()}, IDP=more)
    idp.trust(Browser().read(server.url("/saml/metadata")).text)
    return server


class Encrypting(SimpleSamlPhp):
    def __init__(self, directory, **settings):
        self.settings_of_idp = settings
        super().__init__(directory)

    def hosted(self) -> dict:
        return {**super().hosted(), **self.settings_of_idp}


@pytest.fixture
def encrypting(tmp_path):
    started = []

    def start(**settings) -> Encrypting:
        started.append(Encrypting(tmp_path / "simplesamlphp", **settings))
        return started[-1].start()

    yield start
    for idp in started:
        idp.stop()


SIMPLESAMLPHP = {
    "assertion": {"assertion.encryption": True},
    "assertion and name": {"assertion.encryption": True, "nameid.encryption": True},
    "name": {"nameid.encryption": True},
}


@pytest.mark.parametrize("name", SIMPLESAMLPHP)
def test_simplesamlphp(nginx, encrypting, name):
    """Its default is AES-128-CBC inside a signed Response."""
    idp = encrypting(**SIMPLESAMLPHP[name])
    server = trusting(nginx, idp, "encryption require;" if "assertion" in name else "encryption offer;")
    page = idp.log_in(Browser(), server.url("/"))
    assert (page.status, page.text) == (200, "Alice Ångström"), server.error_log()


def test_simplesamlphp_with_an_unsigned_response(nginx, encrypting):
    """Nothing but AES-128-CBC for a public key in 1.19: refused until allowed."""
    idp = encrypting(**{"assertion.encryption": True, "saml20.sign.response": False})
    server = trusting(nginx, idp, "encryption offer; want_assertion_signed on;")
    page = idp.log_in(Browser(), server.url("/"))
    assert_refused(server, page, "encryption_cbc_unsigned")
    server.configure(CONF.replace("@IDP@", "encryption offer; allow_weak cbc; want_assertion_signed on;"))
    server.reload()
    page = idp.log_in(Browser(), server.url("/"))
    assert (page.status, page.text) == (200, "Alice Ångström"), server.error_log()


@pytest.mark.parametrize("sign_response", [False, True], ids=["assertion", "both"])
def test_pysaml2(nginx, pysaml2_idp, sign_response):
    """Its default is Triple DES: refused until the administrator allows it."""
    pysaml2_idp.sign_response = sign_response
    pysaml2_idp.encrypt_assertion = True
    server = trusting(nginx, pysaml2_idp, "encryption offer;")
    assert_refused(server, Browser().open(server.url("/")), "encryption_algorithm")
    server = trusting(nginx, pysaml2_idp, "want_encrypted on; allow_weak 3des cbc;")
    page = Browser().open(server.url("/"))
    assert (page.status, page.text) == (200, "Alice Ångström"), server.error_log()
