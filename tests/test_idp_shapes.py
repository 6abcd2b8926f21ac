"""Shapes that real IdPs send: each is accepted, with the right name and attributes."""

import base64
import datetime
import re
import textwrap
import zlib
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from harness.browser import Browser
from harness.dsig import canonical, sign_assertion, signed_by_hand
from harness.idp import Idp, sign
from harness.keys import rsa_credential
from harness.message import NS
from harness.response import URI, Answer, Attribute
from harness.site import site

CONF = site(
    keys=False,
    sp='attribute_separator "|";',
    location="add_header X-User $saml_name_id; add_header X-Format $saml_name_id_format;"
    " add_header X-Groups $saml_attr_groups;",
)
IDP, STRANGER = rsa_credential("idp"), rsa_credential("stranger")
SAML, DS = NS["saml"], NS["ds"]
GROUPS = [Attribute("groups", ["staff", "admins"])]
UNSIGNED = Answer(sign=None, attributes=GROUPS)
SIGNED = Answer(attributes=GROUPS)
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
OTHER_CONFIRMATION = """<saml:SubjectConfirmation xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"\
 Method="{}"><saml:SubjectConfirmationData Recipient="https://other.example.org/acs"\
 NotOnOrAfter="2001-01-01T00:00:00Z"/></saml:SubjectConfirmation>"""


def posted(xml: bytes, request) -> str:
    return urlencode(
        {"SAMLResponse": base64.b64encode(xml).decode(), "RelayState": request.relay_state}
    )


class Shape:
    """`answer`, then `change` of the unsigned document, then `text` of the octets, then `body`."""

    def __init__(self, answer=SIGNED, change=None, text=None, body=posted, groups="staff|admins"):
        self.answer, self.change, self.text = answer, change, text
        self.body, self.groups = body, groups

    def message(self, idp, request) -> bytes:
        document = etree.fromstring(idp.response(request, self.answer))
        changed = self.change(document) if self.change else None
        xml = etree.tostring(document) if changed is None else changed
        xml = xml if isinstance(xml, bytes) else etree.tostring(xml)
        return self.text(xml) if self.text else xml


def before(change, groups="staff|admins", sign="assertion") -> Shape:
    """The IdP signs what `change` has made of the plain Response."""
    return Shape(Answer(sign=sign, attributes=GROUPS, before_signing=change), groups=groups)


def text(change) -> Shape:
    return Shape(text=change)


def by_hand(**knobs) -> Shape:
    return Shape(UNSIGNED, lambda document: sign_assertion(document, IDP, **knobs))


def rewritten(change, sign_response=False) -> Shape:
    """Changes the text of the unsigned Response, then signs."""

    def whole(document):
        document = etree.fromstring(change(etree.tostring(document)))
        if sign_response:
            return sign(document, IDP)
        sign_assertion(document, IDP)
        return document

    return Shape(UNSIGNED, whole)


def attributes(xml: str, groups: str) -> Shape:
    """Another AttributeStatement."""

    def change(document):
        statement = document.find(".//saml:AttributeStatement", NS)
        name = "saml:AttributeStatement"
        new = etree.fromstring(f'<{name} xmlns:saml="{SAML}">{xml}</{name}>')
        statement.getparent().replace(statement, new)

    return before(change, groups)


def value(inner: str, more: str = "") -> str:
    return f'<saml:Attribute Name="groups"{more}>{inner}</saml:Attribute>'


def prefixes(protocol: str, assertion: str):
    """Renames the prefixes; "" is the default namespace."""

    def change(xml: bytes) -> bytes:
        for old, new in (("samlp", protocol), ("saml", assertion)):
            declared, colon = (f"xmlns:{new}=", f"{new}:") if new else ("xmlns=", "")
            xml = xml.replace(f"xmlns:{old}=".encode(), declared.encode())
            for opening in ("<", "</"):
                xml = xml.replace(f"{opening}{old}:".encode(), f"{opening}{colon}".encode())
        return xml

    return change


def default_everywhere(xml: bytes) -> bytes:
    """Each of the two namespaces is the default one where it is used (Entra, AD FS)."""
    xml = prefixes("samlp", "")(xml)
    declaration = f' xmlns="{SAML}"'.encode()
    xml = xml.replace(declaration, b"", 1)
    xml = xml.replace(b"<Assertion ", b"<Assertion" + declaration + b" ")
    return xml.replace(b"<Issuer>", b"<Issuer" + declaration + b">")


def confirmations(document):
    right = document.find(".//saml:SubjectConfirmation", NS)
    for method in ("holder-of-key", "sender-vouches", "bearer"):
        method = f"urn:oasis:names:tc:SAML:2.0:cm:{method}"
        right.addprevious(etree.fromstring(OTHER_CONFIRMATION.format(method)))
        right.addnext(etree.fromstring(OTHER_CONFIRMATION.format(method)))


def no_format(document):
    del document.find(".//saml:NameID", NS).attrib["Format"]


def two_statements(document):
    first = document.find(".//saml:AuthnStatement", NS)
    second = etree.fromstring(etree.tostring(first))
    second.set("SessionIndex", "_session-2")
    first.addnext(second)


def no_session_index_and_locality(document):
    statement = document.find(".//saml:AuthnStatement", NS)
    del statement.attrib["SessionIndex"]
    locality = etree.Element(f"{{{SAML}}}SubjectLocality", Address="192.0.2.1", DNSName="x")
    statement.insert(0, locality)


def authority(document):
    context = document.find(".//saml:AuthnContext", NS)
    etree.SubElement(context, f"{{{SAML}}}AuthenticatingAuthority").text = "https://up.example.org"


def advice(document):
    """A whole Assertion as Advice."""
    inner = etree.fromstring(etree.tostring(document.find("saml:Assertion", NS)))
    inner.set("ID", "_advice")
    inner.find(".//saml:NameID", NS).text = "eve@example.org"
    holder = etree.Element(f"{{{SAML}}}Advice")
    holder.append(inner)
    document.find(".//saml:Conditions", NS).addnext(holder)


def conditions(document):
    found = document.find(".//saml:Conditions", NS)
    etree.SubElement(found, f"{{{SAML}}}OneTimeUse")
    proxy = etree.SubElement(found, f"{{{SAML}}}ProxyRestriction", Count="1")
    etree.SubElement(proxy, f"{{{SAML}}}Audience").text = "https://x.example.org"


def exact_times(document):
    """NotBefore is this very instant, with milliseconds or offsets, and twenty hours to go."""
    now = datetime.datetime.now(datetime.UTC)
    found = document.find(".//saml:Conditions", NS)
    found.set("NotBefore", now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    later = now + datetime.timedelta(hours=20)
    found.set("NotOnOrAfter", later.strftime("%Y-%m-%dT%H:%M:%S+00:00"))
    data = document.find(".//saml:SubjectConfirmationData", NS)
    data.set("NotOnOrAfter", later.strftime("%Y-%m-%dT%H:%M:%S.123456789Z"))


def blanks(path: str):
    def change(document):
        for element in document.iterfind(f".//{path}", NS):
            element.text = f"\n      {element.text}\n    "

    return change


def signature_after_status(document):
    signed = sign(document, IDP)
    signature = signed.find("ds:Signature", NS)
    signed.remove(signature)
    signed.find("samlp:Status", NS).addnext(signature)
    return signed


def signature_id(xml: bytes) -> bytes:
    return xml.replace(b"<ds:Signature ", b'<ds:Signature Id="_signature" ', 1)


def breaking(break_: str, *names: str):
    """Wraps the base64 of these elements."""

    def wrap(found) -> bytes:
        lines = textwrap.wrap("".join(found.group(2).decode().split()), 60)
        return found.group(1) + (break_ + break_.join(lines) + break_).encode() + found.group(3)

    def change(xml: bytes) -> bytes:
        for name in names:
            xml = re.sub(rf"(<ds:{name}>)([^<]*)(</ds:{name}>)".encode(), wrap, xml)
        return xml

    return change


def new_lines_in_signed_info(document):
    """SignedInfo, DigestValue included, is spread over lines before it is signed."""
    assertion = document.find("saml:Assertion", NS)
    signed = signed_by_hand(assertion, IDP)
    info = signed.find(".//ds:SignedInfo", NS)
    for element in info.iter():
        element.tail = "\n      "
        if len(element):
            element.text = "\n      "
    digest = info.find(".//ds:DigestValue", NS)
    digest.text = f"\n{digest.text[:20]}\n{digest.text[20:]}\n"
    made = IDP.key.sign(canonical(info), padding.PKCS1v15(), hashes.SHA256())
    signed.find(".//ds:SignatureValue", NS).text = base64.encodebytes(made).decode()
    document.replace(assertion, signed)


def key_info(xml: str) -> Shape:
    return by_hand(key_info=f"<ds:KeyInfo>{xml}</ds:KeyInfo>" if xml else "")


def characters(xml: bytes) -> bytes:
    """As character references; the digest is over the characters."""
    return re.sub(rb"staff", b"&#115;ta&#x66;f", xml)


def declared(xml: bytes) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\r\n' + xml + b"\r\n"


def with_bom(xml: bytes) -> bytes:
    return b"\xef\xbb\xbf" + xml


def deflated(xml: bytes, request) -> str:
    compressor = zlib.compressobj(wbits=-15)
    return posted(compressor.compress(xml) + compressor.flush(), request)


def lines(break_: str, width: int = 76):
    def body(xml: bytes, request) -> str:
        wrapped = break_.join(textwrap.wrap(base64.b64encode(xml).decode(), width)) + break_
        return urlencode({"SAMLResponse": wrapped, "RelayState": request.relay_state})

    return body


def unknown_fields(xml: bytes, request) -> str:
    return "utf8=%E2%9C%93&BACK_CHANNEL_LOGOUT=&" + posted(xml, request) + "&submit=Continue"


def no_relay_state(xml: bytes, request) -> str:
    return urlencode({"SAMLResponse": base64.b64encode(xml).decode()})


MORE = "http://www.w3.org/2001/04/xmldsig-more#"
KEY_VALUE = (
    "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
    "</ds:RSAKeyValue></ds:KeyValue>"
)
TYPED = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="xs:string"'
V = "saml:AttributeValue"
SHAPES = {
    # Names and namespaces
    "pysaml2: prefixes ns0 and ns1": rewritten(prefixes("ns0", "ns1")),
    "Shibboleth: saml2p and saml2": rewritten(prefixes("saml2p", "saml2"), True),
    "default namespaces": rewritten(default_everywhere),
    "ds as the default namespace": by_hand(prefix=""),
    "another prefix for ds": by_hand(prefix="dsig"),
    # Signatures
    "Response signed only": Shape(Answer(sign="response", attributes=GROUPS)),
    "both signed": Shape(Answer(sign="both", attributes=GROUPS)),
    "Signature after Status": Shape(UNSIGNED, signature_after_status),
    "Signature with an Id": text(signature_id),
    "RSA-SHA512 over SHA-384": by_hand(
        signature_method=f"{MORE}rsa-sha512", digest_method=f"{MORE}sha384"
    ),
    "KeyInfo absent": key_info(""),
    "KeyInfo: empty X509Data": key_info("<ds:X509Data/>"),
    "KeyInfo: bare RSAKeyValue": key_info(KEY_VALUE),
    "KeyInfo: KeyName": key_info("<ds:KeyName>rsa-key-1</ds:KeyName>"),
    "KeyInfo: a stranger's certificate": key_info(
        f"<ds:X509Data><ds:X509Certificate>{STRANGER.certificate_base64}</ds:X509Certificate>"
        "</ds:X509Data>"
    ),
    "Entra: KeyInfo of another namespace": key_info(
        '<t:X xmlns:t="urn:example:trust"><t:Y>1</t:Y></t:X>'
    ),
    "newlines in SignedInfo": Shape(UNSIGNED, new_lines_in_signed_info),
    "Java: &#13; in values": text(breaking("&#13;\n", "SignatureValue", "X509Certificate")),
    "CR LF in values": text(breaking("\r\n", "SignatureValue", "X509Certificate")),
    "blanks in values": text(breaking("\n        ", "SignatureValue", "X509Certificate")),
    # Attributes
    "no NameFormat, no xsi:type": attributes(
        value(f"<{V}>staff</{V}><{V}>admins</{V}>"), "staff|admins"
    ),
    "the same Name twice": attributes(
        value(f"<{V}>staff</{V}>") + value(f"<{V}>admins</{V}>"), "staff|admins"
    ),
    "xs declared on the value": attributes(
        value(f"<{V} {XSI} {TYPED}>staff</{V}>", f' NameFormat="{URI}"'), "staff"
    ),
    "xsi:nil": attributes(
        value(f'<{V} {XSI} xsi:nil="true"/><{V}>staff</{V}>'), "staff"
    ),
    "an attribute with no value": attributes(
        '<saml:Attribute Name="empty"/>' + value(f"<{V}>staff</{V}>"), "staff"
    ),
    "NameID inside a value": attributes(
        value(
            f'<{V}>\n  <saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"'
            ' NameQualifier="https://idp.example.org">staff</saml:NameID>\n</' + V + ">"
        ),
        "staff",
    ),
    "a comment in a value": attributes(value(f"<{V}>sta<!-- x -->ff</{V}>"), "staff"),
    "CDATA in a value": attributes(value(f"<{V}><![CDATA[staff]]></{V}>"), "staff"),
    "empty AttributeStatement": attributes("", ""),
    "OriginalIssuer and other strange attributes": attributes(
        value(
            f"<{V}>staff</{V}>",
            ' xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims" a:OriginalIssuer="x"',
        ),
        "staff",
    ),
    "characters as references": text(characters),
    # The Assertion
    "several SubjectConfirmations": before(confirmations),
    "no NameID Format": before(no_format),
    "blanks around Issuer": before(blanks("saml:Issuer")),
    "blanks around Audience": before(blanks("saml:Audience")),
    "blanks around the class": before(blanks("saml:AuthnContextClassRef")),
    "several AuthnStatements": before(two_statements),
    "SubjectLocality, no SessionIndex": before(no_session_index_and_locality),
    "AuthenticatingAuthority": before(authority),
    "an Assertion as Advice": before(advice),
    "OneTimeUse and ProxyRestriction": before(conditions),
    "exact and long times": before(exact_times),
    "no Destination, Response unsigned": Shape(Answer(destination=None, attributes=GROUPS)),
    # The form
    "XML declaration first": text(declared),
    "byte order mark": text(with_bom),
    "deflated payload": Shape(body=deflated),
    "base64 in lines of CR LF": Shape(body=lines("\r\n")),
    "base64 in lines of LF": Shape(body=lines("\n", 64)),
    "base64 with blanks": Shape(body=lines(" ")),
    "unknown fields": Shape(body=unknown_fields),
    "no RelayState": Shape(body=no_relay_state),
}


@pytest.mark.parametrize("name", SHAPES)
def test_accepted(nginx, idp, browser, name):
    shape = SHAPES[name]
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    body = shape.body(shape.message(idp, request), request)
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    page = browser.post(request.acs_url, body, headers=form)
    assert page.status == 303, [x for x in server.error_log().splitlines() if " saml: " in x]
    protected = browser.get(page.location)
    assert protected.headers["X-User"] == "alice@example.org"
    assert protected.headers.get("X-Groups", "") == shape.groups
    wanted = None if name == "no NameID Format" else "1.1:nameid-format:emailAddress"
    assert (wanted or "") in protected.headers.get("X-Format", "")


@pytest.mark.parametrize("entity_id", ["idp", "my idp", "urn:x:idp", "https://idp.example.org/ä"])
def test_entity_ids_that_are_no_urls(nginx, entity_id):
    """And an SP of the very same name."""
    idp, browser = Idp(entity_id), Browser()
    conf = CONF.replace("http://127.0.0.1:@PORT@/saml/metadata", f"'{entity_id}'")
    server = nginx(conf, files={"idp.xml": idp.metadata()})
    assert idp.login(browser, server.url("/page.html")).status == 303
    assert browser.get(server.url("/page.html")).headers["X-User"] == "alice@example.org"
