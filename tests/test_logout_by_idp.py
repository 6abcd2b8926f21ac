"""The IdP signs a person out: every binding, at the SLS and at the ACS, with and without a browser."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    BINDINGS,
    EVERYTHING,
    IN_A_BROWSER,
    LogoutRequest,
    assert_success,
    back_channel,
    received,
    send,
)
from harness.members import assert_all_workers, is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(main="worker_processes 2;", listen="reuseport")
SP = rsa_credential("sp").certificate


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.mark.smoke
@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
@pytest.mark.parametrize("binding", BINDINGS)
def test_without_a_browser(nginx, idp, binding, endpoint):
    """No cookie, nothing that a browser sends: the session ends on all workers, and the IdP is told."""
    server = nginx(CONF)
    member = log_in(server, idp)
    page = send(idp, server.url(endpoint), LogoutRequest(id="_request"), binding)
    assert_all_workers(server, member, False)
    answer = assert_success(page, SP)
    assert answer.xml.get("InResponseTo") == "_request"
    assert answer.text("saml:Issuer") == server.url("/saml/metadata")
    if answer.binding != "soap":
        assert answer.url == answer.xml.get("Destination") == idp.slo_url
    assert page.status == 200 or binding == "redirect", "the IdP's HTTP client sees only this"
    assert "SAMLRequest" not in page.text, "never a login"


@pytest.mark.parametrize("binding", IN_A_BROWSER)
def test_in_the_persons_browser(nginx, idp, binding):
    server = nginx(CONF)
    member = log_in(server, idp)
    page = send(idp, server.url("/saml/sls"), binding=binding, client=member, relay_state="a/b c&d")
    answer = assert_success(page, SP)
    assert answer.relay_state == "a/b c&d"
    assert not is_in(server, member)
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("binding", IN_A_BROWSER)
def test_in_a_frame(nginx, idp, binding):
    """Third-party cookies are missing there, and the page around is the IdP's."""
    server = nginx(CONF)
    member = log_in(server, idp)
    frame = Browser()
    frame.session.headers |= {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Dest": "iframe",
        "Sec-Fetch-Mode": "navigate",
    }
    page = send(idp, server.url("/saml/sls"), binding=binding, client=frame)
    assert_success(page, SP)
    assert not is_in(server, member)
    assert "X-Frame-Options" not in page.headers
    assert "frame-ancestors" not in page.headers.get("Content-Security-Policy", "")


@pytest.mark.parametrize("request_by", ["redirect", "post", "soap"])
@pytest.mark.parametrize("offered", ["HTTP-Redirect", "HTTP-POST"])
def test_the_answer_goes_to_the_response_location(nginx, request_by, offered):
    """And by a binding that the IdP has, whatever the request came by; SOAP answers on the spot."""
    idp = Idp(slo=(offered, "SOAP"), slo_response_url="https://idp.example.org/slo/answer?a=b")
    server = nginx(CONF, files={"idp.xml": idp.metadata()})
    page = send(idp, server.url("/saml/sls"), binding=request_by, client=Browser())
    answer = assert_success(page, SP)
    if request_by == "soap":
        assert answer.binding == "soap"
    else:
        assert answer.binding == {"HTTP-Redirect": "redirect", "HTTP-POST": "post"}[offered]
        assert answer.url == answer.xml.get("Destination") == idp.slo_response_url


@pytest.mark.parametrize("binding", BINDINGS)
def test_an_idp_without_a_place_for_answers(nginx, binding):
    """authentik's back channel, and IdPs by hand: the logout counts, 200 tells it."""
    idp = Idp()
    server = nginx(CONF, files={"idp.xml": idp.metadata()})
    member = log_in(server, idp)
    page = send(idp, server.url("/saml/sls"), binding=binding)
    assert page.status == 200
    assert not is_in(server, member)


def test_nobody_is_a_success(nginx, idp):
    """What is gone already, or never was here, is signed out."""
    server = nginx(CONF)
    for _ in range(2):
        assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(name_id="nobody")), SP)


def test_an_encrypted_name_id(nginx, idp):
    server = nginx(CONF)
    member = log_in(server, idp)
    request = LogoutRequest(encrypt_for=rsa_credential("sp"))
    assert_success(send(idp, server.url("/saml/sls"), request), SP)
    assert not is_in(server, member)


def test_every_session_when_no_index_is_named(nginx, idp):
    server = nginx(CONF)
    members = [log_in(server, idp, f"_{n}") for n in range(5)]
    other = log_in(server, idp, name_id="bob@example.org")
    assert_success(send(idp, server.url("/saml/sls"), EVERYTHING), SP)
    assert [is_in(server, member) for member in members] == [False] * 5
    assert is_in(server, other)


def test_the_person_logs_in_again(nginx, idp):
    server = nginx(CONF)
    member = log_in(server, idp)
    send(idp, server.url("/saml/sls"))
    assert not is_in(server, member)
    idp.login(member, server.url("/page.html"), Answer(issue_instant=2))
    assert is_in(server, member)


def test_a_response_is_no_business_of_the_sls(nginx, idp, browser):
    """Logins go to the ACS alone."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    page = browser.post(server.url("/saml/sls"), idp.form(request))
    assert page.status >= 400
    assert not is_in(server, browser)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_methods(nginx, browser, method):
    server = nginx(CONF)
    page = browser.request(method, server.url("/saml/sls"))
    assert_refused(server, page, "method_not_allowed")


def test_nothing_at_all(nginx, browser):
    server = nginx(CONF)
    assert_refused(server, browser.get(server.url("/saml/sls")), "message_missing")
    page = back_channel().post(server.url("/saml/sls"), {"RelayState": "x"})
    assert_refused(server, page, "message_missing")


def test_soap_that_is_none(nginx, idp):
    """The IdP's SOAP client gets a fault, not a page."""
    server = nginx(CONF)
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    page = back_channel().post(server.url("/saml/sls"), b"<a/>", headers=headers)
    assert (page.status, "xml" in page.headers["Content-Type"]) == (500, True)
    assert "Fault" in page.text and "Envelope" in page.text
    assert " saml: soap_invalid: " in server.error_log()


def test_metadata_offers_the_sls(nginx, idp, browser):
    server = nginx(CONF)
    text = browser.read(server.url("/saml/metadata")).text
    assert text.count("SingleLogoutService") >= 3
    for binding in ("HTTP-Redirect", "HTTP-POST", "SOAP"):
        assert f'bindings:{binding}" Location="{server.url("/saml/sls")}"' in text
    answer = received(send(idp, server.url("/saml/sls")))
    assert answer.text("saml:Issuer") in text
