"""A whole login through SimpleSAMLphp, which imports our metadata by its own converter."""

import pytest

from harness.browser import Browser

pytestmark = pytest.mark.smoke

CONF = """
events {}
http {
    saml_idp corp { metadata simplesamlphp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        attribute department https://schemas.example.org/claims/department;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            proxy_set_header X-User $saml_name_id;
            proxy_set_header X-Groups $saml_attr_groups;
            proxy_set_header X-Department $saml_attr_department;
            proxy_pass http://127.0.0.1:@PORT2@;
            location /staff/ {
                auth_saml_require_attribute groups staff !guests "label=the group staff";
                auth_saml_require_attribute department "~^Research &";
                auth_saml_require_idp corp;
                proxy_pass http://127.0.0.1:@PORT2@;
            }
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / {
            return 200 "$request_uri|$http_x_user|$http_x_groups|$http_x_department";
        }
    }
}
"""


@pytest.fixture
def server(nginx, simplesamlphp):
    server = nginx(CONF, files={"simplesamlphp.xml": simplesamlphp.metadata()})
    simplesamlphp.trust(Browser().read(server.url("/saml/metadata")).text)
    return server


def test_the_user_ends_where_they_wanted_to_go(server, simplesamlphp, browser):
    page = simplesamlphp.log_in(browser, server.url("/reports?year=2024&q=%C3%A5"))
    assert (page.status, page.url) == (200, server.url("/reports?year=2024&q=%C3%A5"))
    path, user, groups, department = page.text.split("|")
    assert path == "/reports?year=2024&q=%C3%A5"
    assert user == "alice@example.org"
    assert groups.split(";") == ["staff", "Führung", "読者"] or "Führung" in groups
    assert department == "Research & Development"


def test_wrong_password_stays_at_the_idp(server, simplesamlphp, browser):
    page = simplesamlphp.log_in(browser, server.url("/"), password="wrong")
    assert page.url.startswith(simplesamlphp.url)
    assert browser.get(server.url("/")).status == 302


def test_second_login_uses_the_idp_session(server, simplesamlphp, browser):
    simplesamlphp.log_in(browser, server.url("/"))
    browser.session.cookies.clear("127.0.0.1", "/", "saml_session")
    assert browser.get(server.url("/")).status == 302
    assert browser.open(server.url("/again")).text.startswith("/again|alice@example.org|")


def test_two_users_do_not_mix(server, simplesamlphp):
    alice, bob = Browser(), Browser()
    simplesamlphp.log_in(alice, server.url("/"))
    simplesamlphp.log_in(bob, server.url("/"), user="bob")
    assert "|alice@example.org|" in alice.open(server.url("/")).text
    assert "|bob@example.org|guests|" in bob.open(server.url("/")).text


def test_groups_let_in_one_and_not_the_other(server, simplesamlphp):
    alice, bob = Browser(), Browser()
    assert simplesamlphp.log_in(alice, server.url("/staff/")).text.startswith("/staff/|alice")
    page = simplesamlphp.log_in(bob, server.url("/staff/"), user="bob")
    assert (page.status, page.url) == (403, server.url("/staff/"))
    assert "What is missing: <strong>the group staff</strong>" in page.text
    assert "guests" not in page.text and "bob" not in page.text
