"""How an SP looks from outside: what --check asks, and what it finds."""

import base64
import binascii
import datetime
import http.client
import re
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit
from xml.parsers import expat

SECONDS = 15
BODY_AT_MOST = 4 << 20
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
PROGRAM = {"Accept": "application/json"}


class Fault(Exception):
    """A check that does not hold, and what to do."""


@dataclass
class Answer:
    url: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    at: float = 0.0
    certificate_ends: float | None = None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


def ask(url: str, headers: dict[str, str], authority: str | None) -> Answer:
    """One request; no redirect is followed."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Fault(f"{url} is no http:// or https:// URL")
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=authority)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=SECONDS)
    try:
        connection.connect()
        ends = None
        if isinstance(connection.sock, ssl.SSLSocket):
            ends = ssl.cert_time_to_seconds(str((connection.sock.getpeercert() or {}).get("notAfter")))
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=headers)
        answer = connection.getresponse()
        return Answer(url, answer.status, answer.getheaders(), answer.read(BODY_AT_MOST), time.time(), ends)
    except ssl.SSLError as error:
        raise Fault(f"TLS: {error.reason or error}; does the certificate fit the host, with its chain? --ca FILE for a CA of your own") from None
    except (OSError, socket.timeout, http.client.HTTPException) as error:
        raise Fault(f"{url} does not answer: {error}") from None
    finally:
        connection.close()


def checks(url: str, metadata_url: str | None, authority: str | None):
    """Each check's name and what it found: a text, or a Fault."""
    pages: dict[str, Answer] = {}

    def page(kind: str, where: str, headers: dict[str, str]) -> Answer:
        if kind not in pages:
            pages[kind] = ask(where, headers, authority)
        return pages[kind]

    def person() -> Answer:
        return page("person", url, PERSON)

    where = metadata_url or urljoin(url, "/saml/metadata")
    for name, check in {
        "tls": lambda: tls(person()),
        "redirect": lambda: redirect(person()),
        "headers": lambda: headers(person()),
        "cookies": lambda: cookies(person()),
        "programs": lambda: programs(page("program", url, PROGRAM)),
        "clock": lambda: clock(person()),
        "metadata": lambda: metadata(page("metadata", where, {"Accept": "*/*"}), url),
    }.items():
        try:
            yield name, check()
        except Fault as fault:
            yield name, fault


def tls(answer: Answer) -> str:
    if not answer.url.startswith("https://"):
        raise Fault("plain http: cookies and assertions travel in clear; base_url wants https")
    if answer.certificate_ends is None:
        raise Fault("the server showed no certificate")
    days = int((answer.certificate_ends - answer.at) // 86400)
    if days < 14:
        raise Fault(f"the certificate of {urlsplit(answer.url).netloc} ends in {days} days")
    return f"the certificate is good for {days} days"


def redirect(answer: Answer) -> str:
    """A person without a session is sent to an IdP."""
    location = answer.first("Location")
    if answer.status in (302, 303) and re.search(r"[?&]SAMLRequest=", location):
        target = urlsplit(location)
        if target.scheme != "https":
            raise Fault(f"people are sent to {target.scheme}://{target.netloc}: the IdP's address should be https")
        return f"people are sent to {target.netloc}"
    if answer.status in (200, 303) and b'name="SAMLRequest"' in answer.body:
        return "people are sent to the IdP by a form"
    if answer.status in (302, 303) and location:
        return f"people choose first, at {urlsplit(urljoin(answer.url, location)).path}"
    if answer.status == 200:
        raise Fault("the page is there for everybody: is auth_saml in its location?")
    raise Fault(f"status {answer.status} instead of a way to the IdP: error.log has the reason")


def headers(answer: Answer) -> str:
    said = ", ".join(answer.all("Cache-Control")).lower()
    if "no-store" not in said:
        raise Fault(f"Cache-Control is {said or 'not there'} instead of no-store: something in front changes the headers of a login")
    return "what begins a login is kept by nobody"


def cookies(answer: Answer) -> str:
    found = answer.all("Set-Cookie")
    if not found:
        raise Fault("no cookie came with it: something in front takes Set-Cookie away, or no login begins")
    for cookie in found:
        name, _, rest = cookie.partition("=")
        flags = {part.strip().lower().partition("=")[0]: part.strip().lower().partition("=")[2] for part in rest.split(";")[1:]}
        if "secure" not in flags:
            raise Fault(f"the cookie {name} is not Secure: is base_url https?")
        if "httponly" not in flags:
            raise Fault(f"the cookie {name} is not HttpOnly: something in front rewrites it")
        if flags.get("samesite") not in ("lax", "strict", "none"):
            raise Fault(f"the cookie {name} has no SameSite: something in front rewrites it")
    return f"{len(found)} of them: Secure, HttpOnly, SameSite"


def programs(answer: Answer) -> str:
    if answer.status != 401:
        raise Fault(f"a program gets status {answer.status} instead of 401: auth_saml_unauthenticated auto tells them apart")
    return "programs get 401"


def clock(answer: Answer) -> str:
    try:
        there = parsedate_to_datetime(answer.first("Date")).timestamp()
    except (ValueError, TypeError):
        raise Fault("the answer has no Date that can be read") from None
    apart = abs(there - answer.at)
    if apart > 30:
        raise Fault(f"the server's clock and this one's are {apart:.0f} s apart: set both by NTP, SAML counts in seconds")
    return "within 30 s of this host's"


def metadata(answer: Answer, url: str) -> str:
    """What an IdP needs of it, as Metadata 2.4.4 has it."""
    if answer.status != 200:
        raise Fault(f"{answer.url} answers {answer.status}: is there a location with saml_metadata? --metadata URL says another")
    elements = read(answer.body)
    if not elements or elements[0][0] != f"{MD} EntityDescriptor" or not elements[0][1].get("entityID"):
        raise Fault(f"{answer.url} is no EntityDescriptor with an entityID")
    until = elements[0][1].get("validUntil")
    if until and until[:19] < datetime.datetime.now(datetime.UTC).isoformat()[:19]:
        raise Fault(f"its validUntil, {until}, is past")
    roles = [attributes for name, attributes, _ in elements if name == f"{MD} SPSSODescriptor"]
    if not roles or PROTOCOL not in roles[0].get("protocolSupportEnumeration", "").split():
        raise Fault("there is no SPSSODescriptor of SAML 2.0 in it")
    services = [attributes for name, attributes, _ in elements if name == f"{MD} AssertionConsumerService"]
    if not services or not all(one.get("Binding") and one.get("Location") and one.get("index", "").isdecimal() for one in services):
        raise Fault("an AssertionConsumerService needs Binding, Location and index")
    page = urlsplit(url)
    if not any(urlsplit(one["Location"])[:2] == page[:2] for one in services):
        raise Fault(f"its AssertionConsumerService is at {services[0]['Location']}, not at {page.scheme}://{page.netloc}: is base_url right?")
    for name, _, text in elements:
        if name == f"{DS} X509Certificate":
            certificate(text)
    return f"{elements[0][1]['entityID']}, {len(services)} ACS"


def certificate(text: str) -> None:
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        ssl.DER_cert_to_PEM_cert(der)
    except (binascii.Error, ValueError):
        der = b""
    if not der.startswith(b"\x30"):
        raise Fault("a certificate in it cannot be read")


def read(body: bytes) -> list[tuple[str, dict[str, str], str]]:
    found: list[list] = []
    open_elements: list[list] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def begins(name: str, attributes: dict) -> None:
        found.append([name, attributes, ""])
        open_elements.append(found[-1])

    def says(text: str) -> None:
        if open_elements:
            open_elements[-1][2] += text

    def doctype(*_) -> None:
        raise Fault("the metadata has a DOCTYPE")

    parser.StartElementHandler, parser.CharacterDataHandler = begins, says
    parser.EndElementHandler = lambda _: open_elements.pop()
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise Fault(f"the metadata is no XML: {error}") from None
    return [tuple(one) for one in found]
