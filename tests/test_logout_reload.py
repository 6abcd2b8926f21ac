"""A logout that has been answered: the address is clean, and a reload shows the same page again."""

import re
from dataclasses import replace

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import PARTIAL_LOGOUT, LogoutResponse, form, received, redirect
from harness.members import is_in, log_in
from harness.response import SUCCESS

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        include @ENDPOINTS@;
        location / { auth_saml app; root html; }
    }
}
"""
TENANT = """
location = /saml/acs { saml_acs app; }
location = /saml/login { saml_login app; }
location = /saml/logout { saml_logout app; }
location = /saml/sls { saml_sls app ?tenant=1; }
"""


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


def serve(nginx, sp: str = "", endpoints: str = "saml-endpoints.conf"):
    return nginx(CONF, files={"tenant.conf": TENANT}, SP=sp, ENDPOINTS=endpoints)


def answer(idp, server, member, binding, message=None, sls="/saml/sls", logout="/saml/logout"):
    """Logs out; returns what brings the IdP's answer, as often as it is called."""
    request = received(member.get(server.url(logout)))
    message = replace(message or LogoutResponse(), in_response_to=request.xml.get("ID"))
    url = server.url(sls)
    if binding == "redirect":
        address = redirect(idp, url, message, request.relay_state)
        return lambda client=member: client.get(address)
    fields = form(idp, url, message, request.relay_state)
    return lambda client=member: client.post(url, fields)


@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_the_same_page_again(nginx, idp, binding, endpoint):
    server = serve(nginx)
    member = log_in(server, idp)
    bring = answer(idp, server, member, binding, sls=endpoint)
    for _ in range(3):
        first = bring()
        assert (first.status, first.location) == (303, server.url("/saml/sls"))
        for _ in range(2):
            page = member.get(first.location)
            assert page.status == 200
            assert "<title>You are signed out everywhere</title>" in page.text
    assert not is_in(server, member)


def test_a_partial_logout(nginx, idp):
    server = serve(nginx, "logout_redirect /bye.html;")
    member = log_in(server, idp)
    message = LogoutResponse(status=SUCCESS, sub_status=PARTIAL_LOGOUT)
    bring = answer(idp, server, member, "redirect", message)
    for _ in range(2):
        page = member.settle(bring())
        assert page.url == server.url("/saml/sls")
        assert "<title>You are signed out, but not everywhere</title>" in page.text
        assert f'href="{server.url("/bye.html")}"' in page.text


def test_the_way_back_stays(nginx, idp):
    """With the page that the person wanted, no page of ours comes in between, the second time neither."""
    server = serve(nginx, "logout_redirect /bye.html;")
    member = log_in(server, idp)
    bring = answer(idp, server, member, "post", logout="/saml/logout?return=/page.html%3Fa%3Db")
    for _ in range(3):
        assert bring().location == server.url("/page.html?a=b")


def test_the_address_has_the_query_of_the_endpoint(nginx, idp):
    server = serve(nginx, endpoints="tenant.conf")
    member = log_in(server, idp)
    page = answer(idp, server, member, "redirect", sls="/saml/sls?tenant=1")()
    assert page.location == server.url("/saml/sls?tenant=1")
    assert "signed out everywhere" in member.get(page.location).text


def test_what_is_remembered_is_short_lived_and_sealed(nginx, idp):
    server = serve(nginx)
    member = log_in(server, idp)
    (cookie,) = answer(idp, server, member, "redirect")().set_cookie
    assert "_logout_" in cookie and "HttpOnly" in cookie
    assert 0 < int(re.search(r"Max-Age=(\d+)", cookie).group(1)) <= 600
    assert "everywhere" not in cookie.lower()


def test_who_has_signed_in_again_is_not_told_otherwise(nginx, idp):
    """In another tab, while this page was open."""
    server = serve(nginx)
    member = log_in(server, idp)
    page = answer(idp, server, member, "redirect")()
    assert idp.login(member, server.url("/page.html")).status == 303
    again = member.get(page.location)
    assert "<title>You are signed in again</title>" in again.text
    assert "signed out of" not in again.text
    assert is_in(server, member)


QUERIES = ["", "?end=everywhere", "?RelayState=x", "?return=https://evil.example.org/", "?code=x"]


@pytest.mark.parametrize("query", QUERIES)
def test_a_link_shows_nothing_of_its_own(nginx, idp, query):
    """The page is the cookie's: a stranger's link tells nobody that they are out, nor leads away."""
    server = serve(nginx)
    member = log_in(server, idp)
    for browser in (Browser(), member):
        page = browser.get(server.url(f"/saml/sls{query}"))
        assert page.status == 400
        assert "<title>No sign-out to tell of</title>" in page.text
        assert "signed out" not in page.text and "evil" not in page.text
    assert is_in(server, member)
    answered = answer(idp, server, member, "redirect")().location
    page = member.get(answered + query)
    assert "signed out everywhere" in page.text and "evil" not in page.text


def test_of_another_browser_nothing_is_shown(nginx, idp):
    server = serve(nginx)
    bring = answer(idp, server, log_in(server, idp), "redirect")
    bring()
    other = log_in(server, idp, "_2", name_id="bob@example.org")
    page = bring(other)
    assert page.status == 400 and "logout_response_unknown" in page.text
    assert "<title>Sign-out did not work</title>" in page.text
    assert is_in(server, other)
