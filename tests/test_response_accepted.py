"""Responses that must get in, though they differ from the plain one."""

import pytest
from lxml import etree

from harness.browser import Browser
from harness.idp import KEY, Idp
from harness.keys import ec_credential, rsa_credential
from harness.message import NS
from harness.response import Answer, Attribute, instant
from harness.site import site

CONF = site(keys=False, location="add_header X-User $saml_name_id;")


def logs_in(server, idp: Idp, answer: Answer) -> str:
    """The user name that the protected page gets."""
    browser = Browser()
    page = idp.login(browser, server.url("/page.html"), answer)
    assert (page.status, page.location) == (303, server.url("/page.html")), page.text
    page = browser.get(page.location)
    assert page.status == 200
    return page.headers["X-User"].encode("latin-1").decode()


@pytest.mark.smoke
@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
@pytest.mark.parametrize(
    "credential", [rsa_credential("idp"), ec_credential("idp")], ids=["rsa", "ec"]
)
def test_signed(nginx, signed, credential):
    idp = Idp(credential=credential)
    server = nginx(CONF, files={"idp.xml": idp.metadata()})
    assert logs_in(server, idp, Answer(sign=signed)) == "alice@example.org"


def second_confirmation(document: etree._Element) -> None:
    """One that is not for us, before the right one."""
    right = document.find(".//saml:SubjectConfirmation", NS)
    other = etree.fromstring(etree.tostring(right))
    other.find("saml:SubjectConfirmationData", NS).set("Recipient", "https://other.example.org/acs")
    right.addprevious(other)


def second_audience(document: etree._Element) -> None:
    audience = document.find(".//saml:Audience", NS)
    other = etree.fromstring(etree.tostring(audience))
    other.text = "https://other.example.org"
    audience.addprevious(other)


def comment_in_name_id(document: etree._Element) -> None:
    name_id = document.find(".//saml:NameID", NS)
    name_id.text = "alice@"
    comment = etree.Comment("x")
    comment.tail = "example.org"
    name_id.append(comment)


def issuer_with_format(document: etree._Element) -> None:
    for issuer in document.iter(f"{{{NS['saml']}}}Issuer"):
        issuer.set("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity")


def no_response_issuer(document: etree._Element) -> None:
    document.remove(document.find("saml:Issuer", NS))


def milliseconds_and_offset(document: etree._Element) -> None:
    conditions = document.find(".//saml:Conditions", NS)
    conditions.set("NotBefore", instant(-5).replace("Z", ".123Z"))
    conditions.set("NotOnOrAfter", instant(300).replace("Z", "+00:00"))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(digest="sha384"),
        Answer(digest="sha512"),
        Answer(not_before=30),  # within the clock skew
        Answer(not_before=-90, not_on_or_after=-30, confirmation_not_on_or_after=-30),
        Answer(session_index=None),
        Answer(destination=None),  # the Response is not signed: Bindings 3.5.5.2
        Answer(name_id="Ålice 読者"),
        Answer(attributes=[Attribute(f"urn:example:{n}", ["value"] * 10) for n in range(50)]),
        Answer(before_signing=second_confirmation),
        Answer(before_signing=second_audience),
        Answer(before_signing=comment_in_name_id),
        Answer(before_signing=issuer_with_format),
        Answer(before_signing=no_response_issuer),
        Answer(before_signing=milliseconds_and_offset),
    ],
)
def test_variations(nginx, idp, answer):
    server = nginx(CONF)
    assert logs_in(server, idp, answer) == answer.name_id


def test_key_rollover(nginx):
    """Metadata with two certificates: either may sign."""
    old, new = rsa_credential("idp"), rsa_credential("new idp")
    idp = Idp(credential=old)
    metadata = idp.metadata().replace(
        "<md:KeyDescriptor", KEY.format(new.certificate_base64) + "<md:KeyDescriptor", 1
    )
    server = nginx(CONF, files={"idp.xml": metadata})
    for credential in (old, new):
        assert logs_in(server, idp, Answer(credential=credential)) == "alice@example.org"
