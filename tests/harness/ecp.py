"""A program that does the Enhanced Client or Proxy profile (Profiles 4.2), with a cookie jar of its own."""

from dataclasses import dataclass

import requests
from lxml import etree

from harness.browser import Browser, Page
from harness.message import NS as SAML

PAOS_TYPE = "application/vnd.paos+xml"
PAOS_HEADER = 'ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"'
NS = {
    **SAML,
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "paos": "urn:liberty:paos:2003-08",
    "ecp": "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp",
}
SOAP = f"{{{NS['soap']}}}"


@dataclass
class Asked:
    """What the SP wants of the client."""

    envelope: etree._Element
    consumer: str
    relay_state: etree._Element | None

    @classmethod
    def by(cls, page: Page) -> "Asked":
        assert page.status == 200, f"{page.status}: {page.text}"
        assert page.headers["Content-Type"].startswith(PAOS_TYPE), page.headers
        envelope = etree.fromstring(page.text.encode())
        consumer = envelope.find("soap:Header/paos:Request", NS).get("responseConsumerURL")
        return cls(envelope, consumer, envelope.find("soap:Header/ecp:RelayState", NS))

    @property
    def request(self) -> etree._Element:
        return self.envelope.find("soap:Body/samlp:AuthnRequest", NS)


class EcpClient:
    """`user` and `password` are what the IdP asks for by HTTP Basic."""

    def __init__(self, user: str = "alice", password: str = "secret"):
        self.credentials = (user, password)
        self.http = Browser()
        self.http.session.headers = {"User-Agent": "ecp", "Accept": f"{PAOS_TYPE}, */*"}
        self.http.session.headers["PAOS"] = PAOS_HEADER

    def ask(self, url: str, method: str = "GET", **options) -> Asked:
        return Asked.by(self.http.request(method, url, **options))

    def authenticate(self, idp: str, asked: Asked) -> etree._Element:
        """The IdP's answer to the request, which goes there octet for octet, without the Header."""
        answer = requests.post(
            idp,
            etree.tostring(enveloped(asked.request)),
            auth=self.credentials,
            headers={"Content-Type": "text/xml"},
            timeout=60,
        )
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text}"
        envelope = etree.fromstring(answer.content)
        consumer = envelope.find("soap:Header/ecp:Response", NS).get("AssertionConsumerServiceURL")
        assert consumer == asked.consumer, "the profile forbids to go on"
        return envelope.find("soap:Body/*", NS)

    def deliver(self, asked: Asked, message: etree._Element) -> Page:
        """Posts what answers the request, with the RelayState that came with it."""
        return self.post(asked.consumer, etree.tostring(enveloped(message, asked.relay_state)))

    def post(self, url: str, body: bytes) -> Page:
        return self.http.post(url, body, headers={"Content-Type": PAOS_TYPE})

    def log_in(self, url: str, idp: str) -> Page:
        asked = self.ask(url)
        return self.deliver(asked, self.authenticate(idp, asked))


def enveloped(message: etree._Element, *blocks: etree._Element | None) -> etree._Element:
    """As text, so that a signature inside stays what it is."""
    inside = "".join(text(block) for block in blocks if block is not None)
    header = f"<S:Header>{inside}</S:Header>" if inside else ""
    return etree.fromstring(
        f'<S:Envelope xmlns:S="{NS["soap"]}">{header}<S:Body>{text(message)}</S:Body></S:Envelope>'
    )


def text(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)
