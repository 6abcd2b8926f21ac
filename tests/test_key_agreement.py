"""Keys that are agreed on: X25519 and X448 (RFC 9231 2.7.1), and content keys without key wrap
(xmlenc-core1 5.6). The other side is the `cryptography` package."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from harness.attack import assert_beaten_off
from harness.browser import Browser
from harness.encrypt import ECDH_ES, XENC, Encryption, encrypt, encrypted_key
from harness.idp import Idp, post_fields
from harness.keys import (
    certified,
    ec_credential,
    ed25519_credential,
    rsa_credential,
    x448_credential,
    x25519_credential,
)
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

SP = {
    "p256": certified(ec.generate_private_key(ec.SECP256R1()), "p256"),
    "p384": certified(ec.generate_private_key(ec.SECP384R1()), "p384"),
    "p521": certified(ec.generate_private_key(ec.SECP521R1()), "p521"),
    "x25519": x25519_credential("x25519"),
    "x448": x448_credential("x448"),
}
# One client may fail so often in a row; a test that fails more often is another client each time.
CONF = site(
    idp="@IDP@",
    sp="\n".join(f"certificate {name}.crt; certificate_key {name}.key;" for name in SP),
    location="add_header X-User $saml_name_id;",
)
FILES = {
    f"{name}.{end}": pem
    for name, credential in SP.items()
    for end, pem in (("crt", credential.certificate_pem), ("key", credential.key_pem))
}
AGREED = Encryption("aes256-gcm", place="agreement")
DS, ENC = f"{{{NS['ds']}}}", f"{{{XENC}}}"
CIPHER_VALUE, AGREEMENT_METHOD = f"{ENC}CipherValue", f"{ENC}AgreementMethod"


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES, IDP="")


def log_in(server, idp: Idp, change, browser: Browser | None = None, answer=Answer()):
    """A login whose Assertion `change` encrypts; the browser, and the answer of the ACS."""
    browser = browser or Browser()
    request = idp.asked(browser.get(server.url("/page.html")))
    document = etree.fromstring(idp.response(request, answer))
    change(document)
    fields = post_fields(etree.tostring(document), request.relay_state)
    return browser, browser.post(request.acs_url, fields)


def assert_user(server, idp: Idp, change, answer=Answer()) -> None:
    browser, page = log_in(server, idp, change, answer=answer)
    assert page.status == 303, page.text + server.error_log()
    assert browser.get(page.location).headers["X-User"] == "alice@example.org"


def sealing(key: str, how: Encryption = Encryption()):
    def change(document) -> etree._Element:
        return encrypt(document.find("saml:Assertion", NS), SP[key], how=how)

    return change


WRAPS = [
    Encryption("aes256-gcm"),
    Encryption("aes128-gcm", kdf="sha512", wrap=128),
    Encryption("aes128-gcm", kdf="sha3-256", wrap=192, place="retrieval"),
]


@pytest.mark.smoke
@pytest.mark.parametrize("key", ["x25519", "x448"])
def test_an_encrypted_key(server, idp, key):
    for how in WRAPS:
        assert_user(server, idp, sealing(key, how))


@pytest.mark.smoke
@pytest.mark.parametrize("key", SP)
def test_a_content_key_that_was_agreed_on(server, idp, key):
    for content, kdf in [("aes128-gcm", "sha256"), ("aes192-gcm", "sha384"), ("aes256-gcm", "sha3-256")]:
        assert_user(server, idp, sealing(key, Encryption(content, kdf=kdf, place="agreement")))


def test_cbc_needs_a_signature_around_it_all_the_same(nginx, server, idp):
    cbc = Encryption("aes128-cbc", place="agreement")
    _, page = log_in(server, idp, sealing("p256", cbc))
    assert_refused(server, page, "encryption_cbc_unsigned")
    allowing = nginx(CONF, files=FILES, IDP="allow_weak cbc;")
    assert_user(allowing, idp, sealing("p256", cbc))
    triple_des = Encryption("3des", place="agreement")
    _, page = log_in(allowing, idp, sealing("p256", triple_des))
    assert_refused(allowing, page, "encryption_algorithm")


def test_an_ed25519_key_signs_and_an_x25519_key_decrypts(nginx, idp, browser):
    """Neither of them does both, and the metadata says which is for what."""
    conf = site(
        idp="encryption require;",
        keys=False,
        sp="""
            certificate signs.crt;
            certificate_key signs.key;
            certificate x25519.crt;
            certificate_key x25519.key;
        """,
        location="add_header X-User $saml_name_id;",
    )
    signs = ed25519_credential("signs")
    files = FILES | {"signs.crt": signs.certificate_pem, "signs.key": signs.key_pem}
    server = nginx(conf, files=files)
    root = etree.fromstring(browser.read(server.url("/saml/metadata")).text.encode())
    told = {
        descriptor.get("use"): (
            descriptor.findtext(".//ds:X509Certificate", namespaces=NS),
            [m.get("Algorithm").rpartition("/")[2] for m in descriptor.iterfind("md:EncryptionMethod", NS)],
        )
        for descriptor in root.iterfind(".//md:KeyDescriptor", NS)
    }  # fmt: skip
    methods = ["xmlenc11#aes256-gcm", "xmlenc11#aes128-gcm", "xmlenc#kw-aes256", "xmlenc#kw-aes128", "xmldsig-more#x25519"]
    assert told == {
        "signing": (signs.certificate_base64, []),
        "encryption": (SP["x25519"].certificate_base64, methods),
    }
    assert_user(server, idp, sealing("x25519"))


# What is refused, a variant each


def octets(element: etree._Element, change) -> None:
    element.text = base64.b64encode(change(base64.b64decode(element.text))).decode()


def tampered(key: str, change, how: Encryption = AGREED):
    """The last CipherValue: the content's."""

    def made(document) -> None:
        octets([*sealing(key, how)(document).iter(CIPHER_VALUE)][-1], change)

    return made


def originator(key: str, change, how: Encryption = AGREED):
    """With another key of the originator's."""

    def made(document) -> None:
        holder = sealing(key, how)(document)
        info = next(holder.iter(f"{ENC}OriginatorKeyInfo"))
        (value,) = [e for e in info.iter() if etree.QName(e).localname in ("PublicKey", "DEREncodedKeyValue")]
        octets(value, change)

    return made


def last_of(octets_of_key: bytes, replacement: bytes) -> bytes:
    return octets_of_key[: -len(replacement)] + replacement


FAILING = {
    "tag": tampered("p256", lambda o: o[:-1] + bytes([o[-1] ^ 1])),
    "first octet": tampered("x25519", lambda o: o[:12] + bytes([o[12] ^ 1]) + o[13:]),
    "iv": tampered("x25519", lambda o: bytes([o[0] ^ 1]) + o[1:]),
    "a short tag": tampered("p256", lambda o: o[:-4]),
    "no tag": tampered("x25519", lambda o: o[:-16]),
    "less than an iv": tampered("x25519", lambda o: o[:11]),
    "nothing": tampered("x25519", lambda o: b""),
    "off the curve": originator("p256", lambda o: o[:-1] + bytes([o[-1] ^ 1])),
    "off the curve, key wrap": originator("p256", lambda o: o[:-1] + bytes([o[-1] ^ 1]), Encryption()),
    # All zeros come of them, whatever our key is (RFC 7748 6.1).
    "zero": originator("x25519", lambda o: last_of(o, bytes(32))),
    "one": originator("x25519", lambda o: last_of(o, b"\1" + bytes(31))),
    "minus one": originator("x25519", lambda o: last_of(o, b"\xec" + b"\xff" * 30 + b"\x7f")),
    "order 8": originator(
        "x25519",
        lambda o: last_of(o, bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
    ),
    "zero, key wrap": originator("x25519", lambda o: last_of(o, bytes(32)), Encryption()),
    "zero of x448": originator("x448", lambda o: last_of(o, bytes(56))),
    "another key's": originator("x25519", lambda o: last_of(o, b"\2" * 32)),
}


@pytest.mark.parametrize("name", FAILING)
def test_what_does_not_open(server, idp, name):
    """One reason for all of it, and nothing is left behind that would harm the next login."""
    browser, page = log_in(server, idp, FAILING[name])
    assert_beaten_off(server, browser, page, "decryption_failed")
    assert_user(server, idp, sealing("x25519"))


def without(name: str):
    def change(holder) -> None:
        (found,) = [e for e in holder.iter() if etree.QName(e).localname == name]
        found.getparent().remove(found)

    return change


def attribute(name: str, key: str, value: str):
    def change(holder) -> None:
        next(e for e in holder.iter() if etree.QName(e).localname == name).set(key, value)

    return change


def beside(holder) -> None:
    info = next(holder.iter(f"{DS}KeyInfo"))
    info.append(etree.fromstring(encrypted_key(bytes(32), SP["p384"], 0, Encryption())))


def outside(holder) -> None:
    holder.append(etree.fromstring(encrypted_key(bytes(32), rsa_credential("sp"), 0, Encryption())))


def twice(holder) -> None:
    method = next(holder.iter(AGREEMENT_METHOD))
    method.addnext(etree.fromstring(etree.tostring(method)))


BROKEN = {
    "no KeyDerivationMethod": (without("KeyDerivationMethod"), "encryption_structure"),
    "no ConcatKDFParams": (without("ConcatKDFParams"), "encryption_structure"),
    "no DigestMethod": (without("DigestMethod"), "encryption_structure"),
    "no OriginatorKeyInfo": (without("OriginatorKeyInfo"), "encryption_structure"),
    "no AgreementMethod": (without("AgreementMethod"), "encryption_structure"),
    "an EncryptedKey, too": (beside, "encryption_structure"),
    "an EncryptedKey beside": (outside, "encryption_structure"),
    "two AgreementMethods": (twice, "encryption_structure"),
    "half an octet": (attribute("ConcatKDFParams", "PartyUInfo", "001"), "encryption_structure"),
    "bits": (attribute("ConcatKDFParams", "PartyUInfo", "03D8"), "encryption_structure"),
    "sha1": (attribute("DigestMethod", "Algorithm", f"{NS['ds']}sha1"), "encryption_algorithm"),
    "ECDH-ES": (attribute("AgreementMethod", "Algorithm", ECDH_ES), "encryption_algorithm"),
    "dh": (attribute("AgreementMethod", "Algorithm", f"{XENC}dh"), "encryption_algorithm"),
    "pbkdf2": (
        attribute("KeyDerivationMethod", "Algorithm", "http://www.w3.org/2009/xmlenc11#pbkdf2"),
        "encryption_algorithm",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_as_it_must_be(server, idp, name):
    change, reason = BROKEN[name]
    browser, page = log_in(server, idp, lambda document: change(sealing("x25519", AGREED)(document)))
    assert_beaten_off(server, browser, page, reason)


def test_failures_are_rationed_as_others_are(server, idp):
    """A stranger can agree on a key with ours as often as they like."""
    forged = Answer(sign=None)
    codes = []
    for _ in range(30):
        _, page = log_in(server, idp, sealing("x25519", AGREED), answer=forged)
        codes.append(page.status)
        if page.status == 503:
            assert_refused(server, page, "decryption_limit")
            break
    assert codes[-1] == 503 and set(codes[:-1]) == {403}, codes


KEYS_OF_OTHERS = {
    "other.key": x25519_credential("other").key_pem,
    "ec.key": ec_credential("ec").key_pem,
}
MISTAKES = {
    "nothing that signs": ("certificate x25519.crt; certificate_key x25519.key;", "x25519.key", "signs nothing"),
    "another x25519 key": ("certificate p256.crt; certificate_key p256.key; certificate x25519.crt; certificate_key other.key;", "other.key", "is not the key of certificate"),
    "an ec key": ("certificate x25519.crt; certificate_key ec.key;", "ec.key", "is not the key of certificate"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_pairs_that_cannot_be(prepared, name):
    lines, *said = MISTAKES[name]
    good, output = prepared(site(keys=False, sp=lines), files=FILES | KEYS_OF_OTHERS).test()
    assert not good and all(words in output for words in said), output
