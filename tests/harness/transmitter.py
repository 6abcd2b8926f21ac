"""A transmitter of security events (SSF 1.0): its tokens are made by PyJWT, its keys by cryptography."""

import http.client
import json
import time
from dataclasses import dataclass, field
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from harness.nginx import Nginx

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
SESSION_REVOKED = f"{CAEP}session-revoked"
ISSUER = "https://transmitter.example.org"
MEDIA_TYPE = "application/secevent+jwt"
TYP = "secevent+jwt"

RSA = rsa.generate_private_key(65537, 2048)
KEYS = {
    "RS256": RSA,
    "PS384": RSA,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def jwk(key, **more) -> dict:
    """The public half."""
    public = key.public_key()
    kinds = {rsa.RSAPublicKey: RSAAlgorithm, ec.EllipticCurvePublicKey: ECAlgorithm}
    kind = next((kinds[one] for one in kinds if isinstance(public, one)), OKPAlgorithm)
    return {"kid": "k1", "use": "sig", **json.loads(kind.to_jwk(public)), **more}


def jwks(*keys: dict) -> str:
    return json.dumps({"keys": list(keys)})


@dataclass
class Pushed:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def err(self) -> str:
        said = json.loads(self.text)
        assert self.headers["Content-Type"] == "application/json" and said["description"]
        assert self.headers["Content-Language"] == "en"
        return said["err"]


@dataclass
class Transmitter:
    """Tells `server`; `algorithm` chooses the key."""

    server: Nginx
    algorithm: str = "ES256"
    path: str = "/saml/events"
    headers: dict[str, str] = field(default_factory=dict)

    def claims(self, subject: dict, uri: str = SESSION_REVOKED, **changed) -> dict:
        now = int(time.time())
        return {
            "iss": ISSUER,
            "jti": str(uuid4()),
            "iat": now,
            "aud": self.server.url("/saml/metadata"),
            "txn": "8675309",
            "sub_id": subject,
            "events": {uri: {"event_timestamp": now, "initiating_entity": "policy"}},
            **changed,
        }

    def token(self, claims: dict, key=None, **header) -> str:
        header = {"typ": TYP, "kid": "k1", **header}
        key = key or KEYS[self.algorithm]
        return jwt.encode(claims, key, self.algorithm, {k: v for k, v in header.items() if v is not None})

    def tell(self, subject: dict, uri: str = SESSION_REVOKED, **changed) -> Pushed:
        return self.push(self.token(self.claims(subject, uri, **changed)))

    def push(self, token: str | bytes, **headers) -> Pushed:
        headers = {"Content-Type": MEDIA_TYPE, "Accept": "application/json", **self.headers, **headers}
        connection = http.client.HTTPConnection(self.server.address, self.server.port, timeout=20)
        try:
            connection.request("POST", self.path, token, headers)
            answer = connection.getresponse()
            return Pushed(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()
