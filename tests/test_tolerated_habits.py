"""What IdPs do against the letter of SAML and to nobody's harm: taken, and no step further."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from harness.browser import Browser
from harness.idp import Idp, post_fields
from harness.keys import certified, rsa_credential
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer, instant

CONF = """
events {}
http {
    saml_idp other { metadata other.xml; allow_unsolicited on; }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url @BASE@;
        entity_id https://app.example.com/entity;
        idp other;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app idp=corp; add_header X-User $saml_name_id; root html; }
    }
}
"""
OTHER = Idp("https://other.example.org", credential=rsa_credential("other"))


@pytest.fixture
def serve(nginx):
    def start(idp: Idp, base: str = "http://127.0.0.1:@PORT@"):
        conf = CONF.replace("@BASE@", base)
        return nginx(conf, files={"idp.xml": idp.metadata(), "other.xml": OTHER.metadata()})

    return start


def no_issuer(document: etree._Element) -> None:
    document.remove(document.find("saml:Issuer", NS))


class TestWithoutAnIssuer:
    """Of an unsolicited Response that nobody has signed (Profiles 4.1.4.2): the Assertion's."""

    def post(self, server, idp: Idp, **answer):
        request = idp.asked(Browser().get(server.url("/page.html")))
        answer = Answer(in_response_to=None, after_signing=no_issuer, **answer)
        form = idp.form(request, answer)
        form.pop("RelayState")
        browser = Browser()
        return browser, browser.post(request.acs_url, form)

    def test_the_assertion_names_the_idp(self, serve, idp):
        server = serve(idp)
        browser, page = self.post(server, idp)
        assert page.status == 303, server.error_log()
        assert browser.get(server.url("/page.html")).headers["X-User"] == "alice@example.org"

    def test_whom_it_names_must_have_signed_it(self, serve, idp):
        server = serve(idp)
        _, page = self.post(server, idp, issuer=OTHER.entity_id)
        assert_refused(server, page, "signature_invalid")

    def test_a_stranger_stays_one(self, serve, idp):
        server = serve(idp)
        _, page = self.post(server, idp, issuer="https://evil.example.org")
        assert_refused(server, page, "idp_unknown")


def answered(server, idp: Idp, answer: Answer):
    browser = Browser()
    request = idp.asked(browser.get(server.url("/page.html")))
    acs = server.url("/saml/acs")
    return browser, request, browser.post(acs, idp.form(request, answer))


@pytest.mark.parametrize("base", ["http://localhost", "http://localhost:80"])
@pytest.mark.parametrize("written", ["http://localhost", "http://localhost:80"])
def test_the_default_port_may_be_written_out(serve, idp, base, written):
    """At the SP, at the IdP, at both."""
    server = serve(idp, base)
    acs = f"{written}/saml/acs"
    _, _, page = answered(server, idp, Answer(destination=acs, recipient=acs, sign="both"))
    assert page.status == 303, server.error_log()


@pytest.mark.parametrize("port", ["443", "8080", ""])
def test_no_other_port_is_the_same(serve, idp, port):
    server = serve(idp, "http://localhost:80")
    acs = f"http://localhost:{port}/saml/acs"
    _, _, page = answered(server, idp, Answer(destination=acs))
    assert_refused(server, page, "destination_mismatch")
    _, _, page = answered(server, idp, Answer(recipient=acs))
    assert_refused(server, page, "recipient_mismatch")


def begins(seconds: float):
    def change(document: etree._Element) -> None:
        data = document.find(".//saml:SubjectConfirmationData", NS)
        data.set("NotBefore", instant(seconds))

    return change


@pytest.mark.parametrize("seconds", [-86400, -1, 30])
def test_a_confirmation_that_has_begun(serve, idp, seconds):
    server = serve(idp)
    _, _, page = answered(server, idp, Answer(before_signing=begins(seconds)))
    assert page.status == 303, server.error_log()


def test_a_confirmation_that_has_not_begun(serve, idp):
    server = serve(idp)
    _, _, page = answered(server, idp, Answer(before_signing=begins(120)))
    assert_refused(server, page, "confirmation_not_before")
    assert "NotBefore of the SubjectConfirmationData" in server.error_log()


EC = {
    256: certified(ec.generate_private_key(ec.SECP256R1()), "idp"),
    384: certified(ec.generate_private_key(ec.SECP384R1()), "idp"),
    521: certified(ec.generate_private_key(ec.SECP521R1()), "idp"),
}


def der(more: bytes = b""):
    """SignatureValue as Go's libraries write it."""

    def change(document: etree._Element) -> None:
        for value in document.iter(f"{{{NS['ds']}}}SignatureValue"):
            flat = base64.b64decode(value.text)
            r, s = (int.from_bytes(half) for half in (flat[: len(flat) // 2], flat[len(flat) // 2 :]))
            value.text = base64.b64encode(encode_dss_signature(r, s) + more).decode()

    return change


@pytest.mark.parametrize("bits", EC)
@pytest.mark.parametrize("sign", ["assertion", "response"])
def test_ecdsa_in_der(serve, bits, sign):
    """xmldsig-core1 6.4.3 wants r and s."""
    idp = Idp(credential=EC[bits])
    server = serve(idp)
    _, _, page = answered(server, idp, Answer(sign=sign, after_signing=der()))
    assert page.status == 303, server.error_log()
    _, _, page = answered(server, idp, Answer(sign=sign, after_signing=der(b"\0")))
    assert_refused(server, page, "signature_invalid")


def undeclared(document: etree._Element) -> None:
    """As .NET writes what has no namespace where there is a default one."""
    statement = document.find(".//saml:AttributeStatement", NS)
    xml = (
        '<Attribute xmlns="urn:oasis:names:tc:SAML:2.0:assertion" Name="x"><AttributeValue>'
        '<User xmlns=""><Name>al</Name></User></AttributeValue></Attribute>'
    )
    if statement is None:
        statement = etree.SubElement(
            document.find("saml:Assertion", NS), f"{{{NS['saml']}}}AttributeStatement"
        )
    statement.append(etree.fromstring(xml))


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_a_default_namespace_undeclared_inside(serve, idp, sign):
    server = serve(idp)
    _, _, page = answered(server, idp, Answer(sign=sign, before_signing=undeclared))
    assert page.status == 303, server.error_log()


def test_an_assertion_in_no_namespace_is_none(serve, idp):
    """The default namespace undeclared around what was signed: another element."""
    server, browser = serve(idp), Browser()
    request = idp.asked(browser.get(server.url("/page.html")))
    xml = idp.response(request).decode()
    for sign in "<", "</":
        declaration = ' xmlns=""' if sign == "<" else ""
        xml = xml.replace(f"{sign}saml:Assertion", f"{sign}Assertion{declaration}")
    page = browser.post(request.acs_url, post_fields(xml.encode(), request.relay_state))
    assert_refused(server, page, "structure")
    assert browser.get(server.url("/page.html")).status == 302
