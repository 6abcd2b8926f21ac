"""Whoever is sent to sign in gets that and nothing behind it (mod_auth_openidc CVE-2025-31492).

There the page that posts to the IdP was followed, on the same connection, by the page that is protected.
Everything that comes over the connection is read here, up to its end.
"""

import gzip
import http.client
import io
import re
import socket

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.site import site
from harness.wire import cookie_header

CANARY = "canary-7b1f"
CONF = site(
    http="""
        gzip on;
        gzip_types *;
        gzip_min_length 1;
        map $saml_name_id $is_staff { default 0; }
        saml_idp other { metadata other.xml; }
    """,
    sp="@SP@",
    listen="reuseport",
    server="""
        location = /denied { auth_saml app; auth_saml_require $is_staff; root html; try_files /page.html =404; }
        location /files { auth_saml app; autoindex on; alias html/; }
        location /app { auth_saml app; @MORE@ proxy_pass @BACKEND@; }
        location /tried { auth_saml app; @MORE@ root html; try_files /page.html =404; }
        location /missing { auth_saml app; @MORE@ root html; error_page 404 /page.html; }
        location /included { auth_saml app; @MORE@ ssi on; root html; }
    """,
    location="@MORE@",
)
POSTING = Idp(binding="HTTP-POST")
OTHER = Idp("https://other.example.org/idp", "https://other.example.org/sso", credential=rsa_credential("other"))
# The IdP, and what SP and location say besides.
WAYS = {
    "redirect": (Idp(), "", ""),
    "form": (POSTING, "", ""),
    "form, strict cookies": (POSTING, "cookie_same_site strict;", ""),
    "choice": (Idp(), "idp other; discovery builtin;", ""),
    "fragment": (Idp(), "keep_fragment on;", ""),
    "fragment and form": (POSTING, "keep_fragment on;", ""),
    "form kept": (POSTING, "", "auth_saml_preserve_post 64k;"),
    "401": (Idp(), "", "auth_saml_unauthenticated 401;"),
}
PATHS = ["/page.html", "/", "/files/", "/app", "/tried", "/missing/x", "/included/page.html", "/denied"]
FILES = {
    "html/page.html": f"{CANARY} " * 50,
    "html/index.html": CANARY,
    f"html/{CANARY}.txt": CANARY,
    "html/included/page.html": f'{CANARY}<!--#include virtual="/page.html" -->',
    "other.xml": OTHER.metadata(),
}
HOST = "Host: 127.0.0.1\r\n"
CLOSE = "Connection: close\r\n\r\n"
BROWSER = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n"
FORM = f"{BROWSER}Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
CONTINUE = "Expect: 100-continue\r\nContent-Length: 3\r\n"
REQUESTS = {
    "a page": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}{BROWSER}{CLOSE}",
    "HEAD": lambda path: f"HEAD {path} HTTP/1.1\r\n{HOST}{BROWSER}{CLOSE}",
    "HTTP/1.0": lambda path: f"GET {path} HTTP/1.0\r\n{HOST}\r\n",
    "a range": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}{BROWSER}Range: bytes=0-20\r\n{CLOSE}",
    "two ranges": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}Range: bytes=0-2,5-9\r\n{CLOSE}",
    "if it is another": lambda path: f'GET {path} HTTP/1.1\r\n{HOST}If-None-Match: *\r\n{CLOSE}',
    "if it is this": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}If-Match: *\r\n{CLOSE}",
    "packed": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}{BROWSER}Accept-Encoding: gzip\r\n{CLOSE}",
    "a program": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}Accept: application/json\r\n{CLOSE}",
    "a frame": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}{BROWSER}Sec-Fetch-Dest: iframe\r\n{CLOSE}",
    "a script": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}Sec-Fetch-Mode: cors\r\n{CLOSE}",
    "a socket": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "a form": lambda path: f"POST {path} HTTP/1.1\r\n{HOST}{FORM}Content-Length: 3\r\n{CLOSE}a=b",
    "an empty form": lambda path: f"POST {path} HTTP/1.1\r\n{HOST}{FORM}Content-Length: 0\r\n{CLOSE}",
    "chunks": lambda path: f"POST {path} HTTP/1.1\r\n{HOST}{FORM}{CHUNKED}{CLOSE}3\r\na=b\r\n0\r\n\r\n",
    "asked to go on": lambda path: f"POST {path} HTTP/1.1\r\n{HOST}{FORM}{CONTINUE}{CLOSE}a=b",
    "one after the other": lambda path: f"GET {path} HTTP/1.1\r\n{HOST}\r\nGET {path} HTTP/1.1\r\n{HOST}{CLOSE}",
}  # fmt: skip


def talk(server, octets: str, cookie: str = "") -> bytes:
    """All that comes until nginx hangs up."""
    with socket.create_connection((server.address, server.port), timeout=10) as connection:
        text = octets if not cookie else octets.replace("HTTP/1.1\r\n", f"HTTP/1.1\r\nCookie: {cookie}\r\n")
        connection.sendall(text.encode())
        if "Upgrade: websocket" in text:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(1 << 16):
            answer += more
        return answer


class Wire:
    """Octets as a connection that `http.client` reads; one reader for all that are on it."""

    def __init__(self, octets: bytes):
        self.file = io.BufferedReader(io.BytesIO(octets))
        self.file.close = lambda: None

    def makefile(self, *_):
        return self.file


def answers(octets: bytes, methods: list[str]) -> list[tuple[int, bytes]]:
    """Each answer's status and content, and nothing behind the last."""
    wire, found = Wire(octets), []
    for method in methods:
        answer = http.client.HTTPResponse(wire, method=method)
        answer.begin()
        content = answer.read()
        packed = answer.headers["Content-Encoding"] == "gzip" and content
        found.append((answer.status, gzip.decompress(content) if packed else content))
        assert CANARY not in str(answer.headers)
    assert wire.file.read() == b"", "octets behind the answer"
    return found


@pytest.mark.parametrize("way", WAYS)
def test_strangers(nginx, backend, way):
    idp, sp, more = WAYS[way]
    backend.answer = lambda asked: (200, "text/html", CANARY.encode())
    files = FILES | {"idp.xml": idp.metadata()}
    server = nginx(CONF, files=files, SP=sp, MORE=more, BACKEND=backend.url)
    for path in PATHS:
        for name, make in REQUESTS.items():
            octets = make(path)
            answer = talk(server, octets)
            assert CANARY.encode() not in answer, (path, name)
            for status, content in answers(answer, re.findall(r"^([A-Z]+) /", octets, re.M)):
                assert status in (200, 302, 303, 307, 401, 403, 411), (path, name, status)
                assert CANARY.encode() not in content, (path, name)
    assert backend.asked == []
    assert_page_of_member(server, idp)


def assert_page_of_member(server, idp) -> None:
    """The same requests give the page to a member, so that there was something to keep back."""
    browser = Browser()
    request = idp.asked(browser.get(server.url("/saml/login?idp=corp&return=/page.html")))
    page = browser.post(request.acs_url, idp.form(request))
    cookie = cookie_header(browser, "saml_session")[1]
    assert cookie, page.text
    for path in ("/page.html", "/tried", "/files/", "/missing/x", "/included/page.html"):
        assert CANARY.encode() in talk(server, REQUESTS["a page"](path), cookie), path
    # And whoever has a session and no right to it nothing again.
    answer = talk(server, REQUESTS["a page"]("/denied"), cookie)
    assert answer.startswith(b"HTTP/1.1 403") and CANARY.encode() not in answer


NONE = ["saml_session=x", f"saml_session={'A' * 43}", "saml_session=", "saml_session", "saml_session=x; saml_session=y"]


@pytest.mark.parametrize("cookie", NONE)
def test_who_has_a_cookie_that_is_none(nginx, backend, cookie):
    files = FILES | {"idp.xml": POSTING.metadata()}
    server = nginx(CONF, files=files, SP="", MORE="", BACKEND=backend.url)
    for path in PATHS:
        for name in ("a page", "HEAD", "a range", "a form", "one after the other"):
            answer = talk(server, REQUESTS[name](path), cookie)
            assert answer and CANARY.encode() not in answer, (path, name)
    assert backend.asked == []
