"""No padding oracle: "How to Break XML Encryption" (CCS 2011), Bleichenbacher (CRYPTO 1998).

Whoever holds a ciphertext may send it back altered and look at the answers. They are all the same.
"""

import base64
import re
import time

import pytest
from lxml import etree

from harness.browser import Browser
from harness.encrypt import OAEP_MGF1P, RSA_1_5, Encryption, encrypt
from harness.idp import post_fields, sign
from harness.keys import rsa_credential, x25519_credential
from harness.message import NS
from harness.response import Answer
from harness.site import site

CONF = site(
    idp="allow_weak cbc rsa1_5;",
    sp="certificate agrees.crt; certificate_key agrees.key;",
)
SP, AGREES = rsa_credential("sp"), x25519_credential("agrees")
FILES = {"agrees.crt": AGREES.certificate_pem, "agrees.key": AGREES.key_pem}
VALUE = "{http://www.w3.org/2001/04/xmlenc#}CipherValue"
KEY, DATA = 0, 1
ONLY = 0  # where there is no EncryptedKey


def tampered(document: etree._Element, which: int, place: int, value: int) -> bytes:
    """The message with the octet at `place` of one CipherValue changed by `value`."""
    copy = etree.fromstring(etree.tostring(document))
    element = [*copy.iter(VALUE)][which]
    octets = bytearray(base64.b64decode(element.text))
    octets[place] ^= value
    element.text = base64.b64encode(octets).decode()
    return etree.tostring(copy)


def observed(server, page) -> tuple:
    """All that an attacker, or a reader of the log, can tell apart."""
    page_text = re.sub(r"<code>_?[0-9a-f]{16,}</code>|<time.*?</time>", "", page.text)
    line = [line for line in server.error_log().splitlines() if " saml: " in line][-1]
    said = re.sub(r", request id: .*", "", line.partition(" saml: ")[2])
    names = tuple(sorted(name for name in page.headers if name != "Date"))
    length = page.headers.get("Content-Length")
    return page.status, page_text, said, names, length, len(page.set_cookie)


def patient_post(browser: Browser, url: str, form: dict):
    """An attacker has many addresses and time: what is refused untried is sent again."""
    while (page := browser.post(url, form)).status == 503:
        time.sleep(0.2)
    return page


EVERY, SOME = range(1, 256), [1 << n for n in range(8)]
CASES = {
    # The octet before the last block's: it alone decides what the padding's length is.
    "padding length, cbc": (Encryption("aes128-cbc"), DATA, -17, EVERY),
    "padding length, cbc 256": (Encryption("aes256-cbc"), DATA, -17, SOME),
    "last octet, cbc": (Encryption("aes128-cbc"), DATA, -1, EVERY),
    "first octet of the plaintext, cbc": (Encryption("aes128-cbc"), DATA, 0, SOME),
    "tag, gcm": (Encryption("aes128-gcm"), DATA, -1, SOME),
    "key, oaep": (Encryption("aes128-gcm", OAEP_MGF1P), KEY, -1, SOME),
    "key, oaep, cbc": (Encryption("aes128-cbc", OAEP_MGF1P), KEY, 0, SOME),
    "key, pkcs 1, cbc": (Encryption("aes128-cbc", RSA_1_5), KEY, 5, SOME),
    "key, pkcs 1, gcm": (Encryption("aes128-gcm", RSA_1_5), KEY, 5, SOME),
    "padding length, agreed on": (Encryption("aes128-cbc", place="agreement"), ONLY, -17, EVERY),
    "last octet, agreed on": (Encryption("aes128-cbc", place="agreement"), ONLY, -1, SOME),
    "tag, agreed on": (Encryption("aes128-gcm", place="agreement"), ONLY, -1, SOME),
}


@pytest.mark.parametrize("name", CASES)
def test_one_answer(nginx, idp, name):
    how, which, place, values = CASES[name]
    server, browser = nginx(CONF, files=FILES), Browser()
    request = idp.asked(browser.get(server.url("/page.html")))
    document = etree.fromstring(idp.response(request, Answer()))
    recipient = AGREES if how.place == "agreement" else SP
    encrypt(document.find("saml:Assertion", NS), recipient, how=how)
    seen = set()
    for number, value in enumerate(values):
        message = tampered(document, which, place, value)
        browser.at(f"127.0.1.{1 + number // 15}")
        page = patient_post(browser, request.acs_url, post_fields(message, request.relay_state))
        assert page.status == 403
        seen.add(observed(server, page))
    assert len(seen) == 1, seen
    assert next(iter(seen))[2].startswith("decryption_failed: ")
    untouched = post_fields(etree.tostring(document), request.relay_state)
    assert patient_post(browser, request.acs_url, untouched).status == 303


def test_under_a_signature_nothing_is_decrypted(nginx, idp, browser):
    """Altered ciphertext inside a signed Response never meets the key."""
    server = nginx(CONF, files=FILES)
    request = idp.asked(browser.get(server.url("/page.html")))
    document = etree.fromstring(idp.response(request, Answer(sign=None)))
    encrypt(
        document.find("saml:Assertion", NS),
        rsa_credential("sp"),
        how=Encryption("aes128-cbc", RSA_1_5),
    )
    document = sign(document, idp.credential)
    for which, place in ((KEY, 3), (DATA, -1), (DATA, -17)):
        message = tampered(document, which, place, 1)
        page = browser.post(request.acs_url, post_fields(message, request.relay_state))
        assert page.status == 403 and "digest_mismatch" in page.text
