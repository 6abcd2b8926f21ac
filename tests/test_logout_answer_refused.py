"""An answer to our LogoutRequest that is refused: the user is signed out here, and reads just that."""

import base64
from dataclasses import replace

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import BINDINGS, RESPONDER, LogoutResponse, form, received, redirect, send
from harness.members import is_in, log_in

CONF = """
events {}
http {
    error_log @DIR@/default.log error;
    saml_idp corp { metadata idp.xml; }
    saml_idp other { metadata other.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        idp other;
        max_message_size 16k;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
OTHER = Idp("https://other.example.org/idp", "https://other.example.org/sso")
STRANGER = rsa_credential("stranger")
FAULTS = {
    "unsigned": ({"sign": False}, "logout_response_unsigned"),
    "a stranger's key": ({"credential": STRANGER}, "signature_invalid"),
    "for another address": ({"destination": "https://x.example.org/"}, "destination_mismatch"),
    "for nowhere": ({"destination": None}, "destination_missing"),
    "to another request": ({"in_response_to": "_another"}, "in_response_to_mismatch"),
    "to no request": ({"in_response_to": None}, "in_response_to_missing"),
    "by nobody": ({"issuer": "https://nobody.example.org"}, "idp_unknown"),
    "by another": ({"issuer": OTHER.entity_id}, "issuer_mismatch"),
    "old": ({"issue_instant": -3600}, "logout_response_stale"),
    "failed": ({"status": RESPONDER}, "logout_failed"),
}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.fixture
def server(nginx):
    return nginx(CONF, files={"other.xml": OTHER.metadata()})


def default_log(server) -> str:
    path = server.directory / "default.log"
    return path.read_text() if path.exists() else ""


def assert_out_here_only(server, member, first, code: str) -> None:
    assert (first.status, first.location) == (303, server.url("/saml/sls")), first.text
    for _ in range(2):
        page = member.get(first.location)
        assert 400 <= page.status < 500
        assert "<title>You are signed out here only</title>" in page.text
        assert "You are signed out of this application" in page.text
        assert code in page.text
        assert f'href="{server.url("/page.html?a=b")}"' in page.text, "the way back"
    assert f" saml: {code}: " in default_log(server)
    assert not is_in(server, member)


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("fault", FAULTS)
def test_signed_out_here_only(server, idp, binding, fault):
    change, code = FAULTS[fault]
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout?return=/page.html%3Fa%3Db")))
    message = replace(LogoutResponse(request.xml.get("ID")), **change)
    page = send(idp, server.url("/saml/sls"), message, binding, member, request.relay_state)
    assert_out_here_only(server, member, page, code)
    page = send(idp, server.url("/saml/sls"), message, binding, member, request.relay_state)
    assert_out_here_only(server, member, page, code)


UNREADABLE = {
    "base64_invalid": "§",
    "xml_malformed": base64.b64encode(b"<samlp:LogoutResponse").decode(),
    "xml_doctype": base64.b64encode(b"<!DOCTYPE x><x/>").decode(),
    "message_too_large": base64.b64encode(b"<x>" + b" " * 20000 + b"</x>").decode(),
}


@pytest.mark.parametrize("code", UNREADABLE)
def test_what_cannot_be_read_is_told_by_its_relay_state(server, idp, code):
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout?return=/page.html%3Fa%3Db")))
    fields = {"SAMLResponse": UNREADABLE[code], "RelayState": request.relay_state}
    assert_out_here_only(server, member, member.post(server.url("/saml/sls"), fields), code)


@pytest.mark.parametrize("code", UNREADABLE)
def test_with_another_relay_state_it_is_anybodys(server, idp, code):
    member = log_in(server, idp)
    received(member.get(server.url("/saml/logout")))
    fields = {"SAMLResponse": UNREADABLE[code], "RelayState": "_guessed"}
    page = member.post(server.url("/saml/sls"), fields)
    assert page.status >= 400 and "signed out" not in page.text


def test_the_remedy_for_unsigned_answers_has_the_idps_own_names(server, idp):
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    message = LogoutResponse(request.xml.get("ID"), sign=False)
    send(idp, server.url("/saml/sls"), message, "redirect", member, request.relay_state)
    (line,) = default_log(server).splitlines()
    for name in ("authentik: Sign logout responses", "Keycloak: Sign documents", "OpenAM", "sign.logout"):
        assert name in line
    assert request.xml.get("ID") in line


def test_a_good_answer_may_follow(server, idp):
    """Nothing is used up by a bad one."""
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    good = LogoutResponse(request.xml.get("ID"))
    for message, title in (
        (replace(good, sign=False), "You are signed out here only"),
        (good, "You are signed out everywhere"),
        (replace(good, sign=False), "You are signed out everywhere"),
    ):
        page = send(idp, server.url("/saml/sls"), message, "post", member, request.relay_state)
        assert f"<title>{title}</title>" in member.settle(page).text


@pytest.mark.parametrize("fault", [{}, *(change for change, _ in FAULTS.values())])
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_a_member_who_asked_for_nothing_stays(server, idp, binding, fault):
    """Unasked, or an answer to somebody else's logout: refused, and nobody reads that they are out."""
    elsewhere = received(log_in(server, idp).get(server.url("/saml/logout")))
    member = log_in(server, idp, "_2", name_id="bob@example.org")
    for asked, state in (("_nobody-asked", "_x"), (elsewhere.xml.get("ID"), elsewhere.relay_state)):
        message = replace(LogoutResponse(asked), **fault)
        page = send(idp, server.url("/saml/sls"), message, binding, member, state)
        assert page.status >= 400
        assert "<title>Sign-out did not work</title>" in page.text
        assert "signed out of this application" not in page.text
        assert page.set_cookie == []
        assert member.get(server.url("/saml/sls")).status == 400
        assert is_in(server, member)


@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
@pytest.mark.parametrize("binding", BINDINGS)
def test_whatever_brings_it(server, idp, binding, endpoint):
    """By any binding, from another site's page with the member's cookie, to either endpoint: the session lives."""
    member = log_in(server, idp)
    url = server.url(endpoint)
    for site in ("cross-site", "same-origin", "none"):
        member.session.headers |= {"Sec-Fetch-Site": site, "Referer": "https://evil.example/"}
        for message in (LogoutResponse("_nobody-asked"), LogoutResponse(), LogoutResponse("_x", sign=False)):
            page = send(idp, url, message, binding, member, "_x")
            assert page.status >= 400 and page.set_cookie == []
            assert is_in(server, member)
    del member.session.headers["Referer"]
    member.get(server.url("/saml/logout"), headers={"Sec-Fetch-Site": "same-origin"})
    assert not is_in(server, member)


def test_a_guess_in_a_browser_that_logs_out_elsewhere(server, idp):
    """The ID of its logout is the only key to it."""
    member = log_in(server, idp)
    received(member.get(server.url("/saml/logout")))
    url = server.url("/saml/sls")
    for page in (
        member.get(redirect(idp, url, LogoutResponse("_guessed"), "_guessed")),
        member.post(url, form(idp, url, LogoutResponse("_guessed"), "_guessed")),
    ):
        assert page.status == 400 and "logout_response_unknown" in page.text
    assert Browser().get(url).status == 400
