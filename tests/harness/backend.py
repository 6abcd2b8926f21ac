"""A web server that writes down what it is asked, and answers as it is told."""

import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

from harness.web import WebServer


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Backend:
    """`asked` are the requests so far; `answer` makes status, media type and body of the next ones."""

    def __init__(self, answer=lambda asked: (200, "text/plain", b"")):
        self.asked = []
        self.answer = answer
        self.delay = 0.0  # seconds before each answer
        self.web = WebServer(self.handler())
        self.url = self.web.url
        self.web.start()

    def stop(self) -> None:
        self.web.stop()

    def handler(self):
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, dict(self.headers), body)
                backend.asked.append(asked)
                status, media_type, text = backend.answer(asked)
                time.sleep(backend.delay)
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        return Handler
