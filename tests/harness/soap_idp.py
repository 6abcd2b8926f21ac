"""The hand-made IdP where SPs ask it to log people out by SOAP, on sockets that a test may misuse."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from harness.idp import Idp
from harness.keys import Credential
from harness.logout import LogoutResponse, document, enveloped
from harness.message import soap_content


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: text/xml", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class SoapIdp:
    """`requests` are the LogoutRequests so far, `heads` what HTTP said of them.

    `says` changes the LogoutResponse; `sends` makes the octets from its envelope, and may use the
    connection itself: then it returns none. `greets` is called before all that, and before TLS.
    """

    def __init__(self, tls: Credential | None = None, directory: Path | None = None, host: str = ""):
        self.context = None
        if tls:
            (directory / "soap.pem").write_bytes(tls.key_pem + tls.certificate_pem)
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(directory / "soap.pem")
            self.context.sni_callback = lambda connection, name, context: self.names.append(name)
        self.socket = socket.create_server(("127.0.0.1", 0))
        scheme, name = ("https", "localhost") if tls else ("http", "127.0.0.1")
        self.authority = f"{host or name}:{self.socket.getsockname()[1]}"
        self.idp = Idp(slo=("SOAP",), slo_url=f"{scheme}://{self.authority}/slo/soap?a=b")
        self.says: Callable[[LogoutResponse], LogoutResponse] = lambda response: response
        self.sends: Callable[[bytes, socket.socket], bytes] = lambda envelope, connection: http(envelope)
        self.greets: Callable[[socket.socket], None] = lambda connection: None
        self.connections = 0
        self.names = []  # what clients asked for by SNI
        self.requests = []
        self.heads = []
        threading.Thread(target=self.serve, daemon=True).start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.connections += 1
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        # Whoever is asked badly hangs up, and whoever is told too much does.
        with contextlib.suppress(OSError), connection:
            self.greets(connection)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                head, body = read(connection)
                self.heads.append(head)
                request = soap_content(body.decode())
                self.requests.append(request)
                connection.sendall(self.sends(self.answer(request), connection) or b"")

    def answer(self, request) -> bytes:
        """The envelope that answers the LogoutRequest."""
        response = self.says(LogoutResponse(request.get("ID"), destination=None))
        return enveloped(document(self.idp, "", response))


def read(connection: socket.socket) -> tuple[str, bytes]:
    """Head and body of a request."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        octets += receive(connection)
    head, _, body = octets.partition(b"\r\n\r\n")
    length = int(header(head.decode(), "Content-Length"))
    while len(body) < length:
        body += receive(connection)
    assert len(body) == length
    return head.decode(), body


def receive(connection: socket.socket) -> bytes:
    more = connection.recv(1 << 16)
    if not more:
        raise ConnectionResetError
    return more


def header(head: str, name: str) -> str | None:
    """The one header field of this name."""
    lines = (line.partition(": ") for line in head.split("\r\n")[1:])
    values = [value for key, _, value in lines if key.lower() == name.lower()]
    assert len(values) < 2, values
    return values[0] if values else None
