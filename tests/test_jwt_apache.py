"""mod_auth_openidc, which knows nothing of this module, lets in whom $saml_jwt names."""

import pytest

from harness.browser import Browser
from harness.keys import ec_credential, rsa_credential
from harness.nginx import free_ports
from harness.openidc_apache import OpenidcApache
from harness.response import Answer, Attribute
from harness.site import site

SERVER = """
    location /wiki/ {
        auth_saml app;
        auth_saml_jwt_audience @AUDIENCE@;
        include saml-proxy.conf;
        proxy_set_header Authorization "Bearer $saml_jwt";
        proxy_pass @APACHE@/;
    }
"""
# It fetches keys by https alone.
KEYS_BY_TLS = """
    server {
        listen 127.0.0.1:@PORT2@ ssl;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        location = /saml/jwks { saml_jwks app; }
    }
"""
CONF = site(http=KEYS_BY_TLS, sp="jwt_key jwt.key; jwt_issuer https://sso.example.org; jwt_claim groups groups array;", server=SERVER)
CLAIMS = ["iss:https://sso.example.org", "aud:wiki", "groups:staff"]
KEYS = {"RS256": rsa_credential("jwt").key_pem, "ES256": ec_credential("jwt").key_pem}

TLS = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}


@pytest.fixture
def behind(nginx, scratch):
    """The site, and Apache behind it."""
    made = []

    def start(key: bytes, audience: str = "wiki"):
        (port,) = free_ports(1)
        folder = scratch / f"apache-{len(made)}"
        made.append(OpenidcApache(folder, f"https://127.0.0.1:{port}/saml/jwks", CLAIMS).start())
        values = {"APACHE": made[-1].url, "AUDIENCE": audience, "PORT2": str(port)}
        return nginx(CONF, files={"jwt.key": key, **TLS}, **values), made[-1]

    yield start
    for apache in made:
        apache.stop()


def member(server, idp, *groups: str) -> Browser:
    browser = Browser()
    answer = Answer(attributes=[Attribute("groups", list(groups))])
    assert idp.login(browser, server.url("/wiki/index.html"), answer).status == 303
    return browser


@pytest.mark.parametrize("algorithm", KEYS)
def test_it_knows_the_user(behind, idp, algorithm):
    server, apache = behind(KEYS[algorithm])
    page = member(server, idp, "readers", "staff").get(server.url("/wiki/index.html"))
    assert (page.status, page.text) == (200, "the wiki\n"), apache.error_log()
    assert page.headers["X-User"] == "alice@example.org"


def test_it_lets_in_nobody_else(behind, idp):
    server, apache = behind(KEYS["ES256"])
    assert Browser().get(apache.url + "/index.html").status == 401
    forged = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.", "X-Remote-User": "root"}
    assert Browser().get(apache.url + "/index.html", headers=forged).status == 401
    assert member(server, idp, "readers").get(server.url("/wiki/index.html")).status == 401, "not of the staff"


def test_a_token_for_another_application_is_none(behind, idp):
    server, apache = behind(KEYS["ES256"], audience="shop")
    assert member(server, idp, "staff").get(server.url("/wiki/index.html")).status == 401
