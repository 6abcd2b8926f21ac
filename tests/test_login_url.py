"""The `login_url` of a 401: whoever follows it can enter the location that gave it."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.message import NS
from harness.response import Answer

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_idp "corp & 2" { metadata corp2.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp "corp & 2";
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        auth_saml app;
        location / { }
        location /corp2 { auth_saml app "idp=corp & 2"; try_files /page.html =404; }
        location /fresh { auth_saml_force_authn on; try_files /page.html =404; }
        location /recent { auth_saml_force_authn 60s; try_files /page.html =404; }
        location /token {
            auth_saml_authn_context TimeSyncToken https://example.org/a?b&c comparison=minimum;
            try_files /page.html =404;
        }
        location /all {
            auth_saml app "idp=corp & 2";
            auth_saml_force_authn 60s;
            auth_saml_authn_context TimeSyncToken;
            try_files /page.html =404;
        }
    }
}
"""
CORP2 = Idp("https://corp2.example.org", "https://corp2.example.org/sso", credential=rsa_credential("corp2"))  # fmt: skip
TOKEN = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"
CLASSES = [("authn_context", TOKEN), ("authn_context", "https://example.org/a?b&c")]
LOCATIONS = {
    "/page.html": [],
    "/corp2": [("idp", "corp & 2")],
    "/fresh": [("force_authn", "1")],
    "/recent": [("force_authn", "1")],
    "/token": [*CLASSES, ("comparison", "minimum")],
    "/all": [
        ("idp", "corp & 2"),
        ("force_authn", "1"),
        ("authn_context", TOKEN),
        ("comparison", "exact"),
    ],
}
PROGRAM = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}


@pytest.fixture
def server(nginx):
    return nginx(CONF, files={"corp2.xml": CORP2.metadata()})


def login_url(server, browser, path: str) -> str:
    page = browser.get(server.url(path), headers=PROGRAM)
    assert page.status == 401
    return json.loads(page.text)["login_url"]


@pytest.mark.parametrize("path", LOCATIONS)
def test_it_carries_what_the_location_needs(server, path):
    url = urlsplit(login_url(server, Browser(), path))
    assert url._replace(query="").geturl() == server.url("/saml/login")
    assert parse_qsl(url.query) == LOCATIONS[path]


@pytest.mark.parametrize("path", LOCATIONS)
def test_its_login_enters_the_location(server, idp, browser, path):
    """Also for somebody who has an old session of the first IdP with a password."""
    idp.login(browser, server.url("/page.html"), Answer(authn_instant=-7200))
    wanted = LOCATIONS[path]
    url = login_url(server, Browser(), path)
    asked = CORP2 if ("idp", "corp & 2") in wanted else idp
    request = asked.asked(browser.get(url))
    assert (request.xml.get("ForceAuthn") == "true") == (("force_authn", "1") in wanted)
    classes = request.xml.findall(".//saml:AuthnContextClassRef", NS)
    assert [c.text for c in classes] == [v for name, v in wanted if name == "authn_context"]
    answer = Answer(authn_context=TOKEN) if classes else Answer()
    assert browser.post(request.acs_url, asked.form(request, answer)).status == 303
    assert browser.get(server.url(path)).status == 200
