"""What an IdP calls a person is written into messages that this SP signs (samlify CVE-2026-46490).

There a name that was written as it stands became elements, and the signature said that they were the SP's.
Here every message stays what it is, its signature holds for software of others, and the name comes back to
the letter.
"""

import re

import pytest
from lxml import etree

from harness.decrypt import decrypt
from harness.idp import Idp
from harness.injection import CORPUS, in_xml
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, received, send
from harness.members import log_in
from harness.message import NS
from harness.site import site
from harness.soap_idp import SoapIdp

CONF = site(idp="@IDP@")
SP, OWN = rsa_credential("sp").certificate, rsa_credential("idp")
XML = [
    "<&>\"'",
    "]]>",
    "<![CDATA[x]]>",
    "<!-- x -->",
    "<?x y?>",
    "</saml:NameID><saml:NameID>admin@example.org</saml:NameID><saml:NameID>",
    '" Format="urn:x" xmlns="urn:x',
    "&#60;x/&#62;",
    "&lt;x/&gt;",
    "a\rb\r\nc\nd\te",
    "a\u0085b\u2028c\ufffdd",
    "\U0001f600\U0010ffff",
    "a\u0301\u00e1",
]
TEXTS = [*XML, *(text for text in CORPUS if in_xml(text) and len(text) < 2000)]
NAMES = ["value", "NameQualifier", "SPNameQualifier", "Format", "SessionIndex"]


def texts_for(name: str) -> list[str]:
    """All of them for what people are called; what means something in XML for the rest."""
    return TEXTS if name == "value" else XML


def called(name_id: etree._Element, name: str, text: str) -> None:
    if name == "value":
        name_id.text = text
    else:
        name_id.set(name, text)


def said(name: str, text: str):
    """The IdP's Assertion says so of the person."""

    def change(document: etree._Element) -> None:
        if name == "SessionIndex":
            document.find(".//saml:AuthnStatement", NS).set(name, text)
        else:
            called(document.find(".//saml:NameID", NS), name, text)

    return change


def layout(text: str) -> str:
    """Blanks at the ends are none of a name's."""
    return text.strip(" \t\r\n")


def assert_as_it_was(request: etree._Element, name: str, text: str) -> None:
    tags = [etree.QName(element) for element in request.iter(etree.Element)]
    own = [tag.localname for tag in tags if tag.namespace in (NS["saml"], NS["samlp"])]
    assert own == ["LogoutRequest", "Issuer", "NameID", "SessionIndex"], own
    name_id = request.find("saml:NameID", NS)
    usual = {"Format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}
    if name == "value":
        assert (name_id.text, dict(name_id.attrib)) == (layout(text), usual)
    elif name == "SessionIndex":
        assert request.findtext("samlp:SessionIndex", namespaces=NS) == layout(text)
    else:
        assert name_id.text == "alice@example.org"
        assert layout(name_id.get(name)) == layout(text), name
        assert set(name_id.attrib) == {*usual, name}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_our_requests(nginx, binding, name):
    idp = Idp(slo=("HTTP-Redirect", "HTTP-POST"))
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, IDP=f"slo_binding {binding};")
    for text in texts_for(name):
        member = log_in(server, idp, before_signing=said(name, text))
        request = received(member.get(server.url("/saml/logout")))
        assert request.binding == binding
        request.verify(SP)
        assert_as_it_was(request.xml, name, text)


@pytest.mark.parametrize("name", NAMES)
def test_our_requests_by_soap(nginx, name):
    idp = SoapIdp()
    try:
        server = nginx(CONF, files={"idp.xml": idp.idp.metadata()}, IDP="slo_binding soap;")
        for text in texts_for(name):
            member = log_in(server, idp.idp, before_signing=said(name, text))
            page = member.get(server.url("/saml/logout"))
            assert page.status == 200 and "signed out everywhere" in page.text, page.text
            assert_as_it_was(idp.requests[-1], name, text)
        assert len(idp.requests) == len(texts_for(name))
    finally:
        idp.stop()


@pytest.mark.parametrize("name", ["value", "NameQualifier"])
def test_encrypted_for_the_idp(nginx, name):
    idp = Idp(slo=("HTTP-POST",), encryption=OWN)
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, IDP="name_id_encrypted on;")
    for text in texts_for(name):
        member = log_in(server, idp, before_signing=said(name, text))
        request = received(member.get(server.url("/saml/logout")))
        request.verify(SP)
        holder = request.xml.find("saml:EncryptedID", NS)
        holder.getparent().replace(holder, decrypt(holder, OWN))
        assert_as_it_was(request.xml, name, text)


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_our_answers(nginx, binding):
    """The ID of the IdP's request and its RelayState come back."""
    idp = Idp(slo=("HTTP-Redirect",) if binding == "redirect" else ("HTTP-POST",))
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, IDP="")
    for text in TEXTS:
        request = LogoutRequest("nobody@example.org", before_signing=lambda root, id=text: root.set("ID", id))
        page = send(idp, server.url("/saml/sls"), request, "redirect", relay_state=text)
        answer = received(page)
        answer.verify(SP)
        assert answer.binding == binding
        assert layout(answer.xml.get("InResponseTo")) == layout(text)
        # A form has one kind of line break (HTML 4.10.21.4).
        assert answer.relay_state == (text if binding == "redirect" else re.sub("\r\n?", "\n", text))
        names = [etree.QName(element).localname for element in answer.xml.iter(etree.Element)]
        assert names[:2] == ["LogoutResponse", "Issuer"] and names[-2:] == ["Status", "StatusCode"]
