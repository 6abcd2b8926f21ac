"""`auth_saml_require_idp`: whose users enter a location, by block, entityID and federation."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.refusal import assert_refused

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_idp other { metadata other.xml; }
    saml_idp federation { metadata federation.xml; entity_id *; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp other;
        idp federation;
        discovery builtin;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        auth_saml app;
        auth_saml_require_idp corp "label=staff of Example Corporation";
        location / { auth_saml_require_idp off; }
        location /corp { try_files /page.html =404; }
        location /two { auth_saml_require_idp corp https://other.example.org; try_files /page.html =404; }
        location /federation { auth_saml_require_idp federation; try_files /page.html =404; }
        location /member { auth_saml_require_idp https://member.example.org; try_files /page.html =404; }
        location /unknown { auth_saml_require_idp urn:not:there; try_files /page.html =404; }
        location /asks { auth_saml off; auth_request /guard; try_files /page.html =404; }
        location = /guard { internal; return 204; }
    }
}
"""
PATHS = ["/corp", "/two", "/federation", "/member", "/unknown", "/asks"]


def other(name: str) -> Idp:
    entity_id = f"https://{name}.example.org"
    return Idp(entity_id, f"{entity_id}/sso", credential=rsa_credential(name))


OTHER, MEMBER = other("other"), other("member")
IN_BOTH = MEMBER.metadata() + OTHER.metadata()
FEDERATION = f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{IN_BOTH}</md:EntitiesDescriptor>'


@pytest.fixture
def server(nginx):
    files = {"other.xml": OTHER.metadata(), "federation.xml": FEDERATION}
    return nginx(CONF, files=files)


@pytest.mark.parametrize(
    "who, enters",
    [
        ("corp", ["/corp", "/two", "/asks"]),
        # It is in the federation too, and as its own block says.
        ("other", ["/two"]),
        ("member", ["/federation", "/member"]),
    ],
)
def test_the_users_of_one_of_these(server, idp, who, enters):
    browser = Browser()
    signing = {"corp": idp, "other": OTHER, "member": MEMBER}[who]
    chosen = server.url(f"/saml/login?idp={signing.entity_id}&return=/page.html")
    page = browser.post(*answered(signing, browser.get(chosen)))
    assert page.status == 303, page.text
    assert browser.get(server.url("/page.html")).status == 200
    got_in = [path for path in PATHS if browser.get(server.url(path)).status == 200]
    assert got_in == enters
    if "/corp" not in enters:
        refused = browser.get(server.url("/corp"))
        assert_refused(server, refused, "requirement_not_met")
        assert "staff of Example Corporation" in refused.text
        assert server.url("/saml/discovery?force_authn=1&amp;return=") in refused.text
        assert browser.get(server.url("/asks")).status == 403


def answered(signing: Idp, page):
    request = signing.asked(page)
    return request.acs_url, signing.form(request)
