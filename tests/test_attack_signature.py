"""Forged signatures: what one octet of freedom in `ds:Signature` has meant elsewhere.

Each attack has the name of its CVE or paper. Several are signed with the IdP's own key, so that
nothing but the rule itself can stop them.
"""

import base64
import copy
import hashlib
import hmac
import time

import pytest
from cryptography.hazmat.primitives import serialization
from lxml import etree

from harness.attack import assert_beaten_off, attacked
from harness.dsig import (
    ENVELOPED,
    EXCLUSIVE,
    REFERENCE,
    SHA256,
    USUAL,
    canonical,
    sign_assertion,
    signed_by_hand,
    transforms,
)
from harness.keys import rsa_credential
from harness.listener import Listener
from harness.message import NS
from harness.response import Answer
from harness.site import site

CONF = site(keys=False)
IDP, EVE = rsa_credential("idp"), rsa_credential("eve")
UNSIGNED = Answer(sign=None)
ADMIN = "admin@example.org"


def find(document, path: str) -> etree._Element:
    return document.find(f".//{path}", NS)


def become_admin(document) -> None:
    find(document, "saml:NameID").text = ADMIN


def digest_of(document) -> str:
    """The digest that the forged assertion needs."""
    assertion = copy.deepcopy(find(document, "saml:Assertion"))
    assertion.remove(assertion.find("ds:Signature", NS))
    return base64.b64encode(hashlib.sha256(canonical(assertion)).digest()).decode()


def forged_signed_info(document) -> etree._Element:
    """A SignedInfo that fits the forged assertion; nobody has signed it."""
    become_admin(document)
    forged = copy.deepcopy(find(document, "ds:SignedInfo"))
    forged.find(".//ds:DigestValue", NS).text = digest_of(document)
    return forged


def second_signed_info_before(document):
    find(document, "ds:SignedInfo").addprevious(forged_signed_info(document))


def second_signed_info_after(document):
    find(document, "ds:SignedInfo").addnext(forged_signed_info(document))


def second_signed_info_last(document):
    find(document, "ds:Signature").append(forged_signed_info(document))


def signed_info_in_object(document):
    """The true SignedInfo in an Object, a forged one in its place."""
    true = find(document, "ds:SignedInfo")
    forged = forged_signed_info(document)
    true.getparent().replace(true, forged)
    etree.SubElement(find(document, "ds:Signature"), f"{{{NS['ds']}}}Object").append(true)


def comment_before_digest(document):
    """Canonicalisation drops the comment, a reader of the first text node sees the forged digest."""
    become_admin(document)
    value = find(document, "ds:DigestValue")
    true, value.text = value.text, digest_of(document)
    comment = etree.Comment(true)
    value.append(comment)


def comment_after_digest(document):
    become_admin(document)
    value = find(document, "ds:DigestValue")
    true, value.text = value.text, None
    comment = etree.Comment(digest_of(document))
    comment.tail = true
    value.append(comment)


def element_in_digest(document):
    become_admin(document)
    value = find(document, "ds:DigestValue")
    etree.SubElement(value, f"{{{NS['ds']}}}X").text = digest_of(document)


def second_digest_value(document):
    become_admin(document)
    value = find(document, "ds:DigestValue")
    forged = copy.deepcopy(value)
    forged.text = digest_of(document)
    value.addprevious(forged)


def comment_in_signature_value(document):
    value = find(document, "ds:SignatureValue")
    value.append(etree.Comment("x"))
    become_admin(document)


def second_signature_value(document):
    become_admin(document)
    value = find(document, "ds:SignatureValue")
    value.addnext(copy.deepcopy(value))


def second_reference(document):
    """Signed by the IdP: one Reference to the Assertion, one to the Response."""
    assertion = find(document, "saml:Assertion")
    more = REFERENCE.format(
        uri=f"#{document.get('ID')}", transforms=USUAL, digest_method=SHA256, digest="AAAA"
    )
    sign_assertion(document, IDP, more_references=more)
    assert find(document, "saml:Assertion").get("ID") == assertion.get("ID")


SIGNED_INFO = {
    "CVE-2025-29774 several SignedInfo, forged first": second_signed_info_before,
    "CVE-2025-29774 several SignedInfo, forged second": second_signed_info_after,
    "CVE-2025-29774 several SignedInfo, forged last": second_signed_info_last,
    "CVE-2025-29774 SignedInfo in Object": signed_info_in_object,
    "CVE-2025-29775 comment after a forged DigestValue": comment_before_digest,
    "CVE-2025-29775 forged digest in a comment": comment_after_digest,
    "CVE-2025-29775 element in DigestValue": element_in_digest,
    "two DigestValues": second_digest_value,
    "comment in SignatureValue": comment_in_signature_value,
    "two SignatureValues": second_signature_value,
    "two References": second_reference,
}


@pytest.mark.parametrize("name", SIGNED_INFO)
def test_signed_info(nginx, idp, browser, name):
    server = nginx(CONF)
    answer = UNSIGNED if name == "two References" else Answer()
    page = attacked(server, idp, browser, SIGNED_INFO[name], answer)
    codes = ("signature_structure", "digest_mismatch", "reference_count")
    assert_beaten_off(server, browser, page, *codes)


def uri(value: str):
    return lambda document: sign_assertion(document, IDP, uri=value)


REFERENCES = {
    "whole document": "",
    "xpointer of the root": "#xpointer(/)",
    "xpointer of an ID": "#xpointer(id('_x'))",
    "nobody": "#_nobody",
    "empty fragment": "#",
    "file": "file:///etc/passwd",
}


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_elsewhere(nginx, idp, browser, name):
    server = nginx(CONF)
    page = attacked(server, idp, browser, uri(REFERENCES[name]), UNSIGNED)
    assert_beaten_off(server, browser, page, "reference_uri")


def reference_to_response(document):
    """The IdP signed the whole Response, but the Signature stands in the Assertion."""
    sign_assertion(document, IDP, uri=f"#{document.get('ID')}")


def reference_without_uri(document):
    sign_assertion(document, IDP)
    del find(document, "ds:Reference").attrib["URI"]


def id_of_another_namespace(document):
    """"The Fragile Lock" (2025), attribute pollution: two IDs, each found by somebody."""
    assertion = find(document, "saml:Assertion")
    assertion.set(f"{{{NS['samlp']}}}ID", "_other")
    sign_assertion(document, IDP, uri="#_other")


@pytest.mark.parametrize(
    "attack", [reference_to_response, reference_without_uri, id_of_another_namespace]
)
def test_reference(nginx, idp, browser, attack):
    server = nginx(CONF)
    page = attacked(server, idp, browser, attack, UNSIGNED)
    assert_beaten_off(server, browser, page)


XSLT = """<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">\
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">\
<xsl:template match="/"><xsl:value-of select="document('@LISTENER@/xslt')"/></xsl:template>\
</xsl:stylesheet></ds:Transform>"""
XPATH = """<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">\
<ds:XPath>count(//*) &lt; 0</ds:XPath></ds:Transform>"""
XPATH2 = """<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2">\
<x:XPath xmlns:x="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//*</x:XPath>\
</ds:Transform>"""
BASE64 = transforms("http://www.w3.org/2000/09/xmldsig#base64")
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"

TRANSFORMS = {
    "XSLT": XSLT + USUAL,
    "XSLT last": USUAL + XSLT,
    "XPath that leaves nothing": XPATH + USUAL,
    "XPath filter 2": XPATH2 + USUAL,
    "base64": USUAL + BASE64,
    "enveloped alone": transforms(ENVELOPED),
    "enveloped twice": transforms(ENVELOPED, ENVELOPED, EXCLUSIVE),
    "inclusive": transforms(ENVELOPED, INCLUSIVE),
    "with comments": transforms(ENVELOPED, EXCLUSIVE + "WithComments"),
    "not enveloped": transforms(EXCLUSIVE),
    "unknown": transforms(ENVELOPED, EXCLUSIVE, "urn:example:x"),
    "none": "",
    "a thousand": transforms(*[EXCLUSIVE] * 1000),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transform(nginx, idp, browser, name):
    """Even the IdP's own key does not make them run."""
    listener = Listener()
    server = nginx(CONF)
    given = TRANSFORMS[name].replace("@LISTENER@", listener.url)
    page = attacked(
        server, idp, browser, lambda d: sign_assertion(d, IDP, transforms=given), UNSIGNED
    )
    assert_beaten_off(server, browser, page, "transform_algorithm", "signature_structure")
    listener.stop()
    assert listener.hits == []


REACHING = {
    "Reference": lambda url: {"uri": url},
    "RetrievalMethod": lambda url: {
        "key_info": f'<ds:KeyInfo><ds:RetrievalMethod URI="{url}" '
        'Type="http://www.w3.org/2000/09/xmldsig#X509Data"/></ds:KeyInfo>'
    },
    "KeyInfoReference": lambda url: {
        "key_info": '<ds:KeyInfo><x:KeyInfoReference xmlns:x="http://www.w3.org/2009/xmldsig11#" '
        f'URI="{url}"/></ds:KeyInfo>'
    },
}


@pytest.mark.parametrize("name", REACHING)
def test_nothing_is_dereferenced(nginx, idp, browser, name):
    """Server-side request forgery; Eve's key, so that it could only work by asking her server."""
    listener = Listener()
    server = nginx(CONF)
    knobs = REACHING[name](f"{listener.url}/key")
    page = attacked(server, idp, browser, lambda d: sign_assertion(d, EVE, **knobs), UNSIGNED)
    assert_beaten_off(server, browser, page, "reference_uri", "signature_invalid")
    listener.stop()
    assert listener.hits == []


def key_value() -> str:
    numbers = EVE.key.public_key().public_numbers()

    def number(value: int) -> str:
        return base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8)).decode()

    return (
        "<ds:KeyValue><ds:RSAKeyValue>"
        f"<ds:Modulus>{number(numbers.n)}</ds:Modulus>"
        f"<ds:Exponent>{number(numbers.e)}</ds:Exponent>"
        "</ds:RSAKeyValue></ds:KeyValue>"
    )


KEY_INFO = {
    "certificate": f"<ds:X509Data><ds:X509Certificate>{EVE.certificate_base64}"
    "</ds:X509Certificate></ds:X509Data>",
    "both certificates": "<ds:X509Data>"
    f"<ds:X509Certificate>{IDP.certificate_base64}</ds:X509Certificate>"
    f"<ds:X509Certificate>{EVE.certificate_base64}</ds:X509Certificate></ds:X509Data>",
    "key value": key_value(),
    "key name": "<ds:KeyName>idp</ds:KeyName>",
}


@pytest.mark.parametrize("name", KEY_INFO)
def test_key_in_key_info(nginx, idp, browser, name):
    """The attacker brings the key along ("Golden SAML" for the poor)."""
    server = nginx(CONF)
    key_info = f"<ds:KeyInfo>{KEY_INFO[name]}</ds:KeyInfo>"
    page = attacked(
        server, idp, browser, lambda d: sign_assertion(d, EVE, key_info=key_info), UNSIGNED
    )
    assert_beaten_off(server, browser, page, "signature_invalid")


HMAC = {
    f"{bits}": f"http://www.w3.org/2001/04/xmldsig-more#hmac-sha{bits}" for bits in (256, 384, 512)
} | {"1": "http://www.w3.org/2000/09/xmldsig#hmac-sha1"}


@pytest.mark.parametrize("secret", ["certificate", "key"])
@pytest.mark.parametrize("bits", HMAC)
def test_hmac_with_the_public_key(nginx, idp, browser, secret, bits):
    """Algorithm confusion: a MAC that is right when the public key is taken for a secret."""
    public = IDP.key.public_key()
    pem, info = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    octets = IDP.certificate_pem if secret == "certificate" else public.public_bytes(pem, info)

    def forge(document):
        become_admin(document)
        sign_assertion(document, IDP)
        find(document, "ds:SignatureMethod").set("Algorithm", HMAC[bits])
        signed_info = canonical(find(document, "ds:SignedInfo"))
        mac = hmac.new(octets, signed_info, f"sha{bits}").digest()
        find(document, "ds:SignatureValue").text = base64.b64encode(mac).decode()

    server = nginx(CONF)
    page = attacked(server, idp, browser, forge, UNSIGNED)
    assert_beaten_off(server, browser, page, "signature_algorithm")


@pytest.mark.parametrize("length", ["0", "1", "8"])
def test_cve_2009_0217_hmac_truncation(nginx, idp, browser, length):
    def forge(document):
        sign_assertion(document, IDP)
        method = find(document, "ds:SignatureMethod")
        method.set("Algorithm", HMAC["256"])
        etree.SubElement(method, f"{{{NS['ds']}}}HMACOutputLength").text = length
        find(document, "ds:SignatureValue").text = "AA=="

    server = nginx(CONF)
    page = attacked(server, idp, browser, forge, UNSIGNED)
    assert_beaten_off(server, browser, page, "signature_algorithm", "signature_structure")


VOID = hashlib.sha256(b"").digest()


def void_by_relative_namespace(document):
    """libxml2 will not canonicalise a relative namespace URI; some callers take "" for the answer."""
    xml = etree.tostring(find(document, "saml:Assertion"))
    xml = xml.replace(b"<saml:Subject>", b'<saml:Subject xmlns:void="1">')
    void = signed_by_hand(find(document, "saml:Assertion"), IDP, digest=VOID)
    signature = etree.tostring(void.find("ds:Signature", NS), with_tail=False)
    xml = xml.replace(b"</saml:Issuer>", b"</saml:Issuer>" + signature, 1)
    whole = etree.tostring(document)
    return whole.replace(etree.tostring(find(document, "saml:Assertion"), with_tail=False), xml)


def void_digest(document):
    """The digest of nothing, truly signed by the IdP."""
    sign_assertion(document, IDP, digest=VOID)


def void_digest_value(document):
    sign_assertion(document, IDP, digest=b"")


def void_signature_value(document):
    sign_assertion(document, IDP)
    find(document, "ds:SignatureValue").text = ""


@pytest.mark.parametrize(
    "attack", [void_by_relative_namespace, void_digest, void_digest_value, void_signature_value]
)
def test_the_fragile_lock_void_canonicalisation(nginx, idp, browser, attack):
    server = nginx(CONF)
    page = attacked(server, idp, browser, attack, UNSIGNED)
    assert_beaten_off(server, browser, page)


PREFIX_LIST = '<ec:InclusiveNamespaces xmlns:ec="{}" PrefixList="{}"/>'


def with_prefix_list(element: str, prefixes: str):
    def change(document):
        sign_assertion(document, IDP)
        xml = PREFIX_LIST.format(EXCLUSIVE, prefixes)
        found = [e for e in document.iter(f"{{{NS['ds']}}}{element}")][-1]
        found.append(etree.fromstring(xml))

    return change


@pytest.mark.serial
@pytest.mark.parametrize("element", ["CanonicalizationMethod", "Transform"])
@pytest.mark.parametrize("prefixes", [" " * 200_000, "a " * 100_000], ids=["spaces", "prefixes"])
def test_prefix_list_that_never_ends(nginx, idp, browser, element, prefixes):
    """200 000 prefixes, each looked up in every element: refused before anybody looks them up."""
    server = nginx(CONF)

    def seconds(change, code: str) -> float:
        began = time.monotonic()
        page = attacked(server, idp, browser, change, UNSIGNED)
        took = time.monotonic() - began
        assert_beaten_off(server, browser, page, code)
        return took

    endless = with_prefix_list(element, prefixes)
    harmless = min(seconds(comment_of(len(prefixes)), "signature_missing") for _ in range(3))
    hostile = min(seconds(endless, "signature_structure") for _ in range(3))
    assert hostile < 10 * harmless, f"{hostile:.3f} s against {harmless:.3f} s"


def comment_of(length: int):
    def change(document):
        document.append(etree.Comment(" " * length))

    return change
