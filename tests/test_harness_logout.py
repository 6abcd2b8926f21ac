"""The logout messages of the hand-made IdP: pysaml2 believes what is signed. No nginx here."""

import base64
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.response import IncorrectlySigned

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    LogoutRequest,
    LogoutResponse,
    Received,
    document,
    enveloped,
    form,
    redirect,
)

IDP = Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))
SLS = "http://sp.example.org/sls"


@pytest.fixture
def sp(tmp_path):
    """pysaml2 as the SP, which wants every logout message signed."""
    (tmp_path / "idp.xml").write_text(IDP.metadata())
    (tmp_path / "sp.key").write_bytes(rsa_credential("sp").key_pem)
    (tmp_path / "sp.crt").write_bytes(rsa_credential("sp").certificate_pem)
    endpoints = [
        (SLS, binding) for binding in (BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP)
    ]
    settings = {
        "entityid": "http://sp.example.org",
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "key_file": str(tmp_path / "sp.key"),
        "cert_file": str(tmp_path / "sp.crt"),
        "metadata": {"local": [str(tmp_path / "idp.xml")]},
        "service": {
            "sp": {
                "endpoints": {"single_logout_service": endpoints},
                "logout_requests_signed": True,
                "logout_responses_signed": True,
            }
        },
    }
    sp = Saml2Client(config=SPConfig().load(settings))
    # pysaml2 asks this setting of an IdP about every request, logout included.
    sp.config.setattr("idp", "want_authn_requests_signed", True)
    return sp


def parsed(sp: Saml2Client, binding: str, request: LogoutRequest):
    if binding == "redirect":
        query = parse_qs(urlsplit(redirect(IDP, SLS, request, "relay")).query)
        fields = {name: values[0] for name, values in query.items()}
        return sp.parse_logout_request(
            fields["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            relay_state=fields["RelayState"],
            sigalg=fields.get("SigAlg"),
            signature=fields.get("Signature"),
        )
    message = form(IDP, SLS, request)["SAMLRequest"]
    return sp.parse_logout_request(message, BINDING_HTTP_POST)


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_a_signed_request(sp, binding):
    request = LogoutRequest(session_index=("one", "two"), name_qualifier="idp")
    message = parsed(sp, binding, request).message
    assert message.name_id.text == "alice@example.org"
    assert message.name_id.name_qualifier == "idp"
    assert [index.text for index in message.session_index] == ["one", "two"]


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("change", [{"sign": False}, {"credential": rsa_credential("other")}])
def test_one_that_is_not(sp, binding, change):
    with pytest.raises(IncorrectlySigned):
        parsed(sp, binding, replace(LogoutRequest(), **change))


def test_a_response(sp):
    message = form(IDP, SLS, LogoutResponse("_request"))["SAMLResponse"]
    answer = sp.parse_logout_request_response(message, BINDING_HTTP_POST)
    assert answer.in_response_to == "_request"
    assert answer.status_ok()


def test_what_is_received_is_verified():
    """The reader of the SP's messages, on the IdP's own."""
    xml = etree.fromstring(document(IDP, SLS, LogoutRequest()))
    Received(xml, "post", SLS).verify(IDP.credential.certificate)
    xml.set("Reason", "changed")
    with pytest.raises(Exception, match="(?i)digest"):
        Received(xml, "post", SLS).verify(IDP.credential.certificate)
    url = redirect(IDP, SLS, LogoutRequest())
    xml = etree.fromstring(document(IDP, SLS, LogoutRequest(), False))
    Received(xml, "redirect", SLS, None, url).verify(IDP.credential.certificate)
    changed = Received(xml, "redirect", SLS, None, url.replace("SAMLRequest=", "SAMLRequest=A"))
    with pytest.raises(InvalidSignature):
        changed.verify(IDP.credential.certificate)


def test_soap_holds_the_message_whole():
    xml = document(IDP, SLS, LogoutRequest())
    assert xml in enveloped(xml)
    packed = form(IDP, SLS, LogoutRequest(), packed=enveloped)["SAMLRequest"]
    assert base64.b64decode(packed).startswith(b"<soap:")
