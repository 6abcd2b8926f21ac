"""A server of metadata by HTTPS, on sockets that a test may misuse."""

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import Credential, rsa_credential
from harness.members import TO_ALL
from harness.soap_idp import header, receive

TLS = rsa_credential("localhost")


def answer(body: bytes | str, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP answer."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def logs_in(server, idp: Idp) -> bool:
    """Does the IdP let people in at every worker?"""

    def is_let_in() -> bool:
        browser = Browser()
        browser.session.headers["Connection"] = "close"
        page = browser.get(server.url("/page.html"))
        if page.status != 302:
            return False
        request = idp.asked(page)
        return browser.post(request.acs_url, idp.form(request)).status == 303

    return all(is_let_in() for _ in TO_ALL)


class MetadataServer:
    """`document` is what it serves, with an ETag; `heads` are the requests so far.

    `sends` makes the octets of an answer from the request's head, and may use the connection itself:
    then it returns none. `greets` is called before all that, and before TLS.
    """

    def __init__(self, directory: Path, document: str, tls: Credential = TLS):
        self.document = document
        (directory / "metadata-server.pem").write_bytes(tls.key_pem + tls.certificate_pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(directory / "metadata-server.pem")
        self.sends: Callable[[str, socket.socket], bytes | None] = self.serves
        self.greets: Callable[[socket.socket], None] = lambda connection: None
        self.connections = 0
        self.heads = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.socket,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/metadata"

    def serves(self, head: str, connection: socket.socket) -> bytes:
        tag = f'"{hashlib.sha256(self.document.encode()).hexdigest()[:16]}"'
        if header(head, "If-None-Match") == tag:
            return answer("", "304 Not Modified", f"ETag: {tag}")
        return answer(self.document, "200 OK", f"ETag: {tag}", "Content-Type: application/samlmetadata+xml")

    def stop(self) -> None:
        """Nobody listens any more."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections += 1
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        # Whoever is told too much hangs up.
        with contextlib.suppress(OSError), connection:
            self.greets(connection)
            with self.context.wrap_socket(connection, server_side=True) as secured:
                octets = b""
                while b"\r\n\r\n" not in octets:
                    octets += receive(secured)
                head = octets.decode()
                self.heads.append(head)
                secured.sendall(self.sends(head, secured) or b"")
