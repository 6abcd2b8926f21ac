"""The hand-made IdP itself: what it signs, others verify. No nginx here."""

import base64
import subprocess

import pytest
from lxml import etree
from saml2 import BINDING_HTTP_POST
from saml2.client import Saml2Client
from saml2.config import SPConfig

from harness.idp import Idp
from harness.keys import ec_credential, rsa_credential
from harness.message import AuthnRequest
from harness.response import Answer, Attribute

REQUEST = AuthnRequest(
    etree.fromstring(
        '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_request"'
        ' AssertionConsumerServiceURL="http://sp.example.org/acs">'
        '<a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">http://sp.example.org</a:Issuer>'
        "</p:AuthnRequest>"
    ),
    "relay",
)
NAMES = [Attribute("urn:oid:0.9.2342.19200300.100.1.3", ["alice@example.org"], "mail")]


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
@pytest.mark.parametrize(
    "credential", [rsa_credential("idp"), ec_credential("idp")], ids=["rsa", "ec"]
)
def test_xmlsec1_verifies(tmp_path, signed, credential):
    response = Idp(credential=credential).response(REQUEST, Answer(sign=signed, attributes=NAMES))
    (tmp_path / "response.xml").write_bytes(response)
    (tmp_path / "idp.crt").write_bytes(credential.certificate_pem)
    subprocess.run(
        ["xmlsec1", "--verify", "--pubkey-cert-pem", "idp.crt"]
        + ["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion"]
        + ["--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response", "response.xml"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )


def test_pysaml2_accepts(tmp_path):
    idp = Idp()
    (tmp_path / "idp.xml").write_text(idp.metadata())
    settings = {
        "entityid": "http://sp.example.org",
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "metadata": {"local": [str(tmp_path / "idp.xml")]},
        "service": {
            "sp": {
                "endpoints": {
                    "assertion_consumer_service": [("http://sp.example.org/acs", BINDING_HTTP_POST)]
                },
                "want_response_signed": False,
                "want_assertions_signed": True,
            }
        },
    }
    sp = Saml2Client(config=SPConfig().load(settings))
    response = base64.b64encode(idp.response(REQUEST, Answer(attributes=NAMES))).decode()
    login = sp.parse_authn_request_response(response, BINDING_HTTP_POST, {"_request": "/"})
    assert login.ava == {"mail": ["alice@example.org"]}
