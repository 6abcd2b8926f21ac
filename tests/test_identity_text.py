"""One rule for the text that says who somebody is: here, at the application, at login and logout."""

import json

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import is_in, log_in
from harness.response import Answer, Attribute

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location /app {
            auth_saml app;
            proxy_set_header X-User $saml_name_id;
            proxy_set_header X-Uid $saml_attr_uid;
            proxy_set_header X-All $saml_attrs_json;
            proxy_pass @BACKEND@;
        }
    }
}
"""
ADMIN = "admin@example.org"
LAYOUT = [" {}", "{} ", "\n    {}\n  ", "\t{}\r", "  {}\t\n"]
OTHERS = {
    "no-break space in front": "\N{NO-BREAK SPACE}admin@example.org",
    "no-break space behind": "admin@example.org\N{NO-BREAK SPACE}",
    "ideographic space": "admin@example.org\N{IDEOGRAPHIC SPACE}",
    "next line": "admin@example.org\x85",
    "delete": "admin@example.org\x7f",
    "byte order mark": "\ufeffadmin@example.org",
    "zero width space": "admin@example.org\u200b",
    "zero width joiner inside": "ad\u200dmin@example.org",
    "tab inside": "ad\tmin@example.org",
    "blank inside": "ad min@example.org",
    "line inside": "ad\nmin@example.org",
    "another alphabet": "\N{CYRILLIC SMALL LETTER A}dmin@example.org",
    "full width": "\N{FULLWIDTH LATIN SMALL LETTER A}dmin@example.org",
    "composed": "adm\N{LATIN SMALL LETTER I WITH ACUTE}n@example.org",
    "decomposed": "admi\N{COMBINING ACUTE ACCENT}n@example.org",
    "looks escaped": "admin@example.org\\u{a0}",
}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-POST",))


@pytest.fixture
def server(nginx, backend):
    return nginx(CONF, BACKEND=backend.url)


def told(server, backend, browser: Browser) -> dict[str, str]:
    """What the application reads, as eager to trim as applications are."""
    assert browser.get(server.url("/app")).status == 200
    headers = backend.asked[-1].headers
    return {name: value.encode("latin-1").decode().strip() for name, value in headers.items()}


@pytest.mark.parametrize("layout", LAYOUT, ids=repr)
def test_white_space_around_it_is_layout(server, idp, backend, layout):
    name = layout.format(ADMIN)
    attributes = [Attribute("uid", [layout.format("admin")])]
    member = log_in(server, idp, " _a ", name_id=name, attributes=attributes)
    headers = told(server, backend, member)
    assert (headers["X-User"], headers["X-Uid"]) == (ADMIN, "admin")
    assert json.loads(headers["X-All"]) == {"uid": ["admin"]}
    # Whoever is logged out without it is the same person, and so is the session.
    request = LogoutRequest(name_id=ADMIN, session_index=("_a",))
    assert_success(send(idp, server.url("/saml/sls"), request))
    assert not is_in(server, member)


@pytest.mark.parametrize("layout", LAYOUT, ids=repr)
def test_a_logout_is_read_as_a_login_is(server, idp, layout):
    member = log_in(server, idp, "_a", name_id=ADMIN)
    request = LogoutRequest(name_id=layout.format(ADMIN), session_index=(layout.format("_a"),))
    assert_success(send(idp, server.url("/saml/sls"), request))
    assert not is_in(server, member)


def test_any_other_character_makes_another_person(server, idp, backend):
    """Here as at the application: no header loses what tells the two apart."""
    admin = log_in(server, idp, "_admin", name_id=ADMIN)
    seen = {told(server, backend, admin)["X-User"]: "admin"}
    for name, name_id in OTHERS.items():
        attributes = [Attribute("uid", [name_id])]
        member = log_in(server, idp, f"_{len(seen)}", name_id=name_id, attributes=attributes)
        headers = told(server, backend, member)
        assert headers["X-User"] not in seen, f"{name} is taken for {seen[headers['X-User']]}"
        seen[headers["X-User"]] = name
        assert headers["X-Uid"] != ADMIN
        assert json.loads(headers["X-All"]) == {"uid": [name_id]}
        assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(name_id, session_index=())))
        assert not is_in(server, member)
    assert is_in(server, admin)


def test_what_says_nothing_is_refused(server, idp, browser):
    for name_id in (" ", "\n\t", "\N{NO-BREAK SPACE}"):
        page = idp.login(browser, server.url("/page.html"), Answer(name_id=name_id))
        assert page.status == 403 and "name_id_missing" in page.text
