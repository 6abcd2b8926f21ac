"""What an IdP calls things, in front of a real memcached: no name of its becomes a command or a key.

Shibboleth SP CVE-2025-9943 was such a name in SQL. memcached's commands end with a line, its keys with a
blank and at 250 octets.
"""

import re
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from harness.browser import Browser
from harness.dsig import sign_assertion
from harness.idp import Idp
from harness.logout import LogoutRequest, send
from harness.members import PAGE, is_in
from harness.message import NS
from harness.response import Answer
from harness.site import site

CONF = site(
    http="""
        saml_session_store shared {
            memcached @NODES@;
            cache_valid 0s;
            secret session.key;
        }
    """,
    idp="allow_unsolicited on;",
    sp="session_store shared; session_attributes all;",
    location="add_header X-User $saml_name_id;",
)
FILES = {"session.key": "0123456789abcdef" * 4}
IDS = {
    "usual": "_0123456789abcdef",
    "a command": "x\r\nflush_all\r\n",
    "a write": "x 0 0 1\r\n1\r\nset intruder 0 0 4\r\nevil\r\nget x",
    "a write of the meta protocol": "x\r\nms intruder 4 T0\r\nevil\r\nmn",
    "a line feed alone": "x\nflush_all\nx",
    "a return alone": "x\rflush_all\rx",
    "blanks": "x flush_all 0 0 noreply",
    "tabs": "x\tflush_all\t0",
    "250 octets": "x" * 250,
    "251 octets": "x" * 251,
    "300 octets": "x" * 300,
    "300 letters of 3 octets": "\N{SNOWMAN}" * 300,
    "5000 octets": "x" * 5000,
    "a path": "../../../../etc/passwd",
    "a quote": "x'; DROP TABLE sessions; --\"",
    "percent": "%0d%0aflush_all%0d%0a",
    "next line, separators": "x\x85flush_all\u2028flush_all\u2029x",
    "a key of ours": "saml:app:*",
    "flags": "-1 18446744073709551616 4294967296",
}
LETTERS = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;", '"': "&quot;"}
KEY = re.compile(rb"saml[\x21-\x7e]{20,200}")
# What has been written; what is read besides, orders and probes, goes by the clock.
WRITTEN = re.compile(r"cmd_(?!get|touch)|delete_|incr_|decr_|cas_|auth_|total_items|curr_items|evictions")


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-POST",))


@pytest.fixture
def node(memcacheds):
    made = memcacheds()[0]
    made.put(b"intruder", b"what it was", 3600)
    return made


@pytest.fixture
def server(nginx, node):
    return nginx(CONF, files=FILES, NODES=node.address)


def says(path: str, text: str):
    """Such an element, with its returns as references, which XML would read as line feeds else."""

    def change(document: etree._Element) -> None:
        document.find(path, NS).text = text

    return change


def counted(node) -> dict[str, int]:
    return {name: value for name, value in node.stats().items() if WRITTEN.match(name)}


def with_id(text: str):
    """The Assertion has this ID, and its signature is by it."""

    def change(document: etree._Element) -> None:
        document.find("saml:Assertion", NS).set("ID", text)
        sign_assertion(document, Idp().credential, uri=f"#{escape(text, LETTERS)}")

    return change


def answer_with(place: str, text: str, who: str) -> Answer:
    if place == "assertion":
        return Answer(name_id=who, sign=None, after_signing=with_id(text))
    if place == "response":
        return Answer(name_id=who, after_signing=lambda document: document.set("ID", text))
    if place == "name_id":
        return Answer(before_signing=says(".//saml:NameID", text))
    if place == "logout":
        return Answer(name_id=who)
    return Answer(**{"name_id": who, place: text})


def logout_of(place: str, text: str, who: str) -> LogoutRequest:
    if place == "session_index":
        return LogoutRequest(who, before_signing=says("samlp:SessionIndex", text))
    if place == "name_id":
        return LogoutRequest(before_signing=says("saml:NameID", text))
    if place == "logout":
        return LogoutRequest(who, id=text)
    if place in ("name_qualifier", "sp_name_qualifier"):
        return LogoutRequest(**{"name_id": who, place: text})
    return LogoutRequest(who)


def journey(server, idp, place: str, text: str, who: str) -> bool:
    """A login, a visit, the same answer again, and the end of it by the IdP: whether it ever began."""
    browser, again = Browser(), Browser()
    request = idp.asked(browser.get(server.url(PAGE)))
    form = idp.form(request, answer_with(place, text, who))
    page = browser.post(request.acs_url, form)
    was_in = is_in(server, browser)
    assert was_in == (page.status == 303), page.text
    assert again.post(request.acs_url, form).status >= 400
    out = logout_of(place, text, who)
    for _ in range(2):
        page = send(idp, server.url("/saml/sls"), out, "redirect")
        assert not was_in or page.status == 200, page.text
    assert not is_in(server, browser)
    return was_in


PLACES = ["assertion", "response", "name_id", "session_index", "name_qualifier", "sp_name_qualifier", "logout"]


@pytest.mark.parametrize("place", PLACES)
def test_a_name_is_a_name(server, node, idp, place):
    """memcached is written to just as often as for a usual name, and for nothing else."""
    usual, accepted = None, 0
    for number, (name, text) in enumerate(IDS.items()):
        before = counted(node)
        was_in = journey(server, idp, place, text, f"{number}@example.org")
        accepted += was_in
        written = {key: value - before[key] for key, value in counted(node).items()}
        if usual is None:
            usual = written
            assert was_in and usual["cmd_set"] > 3, usual
        assert not was_in or written == usual, name
        assert written["cmd_flush"] == 0
        assert node.get(b"intruder") == b"what it was", name
        keys = node.keys()
        assert [key for key in keys if not KEY.fullmatch(key) and key != b"intruder"] == [], name
        assert b"flush" not in b"".join(keys)
    assert accepted > 5


def test_the_instrument(node):
    """A command that came through would be seen."""
    before = counted(node)
    node.clear()
    assert counted(node)["cmd_flush"] == before["cmd_flush"] + 1
    assert node.get(b"intruder") is None
