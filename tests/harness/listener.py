"""A web server that nobody should ever ask anything."""

from http.server import BaseHTTPRequestHandler

from harness.web import WebServer


class Listener:
    def __init__(self):
        self.hits = []
        self.web = WebServer(self.handler())
        self.url = self.web.url
        self.web.start()

    def stop(self) -> None:
        self.web.stop()

    def handler(self):
        hits = self.hits

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                hits.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        return Handler
