"""Small applications, one for each protocol that nginx speaks upstream: they write down what comes."""

import contextlib
import socket
import struct
import threading

import h2.config
import h2.connection
import h2.events

BODY = b"from upstream"
OK = b"Content-Type: text/plain\r\nContent-Length: 13\r\n\r\n" + BODY


class Upstream:
    """Listens on a loopback port; `asked` has what came, one list of names and values a request.

    A name is as CGI has it: `HTTP_COOKIE`, `REMOTE_USER`. `bodies` has what came with them.
    """

    def __init__(self, protocol: str):
        self.asked: list[list[tuple[str, str]]] = []
        self.bodies: list[bytes] = []
        self.answer = PROTOCOLS[protocol]
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def stop(self) -> None:
        self.socket.close()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=[connection], daemon=True).start()

    def handle(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, contextlib.suppress(EOFError):
            self.answer(self, connection, stream)

    def heard(self, pairs, body: bytes = b"") -> None:
        self.asked.append(pairs)
        self.bodies.append(body)

    def last(self) -> dict[str, str]:
        """What came last; fails when a name came twice."""
        pairs = self.asked[-1]
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)


def exactly(stream, size: int) -> bytes:
    read = stream.read(size)
    if len(read) < size:
        raise EOFError
    return read


def as_cgi(name: str, value: str) -> tuple[str, str]:
    return "HTTP_" + name.upper().replace("-", "_"), value


def http(upstream: Upstream, connection, stream) -> None:
    """HTTP/1.1, bodies with a length; a WebSocket handshake gets 101 and an echo of one line."""
    while line := stream.readline():
        pairs = [("REQUEST", line.decode().strip())]
        while (field := stream.readline().decode("latin-1")) not in ("\r\n", "\n", ""):
            name, value = field.rstrip("\r\n").split(":", 1)
            pairs.append(as_cgi(name, value.strip(" ")))
        upstream.heard(pairs, exactly(stream, int(dict(pairs).get("HTTP_CONTENT_LENGTH", 0))))
        if dict(pairs).get("HTTP_UPGRADE") == "websocket" and "HTTP_SEC_WEBSOCKET_VERSION" in dict(pairs):
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\n\r\n"
            )
            while said := stream.readline():
                connection.sendall(said)
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + OK)


def fastcgi(upstream: Upstream, connection, stream) -> None:
    """FastCGI 1.0, one request a connection."""
    parameters = body = b""
    while True:
        _, kind, request, length, padding = struct.unpack(">BBHHBx", exactly(stream, 8))
        content = exactly(stream, length)
        exactly(stream, padding)
        if kind == 4:
            parameters += content
        if kind == 5:
            body += content
            if not content:
                break
    upstream.heard(list(fastcgi_pairs(parameters)), body)
    answer = b"Status: 200 OK\r\n" + OK
    answer += bytes(-len(answer) % 8)
    real = len(b"Status: 200 OK\r\n" + OK)
    connection.sendall(struct.pack(">BBHHBx", 1, 6, request, real, len(answer) - real) + answer)
    connection.sendall(struct.pack(">BBHHBx", 1, 3, request, 8, 0) + bytes(8))


def fastcgi_pairs(data: bytes):
    def length() -> int:
        nonlocal data
        if data[0] < 128:
            value, data = data[0], data[1:]
        else:
            value, data = int.from_bytes(data[:4]) & 0x7FFFFFFF, data[4:]
        return value

    while data:
        sizes = length(), length()
        name, value, data = data[: sizes[0]], data[sizes[0] : sum(sizes)], data[sum(sizes) :]
        yield name.decode(), value.decode("latin-1")


def uwsgi(upstream: Upstream, connection, stream) -> None:
    _, size, _ = struct.unpack("<BHB", exactly(stream, 4))
    data, pairs = exactly(stream, size), []
    words = []
    while data:
        (length,) = struct.unpack("<H", data[:2])
        words.append(data[2 : 2 + length].decode("latin-1"))
        data = data[2 + length :]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    upstream.heard(pairs, exactly(stream, int(dict(pairs).get("CONTENT_LENGTH") or 0)))
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + OK)


def scgi(upstream: Upstream, connection, stream) -> None:
    size = b""
    while (digit := exactly(stream, 1)) != b":":
        size += digit
    words = exactly(stream, int(size)).decode("latin-1").split("\0")[:-1]
    assert exactly(stream, 1) == b","
    pairs = list(zip(words[::2], words[1::2], strict=True))
    upstream.heard(pairs, exactly(stream, int(dict(pairs)["CONTENT_LENGTH"] or 0)))
    connection.sendall(b"Status: 200 OK\r\n" + OK)


def grpc(upstream: Upstream, connection, stream) -> None:
    """HTTP/2 with prior knowledge, as gRPC has it."""
    del stream
    peer = h2.connection.H2Connection(
        h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
    )
    peer.initiate_connection()
    connection.sendall(peer.data_to_send())
    pairs, body = [], b""
    while data := connection.recv(65536):
        for event in peer.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                pairs, body = [as_cgi(name, value) for name, value in event.headers], b""
            if isinstance(event, h2.events.DataReceived):
                body += event.data
                peer.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if isinstance(event, h2.events.StreamEnded):
                upstream.heard(pairs, body)
                fields = [(":status", "200"), ("content-type", "application/grpc")]
                peer.send_headers(event.stream_id, fields)
                peer.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
        connection.sendall(peer.data_to_send())


PROTOCOLS = {"proxy": http, "fastcgi": fastcgi, "uwsgi": uwsgi, "scgi": scgi, "grpc": grpc}
PASSES = {
    "proxy": "proxy_pass http://127.0.0.1:{};",
    "fastcgi": "fastcgi_pass 127.0.0.1:{};",
    "uwsgi": "uwsgi_pass 127.0.0.1:{};",
    "scgi": "scgi_pass 127.0.0.1:{};",
    "grpc": "grpc_pass grpc://127.0.0.1:{};",
}


def passing_to(upstreams: dict[str, Upstream]) -> dict[str, str]:
    """`PROXY` is the `proxy_pass` to the upstream of that protocol, and so on."""
    return {
        protocol.upper(): PASSES[protocol].format(upstream.port)
        for protocol, upstream in upstreams.items()
    }
