"""Each kind of page has a title of its own: the tab, the history and the screen reader say which."""

import re

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, LogoutResponse, form, received, send
from harness.members import log_in

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
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


def title(page) -> str:
    (found,) = re.findall(r"<title>(.*?)</title>", page.text)
    assert f"<h1>{found}</h1>" in page.text
    return found


REFUSED = {
    "a login": ("/saml/login?idp=nobody", {}, "Sign-in did not work"),
    "a logout": ("/saml/logout?return=https://evil.example.org/", {}, "Sign-out did not work"),
    "another site's logout": (
        "/saml/logout",
        {"Sec-Fetch-Site": "cross-site"},
        "Do you want to sign out?",
    ),
    "an unreadable message at the ACS": ("/saml/acs?SAMLResponse=x", {}, "Sign-in did not work"),
    "an unreadable message at the SLS": ("/saml/sls?SAMLResponse=x", {}, "Sign-out did not work"),
    "no message at the ACS": ("/saml/acs", {}, "Sign-in did not work"),
    "no message at the SLS": ("/saml/sls", {}, "No sign-out to tell of"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_by_the_endpoint(nginx, what):
    server = nginx(CONF)
    path, headers, wanted = REFUSED[what]
    page = Browser().get(server.url(path), headers=headers)
    assert page.status >= 400
    assert title(page) == wanted


@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
@pytest.mark.parametrize("message", [LogoutRequest(sign=False), LogoutResponse("_x")])
def test_by_the_message(nginx, idp, endpoint, message):
    """Some IdPs know one address for all."""
    server = nginx(CONF)
    page = Browser().post(server.url(endpoint), form(idp, server.url(endpoint), message))
    assert page.status >= 400
    assert title(page) == "Sign-out did not work"


@pytest.mark.parametrize("endpoint", ["/saml/sls", "/saml/acs"])
def test_a_sign_in(nginx, idp, browser, endpoint):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    page = Browser().post(server.url(endpoint), idp.form(request))
    assert page.status == 400
    assert title(page) == "Sign-in did not work"


def test_signed_out(nginx, idp):
    server = nginx(CONF)
    assert title(Browser().get(server.url("/saml/logout"))) == "You are signed out of this application"
    member = log_in(server, idp)
    request = received(member.get(server.url("/saml/logout")))
    answer = LogoutResponse(request.xml.get("ID"))
    page = send(idp, server.url("/saml/sls"), answer, "post", member, request.relay_state)
    assert title(member.settle(page)) == "You are signed out everywhere"
