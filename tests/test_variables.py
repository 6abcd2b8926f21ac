"""$saml_…: what a backend learns, by which names, and that no client can say it for itself."""

import json

import pytest

from harness.browser import Browser
from harness.response import Answer, Attribute

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        attribute email urn:oid:0.9.2342.19200300.100.1.3 mail;
        attribute team https://schemas.example.org/claims/team;
        attribute_separator @SEPARATOR@;
    }
    map $saml_attr_groups $is_admin { ~admins 1; default 0; }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            auth_saml_mode optional;
            default_type text/plain;
            ssi on;
            ssi_types text/plain;
            root html;
        }
        location /proxied {
            auth_saml app;
            proxy_set_header X-User $saml_name_id;
            proxy_set_header X-Groups $saml_attr_groups;
            proxy_set_header X-Admin $is_admin;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
        location /echo {
            auth_saml app;
            auth_saml_mode optional;
            proxy_set_header Saml-Name-Id $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "$http_x_user|$http_x_groups|$http_x_admin|$http_saml_name_id"; }
    }
}
"""

NAMES = """
saml_name_id saml_name_id_format saml_idp saml_session_index saml_authn_instant saml_authn_context
saml_session_expires saml_authenticated saml_attrs_json saml_error
saml_attr_email saml_attr_mail saml_attr_email_count saml_attr_team saml_attr_groups
saml_attr_groups_count saml_attr_department saml_attr_department_count saml_attr_given_name
saml_attr_givenname saml_attr_nothing saml_attr_nothing_count saml_attr_empty saml_attr_empty_count
saml_attr_hostile saml_attr_display_name saml_attr_displayname
saml_attr_urn_oid_2_5_4_42
""".split()
TEMPLATE = "".join(f'{n}=<!--# echo var="{n}" default="" encoding="none" -->\n' for n in NAMES)

ATTRIBUTES = [
    Attribute("urn:oid:0.9.2342.19200300.100.1.3", ["alice@example.org"], "mail"),
    Attribute("https://schemas.example.org/claims/team", ["Research & Development"]),
    Attribute("groups", ["staff", "admins", "Führung", "読者"]),
    Attribute("https://schemas.example.org/claims/Department", ["Physics"]),
    Attribute("urn:oid:2.5.4.42", ["Alice"], "givenName"),
    Attribute("displayName", ["Alice Ångström"]),
    Attribute("empty", [""]),
    Attribute("hostile", ["a\nX-Admin: 1", "b;c", "tab\there"]),
]


def serve(nginx, separator: str = '";"'):
    return nginx(CONF, files={"html/vars.txt": TEMPLATE}, SEPARATOR=separator)


def seen(browser, server) -> dict[str, str]:
    lines = browser.get(server.url("/vars.txt")).text.splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def values(nginx, idp, browser):
    server = serve(nginx)
    idp.login(browser, server.url("/saml/login"), Answer(attributes=ATTRIBUTES))
    return seen(browser, server)


@pytest.mark.smoke
def test_of_the_session(values, idp):
    assert values["saml_name_id"] == "alice@example.org"
    assert values["saml_name_id_format"].endswith(":emailAddress")
    assert values["saml_idp"] == idp.entity_id
    assert values["saml_session_index"] == "_session-1"
    assert values["saml_authn_context"].endswith(":PasswordProtectedTransport")
    assert values["saml_authn_instant"].endswith("Z")
    assert values["saml_authenticated"] == "1"
    assert values["saml_error"] == ""


def test_attributes_by_every_name(values):
    assert values["saml_attr_email"] == "alice@example.org", "alias"
    assert values["saml_attr_mail"] == "alice@example.org", "FriendlyName"
    assert values["saml_attr_team"] == "Research & Development", "alias of a URI"
    assert values["saml_attr_department"] == "Physics", "last part of a URI"
    assert values["saml_attr_givenname"] == "Alice", "FriendlyName, letters of any case"
    assert values["saml_attr_displayname"] == "Alice Ångström", "Name"
    assert values["saml_attr_urn_oid_2_5_4_42"] == "Alice", "whole Name"


def test_values_and_counts(values):
    assert values["saml_attr_groups"] == "staff;admins;Führung;読者"
    assert values["saml_attr_groups_count"] == "4"
    assert values["saml_attr_department_count"] == "1"
    assert (values["saml_attr_nothing"], values["saml_attr_nothing_count"]) == ("", "0")
    assert (values["saml_attr_empty"], values["saml_attr_empty_count"]) == ("", "1")


def test_header_safe(values):
    hostile = values["saml_attr_hostile"]
    assert not set(hostile) & set("\r\n\0")
    assert "b\\;c" in hostile, "a separator inside a value cannot make two of it"


def test_json(values):
    attributes = json.loads(values["saml_attrs_json"])
    assert attributes["groups"] == ["staff", "admins", "Führung", "読者"]
    assert attributes["hostile"][0] == "a\nX-Admin: 1"
    assert set(values["saml_attrs_json"]) & set("\r\n") == set()


def test_another_separator(nginx, idp, browser):
    server = serve(nginx, '"|"')
    idp.login(browser, server.url("/saml/login"), Answer(attributes=ATTRIBUTES))
    assert seen(browser, server)["saml_attr_groups"] == "staff|admins|Führung|読者"


def test_nobody(nginx):
    server = serve(nginx)
    values = seen(Browser(), server)
    assert values.pop("saml_authenticated") == "0"
    assert {name: value for name, value in values.items() if value not in ("", "0")} == {}


def test_reaches_the_backend_and_map(nginx, idp, browser):
    server = serve(nginx)
    idp.login(browser, server.url("/saml/login"), Answer(attributes=ATTRIBUTES))
    text = browser.get(server.url("/proxied")).text
    assert text == "alice@example.org|staff;admins;Führung;読者|1|"


def test_clients_cannot_set_them(nginx, idp, browser):
    server = serve(nginx)
    forged = {
        "X-User": "root", "X-Groups": "admins", "X-Admin": "1", "Saml-Name-Id": "root",
        "saml_name_id": "root", "Saml-Attr-Groups": "admins", "Cookie": "saml_name_id=root",
    }  # fmt: skip
    assert Browser().get(server.url("/echo"), headers=forged).text == "root|admins|1|"
    idp.login(browser, server.url("/saml/login"), Answer(attributes=[]))
    del forged["Cookie"]
    text = browser.get(server.url("/proxied?saml_name_id=root"), headers=forged).text
    assert text == "alice@example.org||0|root"
