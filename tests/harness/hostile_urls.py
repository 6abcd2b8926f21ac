"""The list of URLs that would lead a browser away, and the ways by which they come."""

import json
import re
import socket
from pathlib import Path
from urllib.parse import quote, urlsplit

from harness.browser import Browser
from harness.nginx import Nginx

LIST = Path(__file__).with_suffix(".txt")


def hostile_urls(home: str) -> list[str]:
    """For the site whose base_url is `home`."""
    parts = urlsplit(home)
    other = "http" if parts.scheme == "https" else "https"
    lines = [line for line in LIST.read_text().splitlines() if line and line[0] != "#"]
    values = {"{scheme}": parts.scheme, "{host}": parts.netloc, "{other}": other}
    return [filled(json.loads(line), values) for line in lines]


def filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def spellings(url: str) -> set[str]:
    """As an argument: with each octet encoded, and with the URL's own encodings taken for ours."""
    return {quote(url, safe=""), quote(url, safe="%/:@?,;$!*()'")}


def request_targets(url: str) -> set[bytes]:
    """As what a request line asks for; what would end it is encoded."""
    octets = re.sub(rb"[ \r\n]", lambda found: b"%%%02x" % ord(found[0]), url.encode())
    paths = {octets if octets[:1] == b"/" else b"/" + octets}
    return paths | {octets} if b"://" in octets else paths


def ask_for(server: Nginx, target: bytes) -> tuple[int, str, Browser]:
    """Status, Location, and a browser that has the answer's cookies."""
    lines = [b"GET %s HTTP/1.1" % target, b"Host: 127.0.0.1", b"Accept: text/html", b"Connection: close"]
    answer = b""
    with socket.create_connection((server.address, server.port), timeout=10) as connection:
        connection.sendall(b"\r\n".join([*lines, b"", b""]))
        while more := connection.recv(1 << 16):
            answer += more
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    fields = [line.partition(": ")[::2] for line in head[1:]]
    browser = Browser()
    for name, value in fields:
        if name == "Set-Cookie":
            cookie, _, content = value.partition(";")[0].partition("=")
            browser.session.cookies.set(cookie, content, domain="127.0.0.1", path="/")
    status = int(head[0].split()[1]) if head[0] else 400
    return status, dict(fields).get("Location", ""), browser
