"""A handler's location belongs to that handler alone, and has a name that IdPs can write down."""

import re

import pytest

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        auth_saml app;
        location = @ACS_PATH@ { saml_acs app; @ACS@ }
        location = /saml/login {
            @LOGIN@
        }
        location = /saml/metadata { saml_metadata app; @METADATA@ }
        location / { }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "backend"; }
    }
}
"""
PLAIN = {"ACS_PATH": "/saml/acs", "ACS": "", "LOGIN": "saml_login app;", "METADATA": ""}


@pytest.mark.parametrize(
    "lines",
    [
        "saml_login app; proxy_pass http://127.0.0.1:@PORT2@;",
        "proxy_pass http://127.0.0.1:@PORT2@; saml_login app;",
        "saml_login app; stub_status;",
        "stub_status; saml_login app;",
        "saml_login app; fastcgi_pass 127.0.0.1:@PORT2@;",
        "saml_login app; if ($arg_x) { proxy_pass http://127.0.0.1:@PORT2@; }",
        "saml_login app; limit_except POST { proxy_pass http://127.0.0.1:@PORT2@; }",
    ],
)
def test_another_handler_is_a_mistake(prepared, lines):
    """Whichever nginx kept would answer a path that auth_saml leaves open."""
    server = prepared(CONF, **PLAIN)
    server.configure(CONF.replace("@LOGIN@", lines))
    number = next(
        n
        for n, line in enumerate((server.directory / "nginx.conf").read_text().splitlines(), 1)
        if "saml_login" in line
    )
    good, output = server.test()
    assert not good
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert "saml_login" in line and "own location" in line, line
    assert f"nginx.conf:{number}" in line, line


@pytest.mark.parametrize(
    "path",
    [
        "'/saml/a\"cs'",
        "'/saml/a cs'",
        "'/saml/a\ncs'",
        "'/saml/a\\\\cs'",
        "/saml/åcs",
        "'/saml/<acs>'",
        "'/saml/acs?x'",
    ],
)
def test_a_path_that_urls_cannot_carry(prepared, path):
    good, output = prepared(CONF, **{**PLAIN, "ACS_PATH": path}).test()
    assert not good
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert re.search(r'"saml_acs".*no plain URL path.*nginx\.conf:\d+', line), line


def test_if_and_limit_except_are_still_the_handler(nginx, idp, browser):
    """Below `auth_saml` of the server: a login must not begin at the ACS."""
    server = nginx(
        CONF,
        **{
            "ACS_PATH": "/saml/acs",
            "ACS": "if ($request_method = POST) { set $x 1; }",
            "LOGIN": "saml_login app; if ($args) { add_header X-Args yes; }",
            "METADATA": "limit_except POST { allow all; }",
        },
    )
    request = idp.asked(browser.get(server.url("/saml/login?return=/page.html")))
    page = browser.post(request.acs_url, idp.form(request))
    assert (page.status, page.location) == (303, server.url("/page.html"))
    assert browser.get(page.location).status == 200
    browser.session.cookies.clear()
    assert "EntityDescriptor" in browser.read(server.url("/saml/metadata")).text
