"""What `return 200` in a protected location costs other rewrites: nothing; and each visit to a
location is let in anew."""

import pytest

from harness.browser import Browser
from harness.wire import ask

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
        include saml-endpoints.conf;
        location = /who { auth_saml app; return 200 "secret"; }

        location /twice {
            auth_saml app;
            auth_saml_preflight pass;
            error_page 405 =200 /twice/secret;
            if ($uri = /twice/secret) { return 200 "secret"; }
        }
    }
    # no location takes a request here
    server {
        listen 127.0.0.1:@PORT2@;
        root html;
        rewrite ^/(.*)$ /sub/$1;
        add_header X-Uri $uri always;
    }
}
"""
FILES = {"html/sub/page.html": "a page below\n"}


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


def test_rewrites_of_a_server_without_locations_run_once(server):
    page = Browser().get(f"http://127.0.0.1:{server.ports[1]}/page.html")
    assert (page.status, page.headers["X-Uri"], page.text) == (200, "/sub/page.html", "a page below\n")


def test_a_redirect_back_is_another_visit(server):
    """The preflight is let in, and the error page is asked for by a GET."""
    headers = ("Origin", "https://spa.example.com"), ("Access-Control-Request-Method", "GET")
    answer = ask(server, "/twice", *headers, method="OPTIONS")
    assert "secret" not in answer.text, answer.status
