"""XML signature wrapping: a validly signed part moved aside, a forged one in its place.

The eight arrangements of "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012), and
some of Extensions, Object and duplicate IDs. None may log anybody in as somebody the IdP did not name.
"""

import copy

import pytest
from lxml import etree

from harness.attack import assert_beaten_off
from harness.idp import post_fields
from harness.message import NS
from harness.response import Answer
from harness.site import site

CONF = site(keys=False, location="add_header X-User $saml_name_id;")

SIGNATURE = f"{{{NS['ds']}}}Signature"
OBJECT = f"{{{NS['ds']}}}Object"
EXTENSIONS = f"{{{NS['samlp']}}}Extensions"


def forged(element: etree._Element, keep_signature: bool = False) -> etree._Element:
    """A copy that names another user, under another ID."""
    copied = copy.deepcopy(element)
    copied.set("ID", "_forged")
    copied.find(".//saml:NameID", NS).text = "admin@example.org"
    if not keep_signature:
        for signature in copied.findall("ds:Signature", NS):
            copied.remove(signature)
    return copied


def assertion_of(document):
    return document.find("saml:Assertion", NS)


def xsw1(document):
    """The signed Response inside the Signature's Object of a forged Response."""
    evil = forged(document)
    original = copy.deepcopy(document)
    signature = original.find("ds:Signature", NS)
    original.remove(signature)
    evil.find("saml:Issuer", NS).addnext(signature)
    etree.SubElement(signature, OBJECT).append(original)
    return evil


def xsw2(document):
    """The signed Response before a detached Signature in a forged Response."""
    evil = forged(document)
    original = copy.deepcopy(document)
    signature = original.find("ds:Signature", NS)
    original.remove(signature)
    evil.find("saml:Issuer", NS).addnext(signature)
    signature.addprevious(original)
    return evil


def xsw3(document):
    """A forged Assertion before the signed one."""
    assertion_of(document).addprevious(forged(assertion_of(document)))


def xsw4(document):
    """The signed Assertion inside a forged one."""
    original = assertion_of(document)
    evil = forged(original)
    document.replace(original, evil)
    evil.append(original)


def xsw5(document):
    """A forged Assertion takes the Signature, the signed one goes to the end."""
    original = assertion_of(document)
    evil = forged(original)
    signature = original.find("ds:Signature", NS)
    original.remove(signature)
    evil.find("saml:Issuer", NS).addnext(signature)
    original.addprevious(evil)


def xsw6(document):
    """The signed Assertion inside the Signature that a forged one carries."""
    original = assertion_of(document)
    evil = forged(original)
    signature = original.find("ds:Signature", NS)
    original.remove(signature)
    document.replace(original, evil)
    evil.find("saml:Issuer", NS).addnext(signature)
    signature.append(original)


def xsw7(document):
    """A forged Assertion inside Extensions, with the ID of the signed one."""
    evil = forged(assertion_of(document))
    evil.set("ID", assertion_of(document).get("ID"))
    extensions = etree.Element(EXTENSIONS)
    extensions.append(evil)
    document.find("samlp:Status", NS).addprevious(extensions)


def xsw8(document):
    """The signed Assertion inside Object, in the Signature that a forged one carries."""
    original = assertion_of(document)
    evil = forged(original)
    signature = original.find("ds:Signature", NS)
    original.remove(signature)
    document.replace(original, evil)
    evil.find("saml:Issuer", NS).addnext(signature)
    etree.SubElement(signature, OBJECT).append(original)


def in_extensions(document):
    """The signed Assertion in Extensions, a forged one in its place."""
    original = assertion_of(document)
    document.replace(original, forged(original))
    extensions = etree.Element(EXTENSIONS)
    extensions.append(original)
    document.find("samlp:Status", NS).addprevious(extensions)


def in_foreign_extension(document):
    """The same, below an element that nobody knows."""
    in_extensions(document)
    extensions = document.find("samlp:Extensions", NS)
    foreign = etree.SubElement(extensions, "{urn:example:x}Any")
    foreign.append(assertion_of(extensions))


def in_object_of_its_own_signature(document):
    """The signed Response in the Object of the Signature of the forged one, its ID kept."""
    evil = xsw1(document)
    evil.set("ID", document.get("ID"))
    return evil


def in_encrypted_assertion(document):
    """The signed Assertion, in the clear, in the place of a ciphertext."""
    original = assertion_of(document)
    document.replace(original, forged(original))
    holder = etree.SubElement(document, f"{{{NS['saml']}}}EncryptedAssertion")
    holder.append(original)


def same_id(document):
    """A forged Assertion that has the ID and a copy of the Signature."""
    original = assertion_of(document)
    evil = forged(original, keep_signature=True)
    evil.set("ID", original.get("ID"))
    original.addprevious(evil)


def in_status_detail(document):
    """The signed Assertion in StatusDetail, a forged one in its place."""
    original = assertion_of(document)
    evil = forged(original)
    document.replace(original, evil)
    detail = etree.SubElement(document.find("samlp:Status", NS), f"{{{NS['samlp']}}}StatusDetail")
    detail.append(original)


def in_advice(document):
    """The signed Assertion as Advice of a forged one."""
    original = assertion_of(document)
    evil = forged(original)
    document.replace(original, evil)
    advice = etree.Element(f"{{{NS['saml']}}}Advice")
    advice.append(original)
    evil.find("saml:Conditions", NS).addnext(advice)


def two_signatures(document):
    """A second Reference to a forged Assertion cannot be signed; a second Signature is refused."""
    original = assertion_of(document)
    signature = copy.deepcopy(original.find("ds:Signature", NS))
    original.find("ds:Signature", NS).addnext(signature)


ATTACKS = {
    "response": [xsw1, xsw2, in_object_of_its_own_signature],
    "assertion": [
        xsw3,
        xsw4,
        xsw5,
        xsw6,
        xsw7,
        xsw8,
        in_extensions,
        in_foreign_extension,
        in_encrypted_assertion,
        same_id,
        in_status_detail,
        in_advice,
        two_signatures,
    ],
}


@pytest.mark.parametrize(
    "signed, attack",
    [(signed, attack) for signed, attacks in ATTACKS.items() for attack in attacks],
)
def test_wrapped(nginx, idp, browser, signed, attack):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    document = etree.fromstring(idp.response(request, Answer(sign=signed)))
    evil = attack(document)
    message = etree.tostring(document if evil is None else evil)
    page = browser.post(request.acs_url, post_fields(message, request.relay_state))
    assert_beaten_off(server, browser, page)
