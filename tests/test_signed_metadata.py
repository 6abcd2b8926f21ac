"""`metadata_certificate`: metadata counts when one of these keys has signed its root."""

import re
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from harness.browser import Browser
from harness.dsig import ENVELOPED, EXCLUSIVE, RSA_SHA256, SHA256
from harness.idp import Idp
from harness.keys import Credential, certified, rsa_credential
from harness.message import NS
from harness.signed_metadata import signed_by_signxml
from harness.site import site

CONF = site(
    metadata="signed.xml",
    idp="metadata_certificate federation.crt; @IDP@",
    location="add_header X-User $saml_name_id;",
)
FEDERATION, STRANGER = rsa_credential("federation"), rsa_credential("stranger")
FILES = {"federation.crt": FEDERATION.certificate_pem, "stranger.crt": STRANGER.certificate_pem}
MD = "urn:oasis:names:tc:SAML:2.0:metadata"

TEMPLATE = f"""<ds:Signature xmlns:ds="{NS['ds']}"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><ds:SignatureMethod Algorithm="{RSA_SHA256}"/>
<ds:Reference URI="@URI@"><ds:Transforms><ds:Transform Algorithm="{ENVELOPED}"/>
@MORE@<ds:Transform Algorithm="{EXCLUSIVE}"/></ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/>
<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"""


def entity(name: str = "https://idp.example.org/metadata", identifier: str = "_entity", more: str = "") -> str:
    text = Idp(entity_id=name).metadata()
    return text.replace("<md:EntityDescriptor", f'<md:EntityDescriptor ID="{identifier}" {more}', 1)


def aggregate(*entities: str, identifier: str = "_all", more: str = "") -> str:
    return (
        f'<md:EntitiesDescriptor xmlns:md="{MD}" ID="{identifier}" {more}>\n'
        + "\n".join(entities)
        + "</md:EntitiesDescriptor>"
    )


def into_root(text: str, content: str) -> str:
    """`content` as the root's first child."""
    root = re.search(r"<md:[^>]*>", text)
    return text[: root.end()] + content + text[root.end() :]


def signed_by_xmlsec1(tmp_path, text: str, credential: Credential = FEDERATION, uri="", more="") -> str:
    """By the command line tool."""
    uri = uri or "#" + re.search(r'ID="([^"]+)"', text)[1]
    template = TEMPLATE.replace("@URI@", uri).replace("@MORE@", more)
    unsigned, key, done = tmp_path / "unsigned.xml", tmp_path / "key.pem", tmp_path / "done.xml"
    unsigned.write_text(into_root(text, template))
    key.write_bytes(credential.key_pem)
    names = [f"{MD}:{name}" for name in ("EntityDescriptor", "EntitiesDescriptor")]
    command = ["xmlsec1", "--sign", "--privkey-pem", str(key), "--output", str(done)]
    command += [word for name in names for word in ("--id-attr:ID", name)]
    subprocess.run([*command, str(unsigned)], check=True, capture_output=True)
    return done.read_text()


def nginx_says(prepared, text: str, idp: str = "") -> tuple[bool, str]:
    return prepared(CONF, files={**FILES, "signed.xml": text}, IDP=idp).test()


def refused(prepared, text: str, expected: str, idp: str = "") -> None:
    good, said = nginx_says(prepared, text, idp)
    assert not good and 'metadata "signed.xml": ' in said and "nginx.conf:" in said, said
    assert expected in said, said


def logs_in(nginx, text: str, idp: Idp = Idp(), line: str = "") -> None:
    server, browser = nginx(CONF, files={**FILES, "signed.xml": text}, IDP=line), Browser()
    page = idp.login(browser, server.url("/page.html"))
    assert page.status == 303, page.text
    assert browser.get(page.location).headers["X-User"] == "alice@example.org"


@pytest.mark.smoke
def test_signed_by_xmlsec1(nginx, tmp_path):
    logs_in(nginx, signed_by_xmlsec1(tmp_path, entity()))


def test_signed_by_signxml(nginx):
    logs_in(nginx, signed_by_signxml(entity(), FEDERATION))


def test_an_aggregate_with_the_wanted_entity(nginx, tmp_path):
    others = [entity(f"https://other{n}.example.org", f"_{n}") for n in range(20)]
    text = aggregate(*others[:10], entity(), aggregate(*others[10:], identifier="_group"))
    wanted = "entity_id https://idp.example.org/metadata;"
    logs_in(nginx, signed_by_xmlsec1(tmp_path, text), line=wanted)
    logs_in(nginx, signed_by_signxml(text, FEDERATION), line=wanted)


def test_one_of_several_certificates(nginx, tmp_path):
    text = signed_by_xmlsec1(tmp_path, entity(), STRANGER)
    logs_in(nginx, text, line="metadata_certificate stranger.crt;")


def test_in_another_encoding(nginx, tmp_path):
    """What is signed is the text, not its octets."""
    text = entity(more='xml:lang="de"').replace("<md:IDPSSO", "<!-- Grüße --><md:IDPSSO", 1)
    signed = signed_by_xmlsec1(tmp_path, text)
    signed = re.sub(r"^<\?xml[^>]*\?>", '<?xml version="1.0" encoding="ISO-8859-1"?>', signed)
    server = nginx(CONF, files={**FILES, "signed.xml": signed.encode("latin-1")}, IDP="")
    assert Idp().login(Browser(), server.url("/page.html")).status == 303


def test_a_past_valid_until_is_a_warning(prepared, tmp_path):
    text = signed_by_xmlsec1(tmp_path, entity(more='validUntil="2020-01-01T00:00:00Z"'))
    good, said = nginx_says(prepared, text)
    assert good and "past its validUntil" in said, said


def test_what_is_not_signed_by_these_is_refused(prepared, tmp_path):
    signed = signed_by_xmlsec1(tmp_path, entity())
    refused(prepared, entity(), "its root element is not signed")
    stranger = signed_by_xmlsec1(tmp_path, entity(), STRANGER)
    refused(prepared, stranger, 'its signature is not of "metadata_certificate"')
    altered = signed.replace("https://idp.example.org/sso", "https://evil.example.org/sso")
    assert altered != signed
    refused(prepared, altered, 'its signature is not of "metadata_certificate"')
    broken = signed.replace("<md:IDPSSODescriptor", "<!DOCTYPE x><md:IDPSSODescriptor", 1)
    refused(prepared, broken, "DOCTYPE")


def parts(signed: str) -> tuple[str, str]:
    """The signature, and the document without it."""
    signed = re.sub(r"^<\?xml[^>]*\?>\s*", "", signed)
    signature = re.search(r"<ds:Signature .*?</ds:Signature>", signed, re.S)[0]
    return signature, signed.replace(signature, "")


def test_wrapping(prepared, tmp_path):
    """The good entity is somewhere in the file, and its signature is good; the root is the attacker's."""
    signed = signed_by_xmlsec1(tmp_path, entity())
    signature, bare = parts(signed)
    evil = entity("https://evil.example.org", "_evil")
    twin = entity("https://evil.example.org", "_entity")
    nested = re.sub(r"^<\?xml[^>]*\?>\s*", "", signed)
    # The signed entity stays whole in an aggregate that nobody has signed.
    refused(prepared, aggregate(evil, nested), "its root element is not signed")
    # Its signature is taken to the root.
    refused(prepared, aggregate(signature, evil, bare), 'its signature covers "#_entity"')
    # The root has its ID, and so has the entity.
    both = aggregate(signature, evil, bare, identifier="_entity")
    refused(prepared, both, "ID")
    # xml:id is an ID to libxml2.
    text = bare.replace('ID="_entity"', 'xml:id="_entity"')
    refused(prepared, aggregate(signature, evil, text, identifier="_entity"), "ID")
    # A second copy of the root, in an Object of the signature or in Extensions.
    hidden = signature.replace("</ds:Signature>", f"<ds:Object>{bare}</ds:Object></ds:Signature>")
    refused(prepared, into_root(evil, hidden), 'its signature covers "#_entity"')
    refused(prepared, into_root(twin, hidden), "ID")
    extensions = f"{signature}<md:Extensions>{bare}</md:Extensions>"
    refused(prepared, into_root(evil, extensions), 'its signature covers "#_entity"')
    # An evil root, and beside its own signature the good one.
    own = signed_by_xmlsec1(tmp_path, evil, STRANGER)
    refused(prepared, into_root(own, signature), "more than one signature")
    refused(prepared, own, 'its signature is not of "metadata_certificate"')
    # No ID to name.
    refused(prepared, into_root(evil.replace('ID="_evil"', ""), signature), "no ID")


def test_other_references_and_transforms(prepared, tmp_path):
    xpath = (
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
        "<ds:XPath>not(ancestor-or-self::*[local-name()='SingleSignOnService'])</ds:XPath></ds:Transform>"
    )
    signed = signed_by_xmlsec1(tmp_path, entity(), more=xpath)
    refused(prepared, signed, "metadata_certificate")
    whole = signed_by_xmlsec1(tmp_path, entity(), uri="#xpointer(/)")
    refused(prepared, whole, 'its signature covers "#xpointer(/)"')


def test_weak_ones_need_leave(prepared, nginx, tmp_path):
    short = certified(rsa.generate_private_key(65537, 1024), "short")
    files = {**FILES, "federation.crt": short.certificate_pem}
    files["signed.xml"] = signed_by_xmlsec1(tmp_path, entity(), short)
    good, said = prepared(CONF, files=files, IDP="").test()
    assert not good and "RSA key below 2048 bits" in said, said
    good, said = prepared(CONF, files=files, IDP="allow_weak rsa1024;").test()
    assert good, said
    sha1 = {RSA_SHA256: "http://www.w3.org/2000/09/xmldsig#rsa-sha1", SHA256: "http://www.w3.org/2000/09/xmldsig#sha1"}
    template = TEMPLATE
    for strong, weak in sha1.items():
        template = template.replace(strong, weak)
    text = into_root(entity(), template.replace("@URI@", "#_entity").replace("@MORE@", ""))
    unsigned, key = tmp_path / "unsigned.xml", tmp_path / "key.pem"
    unsigned.write_text(text)
    key.write_bytes(FEDERATION.key_pem)
    command = ["xmlsec1", "--sign", "--privkey-pem", str(key), "--id-attr:ID", f"{MD}:EntityDescriptor"]
    signed = subprocess.run([*command, str(unsigned)], check=True, capture_output=True, text=True).stdout
    refused(prepared, signed, "metadata_certificate")
    assert nginx_says(prepared, signed, "allow_weak sha1;")[0]


def test_mistakes(prepared):
    conf = CONF.replace("metadata signed.xml;", "")
    good, said = prepared(conf, files=FILES, IDP="").test()
    assert not good and '"metadata_certificate" needs "metadata"' in said, said
    good, said = prepared(CONF, files={"federation.crt": "no certificate", "signed.xml": entity()}, IDP="").test()
    assert not good and '"metadata_certificate" "federation.crt"' in said, said
    conf = CONF.replace("federation.crt", "missing.crt")
    good, said = prepared(conf, files={"signed.xml": entity()}, IDP="").test()
    assert not good and "no such file" in said and "missing.crt" in said, said
