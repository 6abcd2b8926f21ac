"""Encrypted assertions, identifiers and attributes: each algorithm and shape, and each wrong one."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from harness.attack import assert_beaten_off
from harness.browser import Browser, Page
from harness.encrypt import OAEP, OAEP_MGF1P, RSA_1_5, Encryption, encrypt, encrypt_by_xmlsec1
from harness.idp import post_fields, sign
from harness.keys import certified, ed25519_credential, rsa_credential
from harness.listener import Listener
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    idp="@IDP@",
    sp="""
        certificate next.crt;
        certificate_key next.key;
    """,
    location="add_header X-User $saml_name_id; add_header X-Mail $saml_attr_mail;",
)
SP, NEXT, STRANGER = rsa_credential("sp"), rsa_credential("next"), rsa_credential("stranger")
FILES = {"next.crt": NEXT.certificate_pem, "next.key": NEXT.key_pem}
MAIL = [Attribute("mail", ["alice@mail.example.org"])]
GCM, CBC = Encryption("aes128-gcm"), Encryption("aes128-cbc")


class Lab:
    """An nginx, an IdP that encrypts, and a browser."""

    def __init__(self, server, idp, browser):
        self.server, self.idp, self.browser = server, idp, browser

    def post(self, make, answer=Answer(), outside=False) -> Page:
        """`make` alters the Response (inner signatures are there); `outside` signs it afterwards."""
        request = self.idp.asked(self.browser.get(self.server.url("/page.html")))
        document = etree.fromstring(self.idp.response(request, answer))
        changed = make(document)
        document = document if changed is None else changed
        if outside:
            document = sign(document, self.idp.credential)
        return self.browser.post(
            request.acs_url, post_fields(etree.tostring(document), request.relay_state)
        )

    def user(self, page: Page) -> str:
        assert page.status == 303, page.text + self.server.error_log()
        protected = self.browser.get(page.location)
        assert protected.headers["X-Mail"] == "alice@mail.example.org"
        return protected.headers["X-User"]


@pytest.fixture
def lab(nginx, idp, browser):
    return lambda more="": Lab(nginx(CONF, files=FILES, IDP=more), idp, browser)


def assertion(*recipients, how=GCM):
    def change(document) -> None:
        encrypt(document.find("saml:Assertion", NS), *recipients, how=how)

    return change


OAEPS = {
    "mgf1p": {},
    "mgf1p sha1": {"digest": "sha1"},
    "mgf1p sha256": {"digest": "sha256"},
    "xmlenc11": {"transport": OAEP},
    "xmlenc11 sha256": {"transport": OAEP, "digest": "sha256", "mgf": "sha256"},
    "xmlenc11 sha512 mgf sha1": {"transport": OAEP, "digest": "sha512", "mgf": "sha1"},
    "xmlenc11 sha384": {"transport": OAEP, "digest": "sha384", "mgf": "sha384"},
    "xmlenc11 sha512": {"transport": OAEP, "digest": "sha512", "mgf": "sha512"},
    "xmlenc11 sha1 mgf sha256": {"transport": OAEP, "mgf": "sha256"},
}


@pytest.mark.parametrize("oaep", OAEPS)
@pytest.mark.parametrize(
    "content", ["aes128-gcm", "aes192-gcm", "aes256-gcm", "aes128-cbc", "aes192-cbc", "aes256-cbc"]
)
def test_algorithms(lab, content, oaep):
    lab = lab()
    how = Encryption(content, **OAEPS[oaep])
    page = lab.post(assertion(SP, how=how), Answer(attributes=MAIL), outside=True)
    assert lab.user(page) == "alice@example.org"


@pytest.mark.smoke
@pytest.mark.parametrize("content", ["aes128-cbc", "aes256-cbc", "aes128-gcm", "aes256-gcm"])
def test_xmlsec1_encrypts(lab, tmp_path, content):
    lab = lab()

    def by_tool(document):
        found = document.find("saml:Assertion", NS)
        encrypt_by_xmlsec1(found, SP, tmp_path, content, OAEP_MGF1P)

    page = lab.post(by_tool, Answer(attributes=MAIL), outside=True)
    assert lab.user(page) == "alice@example.org"


@pytest.mark.parametrize("signed", ["inside", "outside", "both"])
@pytest.mark.parametrize("place", ["inside", "beside", "retrieval"])
def test_shapes(lab, signed, place):
    lab = lab()
    answer = Answer(sign=None if signed == "outside" else "assertion", attributes=MAIL)
    change = assertion(SP, how=Encryption(place=place))
    page = lab.post(change, answer, outside=signed != "inside")
    assert lab.user(page) == "alice@example.org"


@pytest.mark.parametrize("recipients", [(NEXT,), (STRANGER, SP), (SP, NEXT)])
@pytest.mark.parametrize("place", ["inside", "beside"])
def test_rollover(lab, recipients, place):
    """The second certificate, or one of several recipients."""
    lab = lab()
    how = Encryption(place=place)
    page = lab.post(assertion(*recipients, how=how), Answer(attributes=MAIL))
    assert lab.user(page) == "alice@example.org"


def test_prefixes_bound_outside_the_ciphertext(lab):
    """The plaintext uses `saml` and `xs` of the Response around it."""
    lab = lab()

    def bare(document):
        found = document.find("saml:Assertion", NS)
        xml = etree.tostring(found, with_tail=False)
        head, _, rest = xml.partition(b">")
        bare_head = b" ".join(w for w in head.split(b" ") if not w.startswith(b"xmlns:"))
        encrypt(found, SP, octets=bare_head + b">" + rest)

    page = lab.post(bare, Answer(sign=None, attributes=MAIL), outside=True)
    assert lab.user(page) == "alice@example.org"


def test_the_plaintext_begins_with_a_declaration_and_a_line_break(lab):
    lab = lab()

    def padded(document):
        found = document.find("saml:Assertion", NS)
        xml = etree.tostring(found, with_tail=False)
        encrypt(found, SP, octets=b'<?xml version="1.0" encoding="UTF-8"?>\n' + xml + b"\n")

    page = lab.post(padded, Answer(attributes=MAIL))
    assert lab.user(page) == "alice@example.org"


def encrypt_inside(path: str, how=GCM):
    def change(document) -> None:
        encrypt(document.find(f".//saml:{path}", NS), SP, how=how)

    return change


@pytest.mark.parametrize("how", [GCM, CBC], ids=["gcm", "cbc"])
@pytest.mark.parametrize("paths", [["NameID"], ["Attribute"], ["NameID", "Attribute"]])
def test_encrypted_id_and_attribute(lab, paths, how):
    """Under the signature of the Assertion, which covers the ciphertext."""

    def change(document):
        for path in paths:
            encrypt_inside(path, how)(document)

    lab = lab()
    page = lab.post(lambda d: None, Answer(before_signing=change, attributes=MAIL))
    assert lab.user(page) == "alice@example.org"


def test_encrypted_id_in_an_encrypted_assertion(lab):
    lab = lab()
    answer = Answer(before_signing=encrypt_inside("NameID"), attributes=MAIL)
    assert lab.user(lab.post(assertion(SP), answer)) == "alice@example.org"


def test_want_encrypted(lab):
    lab = lab("want_encrypted on;")
    page = lab.post(lambda d: None)
    assert_refused(lab.server, page, "assertion_not_encrypted")
    page = lab.post(lambda d: None, Answer(before_signing=encrypt_inside("NameID")))
    assert_refused(lab.server, page, "assertion_not_encrypted")
    assert lab.user(lab.post(assertion(SP), Answer(attributes=MAIL))) == "alice@example.org"


def test_unsigned(lab):
    """Anybody can encrypt for us: a ciphertext proves nothing."""
    lab = lab("allow_weak cbc;")
    for how, code in ((GCM, "signature_missing"), (CBC, "decryption_failed")):
        page = lab.post(assertion(SP, how=how), Answer(sign=None))
        assert_beaten_off(lab.server, lab.browser, page, code)


def test_unsigned_id(lab):
    """An EncryptedID put into a signed Assertion by somebody else."""
    lab = lab()
    page = lab.post(encrypt_inside("NameID"))
    assert_beaten_off(lab.server, lab.browser, page, "digest_mismatch")


def test_signed_by_a_stranger_inside(lab):
    lab = lab()
    page = lab.post(assertion(SP), Answer(credential=STRANGER))
    assert_beaten_off(lab.server, lab.browser, page, "signature_invalid")


def test_signed_by_a_stranger_inside_and_the_idp_outside(lab):
    """A signature that is there must be valid."""
    lab = lab()
    page = lab.post(assertion(SP), Answer(credential=STRANGER), outside=True)
    assert_beaten_off(lab.server, lab.browser, page, "signature_invalid")


def test_cbc_without_a_signature_around_it(lab):
    plain, weak = lab(), lab("allow_weak cbc;")
    page = plain.post(assertion(SP, how=CBC))
    assert_beaten_off(plain.server, plain.browser, page, "encryption_cbc_unsigned")
    page = weak.post(assertion(SP, how=CBC), Answer(attributes=MAIL))
    assert weak.user(page) == "alice@example.org"


WEAK = {
    "rsa1_5": Encryption(transport=RSA_1_5),
    "3des": Encryption("3des"),
}


@pytest.mark.parametrize("name", WEAK)
def test_weak(lab, name):
    plain, weak = lab(), lab(f"allow_weak {name};")
    change = assertion(SP, how=WEAK[name])
    page = plain.post(change, outside=True)
    assert_beaten_off(plain.server, plain.browser, page, "encryption_algorithm")
    page = weak.post(change, Answer(attributes=MAIL), outside=True)
    assert weak.user(page) == "alice@example.org"


def test_for_somebody_else(lab):
    lab = lab()
    page = lab.post(assertion(STRANGER))
    assert_beaten_off(lab.server, lab.browser, page, "decryption_failed")


def one_key(nginx, idp, browser, credential, more: str = "") -> Lab:
    """An SP with this key alone."""
    conf = CONF.replace("certificate next.crt;", "").replace("certificate_key next.key;", "")
    files = {"sp.crt": credential.certificate_pem, "sp.key": credential.key_pem}
    return Lab(nginx(conf, files=files, IDP=more), idp, browser)


def test_an_sp_whose_key_only_signs(nginx, idp, browser):
    """The one attack-like message whose refusal blames this SP, with 500."""
    lab = one_key(nginx, idp, browser, ed25519_credential("sp"))
    page = lab.post(assertion(STRANGER))
    assert page.status == 500
    assert_refused(lab.server, page, "decryption_key_missing")


EC = {
    "p256": certified(ec.generate_private_key(ec.SECP256R1()), "sp"),
    "p384": certified(ec.generate_private_key(ec.SECP384R1()), "sp"),
    "p521": certified(ec.generate_private_key(ec.SECP521R1()), "sp"),
}
AGREEMENTS = [
    Encryption("aes256-gcm"),
    Encryption("aes128-gcm", kdf="sha384", wrap=192),
    Encryption("aes192-gcm", kdf="sha512", wrap=128),
    Encryption("aes128-gcm", kdf="sha3-256"),
    Encryption("aes128-gcm", place="beside"),
    Encryption("aes128-gcm", place="retrieval"),
]


@pytest.mark.parametrize("key", EC)
def test_an_ec_key_alone(nginx, idp, browser, key):
    """ECDH-ES, ConcatKDF and AES Key Wrap of the `cryptography` package."""
    lab = one_key(nginx, idp, browser, EC[key], "encryption require;")
    for how in AGREEMENTS:
        page = lab.post(assertion(EC[key], how=how), Answer(attributes=MAIL))
        assert lab.user(page) == "alice@example.org"
        lab.browser.session.cookies.clear()
    cbc = assertion(EC[key], how=CBC)
    assert_refused(lab.server, lab.post(cbc), "encryption_cbc_unsigned")
    page = lab.post(cbc, Answer(sign=None, attributes=MAIL), outside=True)
    assert lab.user(page) == "alice@example.org"


def test_an_ec_key_beside_an_rsa_key(nginx, idp, browser):
    """Each opens what is for it, whichever stands first."""
    files = {"next.crt": EC["p256"].certificate_pem, "next.key": EC["p256"].key_pem}
    lab = Lab(nginx(CONF, files=files, IDP=""), idp, browser)
    for recipients in ((EC["p256"],), (SP,), (STRANGER, EC["p256"]), (EC["p384"], SP)):
        page = lab.post(assertion(*recipients), Answer(attributes=MAIL))
        assert lab.user(page) == "alice@example.org"
        lab.browser.session.cookies.clear()
    page = lab.post(assertion(EC["p384"]))
    assert_beaten_off(lab.server, lab.browser, page, "decryption_failed")


XENC = "{http://www.w3.org/2001/04/xmlenc#}"


def cipher_reference(where: int):
    """SSRF by CipherReference: in EncryptedData's CipherData, or in EncryptedKey's."""

    def change(document, url):
        encrypt(document.find("saml:Assertion", NS), SP)
        data = [e for e in document.iter(f"{XENC}CipherData")][where]
        data.remove(data[0])
        etree.SubElement(data, f"{XENC}CipherReference", URI=f"{url}/cipher")

    return change


def retrieval(document, url):
    encrypt(document.find("saml:Assertion", NS), SP, how=Encryption(place="retrieval"))
    next(document.iter(f"{{{NS['ds']}}}RetrievalMethod")).set("URI", f"{url}/key")


def key_info_reference(document, url):
    encrypt(document.find("saml:Assertion", NS), SP, how=Encryption(place="beside"))
    info = next(document.iter(f"{{{NS['ds']}}}KeyInfo"))
    etree.SubElement(info, f"{{{NS['ds']}}}RetrievalMethod", URI=f"file://{url}")


@pytest.mark.parametrize(
    "change",
    [cipher_reference(0), cipher_reference(1), retrieval, key_info_reference],
    ids=["key's CipherReference", "data's CipherReference", "RetrievalMethod", "file"],
)
@pytest.mark.parametrize("outside", [False, True])
def test_nothing_is_dereferenced(lab, change, outside):
    lab, listener = lab(), Listener()
    page = lab.post(lambda document: change(document, listener.url), outside=outside)
    assert_beaten_off(lab.server, lab.browser, page, "encryption_structure")
    listener.stop()
    assert listener.hits == []


def many_keys(document):
    encrypt(document.find("saml:Assertion", NS), *[SP] * 100)


def two_data(document):
    holder = encrypt(document.find("saml:Assertion", NS), SP)
    holder.append(etree.fromstring(etree.tostring(holder[0])))
    holder[1].set("Id", "_second")


def empty_holder(document):
    holder = encrypt(document.find("saml:Assertion", NS), SP)
    holder.clear()


def both_forms(document):
    found = document.find("saml:Assertion", NS)
    clear = etree.fromstring(etree.tostring(found))
    encrypt(found, SP).addnext(clear)


def two_encrypted(document):
    holder = encrypt(document.find("saml:Assertion", NS), SP)
    copy = etree.fromstring(etree.tostring(holder))
    copy[0].set("Id", "_second")
    holder.addnext(copy)


def name_id_for_assertion(document):
    found = document.find("saml:Assertion", NS)
    encrypt(found, SP, octets=etree.tostring(found.find(".//saml:NameID", NS), with_tail=False))


def response_inside(document):
    encrypt(document.find("saml:Assertion", NS), SP, octets=etree.tostring(document))


def two_elements(document):
    found = document.find("saml:Assertion", NS)
    encrypt(found, SP, octets=etree.tostring(found, with_tail=False) * 2)


def doctype_inside(document):
    found = document.find("saml:Assertion", NS)
    xml = etree.tostring(found, with_tail=False)
    encrypt(found, SP, octets=b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + xml)


def encrypted_twice(document):
    encrypt(document.find("saml:Assertion", NS), SP)
    holder = document.find("saml:EncryptedAssertion", NS)
    inner = etree.tostring(holder, with_tail=False)
    assertion = etree.SubElement(document, f"{{{NS['saml']}}}Assertion")
    document.remove(holder)
    encrypt(assertion, SP, octets=inner)


def empty_cipher(document):
    encrypt(document.find("saml:Assertion", NS), SP)
    for value in document.iter(f"{XENC}CipherValue"):
        value.text = ""


def short_cipher(document):
    encrypt(document.find("saml:Assertion", NS), SP)
    [*document.iter(f"{XENC}CipherValue")][1].text = base64.b64encode(b"x" * 12).decode()


HOSTILE = [
    many_keys,
    two_data,
    empty_holder,
    both_forms,
    two_encrypted,
    name_id_for_assertion,
    response_inside,
    two_elements,
    doctype_inside,
    encrypted_twice,
    empty_cipher,
    short_cipher,
]


@pytest.mark.parametrize("outside", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("change", HOSTILE)
def test_hostile_shape(lab, change, outside):
    lab = lab()
    page = lab.post(change, outside=outside)
    assert_beaten_off(lab.server, lab.browser, page)


def test_metadata_offers_the_keys_for_encryption(nginx):
    server = nginx(CONF, files=FILES, IDP="encryption offer;")
    root = etree.fromstring(Browser().read(server.url("/saml/metadata")).text.encode())
    offered = [
        "".join(key.findtext(".//ds:X509Certificate", namespaces=NS).split())
        for key in root.iter(f"{{{NS['md']}}}KeyDescriptor")
        if key.get("use") in ("encryption", None)
    ]
    for credential in (SP, NEXT):
        assert credential.certificate_base64 in offered
