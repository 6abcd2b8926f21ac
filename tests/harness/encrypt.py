"""XML Encryption by software of others: `cryptography` for each shape, the xmlsec1 tool for doubt."""

import base64
import os
import subprocess
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x448, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from harness.keys import Credential
from harness.message import NS
from harness.response import random_id

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
OAEP_MGF1P = XENC + "rsa-oaep-mgf1p"
OAEP = XENC11 + "rsa-oaep"
RSA_1_5 = XENC + "rsa-1_5"
DIGESTS = {
    "sha1": ("http://www.w3.org/2000/09/xmldsig#sha1", hashes.SHA1()),
    "sha256": (XENC + "sha256", hashes.SHA256()),
    "sha384": ("http://www.w3.org/2001/04/xmldsig-more#sha384", hashes.SHA384()),
    "sha512": (XENC + "sha512", hashes.SHA512()),
    "sha3-256": ("http://www.w3.org/2007/05/xmldsig-more#sha3-256", hashes.SHA3_256()),
}
CONTENT = {
    **{f"aes{bits}-cbc": (f"{XENC}aes{bits}-cbc", bits // 8) for bits in (128, 192, 256)},
    **{f"aes{bits}-gcm": (f"{XENC11}aes{bits}-gcm", bits // 8) for bits in (128, 192, 256)},
    "3des": (XENC + "tripledes-cbc", 24),
}
PLAINTEXT = {
    "Assertion": "EncryptedAssertion",
    "NameID": "EncryptedID",
    "Attribute": "EncryptedAttribute",
}

DATA = """\
<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="{id}"\
 Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{content}"/>\
<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{key_info}</ds:KeyInfo>\
<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData>\
</xenc:EncryptedData>"""

KEY = """\
<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"{id}>\
<xenc:EncryptionMethod Algorithm="{transport}">{parameters}</xenc:EncryptionMethod>{key_info}\
<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData>\
</xenc:EncryptedKey>"""

# As Shibboleth IdP writes it; PartyUInfo and PartyVInfo are octets behind the number of unused bits.
AGREEMENT = """\
<xenc:AgreementMethod xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"\
 xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="{method}"><xenc11:KeyDerivationMethod\
 xmlns:xenc11="http://www.w3.org/2009/xmlenc11#"\
 Algorithm="http://www.w3.org/2009/xmlenc11#ConcatKDF"><xenc11:ConcatKDFParams AlgorithmID="0000"\
 PartyUInfo="00{party_u}" PartyVInfo="00{party_v}"><ds:DigestMethod Algorithm="{digest}"/>\
</xenc11:ConcatKDFParams></xenc11:KeyDerivationMethod><xenc:OriginatorKeyInfo>{originator}\
</xenc:OriginatorKeyInfo><xenc:RecipientKeyInfo><ds:X509Data><ds:X509Certificate>\
{certificate}</ds:X509Certificate></ds:X509Data></xenc:RecipientKeyInfo></xenc:AgreementMethod>"""

EC_KEY = """\
<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11="http://www.w3.org/2009/xmldsig11#"><dsig11:NamedCurve\
 URI="urn:oid:{curve}"/><dsig11:PublicKey>{point}</dsig11:PublicKey></dsig11:ECKeyValue>\
</ds:KeyValue>"""

DER_KEY = """\
<dsig11:DEREncodedKeyValue xmlns:dsig11="http://www.w3.org/2009/xmldsig11#">{der}\
</dsig11:DEREncodedKeyValue>"""

ECDH_ES = XENC11 + "ECDH-ES"
MONTGOMERY = {
    x25519.X25519PublicKey: ("http://www.w3.org/2021/04/xmldsig-more#x25519", x25519.X25519PrivateKey),
    x448.X448PublicKey: ("http://www.w3.org/2021/04/xmldsig-more#x448", x448.X448PrivateKey),
}

CURVES = {"secp256r1": "1.2.840.10045.3.1.7", "secp384r1": "1.3.132.0.34", "secp521r1": "1.3.132.0.35"}

RETRIEVAL = (
    '<ds:RetrievalMethod URI="#_key{}" Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey"/>'
)

TEMPLATE = """\
<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"\
 Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{content}"/>\
<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>\
<xenc:EncryptionMethod Algorithm="{transport}"/><ds:KeyInfo><ds:KeyName/></ds:KeyInfo>\
<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>\
<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"""


@dataclass(frozen=True)
class Encryption:
    """How to encrypt. `digest` and `mgf` are left out of the message when `None` (SHA-1).

    `kdf` and `wrap` are for recipients with a key on a curve, whatever `transport` says. At the place
    `agreement` the key that is agreed on with the only recipient encrypts the content itself.
    """

    content: str = "aes128-gcm"
    transport: str = OAEP_MGF1P
    digest: str | None = None
    mgf: str | None = None
    kdf: str = "sha256"
    wrap: int = 256
    place: str = "inside"  # inside | beside | retrieval | agreement


PLAIN = Encryption()


def encrypt(
    element: etree._Element,
    *recipients: Credential,
    how: Encryption = PLAIN,
    octets: bytes | None = None,
) -> etree._Element:
    """Puts the Encrypted… element in the place of `element`; `octets`: another plaintext."""
    uri, length = CONTENT[how.content]
    plaintext = etree.tostring(element, with_tail=False) if octets is None else octets
    if how.place == "agreement":
        (recipient,), keys = recipients, []
        key, key_info = agreement(recipient, how, length)
    else:
        key = os.urandom(length)
        keys = [encrypted_key(key, who, n, how) for n, who in enumerate(recipients)]
        key_info = {
            "inside": "".join(keys),
            "beside": "<ds:KeyName>sp</ds:KeyName>",
            "retrieval": RETRIEVAL.format(0),
        }[how.place]
    value = base64.b64encode(ciphertext(how.content, key, plaintext)).decode()
    holder = etree.Element(
        f"{{{NS['saml']}}}{PLAINTEXT[etree.QName(element).localname]}", nsmap={"saml": NS["saml"]}
    )
    holder.append(etree.fromstring(DATA.format(id=random_id(), content=uri, key_info=key_info, value=value)))
    if how.place != "inside":
        holder.extend(etree.fromstring(key) for key in keys)
    return replace(element, holder)


def encrypt_by_xmlsec1(
    element: etree._Element, recipient: Credential, directory, content: str, transport: str
) -> etree._Element:
    """The same by the command-line tool."""
    uri, length = CONTENT[content]
    (directory / "template.xml").write_text(TEMPLATE.format(content=uri, transport=transport))
    (directory / "recipient.pem").write_bytes(recipient.certificate_pem)
    (directory / "plaintext.xml").write_bytes(etree.tostring(element, with_tail=False))
    done = subprocess.run(
        [
            "xmlsec1", "--encrypt", "--pubkey-cert-pem", directory / "recipient.pem",
            "--session-key", f"{'des' if content == '3des' else 'aes'}-{length * 8}",
            "--xml-data", directory / "plaintext.xml", directory / "template.xml",
        ],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    name = PLAINTEXT[etree.QName(element).localname]
    holder = etree.Element(f"{{{NS['saml']}}}{name}", nsmap={"saml": NS["saml"]})
    holder.append(etree.fromstring(done.stdout))
    return replace(element, holder)


def replace(element: etree._Element, holder: etree._Element) -> etree._Element:
    holder.tail = element.tail
    element.getparent().replace(element, holder)
    return holder


def encrypted_key(key: bytes, recipient: Credential, number: int, how: Encryption) -> str:
    certificate: x509.Certificate = recipient.certificate
    id = f' Id="_key{number}"' if how.place != "inside" else ""
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        return agreed_key(key, recipient, id, how)
    _, digest = DIGESTS[how.digest or "sha1"]
    _, mgf = DIGESTS[how.mgf or "sha1"]
    scheme = padding.OAEP(padding.MGF1(mgf), digest, None)
    if how.transport == RSA_1_5:
        scheme = padding.PKCS1v15()
    parameters = ""
    if how.digest:
        ds = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
        parameters += f'<ds:DigestMethod {ds} Algorithm="{DIGESTS[how.digest][0]}"/>'
    if how.mgf:
        parameters += f'<x:MGF xmlns:x="{XENC11}" Algorithm="{XENC11}mgf1{how.mgf}"/>'
    wrapped = certificate.public_key().encrypt(key, scheme)
    return KEY.format(
        id=id,
        transport=how.transport,
        parameters=parameters,
        key_info="",
        value=base64.b64encode(wrapped).decode(),
    )


def agreed_key(key: bytes, recipient: Credential, id: str, how: Encryption) -> str:
    """AES Key Wrap with a key that was agreed on (xmlenc-core1 5.7)."""
    wrapping_key, method = agreement(recipient, how, how.wrap // 8)
    return KEY.format(
        id=id,
        transport=f"{XENC}kw-aes{how.wrap}",
        parameters="",
        key_info=f'<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{method}</ds:KeyInfo>',
        value=base64.b64encode(aes_key_wrap(wrapping_key, key)).decode(),
    )


def agreement(recipient: Credential, how: Encryption, length: int) -> tuple[bytes, str]:
    """A key of `length` bytes by Diffie-Hellman and ConcatKDF, and the AgreementMethod that tells it
    (xmlenc-core1 5.4.1, 5.6; RFC 9231 2.7.1)."""
    method, secret, originator = exchange(recipient.certificate.public_key())
    uri, digest = DIGESTS[how.kdf]
    other_info = b"\0" + b"idp" + b"sp"
    return ConcatKDFHash(digest, length, other_info).derive(secret), AGREEMENT.format(
        method=method,
        party_u=b"idp".hex(),
        party_v=b"sp".hex().upper(),
        digest=uri,
        originator=originator,
        certificate=recipient.certificate_base64,
    )


def exchange(public) -> tuple[str, bytes, str]:
    """The Algorithm, the secret, and our new key as XML has it."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        ephemeral = ec.generate_private_key(public.curve)
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        key = EC_KEY.format(curve=CURVES[public.curve.name], point=base64.b64encode(point).decode())
        return ECDH_ES, ephemeral.exchange(ec.ECDH(), public), key
    uri, private = next(row for kind, row in MONTGOMERY.items() if isinstance(public, kind))
    ephemeral = private.generate()
    der = ephemeral.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return uri, ephemeral.exchange(public), DER_KEY.format(der=base64.b64encode(der).decode())


def ciphertext(content: str, key: bytes, plaintext: bytes) -> bytes:
    """The octets of CipherValue (xmlenc-core1 5.2)."""
    if content.endswith("gcm"):
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, None)
    cipher = TripleDES(key) if content == "3des" else algorithms.AES(key)
    block = cipher.block_size // 8
    pad = block - len(plaintext) % block
    padded = plaintext + os.urandom(pad - 1) + bytes([pad])
    vector = os.urandom(block)
    encryptor = Cipher(cipher, modes.CBC(vector)).encryptor()
    return vector + encryptor.update(padded) + encryptor.finalize()
