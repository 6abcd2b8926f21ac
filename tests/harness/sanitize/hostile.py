"""What is thrown at the endpoints, before it is changed: all that the repository knows, and true messages of this run."""

import base64
import random
import zlib
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from lxml import etree

from harness import operator
from harness.artifact_idp import ArtifactIdp
from harness.browser import Browser
from harness.diagnosis import PATH as STATUS
from harness.diagnosis import basic
from harness.ecp import PAOS_TYPE, EcpClient
from harness.ecp import enveloped as paos
from harness.encrypt import Encryption, encrypt
from harness.hostile_bodies import HOSTILE
from harness.hostile_urls import hostile_urls
from harness.idp import Idp
from harness.injection import CORPUS
from harness.keys import rsa_credential
from harness.logout import EVERYTHING, LogoutRequest, LogoutResponse, document, enveloped, redirect
from harness.message import NS, AuthnRequest
from harness.nginx import ROOT, Nginx
from harness.response import Answer, Attribute
from harness.sanitize.mutation import mutated
from harness.transmitter import KEYS, MEDIA_TYPE, Transmitter
from harness.wire import cookie_header

FORM = "application/x-www-form-urlencoded"
XML = "text/xml"
ACS, SLS, EVENTS = "/saml/acs", "/saml/sls", "/saml/events"
DISCOVERY, LOGIN, LOGOUT, SESSION, METADATA = "/saml/discovery", "/saml/login", "/saml/logout", "/saml/session", "/saml/metadata"
SEEDS = ROOT / "fuzz/seeds"
QUOTED = ((b"+", b"%2B"), (b"/", b"%2F"), (b"=", b"%3D"))


@dataclass(frozen=True)
class Seed:
    """`octets` are changed, then wrapped as the parameter `name` (as they stand when it has none), then changed
    again or not; `rest` stands behind the parameter. In the query by GET, in the body by POST."""

    path: str
    octets: bytes
    name: bytes = b""
    rest: bytes = b""
    method: str = "POST"
    content_type: str = FORM
    headers: tuple[tuple[str, str], ...] = ()
    deflated: bool = False

    def wrapped(self, octets: bytes) -> bytes:
        if not self.name:
            return octets
        if self.deflated:
            octets = zlib.compress(octets, 1, -15)
        value = base64.b64encode(octets)
        for plain, escaped in QUOTED:
            value = value.replace(plain, escaped)
        return self.name + b"=" + value + self.rest


@dataclass(frozen=True)
class Request:
    is_post: bool
    octets: bytes


def thrown(dice: random.Random, seed: Seed, others: list[bytes]) -> Request:
    """A request that is one as far as nginx can tell: what it asks for is not as it should be."""
    luck = dice.random()
    octets = mutated(dice, seed.octets, others) if luck < 0.75 else seed.octets
    body = seed.wrapped(octets)
    if 0.7 < luck < 0.97:
        body = mutated(dice, body, others)
    path, content_type = seed.path, seed.content_type
    if dice.random() < 0.02:
        path = dice.choice((ACS, SLS, EVENTS, DISCOVERY, LOGIN, LOGOUT, SESSION, METADATA, operator.PATH, STATUS, "/"))
    if dice.random() < 0.02:
        content_type = dice.choice((FORM, XML, PAOS_TYPE, MEDIA_TYPE, "multipart/form-data; boundary=x", "", "x" * 500))
    is_post = seed.method == "POST" or dice.random() < 0.05
    accept = dice.choice(("text/html", "text/html", "application/json", "*/*", PAOS_TYPE))
    lines = [f"{'POST' if is_post else 'GET'} {path}", "Host: 127.0.0.1", f"Accept: {accept}"]
    lines += [f"{name}: {value}" for name, value in seed.headers]
    if is_post:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        body_octets = body
    else:
        lines[0] += "?" + quote(body[:7000], safe="%/:@?,;$!*()'&=+")
        body_octets = b""
    lines[0] += " HTTP/1.1"
    head = "\r\n".join(lines).encode("latin-1", "replace")
    return Request(is_post, head + b"\r\n\r\n" + body_octets)


def known(home: str) -> list[tuple[int, list[Seed]]]:
    """What lies in the repository, by kinds, each with its weight: what looks like a message gets farther than what
    does not. `home` is the site's base_url."""
    return [(6, of_files()), (2, of_bodies()), (2, of_texts(home))]


def of_files() -> list[Seed]:
    """The seeds of the fuzz targets, at the endpoints where their kind arrives."""
    seeds = []
    for folder in ("parse_verify", "decrypt", "gate", "logout", "paos", "metadata"):
        for xml in seeds_of(folder):
            seeds += [
                Seed(ACS, xml, b"SAMLResponse", b"&RelayState=x"),
                Seed(SLS, xml, b"SAMLRequest"),
                Seed(SLS, xml, b"SAMLResponse", deflated=True, method="GET"),
                Seed(SLS, xml, content_type=XML, headers=(("SOAPAction", '""'),)),
                Seed(ACS, xml, content_type=PAOS_TYPE),
            ]
    for body in seeds_of("post") + seeds_of("redirect"):
        for endpoint in (ACS, SLS):
            seeds += [Seed(endpoint, body), Seed(endpoint, body, method="GET")]
    seeds += [Seed(EVENTS, token, content_type=MEDIA_TYPE) for token in seeds_of("security_event")]
    for octets in seeds_of("cookie"):
        cookie = ("Cookie", printable(octets))
        seeds += [Seed("/page.html", b"a=b", headers=(cookie,)), Seed(ACS, b"SAMLResponse=YQ", headers=(cookie,))]
    return seeds


def seeds_of(target: str) -> list[bytes]:
    """Those made by hand, and those that fuzzing found."""
    return [path.read_bytes() for path in sorted((SEEDS / target).rglob("*")) if path.is_file()]


def printable(octets: bytes) -> str:
    """What a header can have."""
    return "".join(c if " " <= c <= "~" else "_" for c in octets.decode("latin-1"))[:3000]


def of_bodies() -> list[Seed]:
    bodies = [body if isinstance(body, bytes) else body.encode() for body, _ in HOSTILE.values()]
    short = [body for body in bodies if len(body) <= 100_000]
    return [Seed(path, body) for path in (ACS, SLS, DISCOVERY, LOGIN, EVENTS, operator.PATH) for body in short]


def of_texts(home: str) -> list[Seed]:
    """As what a parameter is; the URL of another site is one of them."""
    texts = [*CORPUS, *hostile_urls(home)]
    seeds = []
    for text in texts:
        value = text.encode("utf-8", "surrogatepass")
        told = quote(value)
        for path, name in (
            (LOGIN, "return"), (LOGIN, "idp"), (LOGIN, "login_hint"), (LOGOUT, "return"), (DISCOVERY, "idp"),
            (DISCOVERY, "entityID"), (DISCOVERY, "return"), (ACS, "RelayState"), (ACS, "SAMLart"), (ACS, "saml_debug"),
            (SESSION, "wait"), (METADATA, "idp"), (STATUS, "debug"), (STATUS, "format"), (operator.PATH, "name_id"),
            (operator.PATH, "after"),
        ):  # fmt: skip
            seeds.append(Seed(path, f"{name}={told}".encode(), method="GET", headers=(basic("root"),)))
        seeds += [
            Seed(operator.PATH, f"sp=app&action={told}&token={told}&name_id={told}".encode()),
            Seed(DISCOVERY, f"idp={told}&return={told}".encode()),
            Seed("/page.html", f"field={told}&{told}=x".encode()),
            Seed(ACS, f"SAMLart={told}&RelayState={told}".encode()),
            Seed(EVENTS, value, content_type=MEDIA_TYPE),
        ]
    return seeds


class Minted:
    """True messages for this server, which would be taken as they are: what is changed of them gets far."""

    def __init__(self, server: Nginx, idp: Idp, artifact_idp: ArtifactIdp):
        self.server, self.idp, self.artifact_idp = server, idp, artifact_idp

    def seeds(self) -> list[Seed]:
        return [*self.logins(), *self.artifacts(), *self.programs(), *self.logouts(), *self.events(), *self.orders()]

    def logins(self) -> list[Seed]:
        """With the cookie of the browser whose login it is."""
        seeds = []
        groups = [Attribute("memberOf", ["CN=Admins,DC=x", "CN=Ünï,DC=x"]), Attribute("mail", ["a@b", ""], "mail")]
        for answer in (
            Answer(), Answer(sign="response", attributes=groups), Answer(sign="both"),
            Answer(before_signing=encrypted("Assertion"), sign="response", attributes=groups),
            Answer(before_signing=encrypted("NameID"), sign="response"),
            Answer(status="urn:oasis:names:tc:SAML:2.0:status:Responder", sign="response", with_assertion=False),
        ):  # fmt: skip
            browser = Browser()
            asked = self.idp.asked(browser.get(self.server.url("/page.html")))
            rest = b"&" + urlencode({"RelayState": asked.relay_state}).encode()
            xml = self.idp.response(asked, answer)
            # Weighted: these are what gets farthest.
            seeds += 12 * [Seed(ACS, xml, b"SAMLResponse", rest, headers=(cookie_header(browser),))]
        return seeds

    def artifacts(self) -> list[Seed]:
        """The IdP hands each out once, and says that it has none after that."""
        browser = Browser()
        url = self.artifact_idp.begin(browser, self.server.url("/artifact/page.html"))
        query = url.partition("?")[2].encode()
        cookie = (cookie_header(browser),)
        return 6 * [Seed(ACS, query, headers=cookie), Seed(ACS, query, headers=cookie, method="GET")]

    def programs(self) -> list[Seed]:
        client = EcpClient()
        asked = client.ask(self.server.url("/page.html"))
        request = AuthnRequest(asked.request, None)
        message = etree.fromstring(self.idp.response(request, Answer(destination=asked.consumer, recipient=asked.consumer)))
        envelope = etree.tostring(paos(message, asked.relay_state))
        return 8 * [Seed(ACS, envelope, content_type=PAOS_TYPE, headers=(cookie_header(client.http),))]

    def logouts(self) -> list[Seed]:
        """Of nobody who is there: those would be gone after the first."""
        url = self.server.url(SLS)
        nobody = LogoutRequest(name_id="nobody@example.org")
        seeds = []
        for message in (nobody, EVERYTHING, LogoutRequest(name_id="n", encrypt_for=rsa_credential("sp")), LogoutResponse("_x")):
            xml = document(self.idp, url, message)
            name = message.parameter.encode()
            query = redirect(self.idp, url, message, "x").partition("?")[2].encode()
            seeds += 5 * [
                Seed(SLS, xml, name, b"&RelayState=x"),
                Seed(SLS, enveloped(xml), content_type=XML, headers=(("SOAPAction", '""'),)),
                Seed(SLS, xml, name, deflated=True, method="GET"),
                Seed(SLS, query, method="GET"),
            ]
        return seeds

    def events(self) -> list[Seed]:
        seeds = []
        for algorithm in KEYS:
            if algorithm != "PS384":
                told = Transmitter(self.server, algorithm)
                token = told.token(told.claims({"format": "email", "email": "nobody@example.org"}), kid=algorithm)
                seeds += 5 * [Seed(EVENTS, token.encode(), content_type=MEDIA_TYPE)]
        return seeds

    def orders(self) -> list[Seed]:
        """Of an operator whose token is good, on sessions that are not there."""
        token = operator.listed(self.server, sp="app")["token"]
        fields = {"sp": "app", "action": "end_name_id", "token": token, "name_id": "nobody@example.org", "idp": "corp"}
        body = urlencode(fields).encode()
        return 4 * [Seed(operator.PATH, body, headers=(("Sec-Fetch-Site", "same-origin"),))]


def encrypted(name: str):
    """What of the Response nobody but the SP shall read; it is signed around that."""

    def change(document: etree._Element) -> None:
        encrypt(next(document.iter(f"{{{NS['saml']}}}{name}")), rsa_credential("sp"), how=Encryption("aes256-gcm"))

    return change
