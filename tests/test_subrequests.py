"""Subrequests: they know the user, and they are no way in."""

import pytest

from harness.browser import Browser

CONF = """
worker_processes 1;
events {}
http {
    include /etc/nginx/mime.types;
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
        location /open { auth_saml off; }
        location /proxied {
            proxy_set_header X-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
        location /subrequest {
            auth_request /check;
            auth_request_set $who $upstream_http_x_who;
            add_header X-Who $who;
            try_files /page.html =404;
        }
        location = /check {
            internal;
            proxy_set_header X-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@/check;
        }
        location /open-subrequest { auth_saml off; auth_request /guard; try_files /page.html =404; }
        location = /guard { internal; try_files /page.html =404; }
        location /ssi { ssi on; try_files /ssi.html =404; }
        location /added { add_after_body /open/tail.html; try_files /page.html =404; }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { add_header X-Who $http_x_user; return 200 "$request_method $request_uri $http_x_user"; }
    }
}
"""
FILES = {
    "html/open/tail.html": "tail\n",
    "html/ssi.html": 'I am <!--# echo var="saml_name_id" -->, '
    '<!--# include virtual="/proxied/x" -->\n',
}


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.mark.parametrize("path", ["/subrequest", "/ssi", "/added"])
def test_strangers(server, path):
    page = Browser().get(server.url(path))
    assert page.status == 302
    assert "a page" not in page.text


def test_a_guard_by_subrequest_does_not_let_strangers_in(server):
    """nginx runs no access phase in subrequests: the module asks for the session by itself."""
    page = Browser().get(server.url("/open-subrequest"))
    assert page.status == 401
    assert "a page" not in page.text and not page.set_cookie


def test_a_guard_by_subrequest_lets_members_in(server, idp):
    member = Browser()
    idp.login(member, server.url("/page.html"))
    page = member.get(server.url("/open-subrequest"))
    assert (page.status, page.text) == (200, "a page\n")


def test_members(server, idp):
    member = Browser()
    idp.login(member, server.url("/page.html"))
    assert member.get(server.url("/subrequest")).headers["X-Who"] == "alice@example.org"
    page = member.get(server.url("/ssi"))
    assert page.text == "I am alice@example.org, GET /proxied/x alice@example.org\n"
    assert member.get(server.url("/added")).text == "a page\ntail\n"
