"""Single logout as the hand-made IdP speaks it: messages with knobs, and the SP's read and checked."""

import base64
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from lxml import etree

from harness.browser import Browser, Page
from harness.encrypt import encrypt
from harness.idp import Idp, sign
from harness.keys import Credential
from harness.message import (
    NS,
    posted,
    redirected,
    soap_content,
    verify_enveloped,
    verify_redirect,
)
from harness.response import (
    EMAIL,
    SUCCESS,
    instant,
    optional,
    optional_instant,
    random_id,
    status_code,
)

REQUEST = """\
<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID={id} Version={version} \
IssueInstant="{issue_instant}"{destination}{not_on_or_after}{reason}>\
<saml:Issuer>{issuer}</saml:Issuer>{name_id}{session_indexes}</samlp:LogoutRequest>"""

RESPONSE = """\
<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID={id} Version={version} \
IssueInstant="{issue_instant}"{destination}{in_response_to}>\
<saml:Issuer>{issuer}</saml:Issuer><samlp:Status>{status}</samlp:Status></samlp:LogoutResponse>"""

ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>{}'
    "</soap:Body></soap:Envelope>"
)
SOAP_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}

RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
PARTIAL_LOGOUT = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


@dataclass(frozen=True)
class LogoutRequest:
    """What the IdP's LogoutRequest says. Times are seconds from now; `None` leaves a thing out.

    `""` for id, issuer and destination means: as it should be.
    """

    name_id: str | None = "alice@example.org"
    name_id_format: str | None = EMAIL
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None
    session_index: tuple[str, ...] = ("_session-1",)
    id: str = ""
    version: str = "2.0"
    issuer: str = ""
    destination: str | None = ""
    issue_instant: float = 0
    not_on_or_after: float | None = 300
    reason: str | None = None
    sign: bool = True
    credential: Credential | None = None  # None: the IdP's own
    encrypt_for: Credential | None = None
    before_signing: Callable[[etree._Element], None] | None = None
    after_signing: Callable[[etree._Element], etree._Element | None] | None = None

    parameter = "SAMLRequest"

    def xml(self) -> str:
        name_id = ""
        if self.name_id is not None:
            attributes = (
                optional("NameQualifier", self.name_qualifier)
                + optional("SPNameQualifier", self.sp_name_qualifier)
                + optional("Format", self.name_id_format)
            )
            name_id = f"<saml:NameID{attributes}>{escape(self.name_id)}</saml:NameID>"
        indexes = (escape(index) for index in self.session_index)
        return REQUEST.format(
            **self.heading(),
            not_on_or_after=optional_instant("NotOnOrAfter", self.not_on_or_after),
            reason=optional("Reason", self.reason),
            name_id=name_id,
            session_indexes="".join(
                f"<samlp:SessionIndex>{index}</samlp:SessionIndex>" for index in indexes
            ),
        )

    def heading(self) -> dict[str, str]:
        """What both messages begin with."""
        return {
            "id": quoteattr(self.id),
            "version": quoteattr(self.version),
            "issue_instant": instant(self.issue_instant),
            "destination": optional("Destination", self.destination),
            "issuer": escape(self.issuer),
        }


@dataclass(frozen=True)
class LogoutResponse:
    """What the IdP's LogoutResponse says; knobs as above."""

    in_response_to: str | None = None
    status: str = SUCCESS
    sub_status: str | None = None
    id: str = ""
    version: str = "2.0"
    issuer: str = ""
    destination: str | None = ""
    issue_instant: float = 0
    sign: bool = True
    credential: Credential | None = None
    before_signing: Callable[[etree._Element], None] | None = None
    after_signing: Callable[[etree._Element], etree._Element | None] | None = None

    parameter = "SAMLResponse"
    encrypt_for = None
    heading = LogoutRequest.heading

    def xml(self) -> str:
        return RESPONSE.format(
            **self.heading(),
            in_response_to=optional("InResponseTo", self.in_response_to),
            status=status_code(self.status, self.sub_status),
        )


EVERYTHING = LogoutRequest(session_index=())


def document(
    idp: Idp, url: str, message: LogoutRequest | LogoutResponse, enveloped: bool = True
) -> bytes:
    """The message for the endpoint `url`, with its enveloped signature unless the binding has none."""
    wanted = {"id": random_id(), "issuer": idp.entity_id, "destination": url}
    message = replace(
        message, **{name: value for name, value in wanted.items() if getattr(message, name) == ""}
    )
    root = etree.fromstring(message.xml())
    if message.encrypt_for:
        encrypt(root.find("saml:NameID", NS), message.encrypt_for)
    if message.before_signing:
        message.before_signing(root)
    if message.sign and enveloped:
        root = sign(root, message.credential or idp.credential)
    if message.after_signing:
        changed = message.after_signing(root)
        root = root if changed is None else changed
    return etree.tostring(root)


def redirect(
    idp: Idp,
    url: str,
    message: LogoutRequest | LogoutResponse,
    relay_state: str | None = None,
    spell: Callable[[str], str] = lambda value: quote(value, safe=""),
) -> str:
    """The URL that carries the message by HTTP-Redirect, signed over its octets as `spell`ed."""
    compressor = zlib.compressobj(wbits=-15)
    deflated = compressor.compress(document(idp, url, message, False)) + compressor.flush()
    query = f"{message.parameter}={spell(base64.b64encode(deflated).decode())}"
    if relay_state is not None:
        query += f"&RelayState={spell(relay_state)}"
    if message.sign:
        credential = message.credential or idp.credential
        is_rsa = isinstance(credential.key, rsa.RSAPrivateKey)
        query += f"&SigAlg={spell(RSA_SHA256 if is_rsa else ECDSA_SHA256)}"
        how = (padding.PKCS1v15(), hashes.SHA256()) if is_rsa else (ec.ECDSA(hashes.SHA256()),)
        signature = credential.key.sign(query.encode(), *how)
        query += f"&Signature={spell(base64.b64encode(signature).decode())}"
    return f"{url}{'&' if '?' in url else '?'}{query}"


def form(
    idp: Idp,
    url: str,
    message: LogoutRequest | LogoutResponse,
    relay_state: str | None = None,
    packed: Callable[[bytes], bytes] = lambda xml: xml,
) -> dict[str, str]:
    """The fields that carry the message by HTTP-POST; `packed` is what odd IdPs do to it first."""
    xml = packed(document(idp, url, message))
    fields = {message.parameter: base64.b64encode(xml).decode()}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return fields


def deflated(xml: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(xml) + compressor.flush()


def enveloped(xml: bytes) -> bytes:
    return ENVELOPE.format(xml.decode()).encode()


def back_channel() -> Browser:
    """The IdP's own HTTP client: no cookies, nothing that a browser says."""
    client = Browser()
    client.session.headers = {"User-Agent": "idp", "Accept": "*/*"}
    return client


BINDINGS = ["redirect", "post", "deflated", "soap", "soap in form"]
IN_A_BROWSER = ["redirect", "post", "deflated"]


def send(
    idp: Idp,
    url: str,
    message: LogoutRequest | LogoutResponse = LogoutRequest(),
    binding: str = "soap",
    client: Browser | None = None,
    relay_state: str | None = None,
) -> Page:
    """The IdP sends the message to `url`; through a browser, or by itself."""
    client = client or back_channel()
    if binding == "redirect":
        return client.get(redirect(idp, url, message, relay_state))
    if binding == "soap":
        return client.post(url, enveloped(document(idp, url, message)), headers=SOAP_HEADERS)
    packed = {"post": bytes, "deflated": deflated, "soap in form": enveloped}[binding]
    fields = form(idp, url, message, relay_state, packed)
    return client.post(url, fields, headers=FORM_HEADERS)


@dataclass
class Received:
    """A logout message of the SP, as the IdP gets it."""

    xml: etree._Element
    binding: str  # redirect | post | soap
    url: str | None  # where it goes, without the message
    relay_state: str | None = None
    whole_url: str = ""

    @property
    def kind(self) -> str:
        return etree.QName(self.xml).localname

    def text(self, path: str) -> str | None:
        return self.xml.findtext(path, namespaces=NS)

    def texts(self, path: str) -> list[str]:
        return [found.text for found in self.xml.findall(path, NS)]

    @property
    def status(self) -> str:
        return self.xml.find("samlp:Status/samlp:StatusCode", NS).get("Value")

    @property
    def sub_status(self) -> str | None:
        inner = self.xml.find("samlp:Status/samlp:StatusCode/samlp:StatusCode", NS)
        return None if inner is None else inner.get("Value")

    def verify(self, certificate) -> None:
        """Raises when the signature that its binding wants is not there or not good."""
        if self.binding == "redirect":
            assert self.xml.find("ds:Signature", NS) is None
            verify_redirect(self.whole_url, certificate)
        else:
            verify_enveloped(self.xml, certificate)


def received(page: Page) -> Received:
    """The message in an answer of the SP: a redirect, a form that submits itself, or SOAP."""
    if page.status in (302, 303):
        parts = urlsplit(page.location)
        parameter = "SAMLRequest" if "SAMLRequest=" in parts.query else "SAMLResponse"
        xml, relay_state = redirected(page.location, parameter)
        url = page.location.split(f"{parameter}=")[0][:-1]
        return Received(xml, "redirect", url, relay_state, page.location)
    if "xml" in page.headers.get("Content-Type", ""):
        return Received(soap_content(page.text), "soap", None)
    posting = page.saml_form
    assert posting is not None, f"no message: {page.status} {page.text}"
    parameter = "SAMLRequest" if "SAMLRequest" in posting.fields else "SAMLResponse"
    xml, relay_state = posted(posting.fields, parameter)
    return Received(xml, "post", posting.action, relay_state)


def assert_success(page: Page, certificate=None) -> Received:
    """The SP says that the person is out."""
    assert page.status in (200, 302, 303), f"{page.status}: {page.text}"
    answer = received(page)
    assert answer.kind == "LogoutResponse"
    assert (answer.status, answer.sub_status) == (SUCCESS, None)
    if certificate is not None:
        answer.verify(certificate)
    return answer
