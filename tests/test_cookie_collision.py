"""Two SPs with one session cookie log each other's users out: `nginx -t` warns."""

import re

import pytest

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app { base_url @APP_URL@; entity_id app; idp corp; @APP@ }
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
HERE, THERE = "https://app.example.com", "https://wiki.example.com"
DOMAIN = "cookie_domain example.com;"


def warnings(prepared, app_url, app, wiki_url, wiki) -> list[str]:
    server = prepared(CONF, APP_URL=app_url, APP=app, WIKI_URL=wiki_url, WIKI=wiki)
    good, output = server.test()
    assert good, output
    return [line for line in output.splitlines() if "[warn]" in line and "plain http" not in line]


@pytest.mark.parametrize(
    "app, wiki_url, wiki",
    [
        ("", HERE, ""),
        ("", f"{HERE}:8443", ""),
        ("cookie_name x;", HERE, "cookie_name x;"),
        ("cookie_path /a;", HERE, "cookie_path /a;"),
        (DOMAIN, THERE, DOMAIN),
        (DOMAIN, THERE, "cookie_domain .Example.com;"),
        (DOMAIN, "https://example.com:8443", DOMAIN),
        (f"{DOMAIN} cookie_path /a;", THERE, f"{DOMAIN} cookie_path /a;"),
    ],
)
def test_the_same_cookie(prepared, app, wiki_url, wiki):
    (line,) = warnings(prepared, HERE, app, wiki_url, wiki)
    assert "use the same session cookie" in line
    assert re.search(r'"(wiki|app)".*"(wiki|app)".*"cookie_name".*nginx\.conf:\d+', line), line


@pytest.mark.parametrize(
    "app_url, app, wiki_url, wiki",
    [
        # A domain's cookie and a host's own; on https those of path / have different prefixes.
        (HERE, f"{DOMAIN} cookie_path /a;", THERE, "cookie_path /a;"),
        ("http://app.example.com", DOMAIN, "http://wiki.example.com", ""),
        ("http://app.example.com", "cookie_domain app.example.com;", "http://app.example.com", ""),
        # A domain and one below it.
        (HERE, DOMAIN, THERE, "cookie_domain wiki.example.com;"),
        (HERE, "cookie_domain app.example.com;", "https://x.app.example.com", DOMAIN),
        # A path and one below it.
        (HERE, "cookie_path /a;", HERE, "cookie_path /a/b;"),
        (HERE, f"{DOMAIN} cookie_path /a/b;", THERE, DOMAIN),
    ],
)
def test_two_cookies_of_one_name(prepared, app_url, app, wiki_url, wiki):
    (line,) = warnings(prepared, app_url, app, wiki_url, wiki)
    assert "browsers send both" in line
    assert re.search(r'"(wiki|app)".*"(wiki|app)".*"cookie_name".*nginx\.conf:\d+', line), line


@pytest.mark.parametrize(
    "wiki_url, wiki",
    [
        (HERE, "cookie_name wiki;"),
        (HERE, "cookie_path /wiki;"),
        (THERE, ""),
        (THERE, DOMAIN),
        ("https://notexample.com", ""),
    ],
)
def test_different_cookies(prepared, wiki_url, wiki):
    assert warnings(prepared, HERE, "", wiki_url, wiki) == []


@pytest.mark.parametrize(
    "app, wiki_url, wiki",
    [
        (DOMAIN, THERE, f"{DOMAIN} cookie_name wiki;"),
        (DOMAIN, "https://wiki.example.org", "cookie_domain example.org;"),
        (DOMAIN, "https://wiki.notexample.com", "cookie_domain notexample.com;"),
        ("cookie_domain app.example.com;", THERE, "cookie_domain wiki.example.com;"),
        (f"{DOMAIN} cookie_path /a;", THERE, f"{DOMAIN} cookie_path /b;"),
        (f"{DOMAIN} cookie_path /a;", THERE, f"{DOMAIN} cookie_path /ab;"),
    ],
)
def test_different_cookies_of_domains(prepared, app, wiki_url, wiki):
    assert warnings(prepared, HERE, app, wiki_url, wiki) == []
