"""Messages of the SP as an IdP receives them, read and checked with software of others."""

import base64
import re
import zlib
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from lxml import etree
from signxml import SignatureConfiguration, SignatureMethod, XMLVerifier

NS = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
SOAP_BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"


@dataclass
class AuthnRequest:
    xml: etree._Element
    relay_state: str | None

    @property
    def id(self) -> str:
        return self.xml.get("ID")

    @property
    def acs_url(self) -> str:
        return self.xml.get("AssertionConsumerServiceURL")

    @property
    def issuer(self) -> str:
        return self.xml.findtext("saml:Issuer", namespaces=NS)


def read_redirect(url: str) -> AuthnRequest:
    """HTTP-Redirect (Bindings 3.4.4.1)."""
    return AuthnRequest(*redirected(url, "SAMLRequest"))


def read_post(fields: dict[str, str]) -> AuthnRequest:
    """HTTP-POST (Bindings 3.5.4)."""
    return AuthnRequest(*posted(fields, "SAMLRequest"))


def redirected(url: str, parameter: str) -> tuple[etree._Element, str | None]:
    """The message in a URL and its RelayState."""
    query = parse_qs(urlsplit(url).query, strict_parsing=True)
    deflated = base64.b64decode(query[parameter][0], validate=True)
    return etree.fromstring(zlib.decompress(deflated, -15)), query.get("RelayState", [None])[0]


def posted(fields: dict[str, str], parameter: str) -> tuple[etree._Element, str | None]:
    """The message in a form and its RelayState."""
    xml = base64.b64decode(fields[parameter], validate=True)
    return etree.fromstring(xml), fields.get("RelayState")


def soap_content(text: str) -> etree._Element:
    """The message in a SOAP envelope, as a document of its own with its namespaces."""
    (body,) = etree.fromstring(text.encode()).findall(SOAP_BODY)
    (message,) = body
    return etree.fromstring(etree.tostring(message))


def verify_redirect(url: str, certificate) -> None:
    """The detached signature over the octets as sent; raises when it does not hold."""
    signed, _, signature = urlsplit(url).query.partition("&Signature=")
    parts = signed.split("&")
    # What the endpoint's own URL has for a query stands in front, and is not signed.
    begin = next(n for n, part in enumerate(parts) if re.match("SAML(Request|Response)=", part))
    signed = "&".join(parts[begin:])
    names = [part.partition("=")[0] for part in parts[begin + 1 :]]
    assert names in (["RelayState", "SigAlg"], ["SigAlg"]), names
    algorithm = unquote(signed.partition("&SigAlg=")[2])
    octets, value = signed.encode("ascii"), base64.b64decode(unquote(signature), validate=True)
    key = certificate.public_key()
    if algorithm == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":
        key.verify(value, octets, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":
        key.verify(
            value, octets, ec.ECDSA(hashes.SHA256())
        )  # DER, as IdPs in Java make and want it
    elif algorithm == "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519":
        key.verify(value, octets)
    else:
        raise AssertionError(f"unexpected SigAlg {algorithm}")


USUAL = SignatureConfiguration(
    signature_methods={SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}
)


def verify_enveloped(xml: etree._Element, certificate, expected=USUAL) -> None:
    """The enveloped signature of a message; raises when it does not cover the root element."""
    result = XMLVerifier().verify(
        xml,
        x509_cert=certificate,
        id_attribute="ID",
        expect_config=expected,
    )
    assert result.signed_xml.get("ID") == xml.get("ID")
