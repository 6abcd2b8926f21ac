"""The IdP's answer to a logout is checked; whatever it is, the session here has ended."""

from dataclasses import replace

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    PARTIAL_LOGOUT,
    RESPONDER,
    LogoutResponse,
    back_channel,
    received,
    redirect,
    send,
)
from harness.members import is_in, log_in
from harness.response import SUCCESS
from harness.site import site

CONF = site(
    http="saml_idp other { metadata other.xml; }",
    idp="@IDP@",
    sp="""
        idp other;
        logout_redirect /bye.html;
    """,
)
OTHER = Idp(
    "https://other.example.org/idp",
    "https://other.example.org/sso",
    credential=rsa_credential("other"),
    slo=("HTTP-Redirect",),
)
DENIED = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


def serve(nginx, settings: str = ""):
    return nginx(CONF, files={"other.xml": OTHER.metadata()}, IDP=settings)


def reason(server) -> str:
    line = [line for line in server.error_log().splitlines() if " saml: " in line][-1]
    return line.partition(" saml: ")[2].partition(":")[0]


# What is wrong, and the reason.
LIES = {
    "unsigned": ({"sign": False}, "logout_response_unsigned"),
    "a stranger's key": ({"credential": rsa_credential("stranger")}, "signature_invalid"),
    "for another address": ({"destination": "https://elsewhere.example.org/"}, "destination_mismatch"),
    "for nowhere": ({"destination": None}, "destination_missing"),
    "to another request": ({"in_response_to": "_another"}, "in_response_to_mismatch|logout_response_unknown"),
    "to no request": ({"in_response_to": None}, "in_response_to_missing|logout_response_unknown"),
    "by nobody": ({"issuer": "https://nobody.example.org"}, "idp_unknown|issuer_mismatch"),
    "old": ({"issue_instant": -3600}, "logout_response_stale"),
    "from the future": ({"issue_instant": 600}, "issue_instant_future"),
    "SAML 1.1": ({"version": "1.1"}, "version_unsupported"),
    "failed": ({"status": RESPONDER}, "logout_failed"),
    "denied": ({"status": RESPONDER, "sub_status": DENIED}, "logout_failed"),
}  # fmt: skip


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("lie", LIES)
def test_lies(nginx, idp, binding, lie):
    server = serve(nginx)
    member = log_in(server, idp)
    changes, wanted = LIES[lie]
    request = received(member.get(server.url("/saml/logout")))
    answer = replace(LogoutResponse(request.xml.get("ID")), **changes)
    page = send(idp, server.url("/saml/sls"), answer, binding, member, request.relay_state)
    page = member.settle(page)
    assert 400 <= page.status < 500, page.location
    assert reason(server) in wanted.split("|"), server.error_log()
    assert reason(server) in page.text
    assert not is_in(server, member)


def test_another_idp_answers(nginx, idp):
    """With its own good signature, and to the request that was sent to the first one."""
    server = serve(nginx)
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(OTHER, server.url("/saml/sls"), answer, "redirect", member, request.relay_state)
    page = member.settle(page)
    assert 400 <= page.status < 500
    assert reason(server) in (
        "issuer_mismatch",
        "in_response_to_mismatch",
        "logout_response_unknown",
    )


def test_in_another_browser(nginx, idp):
    """Somebody else's logout does not send this browser anywhere."""
    server = serve(nginx)
    request = received(log_in(server, idp).get(server.url("/saml/logout?return=/elsewhere")))
    member = log_in(server, idp, "_2", name_id="bob@example.org")
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url("/saml/sls"), answer, "redirect", member, request.relay_state)
    assert page.location is None
    assert is_in(server, member)


def test_the_same_answer_twice(nginx, idp):
    """The Back button: no harm, and no error that frightens."""
    server = serve(nginx)
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    url = redirect(
        idp, server.url("/saml/sls"), LogoutResponse(request.xml.get("ID")), request.relay_state
    )
    assert member.get(url).location == server.url("/bye.html")
    assert member.get(url).location == server.url("/bye.html")


@pytest.mark.parametrize("status", [SUCCESS, RESPONDER])
def test_a_partial_logout_is_told(nginx, idp, status):
    """Some IdPs put PartialLogout below Success, some below Responder: a page says which part worked."""
    server = serve(nginx)
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    answer = LogoutResponse(request.xml.get("ID"), status, PARTIAL_LOGOUT)
    page = send(idp, server.url("/saml/sls"), answer, "redirect", member, request.relay_state)
    page = member.settle(page)
    assert page.status == 200, "a page, though there is a logout_redirect"
    assert "signed out" in page.text
    assert "other" in page.text, "and that other applications may still know the person"
    assert "/bye.html" in page.text, "from where one can go on"
    assert not is_in(server, member)


@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
def test_from_server_to_server(nginx, idp, endpoint):
    """authentik's back channel brings the answer itself: no cookie, no RelayState, 200 expected."""
    server = serve(nginx)
    member = log_in(server, idp)
    other = log_in(server, idp, "_2", name_id="bob@example.org")
    request = received(member.get(server.url("/saml/logout")))
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url(endpoint), answer, "post", back_channel())
    assert page.status == 200
    assert is_in(server, other)
    assert not is_in(server, member)


@pytest.mark.parametrize("change", [{"sign": False}, {"credential": rsa_credential("stranger")}])
def test_from_a_stranger_to_the_server(nginx, idp, change):
    server = serve(nginx)
    answer = replace(LogoutResponse("_any"), **change)
    assert send(idp, server.url("/saml/sls"), answer, "post", back_channel()).status >= 400


def test_unsigned_when_that_is_allowed(nginx, idp):
    server = serve(nginx, "require_signed_logout off;")
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    answer = LogoutResponse(request.xml.get("ID"), sign=False)
    page = send(idp, server.url("/saml/sls"), answer, "redirect", member, request.relay_state)
    assert page.location == server.url("/bye.html")


def test_an_answer_that_nobody_asked_for(nginx, idp):
    """A browser without a logout under way."""
    server = serve(nginx)
    page = send(idp, server.url("/saml/sls"), LogoutResponse("_1"), "redirect", Browser(), "state")
    assert page.location is None
