"""Programs log in by the Enhanced Client or Proxy profile, at IdPs that others wrote."""

import time

import pytest
from lxml import etree

from harness.browser import Browser
from harness.ecp import NS, PAOS_HEADER, PAOS_TYPE, Asked, EcpClient, enveloped
from harness.idp import Idp, post_fields
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, document
from harness.message import AuthnRequest, verify_enveloped
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(
    idp="@IDP@",
    location="auth_saml_ecp on; add_header X-User $saml_name_id;",
    server="""
        location /browsers/ { auth_saml app; root html; }
        location /any/ {
            auth_saml app;
            auth_saml_ecp on;
            satisfy any;
            deny all;
            alias html/;
        }
        location /open/ { auth_saml app; auth_saml_mode optional; auth_saml_ecp on; alias html/; }
        location /guarded/ { auth_request /guard; alias html/; }
        location = /guard { internal; auth_saml app; auth_saml_ecp on; alias html/page.html; }
    """,
)
PAGE = "/page.html"


@pytest.fixture
def served(nginx, idp):
    return nginx(CONF, IDP="")


def assert_in(server, client: EcpClient, page, user="alice@example.org"):
    """The profile ends at the page that was asked for, and the program has a session."""
    assert (page.status, page.location) == (302, server.url(PAGE)), page.text + server.error_log()
    answer = client.http.get(page.location)
    assert (answer.status, answer.text) == (200, "a page\n")
    assert user is None or answer.headers["X-User"] == user
    return answer


@pytest.mark.smoke
def test_simplesamlphp(nginx, simplesamlphp):
    server = nginx(CONF, files={"idp.xml": simplesamlphp.metadata()}, IDP="")
    simplesamlphp.trust(Browser().read(server.url("/saml/metadata")).text)
    client = EcpClient()
    page = client.log_in(server.url(PAGE), f"{simplesamlphp.url}/saml2/idp/SSOService.php")
    assert_in(server, client, page, None)


@pytest.mark.slow
def test_keycloak(nginx, keycloak):
    server = nginx(CONF, files={"idp.xml": keycloak.metadata()}, IDP="name_id_format emailAddress;")
    metadata = Browser().read(server.url("/saml/metadata")).text
    keycloak.trust(metadata, attributes={"saml.allow.ecp.flow": "true"})
    client = EcpClient()
    page = client.log_in(server.url(PAGE), f"{keycloak.realm}/protocol/saml")
    assert_in(server, client, page)


def test_what_the_client_is_asked(served):
    """And that nobody keeps it."""
    client = EcpClient()
    page = client.http.get(served.url(PAGE))
    assert page.headers["Cache-Control"] == "no-store"
    assert any("saml_session_request" in cookie for cookie in page.set_cookie)
    asked = Asked.by(page)
    assert asked.consumer == served.url("/saml/acs")
    request = asked.request
    verify_enveloped(request, rsa_credential("sp").certificate)
    assert request.get("ProtocolBinding") == "urn:oasis:names:tc:SAML:2.0:bindings:PAOS"
    assert request.get("AssertionConsumerServiceURL") == asked.consumer
    header = asked.envelope.find("soap:Header", NS)
    assert [etree.QName(block).localname for block in header] == ["Request", "Request", "RelayState"]
    for block in header:
        assert block.get(f"{{{NS['soap']}}}mustUnderstand") == "1"
        assert block.get(f"{{{NS['soap']}}}actor") == "http://schemas.xmlsoap.org/soap/actor/next"
    issuer = header.find("ecp:Request/saml:Issuer", NS)
    assert issuer.text == served.url("/saml/metadata") == request.find("saml:Issuer", NS).text
    entry = header.find("ecp:Request/samlp:IDPList/samlp:IDPEntry", NS)
    assert entry.get("ProviderID") == Idp().entity_id


def test_metadata(served, nginx):
    """Offered where some location has it."""
    bindings = []
    for server in (served, nginx(site())):
        metadata = etree.fromstring(Browser().read(server.url("/saml/metadata")).text.encode())
        services = metadata.iterfind(".//md:AssertionConsumerService", NS)
        bindings.append([service.get("Binding").rsplit(":", 1)[1] for service in services])
    assert bindings == [["HTTP-POST", "PAOS"], ["HTTP-POST"]]


def answered(idp: Idp, asked: Asked, answer: Answer = Answer()) -> etree._Element:
    """The hand-made IdP's Response."""
    request = AuthnRequest(asked.request, None)
    return etree.fromstring(idp.response(request, answer))


def test_any_response(served, idp):
    for sign in ("assertion", "response", "both"):
        client = EcpClient()
        asked = client.ask(served.url(PAGE))
        page = client.deliver(asked, answered(idp, asked, Answer(sign=sign)))
        assert_in(served, client, page)


def test_another_method(served, idp):
    """Who could not send a form or an API call learns how to log in, and sends it again."""
    client = EcpClient()
    asked = client.ask(served.url(PAGE), "POST", data="x")
    assert client.deliver(asked, answered(idp, asked)).status == 302
    assert client.http.post(served.url(PAGE), "x").status == 405, "nginx's own: files take no POST"


def test_browsers_are_sent_to_the_idp(served, idp):
    browser = Browser()
    idp.asked(browser.get(served.url(PAGE)))
    idp.asked(browser.get(served.url(PAGE), headers={"PAOS": PAOS_HEADER}))
    idp.asked(browser.get(served.url(PAGE), headers={"PAOS": "garbage", "Accept": f"text/html, {PAOS_TYPE}"}))


@pytest.mark.parametrize("header", ["", ";;;", 'ver="', "x" * 4000, 'ver="urn:liberty:paos:2006-08";"x"'])
def test_a_header_that_says_something_else(served, header):
    client = EcpClient()
    page = client.http.get(served.url(PAGE), headers={"PAOS": header})
    assert page.status == 401 and page.headers["Content-Type"] == "application/json"


def test_only_where_it_is_on(served):
    client = EcpClient()
    assert client.http.get(served.url("/browsers/page.html")).status == 401
    assert client.http.get(served.url("/open/page.html")).text == "a page\n"


def test_satisfy_any(served, idp):
    client = EcpClient()
    asked = client.ask(served.url("/any/page.html"))
    page = client.deliver(asked, answered(idp, asked))
    assert page.location == served.url("/any/page.html")
    assert client.http.get(page.location).text == "a page\n"


def test_a_subrequest_gets_none(served):
    """Nobody would read it."""
    page = EcpClient().http.get(served.url("/guarded/page.html"))
    assert page.status == 401 and "Envelope" not in page.text


@pytest.fixture
def begun(served):
    client = EcpClient()
    return client, client.ask(served.url(PAGE))


def assert_nobody_is_in(server, *clients: EcpClient):
    for client in clients:
        Asked.by(client.http.get(server.url(PAGE)))


def test_without_the_cookie(served, idp, begun):
    client, asked = begun
    stranger = EcpClient()
    page = stranger.deliver(asked, answered(idp, asked))
    assert_refused(served, page, "request_unknown")
    assert page.headers["Content-Type"] == "application/json"
    assert_nobody_is_in(served, stranger, client)


def test_of_another_request(served, idp, begun):
    """The Response names the one, its signed Assertion the other."""
    client, asked = begun
    other = client.ask(served.url(PAGE))
    message = answered(idp, asked)
    message.set("InResponseTo", other.request.get("ID"))
    assert_refused(served, client.deliver(asked, message), "in_response_to_mismatch")
    assert_nobody_is_in(served, client)


def test_replayed(served, idp, begun):
    client, asked = begun
    message = answered(idp, asked)
    before = [(cookie.name, cookie.value) for cookie in client.http.session.cookies]
    assert_in(served, client, client.deliver(asked, message))
    thief = EcpClient()
    for name, value in before:
        thief.http.session.cookies.set(name, value)
    assert_refused(served, thief.deliver(asked, message), "assertion_replayed")
    assert_nobody_is_in(served, thief)


def test_altered_and_unsigned(served, idp, begun):
    client, asked = begun
    message = answered(idp, asked)
    message.find(".//saml:NameID", NS).text = "admin@example.org"
    assert_refused(served, client.deliver(asked, message), "digest_mismatch")
    unsigned = answered(idp, asked, Answer(sign=None))
    assert_refused(served, client.deliver(asked, unsigned), "signature_missing")
    stranger = answered(idp, asked, Answer(credential=rsa_credential("stranger")))
    assert_refused(served, client.deliver(asked, stranger), "signature_invalid")
    assert_nobody_is_in(served, client)


def block(name: str, must: str = "1") -> etree._Element:
    return etree.fromstring(
        f'<x:{name} xmlns:x="urn:x" xmlns:S="{NS["soap"]}" S:mustUnderstand="{must}"/>'
    )


def test_a_block_that_nobody_understands(served, idp, begun):
    client, asked = begun
    message = answered(idp, asked)
    body = etree.tostring(enveloped(message, asked.relay_state, block("Unknown")))
    assert_refused(served, client.post(asked.consumer, body), "soap_invalid")
    assert_nobody_is_in(served, client)
    body = etree.tostring(enveloped(message, asked.relay_state, block("Unknown", "0")))
    assert_in(served, client, client.post(asked.consumer, body))


FAULT = "<S:Fault xmlns:S='{}'><faultcode>S:Server</faultcode><faultstring>no</faultstring></S:Fault>"


def test_what_is_no_response(served, idp, begun):
    client, asked = begun
    logout = document(idp, asked.consumer, LogoutRequest())
    for content, code in (
        (etree.fromstring(logout), "message_unexpected"),
        (asked.request, "message_unexpected"),
        (etree.fromstring(FAULT.format(NS["soap"])), "soap_fault"),
    ):
        assert_refused(served, client.deliver(asked, content), code)
    assert_refused(served, client.post(asked.consumer, b"no XML"), "xml_malformed")
    assert_refused(served, client.post(asked.consumer, b""), "xml_malformed")
    assert_nobody_is_in(served, client)


def test_elsewhere(served, idp, begun, nginx):
    """Neither at the SLS, nor at an SP without such a location."""
    client, asked = begun
    body = etree.tostring(enveloped(answered(idp, asked)))
    assert_refused(served, client.post(served.url("/saml/sls"), body), "form_content_type")
    other = nginx(site())
    assert_refused(other, EcpClient().post(other.url("/saml/acs"), body), "form_content_type")


def test_a_login_of_a_browser_is_no_other(served, idp):
    """What was asked for by the one and answered by the other is the same login, with the same cookie."""
    browser = Browser()
    request = idp.asked(browser.get(served.url(PAGE)))
    client, body = EcpClient(), enveloped(etree.fromstring(idp.response(request)))
    page = client.post(request.acs_url, etree.tostring(body))
    assert_refused(served, page, "request_unknown")
    page = browser.post(request.acs_url, post_fields(idp.response(request), request.relay_state))
    assert page.status == 303


def test_round_and_round(served, idp):
    """A program that loses its session again and again is told so."""
    client, deadline = EcpClient(), time.monotonic() + 30
    while (page := client.http.get(served.url(PAGE))).status == 200:
        asked = Asked.by(page)
        client.deliver(asked, answered(idp, asked))
        client.http.session.cookies.set("saml_session", None)
        assert time.monotonic() < deadline
    assert_refused(served, page, "login_loop")
