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
    idp.trust(Browser().get(server.url("/saml/metadata")).text)
    return server


class Encrypting(SimpleSamlPhp):
    settings_of_idp: dict = {}

    def hosted(self) -> dict:
        return {**super().hosted(), **self.settings_of_idp}


SIMPLESAMLPHP = {
    "assertion": {"assertion.encryption": True},
    "assertion, gcm": {
        "assertion.encryption": True,
        "sharedkey_algorithm": "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "saml20.sign.response": False,
    },
    "assertion and name": {"assertion.encryption": True, "nameid.encryption": True},
    "name": {"nameid.encryption": True},
}


@pytest.mark.parametrize("name", SIMPLESAMLPHP)
def test_simplesamlphp(nginx, tmp_path, name):
    idp = Encrypting.__new__(Encrypting)
    idp.settings_of_idp = SIMPLESAMLPHP[name]
    idp.__init__(tmp_path / "simplesamlphp")
    idp.start()
    try:
        want = "want_encrypted on;" if "assertion" in name else ""
        server = trusting(nginx, idp, want)
        page = idp.log_in(Browser(), server.url("/"))
        assert (page.status, page.text) == (200, "Alice Ångström"), server.error_log()
    finally:
        idp.stop()


@pytest.mark.parametrize("sign_response", [False, True], ids=["assertion", "both"])
def test_pysaml2(nginx, pysaml2_idp, sign_response):
    """Its default is Triple DES: refused until the administrator allows it."""
    pysaml2_idp.sign_response = sign_response
    pysaml2_idp.encrypt_assertion = True
    server = trusting(nginx, pysaml2_idp, "")
    assert_refused(server, Browser().open(server.url("/")), "encryption_algorithm")
    server = trusting(nginx, pysaml2_idp, "want_encrypted on; allow_weak 3des cbc;")
    page = Browser().open(server.url("/"))
    assert (page.status, page.text) == (200, "Alice Ångström"), server.error_log()
