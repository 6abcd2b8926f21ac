"""HTTP/3 by aioquic, a stack of others: a browser that speaks it, and requests below any browser."""

import contextlib
import http.client
import io
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from urllib.parse import urlsplit

from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, StreamReset
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from harness.browser import Browser
from harness.nginx import Nginx
from harness.wire import cookie_header

#: H3_REQUEST_CANCELLED (RFC 9114 8.1).
CANCELLED = 0x10C

#: What a server says that speaks both at one port; `http3` is on by default.
LISTEN = """
        listen 127.0.0.1:@PORT@ ssl;
        listen 127.0.0.1:@PORT@ quic;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
"""


def why_not(binary: str) -> str | None:
    """Why this nginx does not speak it, if so."""
    said = subprocess.run([binary, "-V"], stderr=subprocess.PIPE, text=True, check=True).stderr
    version = said.splitlines()[0].rpartition(" ")[2]
    return None if "--with-http_v3_module" in said else f"{version} is built without HTTP/3"


def cookie_field(browser: Browser) -> tuple[str, str]:
    """The cookies of a browser; names are in lower case here."""
    return "cookie", cookie_header(browser)[1]


class Left(Exception):
    """The server has closed the connection, or reset the stream; with its code."""


@dataclass
class Answer:
    status: int
    fields: list[tuple[str, str]]
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def all(self, name: str) -> list[str]:
        """The values of every field `name`."""
        return [value for key, value in self.fields if key == name.lower()]


@dataclass
class Stream:
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    whole: bool = False
    reset: int | None = None

    def answer(self) -> Answer:
        named = [(name.decode(), value.decode("latin-1")) for name, value in self.fields]
        return Answer(int(dict(named)[":status"]), [(k, v) for k, v in named if k != ":status"], self.body)


class Http3:
    """One connection. Nothing is sent behind the test's back but what QUIC itself needs."""

    def __init__(self, server: Nginx, name: str = "127.0.0.1", ticket=None):
        """`ticket`: of an earlier connection, which is resumed; what is asked before `handshake` is early data."""
        self.name, self.port = name, server.port
        self.to = (server.address, server.port)
        self.tickets = []
        options = QuicConfiguration(
            is_client=True, alpn_protocols=["h3"], verify_mode=ssl.CERT_NONE, server_name=name, session_ticket=ticket
        )
        self.quic = QuicConnection(configuration=options, session_ticket_handler=self.tickets.append)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.streams: dict[int, Stream] = {}
        self.terminated = None
        self.shaken = False
        self.quic.connect(self.to, now=time.monotonic())
        self.http = H3Connection(self.quic)
        if ticket is None:
            self.handshake()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def handshake(self) -> None:
        self.run(lambda: self.shaken)

    def ask(self, path: str, *fields: tuple[str, str], method: str = "GET", body: bytes | None = None, **how) -> Answer:
        """One request and its answer. The length of a body is said, as browsers do."""
        if body is not None:
            fields = (*fields, ("content-length", str(len(body))))
        stream = self.open(path, *fields, method=method, end=body is None, **how)
        if body is not None:
            self.send(stream, body)
        return self.answer(stream)

    def open(self, path: str, *fields, method="GET", end=True, authority: str | None = "", pseudo=()) -> int:
        """Sends the head of a request, and no more of it if not its `end`. `authority`: another one than the server's,
        `None` for none; `pseudo`: in the place of all such fields."""
        authority = f"{self.name}:{self.port}" if authority == "" else authority
        usual = [(":method", method), (":scheme", "https"), (":authority", authority), (":path", path)]
        head = pseudo or [(name, value) for name, value in usual if value is not None]
        head = [*head, *fields]
        stream = self.quic.get_next_available_stream_id()
        self.streams[stream] = Stream()
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
        self.http.send_headers(stream, encoded, end_stream=end)
        self.flush()
        return stream

    def send(self, stream: int, body: bytes, end: bool = True) -> None:
        self.http.send_data(stream, body, end_stream=end)
        self.flush()

    def trailers(self, stream: int, *fields: tuple[str, str]) -> None:
        """The end of a request, with fields behind its body."""
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        self.http.send_headers(stream, encoded, end_stream=True)
        self.flush()

    def reset(self, stream: int, code: int = CANCELLED) -> None:
        """RESET_STREAM and STOP_SENDING, as browsers leave."""
        self.quic.stop_stream(stream, code)
        with contextlib.suppress(AssertionError):  # all of it was sent and acknowledged
            self.quic.reset_stream(stream, code)
        self.flush()

    def answer(self, stream: int, seconds: float = 20) -> Answer:
        """The whole answer; `Left` when there is none."""
        state = self.streams[stream]
        self.run(lambda: state.whole or state.reset is not None, seconds)
        if state.reset is not None:
            raise Left(state.reset)
        return state.answer()

    def linger(self, seconds: float) -> None:
        """Goes on for so long, whatever comes."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.terminated is None:
            self.step(until)

    def close(self) -> None:
        self.quic.close()
        self.flush()
        self.socket.close()

    def run(self, done, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if self.terminated is not None:
                raise Left(self.terminated.error_code, self.terminated.reason_phrase)
            assert time.monotonic() < deadline, f"no answer within {seconds} s"
            self.step(deadline)

    def step(self, deadline: float) -> None:
        self.flush()
        timer = self.quic.get_timer()
        until = min(deadline, timer if timer is not None else deadline)
        self.socket.settimeout(max(until - time.monotonic(), 0.001))
        try:
            self.quic.receive_datagram(self.socket.recv(1 << 16), self.to, now=time.monotonic())
        except (TimeoutError, ConnectionRefusedError):
            if timer is not None and time.monotonic() >= timer:
                self.quic.handle_timer(now=time.monotonic())
        self.heed()
        self.flush()

    def heed(self) -> None:
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, ConnectionTerminated):
                self.terminated = event
            elif isinstance(event, HandshakeCompleted):
                self.shaken = True
            elif isinstance(event, StreamReset) and event.stream_id in self.streams:
                self.streams[event.stream_id].reset = event.error_code
            for message in self.http.handle_event(event):
                self.note(message)

    def note(self, message) -> None:
        if not isinstance(message, HeadersReceived | DataReceived):
            return
        stream = self.streams[message.stream_id]
        if isinstance(message, HeadersReceived):
            stream.fields += message.headers
        else:
            stream.body += message.data
        stream.whole = stream.whole or message.stream_ended

    def flush(self) -> None:
        for data, _ in self.quic.datagrams_to_send(now=time.monotonic()):
            self.socket.sendto(data, self.to)


class OverHttp3(HTTPAdapter):
    """By which the browser of these tests speaks it: one connection, like a browser's."""

    def __init__(self, server: Nginx, name: str):
        super().__init__()
        self.server, self.name = server, name
        self.connection = None

    def send(self, request, **_options):
        if self.connection is None or self.connection.terminated is not None:
            self.connection = Http3(self.server, self.name)
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        unfit = ("connection", "host", "content-length")
        fields = [(k.lower(), v) for k, v in request.headers.items() if k.lower() not in unfit]
        answer = self.connection.ask(path, *fields, method=request.method, body=body, authority=parts.netloc)
        made = self.build_response(request, raw(answer))
        made.content  # noqa: B018: read while the connection is there
        return made

    def close(self):
        if self.connection is not None:
            self.connection.close()


def raw(answer: Answer) -> HTTPResponse:
    """As `requests` wants it; it takes cookies from what http.client would have read."""
    message = http.client.HTTPMessage()
    for name, value in answer.fields:
        message.add_header(name, value)
    original = SimpleNamespace(msg=message, isclosed=lambda: True, close=lambda: None)
    return HTTPResponse(
        body=io.BytesIO(answer.body), headers=HTTPHeaderDict(answer.fields), status=answer.status, version=30,
        preload_content=False, decode_content=False, original_response=original,
    )  # fmt: skip


def browser_over_http3(server: Nginx, name: str = "127.0.0.1") -> Browser:
    """A browser that has heard of HTTP/3 at this server, and asks it nothing by anything else."""
    browser = Browser(verify=False)
    browser.session.mount(f"https://{name}:{server.port}/", OverHttp3(server, name))
    return browser
