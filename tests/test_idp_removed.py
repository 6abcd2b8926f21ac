"""An IdP that an SP no longer lists: its sessions end with the reload."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.refusal import assert_refused

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_idp gone { metadata gone.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        @SECOND@
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /optional {
            auth_saml app;
            auth_saml_mode optional;
            add_header X-User "[$saml_name_id]";
            try_files /page.html =404;
        }
    }
}
"""
GONE = Idp("https://gone.example.org", "https://gone.example.org/sso", credential=rsa_credential("gone"))  # fmt: skip


@pytest.fixture
def server(nginx):
    return nginx(CONF, files={"gone.xml": GONE.metadata()}, SECOND="idp gone;")


def remove(server) -> None:
    server.values["SECOND"] = ""
    server.configure(CONF)
    server.reload()


def test_its_sessions_enter_no_more(server, idp, browser):
    other = Browser()
    idp.login(other, server.url("/page.html"))
    GONE.login(browser, server.url("/saml/login?idp=gone"))
    assert browser.get(server.url("/page.html")).status == 200
    remove(server)
    for _ in range(6):
        assert browser.get(server.url("/page.html")).status == 302
        assert browser.get(server.url("/optional")).headers["X-User"] == "[]"
    assert other.get(server.url("/page.html")).status == 200, "those of the other IdP stay"


def test_its_logins_under_way_end_in_a_refusal(server, browser):
    request = GONE.asked(browser.get(server.url("/saml/login?idp=gone")))
    remove(server)
    assert_refused(server, browser.post(request.acs_url, GONE.form(request)), "idp_unknown")
