"""XML Encryption read by `cryptography`: what the IdP of a test finds in an EncryptedID."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lxml import etree

from harness.encrypt import CURVES, DIGESTS, ECDH_ES, MONTGOMERY, OAEP, OAEP_MGF1P, XENC, XENC11
from harness.keys import Credential

NS = {
    "xenc": XENC,
    "xenc11": XENC11,
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "dsig11": "http://www.w3.org/2009/xmldsig11#",
}
HASHES = dict(DIGESTS.values())
NIST = {"secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1, "secp521r1": ec.SECP521R1}


def decrypt(holder: etree._Element, recipient: Credential) -> etree._Element:
    """The element inside `holder`, which has one EncryptedData with one EncryptedKey in AES-GCM."""
    data = holder.find("xenc:EncryptedData", NS)
    key = content_key(data.find("ds:KeyInfo/xenc:EncryptedKey", NS), recipient)
    uri, bits = algorithm(data.find("xenc:EncryptionMethod", NS)), 8 * len(key)
    assert uri == f"{XENC11}aes{bits}-gcm", uri
    octets = cipher_value(data)
    return etree.fromstring(AESGCM(key).decrypt(octets[:12], octets[12:], None))


def content_key(encrypted_key: etree._Element, recipient: Credential) -> bytes:
    method = encrypted_key.find("xenc:EncryptionMethod", NS)
    uri, wrapped = algorithm(method), cipher_value(encrypted_key)
    if uri in (OAEP, OAEP_MGF1P):
        digest = HASHES[algorithm(method.find("ds:DigestMethod", NS))]
        mgf = HASHES[DIGESTS["sha1"][0]]
        if uri == OAEP:
            name = algorithm(method.find("xenc11:MGF", NS)).removeprefix(f"{XENC11}mgf1")
            mgf = DIGESTS[name][1]
        return recipient.key.decrypt(wrapped, padding.OAEP(padding.MGF1(mgf), digest, None))
    bits = int(uri.removeprefix(f"{XENC}kw-aes"))
    agreement = encrypted_key.find("ds:KeyInfo/xenc:AgreementMethod", NS)
    certificate = agreement.findtext(".//ds:X509Certificate", namespaces=NS)
    assert certificate == recipient.certificate_base64
    parameters = agreement.find("xenc11:KeyDerivationMethod/xenc11:ConcatKDFParams", NS)
    names = ("AlgorithmID", "PartyUInfo", "PartyVInfo")
    strings = [bytes.fromhex(parameters.get(name)) for name in names]
    assert all(string[:1] in (b"", b"\0") for string in strings), "bits are left over"
    other_info = b"".join(string[1:] for string in strings)
    digest = HASHES[algorithm(parameters.find("ds:DigestMethod", NS))]
    kdf = ConcatKDFHash(digest, bits // 8, other_info)
    return aes_key_unwrap(kdf.derive(shared_secret(agreement, recipient)), wrapped)


def shared_secret(agreement: etree._Element, recipient: Credential) -> bytes:
    originator, uri = agreement.find("xenc:OriginatorKeyInfo", NS), algorithm(agreement)
    if uri == ECDH_ES:
        urn = originator.find(".//dsig11:NamedCurve", NS).get("URI")
        name = next(name for name, oid in CURVES.items() if urn == f"urn:oid:{oid}")
        point = base64.b64decode(originator.findtext(".//dsig11:PublicKey", namespaces=NS))
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(NIST[name](), point)
        return recipient.key.exchange(ec.ECDH(), theirs)
    theirs = load_der_public_key(
        base64.b64decode(originator.findtext("dsig11:DEREncodedKeyValue", namespaces=NS))
    )
    assert uri == next(row[0] for kind, row in MONTGOMERY.items() if isinstance(theirs, kind))
    return recipient.key.exchange(theirs)


def algorithm(element: etree._Element) -> str:
    return element.get("Algorithm")


def cipher_value(element: etree._Element) -> bytes:
    return base64.b64decode(element.findtext("xenc:CipherData/xenc:CipherValue", namespaces=NS))
