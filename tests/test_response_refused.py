"""Responses that must not get in: each is refused for its own reason."""

import pytest
from lxml import etree

from harness.idp import post_fields, sign
from harness.keys import rsa_credential
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(keys=False)

REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
AUTHN_FAILED = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"


def edit(path: str, change):
    """A knob that changes the element at `path` before it is signed."""

    def apply(document: etree._Element) -> None:
        change(document.find(path, NS))

    return apply


def drop(path: str):
    return edit(path, lambda element: element.getparent().remove(element))


def unset(path: str, name: str):
    return edit(path, lambda element: element.attrib.pop(name))


def put(path: str, name: str, value: str):
    return edit(path, lambda element: element.set(name, value))


def append(path: str, xml: str):
    return edit(path, lambda element: element.append(etree.fromstring(xml)))


def change_after_signing(path: str, text: str):
    def apply(document: etree._Element) -> None:
        document.find(path, NS).text = text

    return apply


def second_assertion(document: etree._Element) -> None:
    assertion = document.find("saml:Assertion", NS)
    other = etree.fromstring(etree.tostring(assertion))
    other.set("ID", "_other")
    document.append(other)


def cut_signature(document: etree._Element) -> None:
    value = document.find(".//ds:SignatureValue", NS)
    value.text = ("A" if value.text[0] != "A" else "B") + value.text[1:]


def sign_with_sha1(document: etree._Element) -> etree._Element:
    """`signxml` will not sign by SHA-1: name it in a message signed otherwise."""
    xml = etree.tostring(document).replace(
        b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        b"http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    )
    return etree.fromstring(xml)


def hmac(document: etree._Element) -> etree._Element:
    xml = etree.tostring(document).replace(
        b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
    )
    return etree.fromstring(xml)


CONDITION = (
    '<saml:Condition xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x" xsi:type="x:Unheard"/>'
)

REFUSED = {
    # signature
    "unsigned": (Answer(sign=None), "signature_missing"),
    "wrong key": (Answer(credential=rsa_credential("stranger")), "signature_invalid"),
    "wrong key, response": (
        Answer(sign="response", credential=rsa_credential("stranger")),
        "signature_invalid",
    ),
    "damaged signature": (Answer(after_signing=cut_signature), "signature_invalid"),
    "name changed": (
        Answer(after_signing=change_after_signing(".//saml:NameID", "mallory@example.org")),
        "digest_mismatch",
    ),
    "issuer of signed response changed": (
        Answer(sign="response", after_signing=change_after_signing("saml:Issuer", "x")),
        "digest_mismatch",
    ),
    "sha1": (Answer(after_signing=sign_with_sha1), "signature_algorithm"),
    "hmac by public key": (Answer(after_signing=hmac), "signature_algorithm"),
    # time
    "expired": (Answer(not_before=-600, not_on_or_after=-300), "assertion_expired"),
    "not yet valid": (Answer(not_before=300, not_on_or_after=600), "assertion_not_yet_valid"),
    "never valid": (Answer(not_before=30, not_on_or_after=-30), "assertion_never_valid"),
    "confirmation expired": (Answer(confirmation_not_on_or_after=-300), "confirmation_expired"),
    "confirmation without end": (
        Answer(confirmation_not_on_or_after=None),
        "confirmation_without_expiry",
    ),
    "confirmation not yet valid": (
        Answer(
            before_signing=put(
                ".//saml:SubjectConfirmationData", "NotBefore", "2099-01-01T00:00:00Z"
            )
        ),
        "confirmation_not_before",
    ),
    "issued in the future": (Answer(issue_instant=600), "issue_instant_future"),
    "logged in in the future": (Answer(authn_instant=600), "authn_instant_future"),
    "idp session over": (Answer(session_not_on_or_after=-300), "authn_session_expired"),
    "no date": (
        Answer(before_signing=put(".//saml:Conditions", "NotBefore", "soon")),
        "instant_invalid",
    ),
    # addressee
    "wrong audience": (Answer(audience="https://other.example.org"), "audience_mismatch"),
    "no audience": (Answer(audience=None), "audience_missing"),
    "wrong recipient": (Answer(recipient="https://other.example.org/acs"), "recipient_mismatch"),
    "no recipient": (Answer(recipient=None), "recipient_missing"),
    "wrong destination": (
        Answer(destination="https://other.example.org/acs"),
        "destination_mismatch",
    ),
    "signed, no destination": (Answer(sign="response", destination=None), "destination_missing"),
    # sender
    "wrong issuer": (Answer(issuer="https://other.example.org"), "issuer_mismatch"),
    "wrong response issuer": (
        Answer(response_issuer="https://other.example.org"),
        "issuer_mismatch",
    ),
    "no issuer": (
        Answer(sign="response", before_signing=drop("saml:Assertion/saml:Issuer")),
        "issuer_missing",
    ),
    # request
    "answers another request": (
        Answer(in_response_to="_0123456789abcdef0123456789abcdef"),
        "request_unknown",
    ),
    "confirmation answers another": (
        Answer(before_signing=put(".//saml:SubjectConfirmationData", "InResponseTo", "_x")),
        "in_response_to_mismatch",
    ),
    "confirmation answers none": (
        Answer(before_signing=unset(".//saml:SubjectConfirmationData", "InResponseTo")),
        "in_response_to_missing",
    ),
    # status and content
    "status": (
        Answer(status=RESPONDER, sub_status=AUTHN_FAILED, with_assertion=False, sign="response"),
        "status_not_success",
    ),
    "status, unsigned": (
        Answer(status=REQUESTER, with_assertion=False, sign=None),
        "status_not_success",
    ),
    "no assertion": (Answer(with_assertion=False, sign="response"), "assertion_missing"),
    "two assertions": (
        Answer(sign="response", before_signing=second_assertion),
        "assertion_multiple",
    ),
    "version": (Answer(version="1.1"), "version_unsupported"),
    "no subject": (Answer(before_signing=drop(".//saml:Subject")), "subject_missing"),
    "no name id": (Answer(before_signing=drop(".//saml:NameID")), "name_id_missing"),
    "empty name id": (Answer(name_id=""), "name_id_missing"),
    "no confirmation": (
        Answer(before_signing=drop(".//saml:SubjectConfirmation")),
        "confirmation_missing",
    ),
    "holder of key": (Answer(confirmation_method=HOLDER_OF_KEY), "confirmation_missing"),
    "no authn statement": (
        Answer(before_signing=drop(".//saml:AuthnStatement")),
        "authn_statement_missing",
    ),
    "unknown condition": (
        Answer(before_signing=append(".//saml:Conditions", CONDITION)),
        "condition_unknown",
    ),
    "no conditions": (Answer(before_signing=drop(".//saml:Conditions")), "audience_missing"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(nginx, idp, browser, name):
    answer, code = REFUSED[name]
    server = nginx(CONF)
    page = idp.login(browser, server.url("/page.html"), answer)
    line = assert_refused(server, page, code)
    assert "Set-Cookie" not in page.headers or "saml_session=" not in page.headers["Set-Cookie"]
    assert browser.get(server.url("/page.html")).status == 302
    for wrong in (answer.audience, answer.recipient, answer.destination, answer.issuer):
        assert not wrong or wrong in line, "the log names the value that disagrees"


def test_signature_of_another_message(nginx, idp, browser):
    """A Signature that fits another assertion of the same IdP."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    other = etree.fromstring(idp.response(request))
    document = etree.fromstring(
        idp.response(request, Answer(sign=None, name_id="mallory@example.org"))
    )
    signature = other.find(".//ds:Signature", NS)
    document.find("saml:Assertion/saml:Issuer", NS).addnext(signature)
    page = browser.post(request.acs_url, post_fields(etree.tostring(document), request.relay_state))
    assert page.status >= 400
    assert browser.get(server.url("/page.html")).status == 302


def test_signature_over_something_else(nginx, idp, browser):
    """Only a part of the assertion is signed."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    document = etree.fromstring(idp.response(request, Answer(sign=None)))
    advice = etree.fromstring(
        '<saml:Advice xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_advice">'
        "<saml:Issuer>x</saml:Issuer></saml:Advice>"
    )
    document.find(".//saml:Conditions", NS).addnext(sign(advice, idp.credential))
    page = browser.post(request.acs_url, post_fields(etree.tostring(document), request.relay_state))
    assert page.status >= 400
    assert browser.get(server.url("/page.html")).status == 302
