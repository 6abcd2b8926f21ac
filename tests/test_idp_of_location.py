"""`auth_saml … idp=`: whose users a location lets in, by name or by a variable."""

import json

import pytest

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.refusal import assert_refused

CONF = """
worker_processes 2;
events {}
http {
    map $arg_tenant $tenant_idp {
        default $arg_tenant;
        second other;
    }
    saml_idp corp { metadata idp.xml; domain corp.example; }
    saml_idp other { metadata other.xml; domain other.example; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp other;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /other { auth_saml app idp=other; try_files /page.html =404; }
        location /tenant {
            auth_saml app idp=$tenant_idp;
            add_header X-User "[$saml_name_id]";
            try_files /page.html =404;
        }
        location /optional {
            auth_saml app idp=$tenant_idp;
            auth_saml_mode optional;
            add_header X-User "[$saml_name_id]";
            try_files /page.html =404;
        }
        location /any {
            auth_saml app idp=$tenant_idp;
            satisfy any;
            deny all;
            try_files /page.html =404;
        }
        location /asks { auth_request /guard; try_files /page.html =404; }
        location = /guard {
            internal;
            auth_saml app idp=other;
            return 204;
        }
    }
}
"""
OTHER = Idp("https://other.example.org", "https://other.example.org/sso", credential=rsa_credential("other"))  # fmt: skip
PROGRAM = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}


@pytest.fixture
def server(nginx):
    return nginx(CONF, files={"other.xml": OTHER.metadata()})


def test_a_session_of_another_idp_does_not_enter(server, idp, browser):
    idp.login(browser, server.url("/page.html"))
    assert browser.get(server.url("/page.html")).status == 200
    assert browser.get(server.url("/asks")).status == 401
    for path in ["/other", "/tenant?tenant=second", "/any?tenant=other"]:
        refused = browser.get(server.url(path), headers=PROGRAM)
        answer = json.loads(refused.text)
        assert (refused.status, answer["error"]) == (401, "session_of_other_idp"), path
        assert answer["login_url"].endswith("?idp=other")
        request = OTHER.asked(browser.get(server.url(path)))
        assert request.xml.get("Destination") == "https://other.example.org/sso"


def test_one_login_at_the_right_one_is_enough(server, idp, browser):
    idp.login(browser, server.url("/page.html"))
    landed = OTHER.login(browser, server.url("/tenant?tenant=other"))
    assert landed.status == 303 and landed.location == server.url("/tenant?tenant=other")
    assert browser.get(landed.location).headers["X-User"] == "[alice@example.org]"
    assert browser.get(server.url("/asks")).status == 200
    assert browser.get(server.url("/page.html")).status == 200, "any IdP of the SP"
    assert browser.get(server.url("/tenant?tenant=corp")).status == 302


def test_a_variable_may_hold_an_entity_id(server, browser):
    page = browser.get(server.url("/tenant?tenant=https://other.example.org"))
    assert OTHER.asked(page).xml.get("Destination") == "https://other.example.org/sso"


@pytest.mark.parametrize("value", ["", "nobody", "OTHER", "other%20", "https://evil.example/"])
def test_what_names_no_idp_lets_nobody_in(server, idp, browser, value):
    path = server.url(f"/tenant?tenant={value}")
    assert_refused(server, browser.get(path), "idp_not_offered")
    idp.login(browser, server.url("/page.html"))
    assert_refused(server, browser.get(path), "idp_not_offered")
    assert_refused(server, browser.get(server.url(f"/any?tenant={value}")), "idp_not_offered")
    assert_refused(server, browser.get(server.url(f"/optional?tenant={value}")), "idp_not_offered")


def test_where_a_session_is_optional_that_of_another_idp_is_none(server, idp, browser):
    idp.login(browser, server.url("/page.html"))
    assert browser.get(server.url("/optional?tenant=corp")).headers["X-User"] == "[alice@example.org]"
    assert browser.get(server.url("/optional?tenant=other")).headers["X-User"] == "[]"


def test_an_address_says_the_idp(server, browser):
    page = browser.get(server.url("/saml/login?login_hint=jane%40OTHER.example"))
    assert OTHER.asked(page).xml.get("Destination") == "https://other.example.org/sso"


def test_nginx_must_know_the_variable(prepared):
    good, output = prepared(
        CONF.replace("idp=$tenant_idp", "idp=$no_such_variable"),
        files={"other.xml": OTHER.metadata()},
    ).test()
    assert not good and 'unknown "no_such_variable" variable' in output
