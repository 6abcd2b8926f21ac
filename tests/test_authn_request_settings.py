"""What AuthnRequests say by the settings of an IdP: judged by the schema, `signxml` and pysaml2."""

import subprocess
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import received
from harness.members import log_in
from harness.message import NS, verify_enveloped, verify_redirect
from harness.site import site

SCHEMA = "/usr/share/simplesamlphp/schemas/saml-schema-protocol-2.0.xsd"
SP = rsa_credential("sp").certificate
EXTENSIONS = """<?xml version="1.0" encoding="UTF-8"?>
<samlp:Extensions xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">
  <eidas:SPType xmlns:eidas="http://eidas.europa.eu/saml-extensions">public</eidas:SPType>
</samlp:Extensions>
"""
ALL = """
issuer_format on;
name_id_sp_qualifier https://affiliation.example.org;
attribute_consuming_service_index 3;
provider_name "Käse & Brot";
consent current-implicit;
requested_idp https://a.example.org https://b.example.org;
requester_id https://requester.example.org;
proxy_count 1;
authn_context PasswordProtectedTransport comparison=minimum;
subject_hint on;
extensions extensions.xml;
name_id_format emailAddress;
"""
CONF = site(idp="@IDP@", sp="sso_binding @BINDING@;")
LOGIN = "/saml/login?login_hint=jane%40example.org&force_authn=1"


def serve(nginx, idp, lines: str = ALL, binding: str = "redirect"):
    files = {"idp.xml": idp.metadata(), "extensions.xml": EXTENSIONS}
    return nginx(CONF, files=files, IDP=lines.replace("\n", " "), BINDING=binding)


def validate(tmp_path, xml: etree._Element) -> None:
    (tmp_path / "request.xml").write_bytes(etree.tostring(xml))
    subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", SCHEMA, tmp_path / "request.xml"], check=True
    )


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
@pytest.mark.parametrize("more", ["", "acs_index 0;"], ids=["url", "index"])
def test_all_of_it_is_valid_and_signed(nginx, browser, tmp_path, binding, more):
    idp = Idp(binding=binding)
    server = serve(nginx, idp, ALL + more, "post" if binding == "HTTP-POST" else "redirect")
    page = browser.get(server.url(LOGIN))
    xml = idp.asked(page).xml
    validate(tmp_path, xml)
    if binding == "HTTP-POST":
        verify_enveloped(xml, SP)
    else:
        verify_redirect(page.location, SP)
    assert (xml.get("AssertionConsumerServiceURL") is None) == bool(more)


def test_each_is_where_it_belongs(nginx, browser, idp):
    server = serve(nginx, idp)
    xml = idp.asked(browser.get(server.url(LOGIN))).xml
    issuer = xml.find("saml:Issuer", NS)
    assert issuer.get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
    assert issuer.get("NameQualifier") == issuer.text == server.url("/saml/metadata")
    assert xml.get("AttributeConsumingServiceIndex") == "3"
    assert xml.get("ProviderName") == "Käse & Brot"
    assert xml.get("Consent") == "urn:oasis:names:tc:SAML:2.0:consent:current-implicit"
    assert xml.findtext("samlp:Extensions/*", namespaces=NS) == "public"
    assert xml.findtext("saml:Subject/saml:NameID", namespaces=NS) == "jane@example.org"
    policy = xml.find("samlp:NameIDPolicy", NS)
    assert policy.get("SPNameQualifier") == "https://affiliation.example.org"
    context = xml.find("samlp:RequestedAuthnContext", NS)
    assert context.get("Comparison") == "minimum"
    scoping = xml.find("samlp:Scoping", NS)
    entries = scoping.findall("samlp:IDPList/samlp:IDPEntry", NS)
    assert [entry.get("ProviderID") for entry in entries] == [
        "https://a.example.org",
        "https://b.example.org",
    ]
    assert scoping.get("ProxyCount") == "1"


@pytest.mark.smoke
def test_a_login_comes_back(nginx, browser, idp):
    server = serve(nginx, idp, ALL)
    page = idp.login(browser, server.url("/page.html"))
    assert (page.status, page.location) == (303, server.url("/page.html"))
    assert browser.get(server.url("/page.html")).status == 200


def test_logout_messages_have_the_issuers_format(nginx):
    idp = Idp(slo=("HTTP-POST",))
    server = serve(nginx, idp, "issuer_format on;")
    member = log_in(server, idp)
    issuer = received(member.get(server.url("/saml/logout"))).xml.find("saml:Issuer", NS)
    assert issuer.get("NameQualifier") == issuer.text == server.url("/saml/metadata")


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_pysaml2_reads_it(nginx, pysaml2_idp, binding):
    """A parser of others finds each part, and answers at the ACS whose index was named."""
    # It signs people in by a password, and gives them transient names.
    lines = ALL.replace("PasswordProtectedTransport", "Password") + "acs_index 0;"
    lines = lines.replace("emailAddress", "transient")
    server = serve(nginx, pysaml2_idp, lines, binding)
    pysaml2_idp.trust(Browser().read(server.url("/saml/metadata")).text)
    browser = Browser()
    page = browser.open(server.url("/saml/login?login_hint=jane&return=/page.html"))
    assert pysaml2_idp.refused is None
    assert (page.status, page.text) == (200, "a page\n")
    request = pysaml2_idp.requests[-1]
    assert request.assertion_consumer_service_index == "0"
    assert request.attribute_consuming_service_index == "3"
    assert request.provider_name == "Käse & Brot"
    assert request.subject.name_id.text == "jane"
    assert request.name_id_policy.sp_name_qualifier == "https://affiliation.example.org"
    entries = request.scoping.idp_list.idp_entry
    assert [entry.provider_id for entry in entries] == [
        "https://a.example.org",
        "https://b.example.org",
    ]
    assert [found.text for found in request.scoping.requester_id] == [
        "https://requester.example.org"
    ]
    assert request.scoping.proxy_count == "1"
    assert [found.tag for found in request.extensions.extension_elements] == ["SPType"]
    assert request.issuer.name_qualifier == request.issuer.text


def extra(location: str) -> list[tuple[str, str]]:
    names = {"SAMLRequest", "RelayState", "SigAlg", "Signature"}
    return [pair for pair in parse_qsl(urlsplit(location).query) if pair[0] not in names]


HINTS = site(
    http='map $arg_team $realm { north "the north"; long "@LONG@"; default ""; }',
    idp="@IDP@",
)
ARGUMENTS = "extra_request_args login_hint domain_hint=example.com whr=$realm host=${host};"


def test_extra_arguments_go_along(nginx, browser, idp):
    server = nginx(HINTS, IDP=ARGUMENTS, LONG="x" * 257)
    page = browser.get(server.url("/saml/login?login_hint=j%26x%20%2B&team=north&other=1"))
    verify_redirect(page.location.split("&login_hint=")[0], SP)
    assert extra(page.location) == [
        ("login_hint", "j&x +"),
        ("domain_hint", "example.com"),
        ("whr", "the north"),
        ("host", "127.0.0.1"),
    ]
    assert "login_hint=j%26x%20%2B&domain_hint=example.com&whr=the%20north" in page.location


def test_a_protected_page_sends_what_its_arguments_do_not_say(nginx, browser, idp):
    server = nginx(HINTS, IDP=ARGUMENTS, LONG="x" * 257)
    page = browser.get(server.url("/page.html?login_hint=evil&team=north"))
    constant = [("domain_hint", "example.com"), ("whr", "the north"), ("host", "127.0.0.1")]
    assert extra(page.location) == constant
    page = browser.get(server.url("/page.html?team=long"))
    assert extra(page.location) == [constant[0], constant[2]], "what is too long stays here"


def test_a_link_with_a_long_hint_is_refused(nginx, browser, idp):
    server = nginx(HINTS, IDP=ARGUMENTS, LONG="")
    page = browser.get(server.url(f"/saml/login?login_hint={'x' * 257}"))
    assert page.status == 400 and "argument_invalid" in page.text
    assert browser.get(server.url(f"/saml/login?login_hint={'x' * 256}")).status == 302


@pytest.mark.parametrize(
    "line, sentence",
    [
        ("extra_request_args whr=$nothing;", 'unknown "nothing" variable'),
        ("extra_request_args whr=$;", 'the value of "whr"'),
        ("extensions idp.xml;", "its root element is EntityDescriptor"),
    ],
)
def test_nginx_does_not_start(prepared, idp, line, sentence):
    server = prepared(HINTS, IDP=line, LONG="")
    good, output = server.test()
    assert not good and sentence in output, output
