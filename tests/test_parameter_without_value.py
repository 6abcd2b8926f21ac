"""A parameter, cookie or header that is there and has no value gives nobody else's octets away (NetScaler
CVE-2026-3055, CVE-2025-5777).

There a form's field without `=` was answered with what had stood in that memory before. Here other clients fill
the worker's memory with a word first; it is looked for in all that is answered afterwards, as it is and behind
each encoding that answers have.
"""

import base64
import functools
import re
import zlib
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.site import site
from harness.wire import ask

WORD = "cAnArY-5d1e"
FILL = (WORD + "%41&;= ") * 4000
HUGE = "A" * (64 << 10)
IDP = Idp(binding="HTTP-POST", slo=("HTTP-Redirect", "HTTP-POST"))
OTHER = Idp("https://other.example.org/idp", "https://other.example.org/sso", credential=rsa_credential("other"))
CONF = site(
    http="""
        large_client_header_buffers 8 256k;
        client_max_body_size 1m;
        saml_idp other { metadata other.xml; }
    """,
    idp="allow_unsolicited on;",
    sp="idp other; discovery builtin; session_attributes all; subject_hint on;",
    server="""
        location = /saml/status { saml_status; }
        location = /saml/sessions { saml_sessions; }
        location /ecp { auth_saml app; auth_saml_ecp on; root html; }
        location /app { auth_saml app; proxy_set_header X-User $saml_user; proxy_pass @BACKEND@; }
    """,
    location="auth_saml_preserve_post 64k; auth_saml_cors_origin https://app.example.org;",
)
FILES = {"idp.xml": IDP.metadata(), "other.xml": OTHER.metadata()}
PATHS = [
    "/saml/acs", "/saml/sls", "/saml/login", "/saml/discovery", "/saml/logout", "/saml/session", "/saml/metadata",
    "/saml/jwks", "/saml/status", "/saml/sessions", "/page.html", "/ecp/page.html", "/app",
]  # fmt: skip
TAKE_FORMS = ["/saml/acs", "/saml/sls", "/saml/logout", "/saml/sessions", "/page.html", "/app"]
PARAMETERS = [
    "SAMLResponse", "SAMLRequest", "SAMLart", "RelayState", "SigAlg", "Signature", "SAMLEncoding", "KeyInfo",
    "return", "idp", "entityID", "saml_choice", "saml_resumption", "saml_debug", "saml_passive", "login_hint",
    "remember", "format", "tell", "q", "debug", "health", "token", "action", "session", "page",
]  # fmt: skip
HEADERS = [
    "Cookie", "Authorization", "Accept", "Accept-Language", "Accept-Encoding", "Origin", "Referer", "PAOS",
    "SOAPAction", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "X-Requested-With", "X-Forwarded-For", "Range",
    "If-None-Match", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Content-Type", "User-Agent",
]  # fmt: skip
FORM = ("Content-Type", "application/x-www-form-urlencoded")
# How a parameter or cookie may stand there.
SHAPES = ["{0}", "{0}=", "{0}&", "{0}=&{0}", "&{0}", "={0}", "{0}==", "{0}=%", "{0}=%4", "{0};", "{0}=;{0}", '{0}="']


@pytest.fixture
def server(nginx, backend):
    backend.answer = lambda asked: (200, "text/plain", b"the application\n")
    made = nginx(CONF, files=FILES, BACKEND=backend.url)
    fill(made)
    return made


def fill(server) -> None:
    """Other clients' requests, over and over: in lines, headers, cookies, bodies."""
    long, short = FILL[:60_000].replace(" ", "+"), WORD * 20
    for text in (long, short):
        for path in PATHS[::3]:
            everything = "&".join(f"{name}={text[:2000]}" for name in PARAMETERS)
            ask(server, f"{path}?{everything}", ("Cookie", f"saml_session={text}"), ("X-Fill", text))
            ask(server, path, FORM, ("Referer", text), method="POST", body=f"SAMLResponse={text}&{everything}".encode())
            ask(server, path, FORM, method="POST", body=text.encode())


def memory(server) -> bytes:
    """What the worker has for itself."""
    [pid] = server.workers()
    parts = []
    with open(f"/proc/{pid}/mem", "rb", 0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if match := re.match(r"(\w+)-(\w+) rw-p", line):
                begin, end = (int(number, 16) for number in match.groups())
                file.seek(begin)
                parts.append(file.read(end - begin))
    return b"".join(parts)


def tells(text: str) -> bool:
    """Does an answer have the word, as it is or behind an encoding?"""
    plain = unquote(text)
    return WORD in text or WORD in plain or any(map(hides, set(re.findall(r"[A-Za-z0-9+/_-]{12,}", plain))))


@functools.lru_cache(100_000)
def hides(token: str) -> bool:
    """In base64 of either alphabet, from each letter on, DEFLATE behind that, or hexadecimal."""
    word = WORD.encode()
    for offset in range(4):
        part = token[offset:].replace("-", "+").replace("_", "/")
        part = part[:-1] if len(part) % 4 == 1 else part
        octets = base64.b64decode(part + "=" * (-len(part) % 4))
        if word in octets or offset == 0 and word in inflated(octets):
            return True
    digits = token[: len(token) // 2 * 2]
    return re.fullmatch("[0-9a-f]*", digits) is not None and word in bytes.fromhex(digits)


def inflated(octets: bytes) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(octets, 1 << 20)
    except zlib.error:
        return b""


def assert_nothing_foreign(answer, where) -> None:
    assert not tells(f"{answer.headers}\n{answer.text}"), where


def test_the_instrument(server):
    """The word is in the worker's memory, and found where an answer has it."""
    try:
        assert memory(server).count(WORD.encode()) > 100
    except PermissionError as refused:
        pytest.skip(f"this memory may not be read: {refused}")
    for said in (
        ask(server, f"/page.html?{WORD}", ("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")),
        ask(server, f"/saml/login?idp=corp&return=/{WORD}", ("Accept", "text/html")),
        ask(server, f"/saml/discovery?q={WORD}", ("Accept", "text/html")),
    ):
        assert tells(f"{said.headers}\n{said.text}"), said.text


@pytest.mark.parametrize("path", PATHS)
def test_parameters(server, path):
    lines = server.error_log().count("\n")
    for name in PARAMETERS:
        for shape in SHAPES:
            query = shape.format(name)
            assert_nothing_foreign(ask(server, f"{path}?{query}", ("Accept", "text/html")), query)
            if path in TAKE_FORMS:
                assert_nothing_foreign(ask(server, path, FORM, method="POST", body=query.encode()), query)
        query = f"{name}={HUGE}"
        assert_nothing_foreign(ask(server, f"{path}?{query}"), name)
        assert_nothing_foreign(ask(server, path, FORM, method="POST", body=query.encode()), name)
    assert_nothing_foreign(ask(server, path, FORM, method="POST"), "no body")
    assert_nothing_foreign(ask(server, path, FORM, method="POST", body=b"&".join(n.encode() for n in PARAMETERS)), "")
    assert WORD not in "\n".join(server.error_log().split("\n")[lines:])


@pytest.mark.parametrize("path", PATHS)
def test_headers_and_cookies(server, path):
    member = Browser()
    assert IDP.login(member, server.url("/saml/login?idp=corp&return=/page.html")).status == 303
    names = sorted(member.cookie_names() | {"saml_session"})
    lines = server.error_log().count("\n")
    for name in HEADERS:
        for value in ("", " ", "=", ";", ",", '"', HUGE):
            assert_nothing_foreign(ask(server, path, (name, value)), (name, value[:9]))
    for name in names:
        for shape in SHAPES:
            for header in (shape.format(name), f"{shape.format(name)}; {name}"):
                assert_nothing_foreign(ask(server, path, ("Cookie", header)), header)
        assert_nothing_foreign(ask(server, path, ("Cookie", f"{name}={HUGE}")), name)
    assert WORD not in "\n".join(server.error_log().split("\n")[lines:])
