"""Whole logins through Keycloak, which imports our metadata by its own converter."""

import pytest

from harness.browser import Browser

pytestmark = pytest.mark.slow

CONF = """
events {}
http {
    saml_idp corp { metadata keycloak.xml; sso_binding @BINDING@; encryption @ENCRYPTION@; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        name_id_format @NAME_ID_FORMAT@;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            proxy_set_header X-User $saml_name_id;
            proxy_set_header X-Mail $saml_attr_mail;
            proxy_set_header X-Surname $saml_attr_surname;
            proxy_set_header X-Index $saml_session_index;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / {
            return 200 "$request_uri|$http_x_user|$http_x_mail|$http_x_surname|$http_x_index";
        }
    }
}
"""


@pytest.fixture
def serve(nginx, keycloak):
    def start(binding="redirect", name_id_format="unspecified", encryption="off", **client):
        values = {
            "BINDING": binding,
            "NAME_ID_FORMAT": name_id_format,
            "ENCRYPTION": encryption,
        }
        server = nginx(CONF, files={"keycloak.xml": keycloak.metadata()}, **values)
        keycloak.trust(Browser().read(server.url("/saml/metadata")).text, **client)
        return server

    return start


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_the_user_ends_where_they_wanted_to_go(serve, keycloak, browser, binding):
    server = serve(binding)
    page = keycloak.log_in(browser, server.url("/reports?year=2024&q=%C3%A5"))
    assert (page.status, page.url) == (200, server.url("/reports?year=2024&q=%C3%A5"))
    path, user, mail, surname, index = page.text.split("|")
    assert (path, user, mail) == ("/reports?year=2024&q=%C3%A5", "alice", "alice@example.org")
    assert surname == "Ångström"
    assert "::" in index, "the SessionIndex: session and client"


@pytest.mark.parametrize("name_id_format", ["emailAddress", "persistent", "transient"])
def test_the_name_id_asked_for(serve, keycloak, browser, name_id_format):
    # Unless told otherwise the converter fixes the format.
    server = serve(name_id_format=name_id_format, attributes={"saml_force_name_id_format": "false"})
    user = keycloak.log_in(browser, server.url("/")).text.split("|")[1]
    assert (user == "alice@example.org") == (name_id_format == "emailAddress")
    assert user


@pytest.mark.parametrize(
    "signed",
    [
        {"saml.server.signature": "true", "saml.assertion.signature": "false"},
        {"saml.server.signature": "false", "saml.assertion.signature": "true"},
        {"saml.server.signature": "true", "saml.assertion.signature": "true"},
        {"saml.encrypt": "true"},
    ],
    ids=["document", "assertion", "both", "encrypted"],
)
def test_each_way_of_signing(serve, keycloak, browser, signed):
    encryption = "require" if "saml.encrypt" in signed else "off"
    server = serve(encryption=encryption, attributes=signed)
    assert keycloak.log_in(browser, server.url("/")).text.startswith("/|alice|")


def test_wrong_password_stays_at_the_idp(serve, keycloak, browser):
    server = serve()
    page = keycloak.log_in(browser, server.url("/"), password="wrong")
    assert page.url.startswith(keycloak.url)
    assert browser.get(server.url("/")).status == 302


def test_second_login_uses_the_idp_session(serve, keycloak, browser):
    first, second = serve(), serve()
    keycloak.log_in(browser, first.url("/"))
    assert browser.open(second.url("/again")).text.startswith("/again|alice|")
