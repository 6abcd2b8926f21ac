"""The hand-made IdP as a web site: whoever comes with an AuthnRequest is sent back logged in."""

import html
import ssl
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl

from harness.idp import PLAIN, Idp
from harness.keys import Credential
from harness.message import AuthnRequest, read_post, read_redirect
from harness.web import WebServer

PAGE = '<body onload="document.forms[0].submit()"><form method="post" action="{}">{}</form></body>'


class IdpSite:
    """`https://HOST:port/sso`; `idp` has the metadata."""

    def __init__(self, idp: Idp, tls: Credential, directory: Path, host: str = "127.0.0.1"):
        (directory / "tls.pem").write_bytes(tls.key_pem + tls.certificate_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "tls.pem")
        self.web = WebServer(self.handler())
        self.web.socket = context.wrap_socket(self.web.socket, server_side=True)
        self.idp = replace(idp, sso_url=f"https://{host}:{self.web.server_port}/sso")
        self.answer = PLAIN  # what it says to whoever comes
        self.visits = []  # the paths of the AuthnRequests that came by GET
        self.web.start()

    def stop(self) -> None:
        self.web.stop()

    def page(self, request: AuthnRequest) -> str:
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in self.idp.form(request, self.answer).items()
        )
        return PAGE.format(html.escape(request.acs_url), fields)

    def handler(self):
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if not self.path.startswith("/sso?"):
                    return self.send_error(404)
                site.visits.append(self.path)
                return self.reply(read_redirect(self.path))

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                return self.reply(read_post(dict(parse_qsl(form))))

            def reply(self, request):
                body = site.page(request).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        return Handler
