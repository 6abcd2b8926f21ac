"""XML that two parsers read in two ways, or that costs or reaches more than it should.

Named after their CVEs or papers. None of these ends in a session of somebody the IdP did not name.
"""

import base64
import re
import time
import zlib
from urllib.parse import quote_plus

import pytest
from lxml import etree

from harness.attack import assert_beaten_off, attacked
from harness.dsig import sign_assertion
from harness.keys import rsa_credential
from harness.listener import Listener
from harness.message import NS
from harness.response import Answer
from harness.site import site

CONF = site(keys=False, location="add_header X-User $saml_name_id;")
EVE = "admin@example.org.evil.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def text_of(old: str, new: str):
    """Changes the octets after signing."""

    def change(document) -> bytes:
        xml = etree.tostring(document).decode()
        assert old in xml
        return xml.replace(old, new).encode()

    return change


WHOLE = {
    # Canonicalisation drops comments: the signature still holds, and the name must be whole.
    "CVE-2017-11427 comment": "admin@example.org<!-- x -->.evil.com",
    "CVE-2017-11428 two comments": "admin@example.org<!----><!-- x -->.evil.com",
    "CVE-2017-11429 comment first": "<!-- x -->admin@example.org.evil.com",
    "CVE-2017-11430 comment in each place": "admin<!--a-->@example.org<!--b-->.evil.com<!--c-->",
    "CVE-2018-0489 CDATA": "admin@example.org<![CDATA[.evil.com]]>",
    "CDATA first": "<![CDATA[admin@example.org]]>.evil.com",
    "empty CDATA": "admin@example.org<![CDATA[]]>.evil.com",
    "character references": "admin@example.org&#46;evil&#x2e;com",
}


@pytest.mark.parametrize("name", WHOLE)
def test_name_id_is_read_whole(nginx, idp, browser, name):
    """The IdP named admin@example.org.evil.com; whoever cuts lets in admin@example.org."""
    server = nginx(CONF)
    page = attacked(
        server, idp, browser, text_of(f">{EVE}<", f">{WHOLE[name]}<"), Answer(name_id=EVE)
    )
    assert page.status == 303, server.error_log()
    assert browser.get(page.location).headers["X-User"] == EVE


BROKEN = {
    "CVE-2018-0489 processing instruction": "admin@example.org<?x y?>.evil.com",
    "CVE-2018-0489 entity": "admin@example.org&x;.evil.com",
    "element": "admin@example.org<x/>.evil.com",
    "nested NameID": "admin@example.org<saml:NameID>.evil.com</saml:NameID>",
    "nul": "admin@example.org\0.evil.com",
    "nul reference": "admin@example.org&#0;.evil.com",
    "half a surrogate": "admin@example.org&#xD800;.evil.com",
    "CDATA in CDATA": "admin@example.org<![CDATA[<![CDATA[]]>]]>.evil.com",
    "comment with two dashes": "admin@example.org<!-- -- -->.evil.com",
}


@pytest.mark.parametrize("name", BROKEN)
def test_name_id_is_refused(nginx, idp, browser, name):
    server = nginx(CONF)
    page = attacked(
        server, idp, browser, text_of(f">{EVE}<", f">{BROKEN[name]}<"), Answer(name_id=EVE)
    )
    assert_beaten_off(server, browser, page)


def prologue(doctype: str):
    return lambda document: doctype.encode() + etree.tostring(document)


ATTLIST = "<!DOCTYPE samlp:Response [<!ATTLIST {} {}>]>"
DOCTYPES = {
    "CVE-2025-25291 doctype": "<!DOCTYPE samlp:Response>",
    "CVE-2025-25291 doctype in lower case": "<!doctype samlp:Response>",
    "CVE-2025-25291 quotes in the doctype": "<!DOCTYPE x [<!ENTITY a \"'><!--\"><!ENTITY b '\"-->'>]>",
    "CVE-2025-25292 attlist ID": ATTLIST.format("saml:Assertion", 'ID CDATA "_x"'),
    "CVE-2025-25292 attlist namespace": ATTLIST.format(
        "saml:Assertion", 'xmlns:saml CDATA #FIXED "urn:evil"'
    ),
    "CVE-2025-25292 attlist of type ID": ATTLIST.format("saml:NameID", "Format ID #IMPLIED"),
    "CVE-2014-3566 XXE of a file": '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "XXE by PUBLIC": '<!DOCTYPE x PUBLIC "-//X" "@LISTENER@/dtd">',
    "XXE by SYSTEM": '<!DOCTYPE x SYSTEM "@LISTENER@/dtd">',
    "XXE by parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "@LISTENER@/p"> %p;]>',
    "CVE-2003-1564 billion laughs": "<!DOCTYPE x ["
    + '<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    + "]>",
    "quadratic blowup": f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>',
}


@pytest.mark.parametrize("name", DOCTYPES)
def test_doctype(nginx, idp, browser, name):
    """Refused before anything is read, whatever stands in it."""
    listener, server = Listener(), nginx(CONF)
    before = stderr(server)
    doctype = DOCTYPES[name].replace("@LISTENER@", listener.url)
    page = attacked(server, idp, browser, prologue(doctype))
    assert_beaten_off(server, browser, page, "xml_doctype", "xml_malformed")
    listener.stop()
    assert listener.hits == []
    assert stderr(server) == before


REACHING = {
    "xi:include": '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="@/x"/>',
    "xml:base": '<saml:X xml:base="@/" href="x"/>',
    "schemaLocation": '<saml:X xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="urn:x @/x.xsd"/>',
    "stylesheet": '<?xml-stylesheet type="text/xsl" href="@/x.xsl"?>',
}


@pytest.mark.parametrize("name", REACHING)
def test_nothing_is_fetched(nginx, idp, browser, name):
    listener, server = Listener(), nginx(CONF)
    strange = REACHING[name].replace("@", listener.url)
    page = attacked(server, idp, browser, text_of("<samlp:Status>", f"{strange}<samlp:Status>"))
    assert_beaten_off(server, browser, page)
    listener.stop()
    assert listener.hits == []


def stderr(server) -> str:
    return (server.directory / "stderr.log").read_text()


FORGED = "2026/01/01 00:00:00 [alert] 1#1: forged line"
LINES = {
    "xml:id": f'<samlp:Status xml:id="a&#10;{FORGED}&#10;">',
    "xml:id that is no name": f'<samlp:Status xml:id="&#10;{FORGED}">',
    "ID": f'<samlp:Status ID="a&#10;{FORGED}">',
    "namespace": f'<samlp:Status xmlns:x="urn:x&#10;{FORGED}">',
    "element": f'<samlp:Status x="&#13;&#10;{FORGED}&#27;[31m">',
}


@pytest.mark.parametrize("name", LINES)
def test_log_injection(nginx, idp, browser, name):
    """CWE-117: what a parser says of a bad xml:id holds the attacker's line breaks."""
    server = nginx(CONF)
    before = stderr(server)
    change = text_of("<samlp:Status>", LINES[name])
    page = attacked(server, idp, browser, change, Answer(sign="response"))
    assert_beaten_off(server, browser, page)
    page = attacked(server, idp, browser, change, Answer(sign="assertion"))
    if page.status == 303:  # outside of what is signed and read
        assert browser.get(page.location).headers["X-User"] == "alice@example.org"
    else:
        assert_beaten_off(server, browser, page)
    assert_no_forged_line(server, before)


KNOBS = ("issuer", "audience", "recipient", "destination", "status", "confirmation_method")


@pytest.mark.parametrize("knob", KNOBS)
def test_log_injection_by_a_signed_value(nginx, idp, browser, knob):
    """What disagrees is logged: escaped, and not without end."""
    server = nginx(CONF)
    before = stderr(server)
    hostile = "x\r\n" + FORGED + "\t" + "y" * 20_000

    def put(document):
        if knob == "issuer":
            document.find("saml:Assertion/saml:Issuer", NS).text = hostile
        elif knob == "audience":
            document.find(".//saml:Audience", NS).text = hostile
        elif knob == "recipient":
            document.find(".//saml:SubjectConfirmationData", NS).set("Recipient", hostile)
        elif knob == "destination":
            document.set("Destination", hostile)
        elif knob == "status":
            document.find(".//samlp:StatusCode", NS).set("Value", hostile)
        else:
            document.find(".//saml:SubjectConfirmation", NS).set("Method", hostile)
        sign_assertion(document, rsa_credential("idp"))

    page = attacked(server, idp, browser, put, Answer(sign=None))
    line = assert_beaten_off(server, browser, page)
    assert len(line) < 4096
    assert_no_forged_line(server, before)


def assert_no_forged_line(server, stderr_before: str) -> None:
    log = server.error_log()
    assert not re.search(r"^" + re.escape(FORGED[:30]), log, re.M), log
    assert "\x1b" not in log
    assert stderr(server) == stderr_before, "something wrote to stderr"
    for line in log.splitlines():
        assert re.match(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: ", line), line


def deflate(xml: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(xml) + compressor.flush()


BOMBS = {
    "blanks": b" " * (100 << 20),
    "XML": b"<a>" + b"x" * (100 << 20) + b"</a>",
    "just beyond": b"<a>" + b"x" * (256 << 10) + b"</a>",
}


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("name", BOMBS)
def test_deflate_bomb(nginx, browser, name, method):
    """A hundred megabytes in a hundred kilobytes: inflating stops at max_message_size."""
    server = nginx(CONF.replace("http {", "http {\n    large_client_header_buffers 4 512k;"))
    body = "SAMLResponse=" + quote_plus(base64.b64encode(deflate(BOMBS[name])))
    began = time.monotonic()
    if method == "POST":
        page = browser.post(server.url("/saml/acs"), body, headers=FORM)
    else:
        page = browser.get(server.url("/saml/acs?" + body))
    took = time.monotonic() - began
    assert_beaten_off(server, browser, page, "message_too_large")
    assert took < 2, f"{took:.2f} s"
    (worker,) = server.workers()
    with open(f"/proc/{worker}/status") as status:
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1))
    assert peak < 64 << 10, f"{peak} KiB"


def fields(*pairs: tuple[str, str]) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)


DUPLICATES = {
    "SAMLResponse twice": lambda good, state: [("SAMLResponse", good)] * 2,
    "an empty one first": lambda good, state: [("SAMLResponse", ""), ("SAMLResponse", good)],
    "an empty one last": lambda good, state: [("SAMLResponse", good), ("SAMLResponse", "")],
    "SAMLRequest beside": lambda good, state: [("SAMLResponse", good), ("SAMLRequest", good)],
    "RelayState twice": lambda good, state: [
        ("SAMLResponse", good), ("RelayState", state), ("RelayState", "https://evil.example/"),
    ],
    "escaped name": lambda good, state: [("SAMLResponse", good), ("%53AMLResponse", good)],
}  # fmt: skip


@pytest.mark.parametrize("name", DUPLICATES)
def test_duplicate_parameters(nginx, idp, browser, name):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    good = base64.b64encode(idp.response(request)).decode()
    body = fields(*DUPLICATES[name](good, request.relay_state))
    page = browser.post(request.acs_url, body, headers=FORM)
    assert_beaten_off(server, browser, page, "message_duplicate", "form_invalid")


def test_the_query_of_a_post_is_no_form(nginx, idp, browser):
    """Parameter pollution: a message in the query beside one in the body, and alone."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    good = fields(("SAMLResponse", base64.b64encode(idp.response(request)).decode()))
    evil = fields(("SAMLResponse", base64.b64encode(b"<evil/>").decode()))
    page = browser.post(f"{request.acs_url}?{good}", "", headers=FORM)
    assert_beaten_off(server, browser, page, "message_missing")
    page = browser.post(f"{request.acs_url}?{good}", evil, headers=FORM)
    assert_beaten_off(server, browser, page, "message_unexpected")
