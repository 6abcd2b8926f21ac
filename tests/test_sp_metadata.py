"""Our metadata: valid by schema, and imported unchanged by what others wrote."""

import subprocess

import pytest
from lxml import etree
from saml2.attribute_converter import ac_factory
from saml2.config import Config
from saml2.mdstore import MetadataStore

from harness.keys import ec_credential, rsa_credential
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
SCHEMA = "/usr/share/simplesamlphp/schemas/saml-schema-metadata-2.0.xsd"  # imports are local there


def metadata(nginx, browser, sp: str = "", idp: str = "") -> tuple[str, str]:
    server = nginx(CONF, files=FILES, SP=sp, IDP=idp)
    page = browser.get(server.url("/saml/metadata"))
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("application/samlmetadata+xml")
    return page.text, server.url("/saml/acs")


VARIANTS = {"plain": "", "full": FULL, "signed": FULL + "sign_metadata on;"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_schema(nginx, browser, tmp_path, variant):
    text, _ = metadata(nginx, browser, VARIANTS[variant])
    (tmp_path / "sp.xml").write_text(text)
    done = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", SCHEMA, tmp_path / "sp.xml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("variant", VARIANTS)
def test_simplesamlphp_imports_it(nginx, browser, simplesamlphp, variant):
    text, acs = metadata(nginx, browser, VARIANTS[variant])
    php = simplesamlphp.trust(text)
    assert "'https://sp.example.org/entity'" in php
    assert acs in php
    for credential in (rsa_credential("sp"), ec_credential("next")):
        assert credential.certificate_base64[:60] in php
    if variant != "plain":
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
    (service,) = role.findall("md:AssertionConsumerService", NS)
    assert service.get("Location") == acs
    assert service.get("Binding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    assert service.get("isDefault") in ("true", None)
    assert "PRIVATE" not in text


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
    text = browser.get(server.url("/saml/metadata")).text
    assert etree.fromstring(text.encode()).get("entityID") == 'https://sp.example.org/?a="b"&c=<d>'
