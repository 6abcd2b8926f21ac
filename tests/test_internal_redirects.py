"""What one location admitted is nothing to the location that an internal redirect leads to."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_idp corp2 { metadata corp2.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp corp2;
    }
    saml_sp other {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://other.example.org;
        idp corp;
        cookie_name other;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        auth_saml app;
        include saml-endpoints.conf;
        location = /other/acs { saml_acs other; }

        # each way of getting from one location to another
        location /try-files { try_files /nothing /@TARGET@; }
        location /error-page { error_page 404 = /@TARGET@; }
        location /accel {
            proxy_set_header X-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }

        location = /same { auth_saml_mode optional; proxy_pass http://127.0.0.1:@PORT3@; }
        location = /other-sp {
            auth_saml other;
            auth_saml_mode optional;
            proxy_pass http://127.0.0.1:@PORT3@;
        }
        location = /other-idp {
            auth_saml app idp=corp2;
            auth_saml_mode optional;
            proxy_pass http://127.0.0.1:@PORT3@;
        }
        location = /other-class {
            auth_saml_authn_context TimeSyncToken;
            auth_saml_mode optional;
            proxy_pass http://127.0.0.1:@PORT3@;
        }
        location = /fresh {
            auth_saml_force_authn 60s;
            auth_saml_mode optional;
            proxy_pass http://127.0.0.1:@PORT3@;
        }
        location = /fresh-only { auth_saml_force_authn 60s; proxy_pass http://127.0.0.1:@PORT3@; }
        proxy_set_header X-Seen "[$saml_name_id|$saml_authenticated|$saml_attr_mail]";
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { add_header X-Accel-Redirect /@TARGET@; return 200 "$http_x_user"; }
    }
    server {
        listen 127.0.0.1:@PORT3@;
        location / { return 200 $http_x_seen; }
    }
}
"""
CORP2 = Idp("https://corp2.example.org", "https://corp2.example.org/sso", credential=rsa_credential("corp2"))  # fmt: skip
WAYS = ["/try-files", "/error-page", "/accel"]


@pytest.fixture
def member(nginx, idp):
    """Somebody who logged in at `corp` two hours ago, and how to ask."""

    def start(target: str):
        server = nginx(CONF, files={"corp2.xml": CORP2.metadata()}, TARGET=target)
        browser = Browser()
        page = idp.login(browser, server.url("/page.html"), Answer(authn_instant=-7200))
        assert page.status == 303
        return lambda path: browser.get(server.url(path))

    return start


@pytest.mark.parametrize("way", WAYS)
def test_the_same_rules_know_the_user(member, way):
    page = member("same")(way)
    assert page.text.startswith("[alice@example.org|1|"), page.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", ["other-sp", "other-idp", "other-class", "fresh"])
def test_other_rules_see_a_stranger(member, target, way):
    page = member(target)(way)
    assert (page.status, page.text) == (200, "[|0|]")


@pytest.mark.parametrize("way", WAYS)
def test_a_required_login_is_asked_for(member, way):
    assert member("fresh-only")(way).status == 302
