"""Two SPs with one session cookie log each other's users out: `nginx -t` warns."""

import re

import pytest

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app { base_url https://app.example.com; entity_id app; idp corp; @APP@ }
    saml_sp wiki { base_url @WIKI_URL@; entity_id wiki; idp corp; @WIKI@ }
    server {
        listen 127.0.0.1:@PORT@;
        location = /saml/acs { saml_acs app; }
        location = /wiki/acs { saml_acs wiki; }
        location ~ /app { auth_saml app; }
        location ~ /wiki { auth_saml wiki; }
    }
}
"""
HERE = "https://app.example.com"


@pytest.mark.parametrize(
    "app, wiki_url, wiki",
    [
        ("", HERE, ""),
        ("", f"{HERE}:8443", ""),
        ("cookie_name x;", HERE, "cookie_name x;"),
        ("cookie_path /a;", HERE, "cookie_path /a;"),
    ],
)
def test_the_same_cookie(prepared, app, wiki_url, wiki):
    good, output = prepared(CONF, APP=app, WIKI_URL=wiki_url, WIKI=wiki).test()
    assert good, output
    (line,) = [line for line in output.splitlines() if "[warn]" in line]
    assert re.search(r'"(wiki|app)".*"(wiki|app)".*"cookie_name".*nginx\.conf:\d+', line), line


@pytest.mark.parametrize(
    "wiki_url, wiki",
    [
        (HERE, "cookie_name wiki;"),
        (HERE, "cookie_path /wiki;"),
        ("https://wiki.example.com", ""),
    ],
)
def test_different_cookies(prepared, wiki_url, wiki):
    good, output = prepared(CONF, APP="", WIKI_URL=wiki_url, WIKI=wiki).test()
    assert good and "[warn]" not in output, output
