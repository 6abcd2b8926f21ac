"""A person signs out here: the session ends, the IdP is asked, and they end on the page they should."""

import subprocess
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from harness.backend import Backend
from harness.browser import Browser
from harness.decrypt import decrypt
from harness.idp import Idp
from harness.keys import certified, rsa_credential, x448_credential, x25519_credential
from harness.logout import (
    RESPONDER,
    LogoutRequest,
    LogoutResponse,
    document,
    enveloped,
    received,
    send,
)
from harness.members import is_in, log_in
from harness.message import NS, soap_content, verify_enveloped
from harness.response import EMAIL
from harness.site import site

CONF = site(idp="@IDP@", sp="@SP@")
SP = rsa_credential("sp").certificate
BY = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}


def serve(nginx, idp: Idp, settings: str = "", sp: str = ""):
    return nginx(CONF, files={"idp.xml": idp.metadata()}, IDP=settings, SP=sp)


@pytest.mark.smoke
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("binding", BY)
def test_the_request(nginx, binding, method):
    """The NameID whole and the SessionIndex: some IdPs refuse when anything of them lacks."""
    idp = Idp(slo=(BY[binding],))
    server = serve(nginx, idp)
    qualifiers = {"name_qualifier": "the & IdP", "sp_name_qualifier": "the <SP>"}
    member = log_in(server, idp, "a::b & c", **qualifiers)
    page = member.request(method, server.url("/saml/logout"))
    request = received(page)
    assert (request.kind, request.binding, request.url) == ("LogoutRequest", binding, idp.slo_url)
    request.verify(SP)
    name_id = request.xml.find("saml:NameID", NS)
    assert name_id.text == "alice@example.org"
    assert dict(name_id.attrib) == {
        "Format": EMAIL,
        "NameQualifier": "the & IdP",
        "SPNameQualifier": "the <SP>",
    }
    assert request.texts("samlp:SessionIndex") == ["a::b & c"]
    assert request.text("saml:Issuer") == server.url("/saml/metadata")
    assert request.xml.get("Destination") == idp.slo_url
    assert request.xml.get("NotOnOrAfter") > request.xml.get("IssueInstant")
    # Opaque, and safe in every spelling of a query (Bindings 3.4.3: 80 bytes).
    assert not request.relay_state or len(request.relay_state) <= 80
    assert "no-store" in page.headers["Cache-Control"]


def test_the_name_that_this_sp_once_provided_goes_back(nginx):
    """SPProvidedID is part of the NameID (Core 2.2.2): an IdP may know the user only with it."""

    def provide(response: etree._Element) -> None:
        response.find(".//saml:NameID", NS).set("SPProvidedID", "our & own 7")

    idp = Idp(slo=("HTTP-POST",))
    server = serve(nginx, idp)
    member = log_in(server, idp, "_a", before_signing=provide)
    name_id = received(member.get(server.url("/saml/logout"))).xml.find("saml:NameID", NS)
    assert dict(name_id.attrib) == {"Format": EMAIL, "SPProvidedID": "our & own 7"}


@pytest.mark.parametrize("binding", BY)
def test_the_session_ends_before_the_idp_answers(nginx, binding):
    idp = Idp(slo=(BY[binding],))
    server = serve(nginx, idp)
    member = log_in(server, idp)
    thief = Browser()
    thief.session.cookies.update(member.session.cookies)
    member.get(server.url("/saml/logout"))
    assert "saml_session" not in member.session.cookies
    assert not is_in(server, thief)


@pytest.mark.parametrize("answer_by", ["redirect", "post", "deflated"])
@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
def test_the_answer(nginx, answer_by, endpoint):
    """By any binding, at either endpoint (WSO2 sends it to the ACS); then where the SP says."""
    idp = Idp(slo=("HTTP-Redirect",))
    server = serve(nginx, idp, sp="logout_redirect /bye.html;")
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url(endpoint), answer, answer_by, member, request.relay_state)
    assert (page.status, page.location) == (303, server.url("/bye.html"))
    assert "saml_session" not in member.cookie_names()


def test_the_answer_without_a_redirect(nginx):
    idp = Idp(slo=("HTTP-Redirect",))
    server = serve(nginx, idp)
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url("/saml/sls"), answer, "redirect", member, request.relay_state)
    assert (page.status, page.location) == (303, server.url("/saml/sls"))
    page = member.settle(page)
    assert page.status == 200
    assert "signed out" in page.text


def test_the_return_argument(nginx):
    """Checked like that of a login, before anything happens; it survives the way to the IdP."""
    idp = Idp(slo=("HTTP-Redirect",))
    server = serve(nginx, idp, sp="logout_redirect /bye.html; return_hosts www.example.com;")
    member = log_in(server, idp)
    evil = member.get(server.url("/saml/logout?return=https://evil.example.org/"))
    assert evil.status == 400
    assert is_in(server, member)
    request = received(member.get(server.url("/saml/logout?return=https://www.example.com/x?y=z")))
    assert "example.com" not in (request.relay_state or "")
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url("/saml/sls"), answer, "post", member, request.relay_state)
    assert (page.status, page.location) == (303, "https://www.example.com/x?y=z")


def test_an_idp_without_logout(nginx):
    """Only here, and the page says so."""
    idp = Idp()
    server = serve(nginx, idp)
    member = log_in(server, idp)
    page = member.get(server.url("/saml/logout"))
    assert page.status == 200
    assert "signed out" in page.text and "may still be signed in" in page.text
    assert not is_in(server, member)


def test_an_idp_without_logout_and_a_redirect(nginx):
    idp = Idp()
    server = serve(nginx, idp, sp="logout_redirect /bye.html;")
    member = log_in(server, idp)
    page = member.get(server.url("/saml/logout"))
    assert (page.status, page.location) == (303, server.url("/bye.html"))
    assert not is_in(server, member)


@pytest.mark.parametrize("cookie", [True, False])
def test_the_session_is_gone_already(nginx, cookie):
    """Nobody to name to the IdP: the person ends where they would have ended."""
    idp = Idp(slo=("HTTP-Redirect",))
    server = serve(nginx, idp, sp="logout_redirect /bye.html;")
    browser = Browser()
    if cookie:
        browser = log_in(server, idp)
        send(idp, server.url("/saml/sls"))
    page = browser.get(server.url("/saml/logout"))
    assert (page.status, page.location) == (303, server.url("/bye.html"))


def test_two_logouts_at_once(nginx):
    """Two tabs, one after the other: the second finds nobody, the first one's answer still counts."""
    idp = Idp(slo=("HTTP-Redirect",))
    server = serve(nginx, idp, sp="logout_redirect /bye.html;")
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    assert member.get(server.url("/saml/logout")).location == server.url("/bye.html")
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url("/saml/sls"), answer, "redirect", member, request.relay_state)
    assert page.location == server.url("/bye.html")


@pytest.mark.parametrize("binding", BY)
def test_unsigned_when_told_so(nginx, binding):
    idp = Idp(slo=(BY[binding],))
    server = serve(nginx, idp, "sign_logout off;")
    request = received(log_in(server, idp).get(server.url("/saml/logout")))
    assert "Signature=" not in request.whole_url
    assert request.xml.find("ds:Signature", NS) is None


def test_the_binding_asked_for(nginx):
    idp = Idp(slo=("HTTP-Redirect", "HTTP-POST"))
    server = serve(nginx, idp, "slo_binding post;")
    assert received(log_in(server, idp).get(server.url("/saml/logout"))).binding == "post"


BY_HAND = """
    entity_id https://idp.example.org/metadata;
    sso_url https://idp.example.org/sso;
    signing_certificate idp.crt;
    slo_url https://idp.example.org/by-hand;
    slo_response_url https://idp.example.org/by-hand/answer;
"""


def test_an_idp_by_hand(nginx):
    idp = Idp()
    conf = CONF.replace("metadata idp.xml;", BY_HAND)
    server = nginx(conf, files={"idp.crt": idp.credential.certificate_pem}, IDP="", SP="")
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    assert request.url == "https://idp.example.org/by-hand"
    answer = received(send(idp, server.url("/saml/sls"), LogoutRequest(), "redirect"))
    assert answer.url == "https://idp.example.org/by-hand/answer"


def test_an_encrypted_name_id(nginx, tmp_path):
    """For the IdP's eyes only; xmlsec1 opens it."""
    key = rsa_credential("idp encryption")
    idp = Idp(slo=("HTTP-POST",), encryption=key)
    server = serve(nginx, idp, "name_id_encrypted on;")
    request = received(log_in(server, idp).get(server.url("/saml/logout")))
    request.verify(SP)
    assert "alice" not in etree.tostring(request.xml).decode()
    (tmp_path / "key.pem").write_bytes(key.key_pem)
    encrypted = request.xml.find("saml:EncryptedID", NS)
    (tmp_path / "id.xml").write_bytes(etree.tostring(encrypted))
    opened = subprocess.run(
        ["xmlsec1", "--decrypt", "--privkey-pem", "key.pem", "id.xml"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    name_id = etree.fromstring(opened.stdout).find("saml:NameID", NS)
    assert (name_id.text, name_id.get("Format")) == ("alice@example.org", EMAIL)


LISTED = {
    "sha256": (
        '<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod'
        ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
        '<x:MGF xmlns:x="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>'
        "</md:EncryptionMethod>"
    ),
    "aes128": (
        '<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>'
        '<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#kw-aes128"/>'
        '<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#ECDH-ES"><ds:DigestMethod'
        ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>'
        "</md:EncryptionMethod>"
    ),
}  # fmt: skip
RECIPIENTS = {
    "rsa": (rsa_credential("idp encryption"), "", "rsa-oaep-mgf1p"),
    "rsa, sha256": (rsa_credential("idp encryption"), LISTED["sha256"], "xmlenc11#rsa-oaep"),
    "p256": (certified(ec.generate_private_key(ec.SECP256R1()), "idp"), "", "kw-aes256"),
    "p256, aes128": (certified(ec.generate_private_key(ec.SECP256R1()), "idp"), LISTED["aes128"], "kw-aes128"),
    "p384": (certified(ec.generate_private_key(ec.SECP384R1()), "idp"), "", "kw-aes256"),
    "p521": (certified(ec.generate_private_key(ec.SECP521R1()), "idp"), "", "kw-aes256"),
    "x25519": (x25519_credential("idp encryption"), "", "kw-aes256"),
    "x448": (x448_credential("idp encryption"), LISTED["aes128"], "kw-aes128"),
}


@pytest.mark.smoke
@pytest.mark.parametrize("name", RECIPIENTS)
def test_a_name_id_encrypted_for_the_idps_kind_of_key(nginx, name):
    """The `cryptography` package opens it."""
    key, listed, algorithm = RECIPIENTS[name]
    idp = Idp(slo=("HTTP-POST",), encryption=key, encryption_methods=listed)
    server = serve(nginx, idp, "name_id_encrypted on;")
    request = received(log_in(server, idp).get(server.url("/saml/logout")))
    request.verify(SP)
    assert "alice" not in etree.tostring(request.xml).decode()
    holder = request.xml.find("saml:EncryptedID", NS)
    name_id = decrypt(holder, key)
    assert (name_id.text, name_id.get("Format")) == ("alice@example.org", EMAIL)
    encrypted_key = holder.find(".//{*}EncryptedKey")
    assert encrypted_key.find("{*}EncryptionMethod").get("Algorithm").endswith(algorithm)
    if algorithm.startswith("kw-"):
        assert encrypted_key.get("Recipient") == idp.entity_id


class SoapIdp:
    """An IdP that is asked by SOAP; `says` changes what it answers."""

    def __init__(self, says=lambda answer: answer):
        self.says = says
        self.backend = Backend(self.answer)
        self.idp = Idp(slo=("SOAP",), slo_url=f"{self.backend.url}/soap")
        self.requests = []

    def answer(self, asked):
        request = soap_content(asked.body.decode())
        verify_enveloped(request, SP)
        self.requests.append(request)
        response = self.says(LogoutResponse(request.get("ID"), destination=None))
        return 200, "text/xml; charset=utf-8", enveloped(document(self.idp, "", response))


@pytest.fixture
def soap_idp():
    made = SoapIdp()
    yield made
    made.backend.stop()


def test_by_soap(nginx, soap_idp):
    """nginx itself asks, while the browser waits."""
    server = serve(nginx, soap_idp.idp, sp="logout_redirect /bye.html;")
    member = log_in(server, soap_idp.idp)
    page = member.get(server.url("/saml/logout"))
    assert (page.status, page.location) == (303, server.url("/bye.html"))
    (request,) = soap_idp.requests
    assert request.findtext("saml:NameID", namespaces=NS) == "alice@example.org"
    (asked,) = soap_idp.backend.asked
    assert (asked.method, asked.path) == ("POST", "/soap")
    assert asked.headers["Content-Type"].startswith("text/xml")
    assert "soapaction" in {name.lower() for name in asked.headers}
    assert "Cookie" not in asked.headers
    assert not is_in(server, member)


def test_by_soap_and_the_idp_fails(nginx, soap_idp):
    """The session here has ended; the person learns that the IdP's has not."""
    soap_idp.says = lambda answer: replace(answer, status=RESPONDER)
    server = serve(nginx, soap_idp.idp, sp="logout_redirect /bye.html;")
    member = log_in(server, soap_idp.idp)
    page = member.get(server.url("/saml/logout"))
    assert page.status == 403 and "logout_failed" in page.text
    assert not is_in(server, member)


def test_by_soap_and_the_idp_is_gone(nginx, soap_idp):
    server = serve(nginx, soap_idp.idp)
    member = log_in(server, soap_idp.idp)
    soap_idp.backend.stop()
    page = member.get(server.url("/saml/logout"))
    assert page.status >= 500, page.text
    assert not is_in(server, member)
