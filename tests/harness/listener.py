"""A web server that nobody should ever ask anything."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener:
    def __init__(self):
        self.hits = []
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.web.server_port}"
        self.thread = threading.Thread(target=self.web.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.web.shutdown()
        self.web.server_close()

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
