"""Bodies that no IdP would post to the ACS, and the reason for which each is refused, where it is one."""

import base64
import gzip
from urllib.parse import quote_plus

RESPONSE = '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a" Version="2.0">{}</samlp:Response>'


def message(xml: str | bytes) -> str:
    raw = xml if isinstance(xml, bytes) else xml.encode()
    return f"SAMLResponse={quote_plus(base64.b64encode(raw))}&RelayState=x"


DOCTYPE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BILLION = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

HOSTILE = {
    "empty": ("", "message_missing"),
    "no message": ("a=b&c=d", "message_missing"),
    "empty message": ("SAMLResponse=", "message_missing"),
    "twice": ("SAMLResponse=YQ&SAMLResponse=YQ", "message_duplicate"),
    "bad percent": ("SAMLResponse=%zz", "base64_invalid"),
    "not base64": ("SAMLResponse=***", "base64_invalid"),
    "bare ampersands": ("&" * 5000, "message_missing"),
    "a million fields": ("a=b&" * 500_000, None),
    "not xml": (message("hello"), "xml_malformed"),
    "cut off": (message(RESPONSE.format("")[:-4]), "xml_malformed"),
    "nul": (message("<a>\0</a>"), None),
    "binary": (message(bytes(range(256)) * 8), None),
    "gzip": (message(gzip.compress(b"<a/>")), None),
    "utf-16": (message("<a/>".encode("utf-16")), None),
    "latin-1": (
        message('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe5</a>'.encode("latin-1")),
        None,
    ),
    "overlong utf-8": (message(b"<a>\xc0\xaf</a>"), None),
    "doctype": (message(DOCTYPE + RESPONSE.format("&x;")), None),
    "billion laughs": (message(BILLION + RESPONSE.format("&b;")), None),
    "deep": (message("<a>" * 5000 + "</a>" * 5000), None),
    "wide": (message(RESPONSE.format("<a/>" * 15_000)), None),
    "many attributes": (message("<a " + " ".join(f'b{n}=""' for n in range(5000)) + "/>"), None),
    "many namespaces": (
        message("<a " + " ".join(f'xmlns:b{n}="u"' for n in range(3000)) + "/>"),
        None,
    ),
    "processing instruction": (message('<?xml-stylesheet href="http://127.0.0.1/"?><a/>'), None),
    "too large": (message("<a>" + "x" * 70_000 + "</a>"), None),
    "far too large": (message("<a>" + "x" * 3_000_000 + "</a>"), None),
    "other root": (message("<html/>"), "message_unexpected"),
    "other namespace": (message('<Response xmlns="urn:example"/>'), "message_unexpected"),
    "duplicate id": (message(RESPONSE.format('<b ID="_a"/>')), None),
    "empty response": (message(RESPONSE.format("")), None),
}
