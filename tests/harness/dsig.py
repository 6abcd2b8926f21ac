"""Signatures written by hand: whatever an attacker or an odd IdP could put together."""

import base64
import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from harness.keys import EDDSA, Credential
from harness.message import NS

ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

DIGESTS = {
    SHA256: hashlib.sha256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
    "http://www.w3.org/2000/09/xmldsig#sha1": hashlib.sha1,
}
RSA_HASHES = {
    RSA_SHA256: hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": hashes.SHA384(),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": hashes.SHA512(),
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": hashes.SHA1(),
}

REFERENCE = """\
<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>\
<ds:DigestMethod Algorithm="{digest_method}"/><ds:DigestValue>{digest}</ds:DigestValue>\
</ds:Reference>"""

SIGNED_INFO = """\
<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>\
<ds:SignatureMethod Algorithm="{signature_method}"/>{references}</ds:SignedInfo>"""

SIGNATURE = """\
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{signed_info}\
<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}</ds:Signature>"""


def transforms(*algorithms: str) -> str:
    return "".join(f'<ds:Transform Algorithm="{algorithm}"/>' for algorithm in algorithms)


USUAL = transforms(ENVELOPED, EXCLUSIVE)


def canonical(element: etree._Element) -> bytes:
    """Exclusive canonicalisation without comments."""
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    return etree.tostring(copy, method="c14n", exclusive=True, with_comments=False)


def signed_by_hand(
    element: etree._Element,
    credential: Credential,
    *,
    uri: str | None = None,
    transforms: str = USUAL,
    digest_method: str = SHA256,
    digest: bytes | None = None,
    signature_method: str = RSA_SHA256,
    key_info: str = "",
    more_references: str = "",
    prefix: str = "ds",
) -> etree._Element:
    """A copy of `element` with a Signature after its Issuer, valid unless a knob makes it not.

    `digest` is what DigestValue holds; else what the usual transforms give.
    """
    digest = DIGESTS[digest_method](canonical(element)).digest() if digest is None else digest
    reference = REFERENCE.format(
        uri=f"#{element.get('ID')}" if uri is None else uri,
        transforms=transforms,
        digest_method=digest_method,
        digest=base64.b64encode(digest).decode(),
    )
    signed_info = renamed(
        SIGNED_INFO.format(
            signature_method=signature_method, references=reference + more_references
        ),
        prefix,
    )
    octets = canonical(etree.fromstring(signed_info))
    value = signature_value(credential.key, signature_method, octets)
    signature = renamed(SIGNATURE, prefix).format(
        signed_info=signed_info,
        value=base64.b64encode(value).decode(),
        key_info=renamed(key_info, prefix),
    )
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    copy.find("saml:Issuer", NS).addnext(etree.fromstring(signature))
    return copy


def signature_value(key, method: str, octets: bytes) -> bytes:
    """By the `cryptography` package: PKCS #1 v1.5, or EdDSA without a context."""
    if isinstance(key, EDDSA):
        return key.sign(octets)
    return key.sign(octets, padding.PKCS1v15(), RSA_HASHES[method])


def renamed(xml: str, prefix: str) -> str:
    """The same with another prefix than `ds`; "" makes it the default namespace."""
    if prefix == "ds":
        return xml
    colon, declared = (f"{prefix}:", f"xmlns:{prefix}=") if prefix else ("", "xmlns=")
    xml = xml.replace("xmlns:ds=", declared)
    return xml.replace("<ds:", f"<{colon}").replace("</ds:", f"</{colon}")


def sign_assertion(document: etree._Element, credential: Credential, **knobs) -> None:
    """Replaces the Assertion of a Response by a signed one."""
    assertion = document.find("saml:Assertion", NS)
    signed = signed_by_hand(assertion, credential, **knobs)
    signed.tail = assertion.tail
    document.replace(assertion, signed)
