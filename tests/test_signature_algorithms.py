"""Every signature algorithm that is taken, as signxml makes it, and forms of it that are not."""

import base64
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner, methods

from harness.browser import Browser
from harness.dsig import EXCLUSIVE, sign_assertion
from harness.idp import Idp
from harness.keys import Credential, certified, rsa_credential
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(keys=False, location="add_header X-User $saml_name_id;")
CREDENTIALS = {
    "rsa": rsa_credential("idp"),
    "p256": certified(ec.generate_private_key(ec.SECP256R1()), "idp"),
    "p384": certified(ec.generate_private_key(ec.SECP384R1()), "idp"),
    "p521": certified(ec.generate_private_key(ec.SECP521R1()), "idp"),
    "ed25519": certified(ed25519.Ed25519PrivateKey.generate(), "idp"),
    "ed448": certified(ed448.Ed448PrivateKey.generate(), "idp"),
}
EDDSA = {key: f"http://www.w3.org/2021/04/xmldsig-more#eddsa-{key}" for key in ("ed25519", "ed448")}
METHODS = [("rsa", f"RSA_SHA{bits}") for bits in (256, 384, 512)]
METHODS += [("rsa", f"SHA{bits}_RSA_MGF1") for bits in (256, 384, 512)]
METHODS += [(key, f"ECDSA_SHA{n}") for key in ("p256", "p384", "p521") for n in (256, 384, 512)]
METHODS += [("rsa", f"SHA3_{bits}_RSA_MGF1") for bits in (256, 384, 512)]
METHODS += [("p256", "ECDSA_SHA3_256"), ("p384", "ECDSA_SHA3_384"), ("p521", "ECDSA_SHA3_512")]


def signed_by(credential: Credential, method: str, digest: str, prefix: str | None):
    """A knob that has the Assertion signed by signxml."""

    def apply(document: etree._Element) -> None:
        assertion = document.find("saml:Assertion", NS)
        copy = etree.fromstring(etree.tostring(assertion, with_tail=False))
        namespaces = {prefix: NS["ds"]}
        place = etree.Element(f"{{{NS['ds']}}}Signature", Id="placeholder", nsmap=namespaces)
        copy.find("saml:Issuer", NS).addnext(place)
        signer = XMLSigner(
            methods.enveloped, SignatureMethod[method], DigestAlgorithm[digest], EXCLUSIVE
        )
        signer.namespaces = namespaces
        signed = signer.sign(
            copy,
            key=credential.key,
            cert=[credential.certificate],
            reference_uri=copy.get("ID"),
            id_attribute="ID",
        )
        document.replace(assertion, signed)

    return apply


def login(nginx, credential: Credential, change):
    idp = Idp(credential=credential)
    server = nginx(CONF, files={"idp.xml": idp.metadata()})
    browser = Browser()
    answer = Answer(sign=None, after_signing=change)
    return server, browser, idp.login(browser, server.url("/page.html"), answer)


@pytest.mark.parametrize("key, method", METHODS, ids="-".join)
def test_accepted(nginx, key, method):
    digest = re.search(r"SHA(3_)?\d{3}", method)[0]
    prefix = "ds" if digest == "SHA256" else None
    change = signed_by(CREDENTIALS[key], method, digest, prefix)
    server, browser, page = login(nginx, CREDENTIALS[key], change)
    assert page.status == 303, page.text
    page = browser.get(page.location)
    assert (page.status, page.headers["X-User"]) == (200, "alice@example.org")


def eddsa(key: str, method: str | None = None):
    """A knob that has the Assertion signed by the `cryptography` package: signxml has no EdDSA."""

    def apply(document: etree._Element) -> None:
        sign_assertion(document, CREDENTIALS[key], signature_method=method or EDDSA[key])

    return apply


@pytest.mark.parametrize("key", EDDSA)
def test_eddsa_accepted(nginx, key):
    server, browser, page = login(nginx, CREDENTIALS[key], eddsa(key))
    assert page.status == 303, page.text
    page = browser.get(page.location)
    assert (page.status, page.headers["X-User"]) == (200, "alice@example.org")


@pytest.mark.parametrize(
    "key, trusted, method, code",
    [
        ("ed25519", "ed448", EDDSA["ed25519"], "key_type"),
        ("ed25519", "ed25519", EDDSA["ed448"], "key_type"),
        ("ed25519", "rsa", EDDSA["ed25519"], "key_type"),
        ("ed448", "p256", EDDSA["ed448"], "key_type"),
        ("ed25519", "ed25519", SignatureMethod.ECDSA_SHA256.value, "key_type"),
        ("ed25519", "rsa", SignatureMethod.RSA_SHA256.value, "signature_invalid"),
        ("ed25519", "ed25519", EDDSA["ed25519"] + "ph", "signature_algorithm"),
        ("ed25519", "ed25519", EDDSA["ed25519"] + "ctx", "signature_algorithm"),
    ],
)
def test_eddsa_of_another_kind(nginx, key, trusted, method, code):
    server, _, page = login(nginx, CREDENTIALS[trusted], eddsa(key, method))
    assert_refused(server, page, code)


def der(value: bytes) -> bytes:
    """As Redirect signatures have it, and xmldsig-core1 6.4.3 has not; Go's libraries write it in XML."""
    half = len(value) // 2
    return encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))


def shortened(value: bytes) -> bytes:
    """Each half without its first byte."""
    half = len(value) // 2
    return value[1:half] + value[half + 1 :]


def changed_value(sign, changed):
    def change(document: etree._Element) -> None:
        sign(document)
        value = document.find(".//ds:SignatureValue", NS)
        value.text = base64.b64encode(changed(base64.b64decode(value.text))).decode()

    return change


@pytest.mark.parametrize("key", ["p256", "p384", "p521"])
def test_der_is_the_same_signature(nginx, key):
    sign = signed_by(CREDENTIALS[key], "ECDSA_SHA256", "SHA256", "ds")
    _, _, page = login(nginx, CREDENTIALS[key], changed_value(sign, der))
    assert page.status == 303, page.text


@pytest.mark.parametrize(
    "key, method, changed",
    [
        ("p256", "ECDSA_SHA256", lambda value: der(value) + b"\0"),
        ("p256", "ECDSA_SHA256", lambda value: der(value)[:-1]),
        ("p256", "ECDSA_SHA256", lambda value: der(value[32:] + value[:32])),
        # As long as r and s: nothing else, whatever it begins with.
        ("p256", "ECDSA_SHA256", lambda value: der(value)[:64]),
        ("p256", "ECDSA_SHA256", shortened),
        ("p256", "ECDSA_SHA256", lambda value: value + b"\0"),
        ("p521", "ECDSA_SHA512", lambda value: b"\x30\x81\x82" + der(value)[3:]),
        ("p521", "ECDSA_SHA512", bytes(132).__add__),
        ("p256", "ECDSA_SHA256", lambda value: bytes(64)),
        ("rsa", "RSA_SHA256", lambda value: b"\0" + value),
        ("rsa", "SHA256_RSA_MGF1", lambda value: value[:-1]),
        ("rsa", "RSA_SHA256", lambda value: b""),
        ("ed25519", None, lambda value: value[:-1]),
        ("ed25519", None, lambda value: value + b"\0"),
        ("ed25519", None, lambda value: bytes(64)),
        ("ed448", None, lambda value: value[:64]),
    ],
)
def test_other_forms_of_the_value(nginx, key, method, changed):
    sign = signed_by(CREDENTIALS[key], method, "SHA256", "ds") if method else eddsa(key)
    server, _, page = login(nginx, CREDENTIALS[key], changed_value(sign, changed))
    assert_refused(server, page, "signature_invalid")


def test_pss_is_not_pkcs1(nginx):
    """The value fits the key, but not as SignatureMethod says."""
    sign = signed_by(CREDENTIALS["rsa"], "RSA_SHA256", "SHA256", "ds")

    def change(document: etree._Element) -> None:
        sign(document)
        method = document.find(".//ds:SignatureMethod", NS)
        method.set("Algorithm", SignatureMethod.SHA256_RSA_MGF1.value)

    server, _, page = login(nginx, CREDENTIALS["rsa"], change)
    assert_refused(server, page, "signature_invalid")
