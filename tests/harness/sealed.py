"""What a store's secret seals, sealed and opened by other code than the module's."""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SALT = b"ngx_http_auth_saml_module secret"
SESSION, ENTRY, LOGIN = b"stored session", b"stored entry", b"pending login"
VERSION, NONCE, TAG = b"\x01", 12, 16


def sp_id(entity_id: str, origin: str) -> bytes:
    """Which SP something belongs to."""
    parts = (part.encode() for part in (entity_id, origin))
    named = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(b"saml service provider\0" + named).digest()[:16]


def of_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Sealer:
    """Knows a secret, in hexadecimal digits as they stand in its file."""

    def __init__(self, secret: str):
        self.extracted = hmac.digest(SALT, bytes.fromhex(secret), "sha256")

    def _cipher(self, purpose: bytes, context: bytes) -> tuple[AESGCM, bytes]:
        binding = VERSION + bytes([len(purpose)]) + purpose + context
        return AESGCM(hmac.digest(self.extracted, binding + b"\x01", "sha256")), binding

    def seal(self, purpose: bytes, context: bytes, plain: bytes) -> bytes:
        cipher, binding = self._cipher(purpose, context)
        nonce = os.urandom(NONCE)
        return VERSION + nonce + cipher.encrypt(nonce, plain, binding)

    def open(self, purpose: bytes, context: bytes, sealed: bytes) -> bytes:
        """Raises `cryptography.exceptions.InvalidTag` for what is another's."""
        cipher, binding = self._cipher(purpose, context)
        assert sealed[:1] == VERSION, sealed
        return cipher.decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], binding)


class Session:
    """A session's entry in memcached, by the cookie that opens it."""

    def __init__(self, sealer: Sealer, sp: bytes, cookie: str, prefix: str = "saml"):
        self.sealer, self.token = sealer, of_base64(cookie)
        key = hashlib.sha256(b"saml k\0" + sp + self.token).digest()
        self.key = f"{prefix}s{to_base64(key)}".encode()

    def record(self, node) -> bytes:
        """Its bytes as they lie there, opened."""
        value = node.get(self.key)
        assert value[:1] == b"A", "it lives"
        return self.sealer.open(SESSION, self.token, value[1:])

    def put(self, node, record: bytes) -> bytes:
        """Gives it these bytes; the sealed value."""
        value = b"A" + self.sealer.seal(SESSION, self.token, record)
        node.put(self.key, value)
        return value
