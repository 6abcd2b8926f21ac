"""What we send to the IdP: AuthnRequest and its signature, checked by `cryptography` and `signxml`."""

import re
import subprocess
from urllib.parse import urlsplit

import pytest
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod

from harness.idp import Idp
from harness.keys import ec_credential, ed25519_credential, rsa_credential
from harness.message import NS, verify_enveloped, verify_redirect

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; @IDP@ }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        @KEYS@
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location /fresh { auth_saml app; auth_saml_force_authn on; root html; }
    }
}
"""
SCHEMA = "/usr/share/simplesamlphp/schemas/saml-schema-protocol-2.0.xsd"
KEYS = "certificate sp.crt; certificate_key sp.key;"


def serve(nginx, credential=None, keys=KEYS, **options):
    credential = credential or rsa_credential("sp")
    files = {
        "sp.crt": credential.certificate_pem,
        "sp.key": credential.key_pem,
        **options.pop("files", {}),
    }
    return nginx(CONF, files=files, KEYS=keys, IDP=options.get("idp", ""))


@pytest.mark.parametrize(
    "credential",
    [rsa_credential("sp"), ec_credential("sp"), ed25519_credential("sp")],
    ids=["rsa", "ec", "ed25519"],
)
def test_redirect_is_signed_over_the_octets_as_sent(nginx, browser, idp, credential):
    server = serve(nginx, credential)
    page = browser.get(server.url("/page.html?a=b"))
    idp.asked(page)
    verify_redirect(page.location, credential.certificate)
    query = urlsplit(page.location).query
    assert not re.search(r"%[0-9A-F]?[a-f]", query), "hex digits must be upper-case"
    assert "+" not in query and not set(query) & set("!'()*;,:@$"), query


@pytest.mark.parametrize(
    "credential", [rsa_credential("sp"), ec_credential("sp")], ids=["rsa", "ec"]
)
def test_post_carries_an_enveloped_signature(nginx, browser, credential):
    idp = Idp(binding="HTTP-POST")
    server = serve(nginx, credential, files={"idp.xml": idp.metadata()})
    page = browser.get(server.url("/page.html"))
    assert page.status == 200
    assert "no-store" in page.headers["Cache-Control"]
    verify_enveloped(idp.asked(page).xml, credential.certificate)


@pytest.mark.parametrize(
    "credential, name, method",
    [
        (rsa_credential("sp"), "rsa-pss-sha3-256", SignatureMethod.SHA3_256_RSA_MGF1),
        (ec_credential("sp"), "ecdsa-sha3-512", SignatureMethod.ECDSA_SHA3_512),
    ],
    ids=["rsa", "ec"],
)
def test_sha3(nginx, browser, credential, name, method):
    idp = Idp(binding="HTTP-POST")
    options = f"signature_algorithm {name}; digest_algorithm sha3-384;"
    server = serve(nginx, credential, files={"idp.xml": idp.metadata()}, idp=options)
    expected = SignatureConfiguration(
        signature_methods={method}, digest_algorithms={DigestAlgorithm.SHA3_384}
    )
    request = idp.asked(browser.get(server.url("/page.html")))
    verify_enveloped(request.xml, credential.certificate, expected)


def test_fields(nginx, browser, idp):
    server = serve(nginx)
    request = idp.asked(browser.get(server.url("/page.html")))
    assert request.xml.tag == f"{{{NS['samlp']}}}AuthnRequest"
    assert request.xml.get("Version") == "2.0"
    assert re.fullmatch(r"[A-Za-z_][\w.-]{22,}", request.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", request.xml.get("IssueInstant"))
    assert request.xml.get("Destination") == idp.sso_url
    assert request.acs_url == server.url("/saml/acs")
    assert request.xml.get("ProtocolBinding") in (
        None,
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    )
    assert request.issuer == "https://sp.example.org/entity"
    assert request.xml.get("ForceAuthn") in (None, "false", "0")
    assert re.fullmatch(r"[A-Za-z0-9._~-]{1,80}", request.relay_state)


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_schema(nginx, browser, tmp_path, binding):
    idp = Idp(binding=binding)
    lines = "name_id_format emailAddress;"
    server = serve(nginx, idp=lines, files={"idp.xml": idp.metadata()})
    request = idp.asked(browser.get(server.url("/fresh/")))
    (tmp_path / "request.xml").write_bytes(etree.tostring(request.xml))
    subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", SCHEMA, tmp_path / "request.xml"], check=True
    )


def test_ids_never_repeat(nginx, browser, idp):
    server = serve(nginx)
    ids = {idp.asked(browser.get(server.url("/page.html"))).id for _ in range(50)}
    assert len(ids) == 50


def test_sso_url_with_a_query_keeps_it(nginx, browser):
    idp = Idp(sso_url="https://idp.example.org/sso?tenant=a%20b")
    server = serve(nginx, files={"idp.xml": idp.metadata()})
    location = browser.get(server.url("/")).location
    assert location.startswith("https://idp.example.org/sso?tenant=a%20b&SAMLRequest=")


def test_force_authn(nginx, browser, idp):
    server = serve(nginx)
    request = idp.asked(browser.get(server.url("/fresh/")))
    assert request.xml.get("ForceAuthn") in ("true", "1")


def test_name_id_policy(nginx, browser, idp):
    server = serve(nginx, idp="name_id_format persistent; allow_create off;")
    policy = idp.asked(browser.get(server.url("/"))).xml.find("samlp:NameIDPolicy", NS)
    assert policy.get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    assert policy.get("AllowCreate") in (None, "false", "0")


@pytest.mark.parametrize("keys, idp_lines", [("", ""), (KEYS, "sign_requests off;")])
def test_unsigned_without_key_or_when_off(nginx, browser, idp, keys, idp_lines):
    server = serve(nginx, keys=keys, idp=idp_lines)
    page = browser.get(server.url("/"))
    idp.asked(page)
    assert "Signature=" not in page.location and "SigAlg=" not in page.location


@pytest.mark.parametrize(
    "algorithm, uri",
    [
        ("rsa-sha512", "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha512"),
        ("rsa-pss-sha256", "http%3A%2F%2Fwww.w3.org%2F2007%2F05%2Fxmldsig-more%23sha256-rsa-MGF1"),
    ],
)
def test_signature_algorithm(nginx, browser, algorithm, uri):
    server = serve(nginx, idp=f"signature_algorithm {algorithm};")
    assert f"&SigAlg={uri}&Signature=" in browser.get(server.url("/")).location
