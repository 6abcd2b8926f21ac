"""The hand-made IdP that answers by HTTP-Artifact: a browser gets a reference, SPs fetch what it is for."""

import base64
import hashlib
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

from lxml import etree

from harness.browser import Browser, Page
from harness.idp import PLAIN, sign
from harness.keys import Credential
from harness.logout import enveloped
from harness.message import NS
from harness.response import SUCCESS, Answer, instant, optional, random_id
from harness.soap_idp import SoapIdp

ARTIFACT_RESPONSE = """\
<samlp:ArtifactResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" \
ID="{id}" Version="2.0" IssueInstant="{issue_instant}"{in_response_to}{destination}>
  <saml:Issuer>{issuer}</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>
  {message}
</samlp:ArtifactResponse>"""


@dataclass(frozen=True)
class Resolution:
    """What an ArtifactResponse says; `None` leaves the thing out."""

    in_response_to: str | None
    message: bytes = b""
    sign: bool = False
    credential: Credential | None = None  # None: the IdP's own
    issuer: str | None = None  # None: the IdP's own
    issue_instant: float = 0  # seconds from now
    destination: str | None = None
    status: str = SUCCESS
    after_signing: Callable[[bytes], bytes] | None = None

    def xml(self, idp) -> bytes:
        xml = ARTIFACT_RESPONSE.format(
            id=random_id(),
            issue_instant=instant(self.issue_instant),
            in_response_to=optional("InResponseTo", self.in_response_to),
            destination=optional("Destination", self.destination),
            issuer=self.issuer or idp.entity_id,
            status=self.status,
            message=self.message.decode(),
        ).encode()
        if self.sign:
            xml = etree.tostring(sign(etree.fromstring(xml), self.credential or idp.credential))
        return self.after_signing(xml) if self.after_signing else xml


class ArtifactIdp(SoapIdp):
    """`requests` are the ArtifactResolves so far; `resolves` changes the ArtifactResponse.

    Each message is handed out once. With `shown_to`, clients must show a certificate of that CA.
    """

    def __init__(
        self,
        tls: Credential | None = None,
        directory: Path | None = None,
        host: str = "",
        shown_to: Credential | None = None,
    ):
        self.messages = {}
        self.resolves: Callable[[Resolution], Resolution] = lambda resolution: resolution
        super().__init__(tls, directory, host)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{self.authority}/artifact"
        self.idp = replace(self.idp, slo=(), artifact_urls=(self.url,))
        if shown_to:
            (directory / "clients.pem").write_bytes(shown_to.certificate_pem)
            self.context.load_verify_locations(directory / "clients.pem")
            self.context.verify_mode = ssl.CERT_REQUIRED

    def artifact(self, message: bytes = b"", index: int = 0, entity_id: str | None = None) -> str:
        """A new artifact, for this message."""
        source = hashlib.sha1((entity_id or self.idp.entity_id).encode()).digest()
        octets = b"\0\4" + index.to_bytes(2, "big") + source + secrets.token_bytes(20)
        artifact = base64.b64encode(octets).decode()
        self.messages[artifact] = message
        return artifact

    def answer(self, request) -> bytes:
        assert etree.QName(request).localname == "ArtifactResolve", request.tag
        artifact = request.findtext("samlp:Artifact", namespaces=NS)
        message = self.messages.pop(artifact, b"")
        return enveloped(self.resolves(Resolution(request.get("ID"), message)).xml(self.idp))

    def begin(self, browser: Browser, url: str, answer: Answer = PLAIN, **artifact) -> str:
        """The address by which the browser comes back from a login for the protected `url`."""
        asked = self.idp.asked(browser.get(url))
        message = self.idp.response(asked, answer)
        query = {"SAMLart": self.artifact(message, **artifact), "RelayState": asked.relay_state}
        return f"{asked.acs_url}?{urlencode(query)}"

    def login(self, browser: Browser, url: str, answer: Answer = PLAIN) -> Page:
        """A whole login for the protected `url`, up to the answer of the ACS."""
        return browser.get(self.begin(browser, url, answer))
