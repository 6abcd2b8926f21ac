"""`auth_saml_cache_control`: what members get stays out of shared caches."""

import pytest

from harness.browser import Browser
from harness.wire import ask, cookie_header

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
        include saml-endpoints.conf;
        location / { }
        location /proxied { proxy_pass http://127.0.0.1:@PORT2@; }
        location /own { proxy_pass http://127.0.0.1:@PORT2@; }
        location /ssi { ssi on; try_files /ssi.html =404; }
        location /off { auth_saml_cache_control off; try_files /page.html =404; }
        location /none { auth_saml_cache_control no-store; try_files /page.html =404; }
        location /on { auth_saml_cache_control off;
            location /on/again { auth_saml_cache_control on; try_files /page.html =404; }
        }
        location /open { auth_saml off; try_files /page.html =404; }
        location /optional { auth_saml_mode optional; try_files /page.html =404; }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { return 200 "backend"; }
        location /own { add_header Cache-Control "max-age=60"; return 200 "backend"; }
    }
}
"""
FILES = {"html/ssi.html": '<!--# include virtual="/proxied" -->'}
OURS = "private, no-cache"


@pytest.fixture
def member(nginx, idp):
    """The Cache-Control headers of a path."""
    server = nginx(CONF, files=FILES)
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303

    def cache_control(path: str, with_session: bool = True) -> list[str]:
        answer = ask(server, path, *([cookie_header(browser)] if with_session else []))
        assert answer.status == 200, path
        return answer.all("Cache-Control")

    return cache_control


@pytest.mark.parametrize("path", ["/page.html", "/", "/proxied", "/ssi", "/on/again", "/optional"])
def test_once_on_what_members_get(member, path):
    assert member(path) == [OURS]


def test_beside_the_header_of_an_application(member):
    assert sorted(member("/own")) == ["max-age=60", OURS]


def test_off(member):
    assert member("/off") == []


def test_no_store(member):
    assert member("/none") == ["no-store"]


def test_not_on_what_is_for_all(member):
    assert member("/open") == []
    assert member("/open", with_session=False) == []
    assert member("/optional", with_session=False) == []
