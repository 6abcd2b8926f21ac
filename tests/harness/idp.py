"""A hand-made IdP: says whatever a test wants, signed by `signxml`."""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote_plus
from xml.sax.saxutils import quoteattr

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml import XMLSigner, methods

from harness.browser import Browser, Page
from harness.keys import Credential, rsa_credential
from harness.message import NS, AuthnRequest, read_post, read_redirect
from harness.response import Answer, optional, unsigned_response

METADATA = """\
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID={entity_id}>
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    {keys}{artifact}{slo}
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}"
        Location={sso_url}/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
"""

KEY = """\
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
      <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>
    </ds:KeyInfo></md:KeyDescriptor>"""

ENCRYPTION_KEY = KEY.replace('"signing"', '"encryption"').replace("</md:Key", "{}</md:Key")

LOGOUT_SERVICE = """
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{}" Location={}{}/>"""

ARTIFACT_SERVICE = """
    <md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
        Location={} index="{}"/>"""

PLAIN = Answer()


@dataclass(frozen=True)
class Idp:
    """An IdP that exists only as keys and URLs: tests carry its messages themselves.

    `slo` are the bindings of its SingleLogoutService; what it says there is in `harness.logout`.
    """

    entity_id: str = "https://idp.example.org/metadata"
    sso_url: str = "https://idp.example.org/sso"
    binding: str = "HTTP-Redirect"
    credential: Credential = field(default_factory=lambda: rsa_credential("idp"))
    slo: tuple[str, ...] = ()
    slo_url: str = "https://idp.example.org/slo"
    slo_response_url: str | None = None
    artifact_urls: tuple[str, ...] = ()  # each with its place as its index
    encryption: Credential | None = None
    encryption_methods: str = ""

    def metadata(self) -> str:
        keys = KEY.format(self.credential.certificate_base64)
        if self.encryption:
            keys += ENCRYPTION_KEY.format(
                self.encryption.certificate_base64, self.encryption_methods
            )
        location = quoteattr(self.slo_url)
        response_location = optional("ResponseLocation", self.slo_response_url)
        services = [LOGOUT_SERVICE.format(name, location, response_location) for name in self.slo]
        return METADATA.format(
            entity_id=quoteattr(self.entity_id),
            binding=self.binding,
            sso_url=quoteattr(self.sso_url),
            keys=keys,
            artifact="".join(
                ARTIFACT_SERVICE.format(quoteattr(url), index)
                for index, url in enumerate(self.artifact_urls)
            ),
            slo="".join(services),
        )

    def asked(self, page: Page) -> AuthnRequest:
        """The AuthnRequest by which `page` sends the browser here."""
        if self.binding == "HTTP-Redirect":
            assert page.status == 302, f"{page.status}: {page.text}"
            assert page.location.startswith(self.sso_url), page.location
            return read_redirect(page.location)
        form = page.saml_form
        assert form is not None and form.action == self.sso_url, page.text
        return read_post(form.fields)

    def response(self, request: AuthnRequest, answer: Answer = PLAIN) -> bytes:
        """The Response document."""
        document = etree.fromstring(unsigned_response(request, self.entity_id, answer))
        if answer.before_signing:
            answer.before_signing(document)
        credential = answer.credential or self.credential
        if answer.sign in ("assertion", "both"):
            assertion = document.find("saml:Assertion", NS)
            document.replace(assertion, sign(assertion, credential, answer.digest))
        if answer.sign in ("response", "both"):
            document = sign(document, credential, answer.digest)
        if answer.after_signing:
            changed = answer.after_signing(document)
            document = document if changed is None else changed
        return etree.tostring(document)

    def form(self, request: AuthnRequest, answer: Answer = PLAIN) -> dict[str, str]:
        """The fields that the browser posts to the ACS."""
        return post_fields(self.response(request, answer), request.relay_state)

    def login(self, browser: Browser, url: str, answer: Answer = PLAIN) -> Page:
        """A whole login for the protected `url`, up to the answer of the ACS."""
        request = self.asked(browser.get(url))
        return browser.post(request.acs_url, self.form(request, answer))


def post_fields(response: bytes, relay_state: str | None) -> dict[str, str]:
    fields = {"SAMLResponse": base64.b64encode(response).decode()}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return fields


def post_body(response: bytes, relay_state: str | None) -> str:
    """The same as the octets of a form body."""
    fields = post_fields(response, relay_state)
    return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())


def sign(element: etree._Element, credential: Credential, digest: str = "sha256"):
    """A signed copy; the Signature stands after the Issuer, as the schema wants it."""
    copy = etree.fromstring(etree.tostring(element))
    placeholder = etree.Element(
        f"{{{NS['ds']}}}Signature", Id="placeholder", nsmap={"ds": NS["ds"]}
    )
    copy.find("saml:Issuer", NS).addnext(placeholder)
    kind = "rsa" if isinstance(credential.key, rsa.RSAPrivateKey) else "ecdsa"
    signer = XMLSigner(
        method=methods.enveloped,
        signature_algorithm=f"{kind}-{digest}",
        digest_algorithm=digest,
        c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
    )
    return signer.sign(
        copy,
        key=credential.key,
        cert=[credential.certificate],
        reference_uri=copy.get("ID"),
        id_attribute="ID",
    )
