"""What opens ciphertexts for these tests opens those of the W3C, too."""

from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from harness.decrypt import NS, decrypt
from harness.nginx import ROOT

W3C = ROOT / "crates/xmldoc/src/decrypt/tests/w3c"


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_ciphertexts_of_the_w3c(curve):
    key = load_pem_private_key((W3C / f"{curve}.pem").read_bytes(), None)
    holder = etree.fromstring(f"<holder>{(W3C / f'{curve}.xml').read_text()}</holder>")
    # Not all that is wanted of certificates today is in theirs.
    certificate = holder.findtext(".//ds:X509Certificate", namespaces=NS)
    recipient = SimpleNamespace(key=key, certificate_base64=certificate)
    assert decrypt(holder, recipient).tag == "{urn:example:po}PurchaseOrder"
