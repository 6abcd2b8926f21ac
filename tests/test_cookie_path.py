"""`cookie_path`: the session reaches only what lies below, so the logout must lie there."""

import re

import pytest

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://sp.example.org/entity;
        idp corp;
        cookie_path @PATH@;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        location = /saml/acs { saml_acs app; }
        location = @LOGOUT@ { saml_logout app; }
        location /app/ { auth_saml app; try_files /page.html =404; }
    }
}
"""


@pytest.mark.parametrize(
    "path, logout",
    [
        ("/app", "/saml/logout"),
        ("/app", "/application/logout"),
        ("/app", "/logout"),
        ("/app/", "/app"),
    ],
)
def test_a_logout_without_the_cookie(prepared, path, logout):
    good, output = prepared(CONF, PATH=path, LOGOUT=logout).test()
    assert not good
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert '"cookie_path"' in line and "saml_logout" in line and logout in line, line
    assert re.search(r"nginx\.conf:\d+", line), line


@pytest.mark.parametrize("path", ["/app", "/app/", "/"])
def test_a_logout_below_it_works(nginx, idp, browser, path):
    server = nginx(CONF, PATH=path, LOGOUT="/app/logout")
    idp.login(browser, server.url("/app/x"))
    assert browser.get(server.url("/app/x")).status == 200
    old = browser.session.cookies.get("saml_session", path=path)
    assert browser.get(server.url("/app/logout")).status == 200
    browser.session.cookies.set("saml_session", old, domain="127.0.0.1", path=path)
    assert browser.get(server.url("/app/x")).status == 302
