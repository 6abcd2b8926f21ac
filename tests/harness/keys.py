"""Keys and self-signed certificates, made once a run."""

import datetime
import functools
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.x509.oid import NameOID

EDDSA = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)


@dataclass(frozen=True)
class Credential:
    """A private key with its certificate."""

    key: object
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def public_pem(self) -> bytes:
        """The public half of the key alone."""
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, info)

    @property
    def certificate_base64(self) -> str:
        """The body of the PEM, as metadata carries it."""
        return "".join(self.certificate_pem.decode().splitlines()[1:-1])


@functools.cache
def rsa_credential(name: str, bits: int = 2048) -> Credential:
    return certified(rsa.generate_private_key(65537, bits), name)


@functools.cache
def ec_credential(name: str) -> Credential:
    return certified(ec.generate_private_key(ec.SECP256R1()), name)


@functools.cache
def ed25519_credential(name: str) -> Credential:
    return certified(ed25519.Ed25519PrivateKey.generate(), name)


@functools.cache
def x25519_credential(name: str) -> Credential:
    """Certified by an authority, as such a key signs nothing."""
    return certified(x25519.X25519PrivateKey.generate(), name, issuer=ec_credential("authority").key)


@functools.cache
def x448_credential(name: str) -> Credential:
    return certified(x448.X448PrivateKey.generate(), name, issuer=ec_credential("authority").key)


def certified(
    key,
    name: str,
    not_before_days: int = -1,
    not_after_days: int = 3650,
    issuer=None,
    host: str = "localhost",
) -> Credential:
    """A certificate for `key` and for a server at `host`, signed by itself or by `issuer`; the days count
    from now."""
    issuer = issuer or key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=not_before_days))
        .not_valid_after(now + datetime.timedelta(days=not_after_days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(issuer, None if isinstance(issuer, EDDSA) else hashes.SHA256())
    )
    return Credential(key, certificate)
