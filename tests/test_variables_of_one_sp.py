"""`$saml_…` speak of the SP of the location that asks, even where none of our handlers ran."""

import pytest

from harness.browser import Browser
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    saml_sp other {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://other.example.org;
        idp corp;
        cookie_name other;
    }
    map $saml_name_id $once { default "<$saml_name_id>"; }
    map $saml_name_id $each_time { volatile; default "<$saml_name_id>"; }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location = /other/acs { saml_acs other; }
        proxy_set_header X-Seen
            "[$saml_name_id|$saml_authenticated|$saml_attr_mail|$saml_attrs_json|$saml_idp]";

        # each way of getting from a location of one SP to another location
        location / { auth_saml app; }
        location /try-files { auth_saml app; try_files /nothing /@TARGET@; }
        location /error-page { auth_saml app; error_page 404 = /@TARGET@; }
        location /accel { auth_saml app; proxy_pass http://127.0.0.1:@PORT2@; }

        location = /any-of-other {
            satisfy any;
            allow all;
            auth_saml other;
            proxy_pass http://127.0.0.1:@PORT3@;
        }
        location = /any-fresh {
            satisfy any;
            allow all;
            auth_saml app;
            auth_saml_force_authn 60s;
            proxy_pass http://127.0.0.1:@PORT3@;
        }
        location = /any-of-app {
            satisfy any;
            allow all;
            auth_saml app;
            proxy_pass http://127.0.0.1:@PORT3@;
        }
        location = /plain { proxy_pass http://127.0.0.1:@PORT3@; }
        location = /mapped {
            set $early "$once$each_time";
            auth_saml app;
            proxy_set_header X-Seen "$once$each_time";
            proxy_pass http://127.0.0.1:@PORT3@;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { add_header X-Accel-Redirect /@TARGET@; return 200 ""; }
    }
    server {
        listen 127.0.0.1:@PORT3@;
        location / { return 200 $http_x_seen; }
    }
}
"""
WAYS = ["/try-files", "/error-page", "/accel"]
NOBODY = "[|0|||]"


@pytest.fixture
def member(nginx, idp):
    """Somebody who logged in at `app` two hours ago, and how to ask."""

    def start(target: str):
        server = nginx(CONF, TARGET=target)
        browser = Browser()
        page = idp.login(browser, server.url("/page.html"), Answer(authn_instant=-7200))
        assert page.status == 303
        return lambda path: browser.get(server.url(path)).text

    return start


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", ["any-of-other", "any-fresh"])
def test_the_user_of_one_is_nobody_at_another(member, way, target):
    assert member(target)(way) == NOBODY


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("target", ["any-of-app", "plain"])
def test_and_stays_known_where_the_rules_are_the_same_or_none(member, way, target):
    assert member(target)(way).startswith("[alice@example.org|1|")


def test_a_map_is_as_old_as_its_first_use(member):
    """Unless it is volatile."""
    assert member("plain")("/mapped") == "<><alice@example.org>"
