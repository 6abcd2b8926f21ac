"""What a hand-made IdP says: a readable Response with knobs."""

import datetime
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from harness.keys import Credential
from harness.message import AuthnRequest

RESPONSE = """\
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
ID="{response_id}" Version="{version}" IssueInstant="{issue_instant}"{destination}{in_response_to}>
  <saml:Issuer>{response_issuer}</saml:Issuer>
  <samlp:Status>{status}</samlp:Status>
  {assertion}
</samlp:Response>"""

ASSERTION = """\
<saml:Assertion ID="{assertion_id}" Version="2.0" IssueInstant="{issue_instant}">
    <saml:Issuer>{issuer}</saml:Issuer>
    <saml:Subject>
      <saml:NameID{qualifiers}{format}>{name_id}</saml:NameID>
      <saml:SubjectConfirmation Method="{confirmation_method}">
        <saml:SubjectConfirmationData{in_response_to}{recipient}{confirmation_not_on_or_after}/>
      </saml:SubjectConfirmation>
    </saml:Subject>
    <saml:Conditions NotBefore="{not_before}" NotOnOrAfter="{not_on_or_after}">{audience}
    </saml:Conditions>
    <saml:AuthnStatement AuthnInstant="{authn_instant}"{session_index}{session_not_on_or_after}>
      <saml:AuthnContext>
        <saml:AuthnContextClassRef>{authn_context}</saml:AuthnContextClassRef>
      </saml:AuthnContext>
    </saml:AuthnStatement>{attributes}
  </saml:Assertion>"""

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"


@dataclass(frozen=True)
class Attribute:
    name: str
    values: list[str]
    friendly_name: str | None = None

    def xml(self) -> str:
        friendly = self.friendly_name and f" FriendlyName={quoteattr(self.friendly_name)}" or ""
        values = "".join(
            f'<saml:AttributeValue xsi:type="xs:string">{escape(value)}</saml:AttributeValue>'
            for value in self.values
        )
        name = f"Name={quoteattr(self.name)} NameFormat={quoteattr(URI)}{friendly}"
        return f"<saml:Attribute {name}>{values}</saml:Attribute>"


@dataclass(frozen=True)
class Answer:
    """What the Response says. Times are seconds from now; `None` leaves the thing out.

    `""` for the strings that come from the request means: as the request asks.
    """

    sign: str | None = "assertion"  # response | assertion | both | None
    credential: Credential | None = None  # None: the IdP's own
    digest: str = "sha256"
    version: str = "2.0"
    issuer: str = ""
    response_issuer: str = ""
    destination: str | None = ""
    recipient: str | None = ""
    audience: str | None = ""
    in_response_to: str | None = ""
    status: str = SUCCESS
    sub_status: str | None = None
    status_message: str | None = None
    with_assertion: bool = True
    assertion_id: str = ""
    issue_instant: float = 0
    not_before: float = -30
    not_on_or_after: float = 300
    confirmation_method: str = BEARER
    confirmation_not_on_or_after: float | None = 300
    authn_instant: float = 0
    authn_context: str = PASSWORD
    session_index: str | None = "_session-1"
    session_not_on_or_after: float | None = None
    name_id: str = "alice@example.org"
    name_id_format: str | None = EMAIL
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None
    attributes: list[Attribute] = field(default_factory=list)
    before_signing: Callable[[etree._Element], None] | None = None
    after_signing: Callable[[etree._Element], etree._Element | None] | None = None


def unsigned_response(request: AuthnRequest, entity_id: str, answer: Answer) -> str:
    """The Response of the IdP `entity_id` as XML."""
    asked = {
        "destination": request.acs_url,
        "recipient": request.acs_url,
        "audience": request.issuer,
        "in_response_to": request.id,
        "issuer": entity_id,
        "response_issuer": entity_id,
        "assertion_id": random_id(),
    }
    answer = replace(
        answer, **{name: value for name, value in asked.items() if getattr(answer, name) == ""}
    )
    values = {
        **{name: escape(value) for name, value in vars(answer).items() if isinstance(value, str)},
        "response_id": random_id(),
        "issue_instant": instant(answer.issue_instant),
        "not_before": instant(answer.not_before),
        "not_on_or_after": instant(answer.not_on_or_after),
        "authn_instant": instant(answer.authn_instant),
        "destination": optional("Destination", answer.destination),
        "recipient": optional("Recipient", answer.recipient),
        "in_response_to": optional("InResponseTo", answer.in_response_to),
        "session_index": optional("SessionIndex", answer.session_index),
        "confirmation_not_on_or_after": optional_instant(
            "NotOnOrAfter", answer.confirmation_not_on_or_after
        ),
        "session_not_on_or_after": optional_instant(
            "SessionNotOnOrAfter", answer.session_not_on_or_after
        ),
        "format": optional("Format", answer.name_id_format),
        "qualifiers": optional("NameQualifier", answer.name_qualifier)
        + optional("SPNameQualifier", answer.sp_name_qualifier),
        "status": status_code(answer.status, answer.sub_status) + status_message(answer.status_message),
        "audience": audience_restriction(answer.audience),
        "attributes": attribute_statement(answer.attributes),
    }
    assertion = ASSERTION.format(**values) if answer.with_assertion else ""
    return RESPONSE.format(assertion=assertion, **values)


def random_id() -> str:
    return f"_{secrets.token_hex(16)}"


def instant(seconds_from_now: float) -> str:
    now = datetime.datetime.now(datetime.UTC)
    return (now + datetime.timedelta(seconds=seconds_from_now)).strftime("%Y-%m-%dT%H:%M:%SZ")


def optional(name: str, value: str | None) -> str:
    return "" if value is None else f" {name}={quoteattr(value)}"


def optional_instant(name: str, seconds_from_now: float | None) -> str:
    return "" if seconds_from_now is None else f' {name}="{instant(seconds_from_now)}"'


def status_code(status: str, sub_status: str | None) -> str:
    inner = "" if sub_status is None else f"<samlp:StatusCode Value={quoteattr(sub_status)}/>"
    return f"<samlp:StatusCode Value={quoteattr(status)}>{inner}</samlp:StatusCode>"


def status_message(text: str | None) -> str:
    return "" if text is None else f"<samlp:StatusMessage>{escape(text)}</samlp:StatusMessage>"


def audience_restriction(audience: str | None) -> str:
    if audience is None:
        return ""
    return (
        "<saml:AudienceRestriction><saml:Audience>"
        f"{escape(audience)}</saml:Audience></saml:AudienceRestriction>"
    )


def attribute_statement(attributes: list[Attribute]) -> str:
    if not attributes:
        return ""
    inner = "".join(attribute.xml() for attribute in attributes)
    return f"<saml:AttributeStatement>{inner}</saml:AttributeStatement>"
