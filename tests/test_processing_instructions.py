"""A processing instruction at each text that is signed or read (xml-crypto up to 6.1.2, OneUptime issue 2988).

There canonicalisation wrote its data out as text and the reader dropped it, so that a signed value could be
cut. A comment in the same place, which canonicalisation drops, shows that the place is one: the signature
holds, and the value is read whole or not at all.
"""

import base64
import re

import pytest
from lxml import etree

from harness.attack import assert_beaten_off
from harness.browser import Browser
from harness.encrypt import encrypt
from harness.idp import Idp, post_fields
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, back_channel, document
from harness.members import is_in, log_in
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    location="add_header X-User $saml_name_id; add_header X-Groups $saml_attr_groups;",
)
INSTRUCTION, COMMENT = b"<?x y?>", b"<!--x-->"
ANSWER = Answer(
    sign="both", authn_instant=-5, attributes=[Attribute("groups", ["staff"])], session_not_on_or_after=3600
)
# The texts that are signed or that the signature is made of, and the places between elements.
TEXTS = [
    "saml:Issuer", "saml:NameID", "saml:Audience", "saml:AuthnContextClassRef", "saml:AttributeValue",
    "ds:DigestValue", "ds:SignatureValue", "ds:X509Certificate",
]  # fmt: skip
ELEMENTS = [
    "samlp:Response", "samlp:Status", "saml:Assertion", "saml:Subject", "saml:SubjectConfirmation",
    "saml:Conditions", "saml:AudienceRestriction", "saml:AuthnStatement", "saml:AuthnContext",
    "saml:AttributeStatement", "saml:Attribute", "ds:Signature", "ds:SignedInfo", "ds:Reference",
    "ds:Transforms", "ds:KeyInfo", "ds:X509Data",
]  # fmt: skip


def tag(name: str, xml: bytes) -> bytes:
    """The element's name as this document has it; signxml has prefixes of its own."""
    local = name.partition(":")[2]
    return re.search(rb"<((?:[\w.]+:)?%s)[ >/]" % local.encode(), xml).group(1)


def places(name: str, xml: bytes) -> list[int]:
    """In every element of that name: where its content begins, is cut in half, and ends."""
    found = []
    qname = tag(name, xml)
    for match in re.finditer(rb"<%s(?: [^>]*)?(?<!/)>" % re.escape(qname), xml):
        begin, end = match.end(), xml.index(b"</%s>" % qname, match.end())
        middle = xml.find(b"<", begin, end)
        middle = (begin + end) // 2 if middle < 0 else middle
        found += [begin, middle, end]
    return sorted(set(found))


def put(xml: bytes, place: int, what: bytes) -> bytes:
    return xml[:place] + what + xml[place:]


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def answer_of(server, idp, browser, answer=ANSWER):
    request = idp.asked(browser.get(server.url("/page.html")))
    return request, idp.response(request, answer)


@pytest.mark.parametrize("name", [*TEXTS, *ELEMENTS])
def test_in_a_login(server, idp, browser, name):
    request, xml = answer_of(server, idp, browser)
    found = places(name, xml)
    assert found
    for place in found:
        page = browser.post(request.acs_url, post_fields(put(xml, place, INSTRUCTION), request.relay_state))
        assert_beaten_off(server, browser, page, "xml_processing_instruction")
    for place in found:
        other = Browser()
        request, xml = answer_of(server, idp, other)
        page = other.post(request.acs_url, post_fields(put(xml, place, COMMENT), request.relay_state))
        if page.status != 303:
            # The signature itself has one shape, without comments.
            assert name.startswith("ds:") and "signature_structure" in page.text, page.text
            continue
        page = other.get(page.location)
        assert (page.headers["X-User"], page.headers["X-Groups"]) == ("alice@example.org", "staff")


@pytest.mark.parametrize("where", ["before the root", "behind the root", "in a declaration's clothes"])
def test_around_the_root(server, idp, browser, where):
    request, xml = answer_of(server, idp, browser)
    evil = {
        "before the root": INSTRUCTION + xml,
        "behind the root": xml + INSTRUCTION,
        "in a declaration's clothes": b'<?xml-stylesheet href="x"?>' + xml,
    }[where]
    page = browser.post(request.acs_url, post_fields(evil, request.relay_state))
    assert_beaten_off(server, browser, page, "xml_processing_instruction")


@pytest.mark.parametrize("name", [*TEXTS[:5], *ELEMENTS[2:11]])
def test_signed_by_the_idp_with_it(server, idp, browser, name):
    """Whatever the signature says of it."""

    def change(document: etree._Element) -> None:
        element = document.find(f".//{name}", NS)
        element.insert(0, etree.ProcessingInstruction("x", "y"))

    answer = Answer(attributes=ANSWER.attributes, before_signing=change)
    request, xml = answer_of(server, idp, browser, answer)
    assert INSTRUCTION in xml
    page = browser.post(request.acs_url, post_fields(xml, request.relay_state))
    assert_beaten_off(server, browser, page, "xml_processing_instruction")


def encrypted(path: str, octets=None):
    def change(document: etree._Element) -> None:
        element = document.find(f".//saml:{path}", NS)
        plain = octets and octets(etree.tostring(element, with_tail=False))
        encrypt(element, rsa_credential("sp"), octets=plain)

    return change


def test_in_what_was_encrypted(server, idp, browser):
    """Behind the ciphertext the same gate stands, and before it, in CipherValue."""
    for path in ("Assertion", "NameID", "Attribute"):
        name = {"Assertion": "saml:NameID", "NameID": "saml:NameID", "Attribute": "saml:AttributeValue"}[path]
        before = "before_signing" if path != "Assertion" else "after_signing"

        def answer(what: bytes, path=path, name=name, before=before) -> Answer:
            change = encrypted(path, lambda xml: put(xml, places(name, xml)[1], what))
            return Answer(attributes=ANSWER.attributes, **{before: change})

        page = idp.login(browser, server.url("/page.html"), answer(INSTRUCTION))
        assert_beaten_off(server, browser, page, "xml_processing_instruction", "decryption_failed")
        assert idp.login(Browser(), server.url("/page.html"), answer(COMMENT)).status == 303
        plain = Answer(attributes=ANSWER.attributes, **{before: encrypted(path)})
        request, xml = answer_of(server, idp, browser, plain)
        for place in places("xenc:CipherValue", xml):
            page = browser.post(request.acs_url, post_fields(put(xml, place, INSTRUCTION), request.relay_state))
            assert_beaten_off(server, browser, page, "xml_processing_instruction")
        assert browser.post(request.acs_url, post_fields(xml, request.relay_state)).status == 303
        browser = Browser()


@pytest.mark.parametrize("name", ["saml:Issuer", "saml:NameID", "samlp:SessionIndex", "samlp:LogoutRequest"])
def test_in_a_logout(nginx, name):
    idp = Idp(slo=("HTTP-POST",))
    server = nginx(CONF, files={"idp.xml": idp.metadata()})
    member = log_in(server, idp)
    url = server.url("/saml/sls")
    xml = document(idp, url, LogoutRequest())
    for place in places(name, xml):
        evil = {"SAMLRequest": base64.b64encode(put(xml, place, INSTRUCTION)).decode()}
        assert_refused(server, back_channel().post(url, evil), "xml_processing_instruction")
        assert is_in(server, member)
    good = {"SAMLRequest": base64.b64encode(put(xml, places(name, xml)[0], COMMENT)).decode()}
    assert back_channel().post(url, good).status in (200, 303)
    assert not is_in(server, member)
