"""Who opens the metadata's URL in a browser reads what to type at the IdP; every program gets the XML."""

import base64
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from harness.keys import ec_credential, rsa_credential
from harness.site import site

SP = """
certificate next.crt;
certificate_key next.key;
name_id_format persistent;
requested_attribute urn:oid:0.9.2342.19200300.100.1.3 friendly_name=mail required;
"""
FILES = {"next.crt": ec_credential("next").certificate_pem, "next.key": ec_credential("next").key_pem}
HTML = {
    "Chromium": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Firefox": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}
XML = {
    "curl, Python, SimpleSAMLphp": {"Accept": "*/*"},
    "Apache HttpClient in Keycloak, .NET in AD FS, PHP": {"Accept": None},
    "Shibboleth IdP": {"Accept": "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.9"},
    "Java's URL.openStream": {"Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"},
    "a script in an IdP's page": {"Accept": HTML["Firefox"], "Sec-Fetch-Mode": "cors"},
    "who would rather have XML": {"Accept": "application/xml,application/xhtml+xml,text/html;q=0.9"},
}  # fmt: skip


@pytest.fixture
def server(nginx):
    return nginx(site(sp=SP), files=FILES)


@pytest.mark.parametrize("accept", HTML.values(), ids=HTML)
def test_people(server, browser, accept):
    page = browser.get(server.url("/saml/metadata"), headers={"Accept": accept})
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Vary"] == "Accept, Sec-Fetch-Mode"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    codes = re.findall(r"<code>(.*?)</code>", page.text)
    for value in [
        server.url("/saml/metadata"),
        server.url("/saml/acs"),
        server.url("/saml/sls"),
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "urn:oid:0.9.2342.19200300.100.1.3",
        *(fingerprint(credential) for credential in (rsa_credential("sp"), ec_credential("next"))),
    ]:
        assert value in codes, value


@pytest.mark.parametrize("headers", XML.values(), ids=XML)
def test_programs(server, browser, headers):
    answer = browser.read(server.url("/saml/metadata"), headers=headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml"
    assert answer.text.startswith("<md:EntityDescriptor ")
    assert answer.headers["Vary"] == "Accept, Sec-Fetch-Mode"


def test_the_files_in_the_page_are_what_they_say(server, browser):
    page = browser.get(server.url("/saml/metadata"), headers={"Accept": HTML["Firefox"]})
    files = dict(re.findall(r'download="(.*?)" href="data:[a-z/+-]+;base64,(.*?)"', page.text))
    files = {name: base64.b64decode(text).decode() for name, text in files.items()}
    assert files["sp-metadata.xml"] == browser.read(server.url("/saml/metadata")).text
    for name, credential in (("sp-0.crt", rsa_credential("sp")), ("sp-1.crt", ec_credential("next"))):
        assert x509.load_pem_x509_certificate(files[name].encode()) == credential.certificate
        assert files[name] in page.text, "to be copied, too"


def test_it_shows_nothing_that_the_document_does_not(server, browser):
    page = browser.get(server.url("/saml/metadata"), headers={"Accept": HTML["Firefox"]})
    assert "PRIVATE" not in page.text and str(server.directory) not in page.text


def fingerprint(credential) -> str:
    return credential.certificate.fingerprint(hashes.SHA256()).hex(":").upper()
