"""What libcrypto says of a bad message is not left for the next TLS connection of the worker.

nginx looks at the thread's error queue before it uses TLS, and takes what it finds there for its
own: an [alert], by which every test here fails, or a connection that it ends.
"""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from harness.browser import Browser
from harness.dsig import sign_assertion
from harness.encrypt import Encryption, encrypt
from harness.idp import Idp
from harness.keys import certified, ec_credential, rsa_credential
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.site import site

SP, TLS, EC_SP = rsa_credential("sp"), rsa_credential("tls"), ec_credential("sp")
CONF = site(
    sp="""
        certificate ec.crt;
        certificate_key ec.key;
    """,
    server="ssl_certificate tls.crt; ssl_certificate_key tls.key;",
    listen="ssl",
).replace("base_url http:", "base_url https:")
FILES = {
    "tls.crt": TLS.certificate_pem,
    "tls.key": TLS.key_pem,
    "ec.crt": EC_SP.certificate_pem,
    "ec.key": EC_SP.key_pem,
}
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
PUBLIC_KEY = "{http://www.w3.org/2009/xmldsig11#}PublicKey"
MAIL = [Attribute("mail", ["alice@mail.example.org"])]
IDPS = {"rsa": Idp(), "ec": Idp(credential=ec_credential("idp"))}
N = rsa_credential("idp").key.public_key().public_numbers().n.to_bytes(256)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551.to_bytes(32)


def octets_of(element: etree._Element, change) -> None:
    octets = change(base64.b64decode(element.text))
    element.text = base64.b64encode(octets).decode()


def value(change) -> Answer:
    """A login whose SignatureValue is changed."""
    return Answer(after_signing=lambda d: octets_of(d.find(".//ds:SignatureValue", NS), change))


VALUES = {
    "rsa": [
        lambda v: b"",
        lambda v: v[:-1],
        lambda v: v + b"\0",
        lambda v: bytes(256),
        lambda v: N,
        lambda v: b"\xff" * 256,
    ],
    "ec": [
        lambda v: v[:-1],
        lambda v: bytes(64),
        lambda v: bytes(32) + v[32:],
        lambda v: v[:32] + bytes(32),
        lambda v: ORDER + v[32:],
        lambda v: v[:32] + ORDER,
        lambda v: b"\xff" * 64,
        lambda v: bytes.fromhex("3006020100020100"),
    ],
}


def log_in(server, idp: Idp, answer: Answer = Answer()) -> tuple[Browser, object]:
    """A login over TLS connections of its own."""
    browser = Browser(verify=False)
    return browser, idp.login(browser, server.url("/page.html", "https"), answer)


def good_login(server, idp: Idp) -> None:
    browser, page = log_in(server, idp, Answer(attributes=MAIL))
    assert page.status == 303, page.text
    assert browser.get(page.location).text == "a page\n"


@pytest.fixture
def serve(nginx):
    """Starts the one worker of a site over https."""

    def start(idp: Idp):
        return nginx(CONF, files=FILES | {"idp.xml": idp.metadata()})

    return start


@pytest.mark.parametrize("kind", IDPS)
def test_signature_values(serve, kind):
    idp = IDPS[kind]
    server = serve(idp)
    for change in VALUES[kind]:
        _, page = log_in(server, idp, value(change))
        assert_refused(server, page, "signature_invalid")
        good_login(server, idp)


def test_a_key_of_another_type(serve):
    server, idp = serve(IDPS["rsa"]), IDPS["rsa"]
    _, page = log_in(server, idp, Answer(credential=ec_credential("idp")))
    assert_refused(server, page, "key_type")
    good_login(server, idp)
    server, idp = serve(IDPS["ec"]), IDPS["ec"]
    rsa = rsa_credential("idp")
    change = lambda d: sign_assertion(d, rsa)  # noqa: E731
    _, page = log_in(server, idp, Answer(sign=None, after_signing=change))
    assert_refused(server, page, "key_type")
    good_login(server, idp)


CIPHERTEXTS = {
    "tag of 0": lambda c: c[:-16],
    "tag of 1": lambda c: c[:-15],
    "tag of 4": lambda c: c[:-12],
    "tag of 12": lambda c: c[:-4],
    "iv of 0": lambda c: c[12:],
    "nothing": lambda c: b"",
    "another tag": lambda c: c[:-1] + bytes([c[-1] ^ 1]),
}


def tampered(path: str, change, recipient=SP, which: int = -1):
    """Encrypts an element, and changes one CipherValue of it: the last is the element's own."""

    def apply(document: etree._Element) -> None:
        holder = encrypt(document.find(f".//saml:{path}", NS), recipient, how=Encryption("aes128-gcm"))
        octets_of([*holder.iter(f"{XENC}CipherValue")][which], change)

    return apply


@pytest.mark.parametrize("path", ["Assertion", "NameID", "Attribute"])
def test_ciphertexts(serve, path):
    idp = IDPS["rsa"]
    server = serve(idp)
    for change in CIPHERTEXTS.values():
        apply = tampered(path, change)
        before = path != "Assertion"
        answer = Answer(
            attributes=MAIL,
            before_signing=apply if before else None,
            after_signing=None if before else apply,
        )
        _, page = log_in(server, idp, answer)
        assert_refused(server, page, "decryption_failed")
        good_login(server, idp)


def off_the_curve(document: etree._Element) -> None:
    holder = encrypt(document.find("saml:Assertion", NS), EC_SP)
    octets_of(next(holder.iter(PUBLIC_KEY)), lambda point: point[:-1] + bytes([point[-1] ^ 1]))


WRAPPED = {
    "rsa, beyond the modulus": tampered("Assertion", lambda k: b"\xff" * 256, which=0),
    "rsa, zeros": tampered("Assertion", lambda k: bytes(256), which=0),
    "rsa, cut off": tampered("Assertion", lambda k: k[:-1], which=0),
    "ec, another key": tampered("Assertion", lambda k: bytes(24), EC_SP, which=0),
    "ec, cut off": tampered("Assertion", lambda k: k[:-1], EC_SP, which=0),
    "ec, nothing": tampered("Assertion", lambda k: b"", EC_SP, which=0),
    "ec, off the curve": off_the_curve,
    "ec, another curve": tampered(
        "Assertion", lambda k: k, certified(ec.generate_private_key(ec.SECP384R1()), "sp")
    ),
}


def test_wrapped_keys(serve):
    idp = IDPS["rsa"]
    server = serve(idp)
    for change in WRAPPED.values():
        _, page = log_in(server, idp, Answer(after_signing=change))
        assert_refused(server, page, "decryption_failed")
        good_login(server, idp)
