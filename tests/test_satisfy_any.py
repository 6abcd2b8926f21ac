"""`satisfy any`: a login is asked for when no other module of nginx has let the client in."""

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
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /either {
            satisfy any;
            auth_saml app;
            auth_request /ask;
            try_files /page.html =404;
        }
        location /basic {
            satisfy any;
            auth_saml app;
            auth_basic realm;
            auth_basic_user_file users;
            try_files /page.html =404;
        }
        location /three {
            satisfy any;
            deny all;
            auth_saml app;
            auth_basic realm;
            auth_basic_user_file users;
            auth_request /ask;
            try_files /page.html =404;
        }
        location /both {
            satisfy all;
            auth_saml app;
            auth_request /ask;
            try_files /page.html =404;
        }
        location = /ask {
            internal;
            if ($request_uri ~ key=good) { return 204; }
            if ($request_uri ~ key=bad) { return 403; }
            return 401;
        }
    }
}
"""
# openssl passwd -apr1 -salt saltsalt pass
FILES = {"users": "carol:$apr1$saltsalt$xx013OFx2cRtDjpNeiZXf.\n"}
BASIC = ("Authorization", "Basic Y2Fyb2w6cGFzcw==")
PERSON = ("Accept", "text/html")


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def member(server, idp):
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    return cookie_header(browser)


@pytest.mark.parametrize("path", ["/either", "/three"])
def test_auth_request_may_grant(server, path):
    assert ask(server, f"{path}?key=good", PERSON).text == "a page\n"


@pytest.mark.parametrize("path", ["/basic", "/three"])
def test_a_password_may_grant(server, path):
    assert ask(server, path, PERSON, BASIC).text == "a page\n"


@pytest.mark.parametrize("path", ["/either", "/either?key=bad", "/basic", "/three", "/three?key=bad"])
def test_a_session_may_grant(server, member, path):
    assert ask(server, path, PERSON, member).text == "a page\n"


@pytest.mark.parametrize("path", ["/either", "/either?key=bad", "/basic", "/three?key=bad"])
def test_when_nothing_does_people_are_sent_to_the_login(server, path):
    answer = ask(server, path, PERSON)
    assert answer.status == 302 and "idp.example.org" in answer.headers["Location"]
    answer = ask(server, path, ("Accept", "application/json"))
    assert answer.status == 401 and "authentication_required" in answer.text
    assert "a page" not in answer.text


def test_all_means_all(server, member):
    assert ask(server, "/both?key=good", PERSON).status == 302
    assert ask(server, "/both?key=bad", PERSON, member).status == 403
    assert ask(server, "/both?key=good", PERSON, member).text == "a page\n"
