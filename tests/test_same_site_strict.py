"""`cookie_same_site strict`: a redirect from the IdP would come without the session, so the login
ends on a page of ours that goes on by itself."""

import html
import re

from harness.keys import rsa_credential

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url https://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        idp corp;
        cookie_same_site strict;
    }
    server {
        listen 127.0.0.1:@PORT@ ssl;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
TLS = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}


def test_a_page_goes_on(nginx, idp, browser):
    server = nginx(CONF, files=TLS)
    browser.session.verify = False
    page = idp.login(browser, server.url('/page.html?a=1&b="<x>', "https"))
    assert (page.status, page.location) == (200, None)
    (session,) = [c for c in page.set_cookie if c.startswith("__Host-saml_session=")]
    assert "SameSite=Strict" in session
    (target,) = re.findall(r'http-equiv="refresh" content="0;url=([^"]*)"', page.text)
    target = html.unescape(target)
    assert target.startswith(server.url("/page.html?a=1&b=", "https"))
    assert "<x>" not in page.text
    assert f'href="{html.escape(target)}"' in page.text, "a link for those whom nothing refreshes"
    assert "no-store" in page.headers["Cache-Control"]
    assert browser.get(target).text == "a page\n"
