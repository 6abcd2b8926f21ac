"""Protected locations as subrequests: without a session they give nothing away and say 401."""

import pytest

from harness.browser import Browser
from harness.response import Answer
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
    saml_sp other {
        base_url http://127.0.0.1:@PORT@;
        entity_id https://other.example.org;
        idp corp;
        cookie_name other;
    }
    log_format who '$request_uri [$saml_name_id]';
    access_log who.log who;
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location = /other/acs { saml_acs other; }

        location / { auth_saml app; }
        location /secret { auth_saml app; proxy_pass http://127.0.0.1:@PORT2@; }
        location /class {
            auth_saml app;
            auth_saml_authn_context TimeSyncToken;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
        location = /guard { internal; auth_saml app; proxy_pass http://127.0.0.1:@PORT2@/; }
        location = /other-guard { internal; auth_saml other; proxy_pass http://127.0.0.1:@PORT2@/; }
        location = /optional-guard {
            internal;
            auth_saml app;
            auth_saml_mode optional;
            proxy_set_header X-User "[$saml_name_id]";
            proxy_pass http://127.0.0.1:@PORT2@/;
        }
        location = /other-optional {
            auth_saml other;
            auth_saml_mode optional;
            proxy_set_header X-User "[$saml_name_id|$saml_authenticated]";
            proxy_pass http://127.0.0.1:@PORT2@/;
        }
        location /by-guard { auth_request /guard; try_files /page.html =404; }
        location /by-other { auth_request /other-guard; try_files /page.html =404; }
        location /by-optional {
            auth_request /optional-guard;
            auth_request_set $who $upstream_http_x_who;
            add_header X-Who $who;
            try_files /page.html =404;
        }

        location = /unguarded {
            internal;
            proxy_set_header X-User "[$saml_name_id]";
            proxy_pass http://127.0.0.1:@PORT2@/;
        }
        location /asks {
            auth_saml app;
            auth_request /unguarded;
            auth_request_set $who $upstream_http_x_who;
            add_header X-Who $who;
            try_files /page.html =404;
        }
        location /both {
            auth_saml app;
            auth_request /other-guard;
            proxy_set_header X-User "[$saml_name_id]";
            proxy_pass http://127.0.0.1:@PORT2@/;
        }
        location /other-login { auth_saml other; try_files /page.html =404; }

        location /ssi { ssi on; }
        location /detour { try_files /nothing /secret; }
        location /missing { error_page 404 = /secret; }
        location /tail { add_after_body /secret; try_files /ssi/empty.html =404; }
        location /member { auth_saml app; ssi on; try_files /ssi/other.html =404; }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { add_header X-Who $http_x_user; return 200 "backend $http_x_user"; }
    }
}
"""
FILES = {
    f"html/ssi/{name}.html": f'before <!--# include virtual="{path}" wait="yes" --> after\n'
    for name, path in {
        "plain": "/secret",
        "index": "/secret",
        "file": "/page.html",
        "detour": "/detour",
        "missing": "/missing",
        "nested": "/ssi/plain.html",
        "class": "/class",
        "other": "/other-optional",
    }.items()
} | {"html/ssi/empty.html": "nothing\n"}
OPEN_PAGES = ["plain", "file", "detour", "missing", "nested", "class"]


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def member(server, idp):
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    return cookie_header(browser)


@pytest.mark.parametrize(
    "headers", [[("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")], [], [("Origin", "x")]]
)
def test_a_guard_refuses_strangers(server, headers):
    for path in ("/by-guard", "/by-other"):
        answer = ask(server, path, *headers)
        assert answer.status == 401, path
        assert "a page" not in answer.text
        assert not answer.all("Set-Cookie")


def test_a_preflight_is_no_way_past_a_guard(server):
    preflight = [("Origin", "https://x.example.org"), ("Access-Control-Request-Method", "PUT")]
    assert ask(server, "/by-guard", *preflight, method="OPTIONS").status == 401


def test_a_guard_lets_members_in(server, member):
    assert ask(server, "/by-guard", member).text == "a page\n"
    assert ask(server, "/by-other", member).status == 401, "not those of another SP"


def test_an_optional_guard_knows_who_is_there(server, member):
    assert ask(server, "/by-optional").all("X-Who") == ["[]"]
    assert ask(server, "/by-optional", member).all("X-Who") == ["[alice@example.org]"]


@pytest.mark.parametrize("name", OPEN_PAGES)
def test_an_open_page_shows_strangers_nothing(server, name):
    answer = ask(server, f"/ssi/{name}.html")
    assert answer.status == 200 and "before" in answer.text
    assert "backend" not in answer.text and "a page" not in answer.text


@pytest.mark.parametrize("name", OPEN_PAGES)
def test_an_open_page_shows_members_all(server, member, name):
    answer = ask(server, f"/ssi/{name}.html", member)
    found = "backend" in answer.text or "a page" in answer.text
    assert found == (name != "class"), answer.text


def test_a_subrequest_without_rules_knows_the_user_of_the_page(server, member):
    assert ask(server, "/asks", member).all("X-Who") == ["[alice@example.org]"]


def test_added_after_an_open_page(server, member):
    assert "backend" not in ask(server, "/tail").text
    assert "backend" in ask(server, "/tail", member).text


def test_the_user_of_one_sp_is_a_stranger_to_a_subrequest_of_another(server, member):
    assert "backend [|0]" in ask(server, "/member", member).text


@pytest.fixture
def member_of_both(server, idp):
    """alice at `app`, bob at `other`, in one browser."""
    browser = Browser()
    idp.login(browser, server.url("/page.html"))
    page = idp.login(browser, server.url("/other-login"), Answer(name_id="bob@example.org"))
    assert page.status == 303
    return cookie_header(browser)


def test_a_subrequest_does_not_change_who_the_page_is_for(server, member_of_both):
    answer = ask(server, "/both", member_of_both)
    assert (answer.status, answer.text) == (200, "backend [alice@example.org]")
    answer = ask(server, "/member", member_of_both)
    assert "backend [bob@example.org|1]" in answer.text
    server.wait_for(lambda: "/member [" in who(server), "the log")
    assert "/member [alice@example.org]" in who(server)


@pytest.mark.parametrize("path", ["/ssi/plain.html", "/ssi/"])
def test_an_open_page_stays_anonymous(server, member_of_both, path):
    """Whatever it includes: its own variables are empty, as without `auth_saml` they must be."""
    assert "backend" in ask(server, path, member_of_both).text
    server.wait_for(lambda: f"{path} [" in who(server), "the log")
    assert f"{path} [-]" in who(server)


def who(server) -> str:
    return (server.directory / "who.log").read_text()
