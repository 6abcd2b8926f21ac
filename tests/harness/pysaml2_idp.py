"""pysaml2 as IdP: its Server class behind a small web part that logs everybody in as one user.

Single logout both ways: our messages are read, and their signatures checked, by pysaml2 alone.
"""

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, BINDING_SOAP
from saml2.authn_context import PASSWORD
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_TRANSIENT, name_id_from_string
from saml2.server import Server
from saml2.sigver import SignatureError, verify_redirect_signature
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

from harness.keys import Credential, rsa_credential
from harness.message import NS, soap_content
from harness.web import WebServer

IDENTITY = {
    "mail": ["alice@example.org"],
    "displayName": ["Alice Ångström"],
    "eduPersonAffiliation": ["member", "staff", "読者"],
}


LOGOUT = {
    "logout/redirect": BINDING_HTTP_REDIRECT,
    "logout/post": BINDING_HTTP_POST,
    "logout/soap": BINDING_SOAP,
}


class Pysaml2Idp:
    """Knobs: `sign_response`, `sign_assertion`, `encrypt_assertion`, `identity`; the last request's fate in `refused`.

    `sha1` leaves pysaml2 at its own default, RSA-SHA1. What the SP asked for at logout is in
    `logout_requests`, what it answered in `logout_responses`; both verified.
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
        self.logout_requests = []
        self.logout_responses = []
        self.logins = []  # (NameID, SessionIndex) as given
        self.server = None
        self.web = WebServer(self.handler())
        self.url = self.web.url
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
                        ],
                        "single_logout_service": [
                            (f"{self.url}/{path}", binding) for path, binding in LOGOUT.items()
                        ],
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
        self.web.start()
        return self

    def stop(self) -> None:
        self.web.stop()

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
        self.remember(response)
        page = self.server.apply_binding(
            arguments["binding"],
            str(response),
            arguments["destination"],
            fields.get("RelayState", ""),
            response=True,
        )
        return page["data"]

    def remember(self, response) -> None:
        document = etree.fromstring(str(response).encode())
        name_id = document.find(".//saml:NameID", NS)
        statement = document.find(".//saml:AuthnStatement", NS)
        if name_id is not None:
            read = name_id_from_string(etree.tostring(name_id))
            self.logins.append((read, statement.get("SessionIndex")))

    def logout_answer(self, binding: str, fields: dict[str, str]) -> tuple[dict, str]:
        """What the SLS of the IdP says to the SP's message: headers and body."""
        if "SAMLResponse" in fields:
            self.logout_responses.append(self.logout_response(binding, fields))
            return {"Content-Type": "text/html; charset=utf-8"}, "the IdP knows that you are out"
        signature = {}
        if binding == BINDING_HTTP_REDIRECT:
            signature = {
                "relay_state": fields.get("RelayState"),
                "sigalg": fields.get("SigAlg"),
                "signature": fields.get("Signature"),
            }
        message, read_as = unwrapped(fields["SAMLRequest"], binding)
        request = self.server.parse_logout_request(message, read_as, **signature)
        self.logout_requests.append(request.message)
        response = str(
            self.server.create_logout_response(
                request.message,
                [binding],
                sign=binding != BINDING_HTTP_REDIRECT,
                **self.sign_with(),
            )
        )
        if binding == BINDING_SOAP:
            sent = self.server.apply_binding(binding, response, sign=False)
            return dict(sent["headers"]), sent["data"]
        return self.page(binding, response, fields.get("RelayState", ""), response=True)

    def page(
        self, binding: str, message: str, relay_state: str, response: bool
    ) -> tuple[dict, str]:
        """The answer that sends the browser to the SP with the message."""
        sent = self.server.apply_binding(
            binding,
            message,
            etree.fromstring(message.encode()).get("Destination"),
            relay_state,
            response=response,
            sign=True,
            sigalg=self.algorithms["signing_algorithm"],
        )
        headers = {"Content-Type": "text/html; charset=utf-8", **dict(sent["headers"])}
        return headers, sent["data"] if binding == BINDING_HTTP_POST else ""

    def logout_request(
        self, binding: str, sls: str, sp_entity_id: str, *logins, sign: bool = True
    ) -> tuple[str, str]:
        """ID and text of a LogoutRequest for these logins of one NameID, for the SP's `sls`."""
        request_id, request = self.server.create_logout_request(
            sls,
            sp_entity_id,
            name_id=logins[0][0],
            session_indexes=[index for _, index in logins],
            sign=sign and binding != BINDING_HTTP_REDIRECT,
            **self.sign_with(),
        )
        return request_id, str(request)

    def logout_response(self, binding: str, fields: dict[str, str]):
        """Reads the SP's LogoutResponse; raises when it is not signed by the SP."""
        message = fields["SAMLResponse"]
        if binding == BINDING_HTTP_REDIRECT:
            # pysaml2 leaves the detached signature of a response to its caller.
            issuer = self.server.parse_logout_request_response(message, binding).response.issuer
            certificates = self.server.sec.metadata.certs(issuer.text, "any", "signing")
            order = ("SAMLResponse", "RelayState", "SigAlg", "Signature")
            signed = {name: fields[name] for name in order if name in fields}
            backend = self.server.sec.sec_backend
            if not any(verify_redirect_signature(signed, backend, c) for _, c in certificates):
                raise SignatureError("the LogoutResponse is not signed by the SP")
            return self.server.parse_logout_request_response(message, binding)
        message, read_as = unwrapped(message, binding)
        document = self.server.unravel(message, read_as, "logout_response")
        self.server.sec.correctly_signed_logout_response(document, must=True)
        return self.server.parse_logout_request_response(message, read_as)

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
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.reply(BINDING_HTTP_POST, body)

            def reply(self, binding, form):
                path = urlsplit(self.path).path.removeprefix("/")
                headers = {"Content-Type": "text/html; charset=utf-8"}
                try:
                    if path in LOGOUT:
                        headers, page = idp.logout_answer(LOGOUT[path], fields_of(path, form))
                    else:
                        page = idp.answer(binding, fields_of(path, form))
                    status = 302 if "Location" in headers else 200
                except Exception as error:  # whatever pysaml2 has against the message
                    idp.refused = error
                    status, page = 400, repr(error)
                body = page.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        return Handler


def unwrapped(message: str, binding: str) -> tuple[str, str | None]:
    """What pysaml2 shall read, and as what: it renames prefixes in SOAP before it verifies."""
    if binding == BINDING_SOAP:
        return etree.tostring(soap_content(message)).decode(), None
    return message, binding


def fields_of(path: str, form: str) -> dict[str, str]:
    """What came: the parameters, or the one message of a SOAP request."""
    if LOGOUT.get(path) == BINDING_SOAP:
        return {"SAMLRequest": form}
    return {name: values[0] for name, values in parse_qs(form).items()}
