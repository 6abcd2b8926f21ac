"""An application that believes signed identity alone lets in whom nginx has let in, and nobody else."""

import pytest

from harness.browser import Browser
from harness.jwt_application import JwtApplication
from harness.keys import ec_credential, rsa_credential
from harness.response import Answer, Attribute
from harness.site import site

KEYS = {"old.key": rsa_credential("jwt").key_pem, "new.key": ec_credential("jwt").key_pem}
SP = """
    jwt_key @JWT_KEYS@;
    jwt_issuer https://sso.example.org;
    jwt_claim groups groups array;
"""
# As docs/application.md writes it.
SERVER = """
    location /wiki {
        auth_saml app;
        auth_saml_jwt_audience wiki;
        include saml-proxy.conf;
        proxy_set_header Authorization $bearer;
        proxy_pass @WIKI@;
    }
    location /shop {
        auth_saml app;
        auth_saml_mode optional;
        auth_saml_jwt_audience shop;
        include saml-proxy.conf;
        proxy_set_header Authorization $bearer;
        proxy_pass @SHOP@;
    }
    location /reveal { auth_saml app; auth_saml_jwt_audience shop; add_header X-Jwt $saml_jwt; try_files /page.html =404; }
    root html;
"""
CONF = site(
    sp=SP,
    http='map $saml_jwt $bearer { "" ""; default "Bearer $saml_jwt"; }',
    server=SERVER,
)
WHO = Answer(attributes=[Attribute("groups", ["staff", "readers"])])


@pytest.fixture
def served(nginx, prepared):
    """The site, and the applications behind it."""
    made = []
    ports = prepared("events {}\nhttp {\n}\n").ports  # one that nobody has

    def start():
        jwks = f"http://127.0.0.1:{ports[0]}/saml/jwks"
        made.extend(JwtApplication(jwks, audience, "https://sso.example.org") for audience in ("wiki", "shop"))
        wiki, shop = made
        urls = {"WIKI": wiki.url, "SHOP": shop.url}
        server = nginx(CONF, files=KEYS, JWT_KEYS="old.key", PORT=str(ports[0]), **urls)
        return server, wiki, shop

    yield start
    for application in made:
        application.stop()


def test_it_lets_in_members_alone(served, idp, browser):
    server, wiki, shop = served()
    assert Browser().get(server.url("/wiki")).status == 302, "to the IdP"
    idp.login(browser, server.url("/wiki"), WHO)
    page = browser.get(server.url("/wiki"))
    assert (page.status, page.text) == (200, "hello alice@example.org of staff, readers")
    visitor = Browser().get(server.url("/shop"))
    assert (visitor.status, visitor.text) == (401, "who are you? no bearer token")
    assert browser.get(server.url("/shop")).status == 200


def test_it_believes_nobody_beside_nginx(served, idp, browser):
    server, wiki, shop = served()
    idp.login(browser, server.url("/reveal"), WHO)
    token = browser.get(server.url("/reveal")).headers["X-Jwt"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert Browser().get(shop.url, headers=bearer).status == 200, "it is good until it ends"
    assert Browser().get(wiki.url, headers=bearer).status == 401, "it is for another application"
    for name in ("X-Remote-User", "X-Forwarded-User", "Remote-User"):
        assert Browser().get(shop.url, headers={name: "alice@example.org"}).status == 401
    head, payload, signature = token.split(".")
    for forged in (f"{head}.{payload}.", f"{head}.{payload}x.{signature}", "x", ""):
        assert Browser().get(shop.url, headers={"Authorization": f"Bearer {forged}"}).status == 401


def test_what_a_client_says_does_not_reach_it(served, idp, browser):
    server, wiki, shop = served()
    idp.login(browser, server.url("/reveal"), WHO)
    stolen = browser.get(server.url("/reveal")).headers["X-Jwt"]
    visitor = Browser().get(server.url("/shop"), headers={"Authorization": f"Bearer {stolen}"})
    assert (visitor.status, visitor.text) == (401, "who are you? no bearer token")
    other = Browser()
    idp.login(other, server.url("/wiki"), Answer(name_id="bob@example.org"))
    page = other.get(server.url("/shop"), headers={"Authorization": f"Bearer {stolen}"})
    assert page.text.startswith("hello bob@example.org")


def test_a_change_of_keys_stops_nobody(served, idp, browser):
    server, wiki, shop = served()
    idp.login(browser, server.url("/wiki"), WHO)

    def by(keys: str) -> int:
        server.values["JWT_KEYS"] = keys
        server.configure(CONF)
        server.reload()
        return browser.get(server.url("/wiki")).status

    assert by("old.key") == 200
    assert by("new.key old.key") == 401, "it keeps the keys that it has fetched, and knows no other"
    assert by("old.key new.key") == 200
    wiki.fetch_keys()
    assert [by("new.key old.key"), by("new.key")] == [200, 200]
