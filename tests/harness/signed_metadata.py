"""Metadata whose root is signed, as federations publish it."""

from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner, methods

from harness.dsig import EXCLUSIVE
from harness.keys import Credential
from harness.message import NS


def signed_by_signxml(text: str, credential: Credential) -> str:
    root = etree.fromstring(text)
    root.insert(0, etree.Element(f"{{{NS['ds']}}}Signature", Id="placeholder", nsmap={"ds": NS["ds"]}))
    signer = XMLSigner(methods.enveloped, SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA384, EXCLUSIVE)
    signed = signer.sign(
        root,
        key=credential.key,
        cert=[credential.certificate],
        reference_uri=root.get("ID"),
        id_attribute="ID",
    )
    return etree.tostring(signed).decode()
