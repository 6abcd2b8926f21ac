"""Requests below the browser: headers as they are on the wire, several of one name kept apart."""

import http.client
from dataclasses import dataclass

from harness.nginx import Nginx


@dataclass
class WireAnswer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def all(self, name: str) -> list[str]:
        """The values of every header `name`, one a line on the wire."""
        return self.headers.get_all(name, [])


def ask(
    server: Nginx, path: str, *headers: tuple[str, str], method: str = "GET", body: bytes = b""
) -> WireAnswer:
    """One request with these headers and `Host` alone; a name may come several times."""
    connection = http.client.HTTPConnection(server.address, server.port, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    if body and "Transfer-Encoding" not in dict(headers):
        connection.putheader("Content-Length", str(len(body)))
    for name, value in headers:
        connection.putheader(name, value.encode("latin-1", "replace"))
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return WireAnswer(answer.status, answer.headers, text)


def cookie_header(browser, containing: str = "") -> tuple[str, str]:
    """The `Cookie` header of those of a browser's cookies whose name has `containing` in it."""
    kept = [c for c in browser.session.cookies if containing in c.name]
    return "Cookie", "; ".join(f"{c.name}={c.value}" for c in kept)
