"""Our metadata: valid by schema, and imported unchanged by what others wrote."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree
from saml2.attribute_converter import ac_factory
from saml2.config import Config
from saml2.mdstore import MetadataStore

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import ec_credential, ed25519_credential, rsa_credential
from harness.message import NS, verify_enveloped

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; @IDP@ }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        certificate next.crt;
        certificate_key next.key;
        idp corp;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
FILES = {
    "next.crt": ec_credential("next").certificate_pem,
    "next.key": ec_credential("next").key_pem,
}
FULL = """
    organization "Example Org" "Example" https://www.example.org en;
    contact technical tech@example.org "Tech & Support";
    contact support help@example.org;
    requested_attribute urn:oid:0.9.2342.19200300.100.1.3 friendly_name=mail required;
    requested_attribute groups;
"""
EVERYTHING = """
    organization "Example Org" "Example" https://www.example.org;
    organization "Beispiel e. V." "Beispiel" https://www.example.org/de de;
    contact technical tech@example.org "Tech & Support" surname=Desk "company=Example & Co" "telephone=+39 06 1";
    contact security cert@example.org;
    contact billing pay@example.org extensions=contact.xml;
    ui_info display_name "Payroll";
    ui_info display_name "Lohn & Gehalt" lang=de;
    ui_info description "Who gets what";
    ui_info keywords pay "salary office";
    ui_info information_url https://www.example.org/payroll;
    ui_info privacy_statement_url https://www.example.org/privacy;
    ui_info logo https://www.example.org/logo.png 80 60 lang=de;
    entity_attribute assurance-certification https://refeds.org/sirtfi;
    entity_attribute subject-id:req pairwise-id;
    entity_attribute entity-category http://refeds.org/category/research-and-scholarship https://refeds.org/category/personalized;
    metadata_extensions entity.xml;
    metadata_extensions role.xml role;
    metadata_name_id_formats transient persistent;
    attribute_service 0 "Payroll" "description=All that it needs";
    attribute_service 0 "Lohn" lang=de;
    attribute_service 99 "Minimum set" default;
    requested_attribute urn:oid:0.9.2342.19200300.100.1.3 friendly_name=mail required;
    requested_attribute groups service=99;
"""
EXTENSIONS = (
    '<md:Extensions xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:x="urn:x">'
    "<x:{0}>{0}</x:{0}></md:Extensions>"
)
FILES |= {f"{name}.xml": EXTENSIONS.format(name) for name in ("entity", "role", "contact")}
SIMPLESAMLPHP, OPENSAML = "/usr/share/simplesamlphp/schemas", "/usr/share/xml/opensaml"
# SAML's own first: its imports are local there, and those of the extensions are then known.
SCHEMAS = {
    "urn:oasis:names:tc:SAML:2.0:metadata": f"{SIMPLESAMLPHP}/saml-schema-metadata-2.0.xsd",
    "urn:oasis:names:tc:SAML:metadata:ui": f"{OPENSAML}/sstc-saml-metadata-ui-v1.0.xsd",
    "urn:oasis:names:tc:SAML:metadata:attribute": f"{OPENSAML}/sstc-metadata-attr.xsd",
    "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol": f"{OPENSAML}/sstc-saml-idp-discovery.xsd",
}


def metadata(nginx, browser, sp: str = "", idp: str = "") -> tuple[str, str]:
    server = nginx(CONF, files=FILES, SP=sp, IDP=idp)
    page = browser.read(server.url("/saml/metadata"))
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("application/samlmetadata+xml")
    return page.text, server.url("/saml/acs")


VARIANTS = {
    "plain": "",
    "full": FULL,
    "signed": FULL + "sign_metadata on; metadata_valid 2d;",
    "encryption": "encryption offer;",
    "everything": EVERYTHING,
    "everything signed": EVERYTHING + "sign_metadata on;",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_schema(nginx, browser, tmp_path, variant):
    text, _ = metadata(nginx, browser, VARIANTS[variant])
    assert judged(tmp_path, text) == ""


def test_the_schemas_see_what_stands_in_extensions(nginx, browser, tmp_path):
    """The instrument itself."""
    text, _ = metadata(nginx, browser, EVERYTHING)
    for good, bad in [
        ('<mdui:Logo height="60"', '<mdui:Logo height="high"'),
        ("<saml:AttributeValue>", "<saml:AttributeValeur/><saml:AttributeValue>"),
    ]:
        assert good in text
        assert judged(tmp_path, text.replace(good, bad)) != ""


def judged(tmp_path, text: str) -> str:
    """What xmllint has against it."""
    imports = "".join(
        f'<xs:import namespace="{namespace}" schemaLocation="{path}"/>' for namespace, path in SCHEMAS.items()
    )
    (tmp_path / "all.xsd").write_text(f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>')
    (tmp_path / "sp.xml").write_text(text)
    done = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", tmp_path / "all.xsd", tmp_path / "sp.xml"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("variant", VARIANTS)
def test_simplesamlphp_imports_it(nginx, browser, simplesamlphp, variant):
    text, acs = metadata(nginx, browser, VARIANTS[variant])
    php = simplesamlphp.trust(text)
    assert "'https://sp.example.org/entity'" in php
    assert acs in php
    for credential in (rsa_credential("sp"), ec_credential("next")):
        assert credential.certificate_base64[:60] in php
    if variant in ("full", "signed", "everything"):
        assert "tech@example.org" in php and "Example Org" in php


@pytest.mark.parametrize("variant", VARIANTS)
def test_pysaml2_imports_it(nginx, browser, tmp_path, variant):
    text, acs = metadata(nginx, browser, VARIANTS[variant])
    (tmp_path / "sp.xml").write_text(text)
    config = Config()
    config.xmlsec_binary = "/usr/bin/xmlsec1"
    store = MetadataStore(ac_factory(), config)
    store.load("local", str(tmp_path / "sp.xml"))
    services = store.assertion_consumer_service("https://sp.example.org/entity")
    assert [service["location"] for service in services] == [acs]
    assert len(store.certs("https://sp.example.org/entity", "spsso", "signing")) == 2


def test_content(nginx, browser):
    text, acs = metadata(nginx, browser)
    root = etree.fromstring(text.encode())
    assert root.get("entityID") == "https://sp.example.org/entity"
    role = root.find("md:SPSSODescriptor", NS)
    assert role.get("AuthnRequestsSigned") == "true"
    (post,) = role.findall("md:AssertionConsumerService", NS)
    assert post.get("Binding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    assert (post.get("Location"), post.get("isDefault")) == (acs, "true")
    assert "PRIVATE" not in text


def test_other_bindings_are_named_where_somebody_wants_them(nginx, browser):
    text, acs = metadata(nginx, browser, "offer_simple_sign on;")
    services = etree.fromstring(text.encode()).findall(".//md:AssertionConsumerService", NS)
    bindings = [(one.get("Binding").rpartition(":")[2], one.get("index")) for one in services]
    assert bindings == [("HTTP-POST", "0"), ("HTTP-POST-SimpleSign", "1")]
    assert {one.get("Location") for one in services} == {acs}


MDUI = {"mdui": "urn:oasis:names:tc:SAML:metadata:ui"}


def test_pysaml2_understands_what_it_says(nginx, browser, tmp_path):
    """It reads UIInfo, EntityAttributes and the sets of attributes into objects of its own."""
    text, _ = metadata(nginx, browser, EVERYTHING)
    (tmp_path / "sp.xml").write_text(text)
    config = Config()
    config.xmlsec_binary = "/usr/bin/xmlsec1"
    store = MetadataStore(ac_factory(), config)
    store.load("local", str(tmp_path / "sp.xml"))
    entity = "https://sp.example.org/entity"
    (ui,) = store.mdui_uiinfo(entity)
    assert {name["lang"]: name["text"] for name in ui["display_name"]} == {"en": "Payroll", "de": "Lohn & Gehalt"}
    assert [(logo["width"], logo["height"], logo["text"]) for logo in ui["logo"]] == [
        ("80", "60", "https://www.example.org/logo.png")
    ]
    assert ui["keywords"][0]["text"] == "pay salary+office"
    assert store.entity_attributes(entity) == {
        "urn:oasis:names:tc:SAML:attribute:assurance-certification": ["https://refeds.org/sirtfi"],
        "urn:oasis:names:tc:SAML:profiles:subject-id:req": ["pairwise-id"],
        "http://macedir.org/entity-category": [
            "http://refeds.org/category/research-and-scholarship",
            "https://refeds.org/category/personalized",
        ],
    }
    by_index = [store.attribute_requirement(entity, index) for index in ("0", "99")]
    assert [
        [one["name"] for one in [*wanted["required"], *wanted["optional"]]] for wanted in by_index
    ] == [["urn:oid:0.9.2342.19200300.100.1.3"], ["groups"]]
    assert any(person["contact_type"] == "other" for person in store[entity]["contact_person"])


def test_what_files_hold_stands_in_their_place(nginx, browser):
    text, _ = metadata(nginx, browser, EVERYTHING)
    root = etree.fromstring(text.encode())
    x = NS | {"x": "urn:x"} | MDUI
    assert root.findtext("md:Extensions/x:entity", namespaces=x) == "entity"
    assert root.findtext("md:SPSSODescriptor/md:Extensions/x:role", namespaces=x) == "role"
    assert root.find("md:SPSSODescriptor/md:Extensions/mdui:UIInfo", x) is not None
    contact = root.find("md:ContactPerson[@contactType='billing']", NS)
    assert contact.findtext("md:Extensions/x:contact", namespaces=x) == "contact"
    security = root.find("md:ContactPerson[@contactType='other']", NS)
    kind = security.get("{http://refeds.org/metadata}contactType")
    assert kind == "http://refeds.org/metadata/contactType/security"
    formats = [f.text.rpartition(":")[2] for f in root.iterfind(".//md:NameIDFormat", NS)]
    assert formats == ["transient", "persistent"]


def test_who_has_it_already_is_told_so(nginx, browser):
    """By the ETag, which is the same in all workers as long as the document says the same."""
    server = nginx("worker_processes 2;" + CONF, files=FILES, SP="sign_metadata on;", IDP="")
    pages = [Browser().read(server.url("/saml/metadata")) for _ in range(6)]
    (etag,) = {page.headers["ETag"] for page in pages}
    assert len({page.text for page in pages}) == 1
    again = browser.read(server.url("/saml/metadata"), headers={"If-None-Match": etag})
    assert (again.status, again.text) == (304, "")
    other = browser.read(server.url("/saml/metadata"), headers={"If-None-Match": '"x"'})
    assert (other.status, other.text) == (200, pages[0].text)
    assert other.headers["Cache-Control"] == "no-cache"


def encryption_keys(text: str) -> list[tuple[str, list[str]]]:
    """The certificates for encryption, each with its algorithms."""
    descriptors = etree.fromstring(text.encode()).iterfind(".//md:KeyDescriptor[@use='encryption']", NS)
    return [
        (
            descriptor.findtext(".//ds:X509Certificate", namespaces=NS),
            [m.get("Algorithm").partition("#")[2] for m in descriptor.iterfind("md:EncryptionMethod", NS)],
        )
        for descriptor in descriptors
    ]  # fmt: skip


ALGORITHMS = ["aes256-gcm", "aes128-gcm", "rsa-oaep-mgf1p", "rsa-oaep"]
EC_ALGORITHMS = ["aes256-gcm", "aes128-gcm", "kw-aes256", "kw-aes128", "ECDH-ES"]
BOTH = [
    (rsa_credential("sp").certificate_base64, ALGORITHMS),
    (ec_credential("next").certificate_base64, EC_ALGORITHMS),
]
OFFERS = {
    "by default": ("", "", False),
    "off": ("", "encryption off;", False),
    "by the SP for its IdPs": ("encryption offer;", "", True),
    "by the IdP": ("", "encryption offer;", True),
    "required": ("", "encryption require;", True),
    "the SP offers, the IdP does not": ("encryption offer;", "encryption off;", False),
    "by its older name": ("", "want_encrypted on;", True),
    "not, by its older name": ("encryption require;", "want_encrypted off;", False),
}


@pytest.mark.parametrize("name", OFFERS)
def test_encryption_is_offered(nginx, browser, name):
    """With what is taken under every signature, the best first."""
    sp, idp, offered = OFFERS[name]
    text, _ = metadata(nginx, browser, sp, idp)
    assert encryption_keys(text) == (BOTH if offered else [])
    assert text.count('use="signing"') == 2


def test_the_key_that_every_idp_can_encrypt_for_is_offered_first(nginx, browser):
    files = {
        **{f"sp.{end}": FILES[f"next.{end}"] for end in ("crt", "key")},
        "next.crt": rsa_credential("sp").certificate_pem,
        "next.key": rsa_credential("sp").key_pem,
    }
    server = nginx(CONF, files=files, SP="encryption offer;", IDP="")
    assert encryption_keys(browser.read(server.url("/saml/metadata")).text) == BOTH


def test_a_key_that_only_signs_is_not_offered(nginx, browser):
    only_signs = ed25519_credential("next")
    files = {"next.crt": only_signs.certificate_pem, "next.key": only_signs.key_pem}
    server = nginx(CONF, files=files, SP="encryption offer;", IDP="")
    text = browser.read(server.url("/saml/metadata")).text
    assert encryption_keys(text) == BOTH[:1]
    assert only_signs.certificate_base64 in text


def test_the_key_is_offered_when_one_of_several_idps_wants_it(nginx, browser):
    conf = CONF.replace("saml_sp app {", "saml_idp b { metadata b.xml; encryption offer; }\n saml_sp app { idp b;")
    files = FILES | {"b.xml": Idp("https://b.example.org").metadata()}
    server = nginx(conf, files=files, SP="", IDP="")
    assert encryption_keys(browser.read(server.url("/saml/metadata")).text) == BOTH


def test_it_has_no_end_unless_asked_for(nginx, browser):
    """IdPs that import once would fail on that day."""
    text, _ = metadata(nginx, browser)
    assert "validUntil" not in text
    text, _ = metadata(nginx, browser, "metadata_valid 2d;")
    valid_until = datetime.fromisoformat(etree.fromstring(text.encode()).get("validUntil"))
    left = valid_until - datetime.now(UTC)
    assert timedelta(days=1, hours=23) < left <= timedelta(days=2)


def test_want_assertions_signed(nginx, browser):
    text, _ = metadata(nginx, browser, idp="want_assertion_signed on;")
    role = etree.fromstring(text.encode()).find("md:SPSSODescriptor", NS)
    assert role.get("WantAssertionsSigned") == "true"


def test_signed_by_the_first_key(nginx, browser):
    text, _ = metadata(nginx, browser, "sign_metadata on;")
    verify_enveloped(etree.fromstring(text.encode()), rsa_credential("sp").certificate)


def test_odd_entity_id_is_escaped(nginx, browser):
    conf = CONF.replace("https://sp.example.org/entity", "'https://sp.example.org/?a=\"b\"&c=<d>'")
    server = nginx(conf, files=FILES, SP="", IDP="")
    text = browser.read(server.url("/saml/metadata")).text
    assert etree.fromstring(text.encode()).get("entityID") == 'https://sp.example.org/?a="b"&c=<d>'
