"""What becomes of logins and logouts is in error.log and access.log; cookies, messages, keys and what is said of
people are not."""

import base64
import re

from harness.browser import Browser
from harness.encrypt import encrypt
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, back_channel, document, form, received, send
from harness.message import NS
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    main="error_log error.log info;",
    http="""
        saml_audit_log audit.log;
        saml_session_store shared { memcached @NODE@; secret session.key; cache_valid 0s; }
    """,
    idp="@IDP@",
    sp="session_store shared; session_attributes all;",
)
SECRET = "5ecre7of7heses5ions" * 3
FILES = {"session.key": SECRET}
PERSON = {
    "name_id": "alice.anderson@people.example",
    "session_index": "_index-of-alice",
    "attributes": [Attribute("mail", ["alice@mailbox.example"]), Attribute("groups", ["group-of-alice"])],
}
# What is wrong with an answer that names her.
WRONG = [
    {"audience": "https://other.example.org"},
    {"not_on_or_after": -300, "not_before": -600},
    {"credential": rsa_credential("stranger")},
    {"sign": None},
    {"recipient": "https://other.example.org/"},
    {"in_response_to": "_another"},
    {"before_signing": lambda document: document.find(".//saml:Subject", NS).clear()},
    {"after_signing": lambda document: document.find(".//saml:NameID", NS).set("Format", "urn:x")},
    {"after_signing": lambda document: encrypt(document.find("saml:Assertion", NS), rsa_credential("nobody"))},
]


class Heard:
    """All that went over the wire and is nobody else's business."""

    def __init__(self):
        self.words: set[str] = {PERSON["name_id"], PERSON["session_index"], "mailbox", "group-of-alice", SECRET}
        for credential in (rsa_credential("sp"), rsa_credential("idp")):
            self.words |= set(credential.key_pem.decode().splitlines()[1:-1])

    def browser(self, browser: Browser) -> None:
        self.words |= {cookie.value for cookie in browser.session.cookies if len(cookie.value) > 8}

    def message(self, fields: dict[str, str]) -> None:
        """In pieces: a part of it would be enough."""
        text = next(value for name, value in fields.items() if name.startswith("SAML"))
        self.words |= {text[n : n + 40] for n in range(0, len(text) - 40, 40)}
        xml = base64.b64decode(text).decode()
        self.words |= set(re.findall(r"<(?:\w+:)?SignatureValue>([^<]{40})", xml))


def journeys(server, idp: Idp, heard: Heard) -> list[str]:
    """Logins that are refused and one that is not, its session, its end; the reasons that were logged."""
    for wrong in WRONG:
        browser = Browser()
        request = idp.asked(browser.get(server.url("/page.html")))
        fields = idp.form(request, Answer(**PERSON | wrong))
        heard.message(fields)
        heard.browser(browser)
        assert browser.post(request.acs_url, fields).status >= 400
    member = Browser()
    request = idp.asked(member.get(server.url("/page.html")))
    fields = idp.form(request, Answer(**PERSON))
    heard.message(fields)
    heard.browser(member)
    assert member.post(request.acs_url, fields).status == 303
    heard.browser(member)
    assert Browser().post(request.acs_url, fields).status >= 400
    for _ in range(2):
        assert member.get(server.url("/page.html")).status == 200
    member.get(server.url("/saml/session"))
    url = server.url("/saml/sls")
    for change in ({"sign": False}, {"credential": rsa_credential("stranger")}, {"issue_instant": -900, "not_on_or_after": -600}):
        message = LogoutRequest(PERSON["name_id"], session_index=(PERSON["session_index"],), **change)
        heard.message({"SAMLRequest": base64.b64encode(document(idp, url, message)).decode()})
        assert send(idp, url, message, "post").status >= 400
        assert send(idp, url, message, "soap").status >= 400
    leaving = received(member.get(server.url("/saml/logout")))
    heard.browser(member)
    assert leaving.xml is not None
    good = form(idp, url, LogoutRequest(PERSON["name_id"], session_index=()))
    heard.message(good)
    assert back_channel().post(url, good).status in (200, 303)
    return re.findall(r" saml: ([a-z_]+): ", server.error_log())


def test_no_line_has_them(nginx, memcacheds):
    idp, heard = Idp(binding="HTTP-POST", slo=("HTTP-POST",)), Heard()
    node = memcacheds()[0]
    files = FILES | {"idp.xml": idp.metadata()}
    server = nginx(CONF, files=files, NODE=node.address, IDP="slo_binding post;")
    reasons = journeys(server, idp, heard)
    node.kill()
    assert Browser().get(server.url("/page.html"), cookies={"saml_session": "A" * 43}).status in (302, 200, 503)
    assert len(set(reasons)) >= 9, reasons
    log = server.error_log() + server.access_log()
    assert len(heard.words) > 300
    # The audit log is for who it was, and tells that there was something to tell.
    assert PERSON["name_id"] in (server.directory / "audit.log").read_text()
    told = [word for word in heard.words if word in log]
    assert told == [], [line for line in log.splitlines() if any(word in line for word in told)][:5]
