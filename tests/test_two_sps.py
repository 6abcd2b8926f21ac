"""Two SPs in one nginx: what one accepts is nothing to the other."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_idp lax { metadata lax.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://app.example.org;
        idp corp;
    }
    saml_sp wiki {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://wiki.example.org;
        idp lax;
        idp corp;
        @WIKI@
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location /wiki { auth_saml wiki; try_files /page.html =404; }
        location = /wiki/acs { saml_acs wiki; }
        location = /wiki/login { saml_login wiki; }
        location = /wiki/logout { saml_logout wiki; }
    }
}
"""
LAX = Idp(
    "https://lax.example.org/idp", "https://lax.example.org/sso", credential=rsa_credential("lax")
)


@pytest.fixture(params=["", "cookie_name wiki;"], ids=["same cookie", "own cookie"])
def server(nginx, request):
    return nginx(CONF, files={"lax.xml": LAX.metadata()}, WIKI=request.param)


def test_a_session_counts_at_its_own_sp(server, browser):
    assert LAX.login(browser, server.url("/wiki")).status == 303
    assert browser.get(server.url("/wiki")).status == 200
    assert browser.get(server.url("/page.html")).status == 302


def test_a_response_for_one_is_refused_by_the_other(server, idp, browser):
    request = idp.asked(browser.get(server.url("/page.html")))
    page = browser.post(server.url("/wiki/acs"), idp.form(request))
    assert page.status >= 400
    assert browser.get(server.url("/wiki")).status == 302


def test_an_idp_of_one_is_a_stranger_to_the_other(server, browser):
    request = LAX.asked(browser.get(server.url("/wiki")))
    page = browser.post(server.url("/saml/acs"), LAX.form(request))
    assert page.status >= 400
    assert browser.get(server.url("/page.html")).status == 302


def test_a_moved_cookie(server, browser):
    """The session token of one SP under the cookie name of the other."""
    LAX.login(browser, server.url("/wiki"))
    token = next(c.value for c in browser.session.cookies if c.name in ("wiki", "saml_session"))
    for name in ("wiki", "saml_session"):
        page = Browser().get(server.url("/page.html"), headers={"Cookie": f"{name}={token}"})
        assert page.status == 302
