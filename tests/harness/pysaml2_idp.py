"""pysaml2 as IdP: its Server class behind a small web part that logs everybody in as one user."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORD
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_TRANSIENT
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

from harness.keys import Credential, rsa_credential

IDENTITY = {
    "mail": ["alice@example.org"],
    "displayName": ["Alice Ångström"],
    "eduPersonAffiliation": ["member", "staff", "読者"],
}


class Pysaml2Idp:
    """Knobs: `sign_response`, `sign_assertion`, `encrypt_assertion`, `identity`; the last request's fate in `refused`.

    `sha1` leaves pysaml2 at its own default, RSA-SHA1.
    """

    def __init__(self, directory: Path, credential: Credential | None = None, sha1: bool = False):
        self.directory = directory
        self.credential = credential or rsa_credential("pysaml2")
        self.algorithms = {
            "signing_algorithm": SIG_RSA_SHA1 if sha1 else SIG_RSA_SHA256,
            "digest_algorithm": DIGEST_SHA1 if sha1 else DIGEST_SHA256,
        }
        self.sign_response = False
        self.sign_assertion = True
        self.encrypt_assertion = False
        self.identity = IDENTITY
        self.refused = None
        self.requests = []
        self.server = None
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.web.server_port}"
        self.thread = threading.Thread(target=self.web.serve_forever, daemon=True)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "idp.key").write_bytes(self.credential.key_pem)
        (directory / "idp.crt").write_bytes(self.credential.certificate_pem)

    def settings(self, **more) -> dict:
        return {
            "entityid": f"{self.url}/metadata",
            "key_file": str(self.directory / "idp.key"),
            "cert_file": str(self.directory / "idp.crt"),
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [
                            (f"{self.url}/redirect", BINDING_HTTP_REDIRECT),
                            (f"{self.url}/post", BINDING_HTTP_POST),
                        ]
                    },
                    "want_authn_requests_signed": True,
                    "policy": {
                        "default": {
                            "lifetime": {"minutes": 5},
                            "name_form": NAME_FORMAT_URI,
                            "fail_on_missing_requested": False,
                        }
                    },
                    "name_id_format": [NAMEID_FORMAT_TRANSIENT],
                }
            },
            **self.algorithms,
            **more,
        }

    def metadata(self) -> str:
        return str(entity_descriptor(IdPConfig().load(self.settings())))

    def trust(self, sp_metadata: str) -> None:
        """Loads the SP's metadata file unchanged."""
        path = self.directory / "sp.xml"
        path.write_text(sp_metadata)
        config = IdPConfig().load(self.settings(metadata={"local": [str(path)]}))
        self.server = Server(config=config)

    def start(self) -> "Pysaml2Idp":
        self.thread.start()
        return self

    def stop(self) -> None:
        self.web.shutdown()
        self.web.server_close()

    def answer(self, binding: str, fields: dict[str, str]) -> str:
        """The page that posts the Response to the SP; raises what pysaml2 raises."""
        signature = {}
        if binding == BINDING_HTTP_REDIRECT:
            signature = {
                "relay_state": fields.get("RelayState"),
                "sigalg": fields.get("SigAlg"),
                "signature": fields.get("Signature"),
            }
        request = self.server.parse_authn_request(fields["SAMLRequest"], binding, **signature)
        self.requests.append(request.message)
        arguments = self.server.response_args(request.message, [BINDING_HTTP_POST])
        response = self.server.create_authn_response(
            self.identity,
            userid="alice",
            authn={"class_ref": PASSWORD, "authn_auth": self.url},
            sign_response=self.sign_response,
            sign_assertion=self.sign_assertion,
            encrypt_assertion=self.encrypt_assertion,
            **self.sign_with(),
            **arguments,
        )
        page = self.server.apply_binding(
            arguments["binding"],
            str(response),
            arguments["destination"],
            fields.get("RelayState", ""),
            response=True,
        )
        return page["data"]

    def sign_with(self) -> dict[str, str]:
        return {
            "sign_alg": self.algorithms["signing_algorithm"],
            "digest_alg": self.algorithms["digest_algorithm"],
        }

    def handler(self):
        idp = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.reply(BINDING_HTTP_REDIRECT, urlsplit(self.path).query)

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                self.reply(BINDING_HTTP_POST, self.rfile.read(length).decode())

            def reply(self, binding, form):
                fields = {name: values[0] for name, values in parse_qs(form).items()}
                try:
                    status, page = 200, idp.answer(binding, fields)
                except Exception as error:  # whatever pysaml2 has against the request
                    idp.refused = error
                    status, page = 400, repr(error)
                body = page.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        return Handler
