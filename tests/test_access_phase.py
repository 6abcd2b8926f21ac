"""Protection beside nginx's other features."""

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
        auth_saml app;                                  # all of it, the endpoints too
        include saml-endpoints.conf;

        location / { add_header X-Page-User $saml_name_id always; }
        location /open { auth_saml off; }
        location /optional { auth_saml_mode optional; add_header X-User "[$saml_name_id]"; }

        location /any-ok { satisfy any; allow all; try_files /page.html =404; }
        location /any-denied { satisfy any; deny all; try_files /page.html =404; }
        location /all-ok { satisfy all; allow all; try_files /page.html =404; }
        location /all-denied { satisfy all; deny all; try_files /page.html =404; }

        location /try { try_files $uri /page.html; }
        location /try-named { try_files $uri @fallback; }
        location @fallback { add_header X-User $saml_name_id; try_files /page.html =404; }
        location /missing { error_page 404 = /page.html; }
        location /open-to-closed { auth_saml off; rewrite ^ /page.html last; }
        location /closed-to-open { try_files /nothing /open/page.html; }
        location /own-401 { auth_saml_unauthenticated 401; error_page 401 = /open/login.html; }

        location /proxied {
            proxy_set_header X-User $saml_name_id;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
        location /early {
            set $early "[$saml_name_id]";
            add_header X-Early $early;
            add_header X-Late "[$saml_name_id]";
            try_files /page.html =404;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { add_header X-Who $http_x_user; return 200 "$request_method $request_uri $http_x_user"; }
    }
}
"""
FILES = {
    "html/open/page.html": "open\n",
    "html/open/login.html": "please log in\n",
    "html/optional/page.html": "optional\n",
    "html/dir/index.html": "index\n",
}

pytestmark = pytest.mark.smoke


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def member(server, idp):
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    return browser


def test_strangers(server):
    stranger = Browser()
    for path in (
        "/page.html", "/", "/dir/", "/any-denied", "/all-ok", "/try", "/try-named", "/missing",
        "/proxied/a", "/open-to-closed", "/closed-to-open", "/nothing",
    ):  # fmt: skip
        page = stranger.get(server.url(path))
        assert page.status == 302, f"{path}: {page.status} {page.text}"
        assert "a page" not in page.text
    assert stranger.get(server.url("/all-denied")).status in (302, 403)
    assert stranger.get(server.url("/open/page.html")).text == "open\n"
    assert stranger.get(server.url("/any-ok")).text == "a page\n"
    assert stranger.get(server.url("/optional/page.html")).headers["X-User"] == "[]"
    page = stranger.get(server.url("/own-401"))
    assert page.text == "please log in\n"


def test_members(server, member):
    for path in (
        "/page.html",
        "/any-ok",
        "/any-denied",
        "/all-ok",
        "/try",
        "/try-named",
        "/missing/x",
    ):
        page = member.get(server.url(path))
        assert page.text == "a page\n", f"{path}: {page.status} {page.text}"
    assert member.get(server.url("/all-denied")).status == 403
    assert member.get(server.url("/dir/")).text == "index\n"
    assert member.get(server.url("/closed-to-open")).text == "open\n"
    assert member.get(server.url("/open-to-closed")).text == "a page\n"
    assert member.get(server.url("/nothing")).status == 404
    assert member.get(server.url("/optional/page.html")).headers["X-User"] == "[alice@example.org]"


def test_variables_survive_redirects(server, member):
    """`try_files` to a named location, and an internal redirect to another one."""
    assert member.get(server.url("/try-named")).headers["X-User"] == "alice@example.org"
    assert member.get(server.url("/try/x")).headers["X-Page-User"] == "alice@example.org"
    assert member.get(server.url("/missing/x")).headers["X-Page-User"] == "alice@example.org"


def test_backends_learn_who_it_is(server, member):
    assert member.get(server.url("/proxied/a?b=c")).text == "GET /proxied/a?b=c alice@example.org"
    page = member.post(server.url("/proxied/a"), {"x": "y" * 50_000})
    assert page.text == "POST /proxied/a alice@example.org"


def test_variables_asked_too_early(server, member):
    """`set` runs before the access phase; later the value is there all the same."""
    page = member.get(server.url("/early"))
    assert page.headers["X-Late"] == "[alice@example.org]"
    assert page.headers["X-Early"] in ("[]", "[alice@example.org]")


def test_ranges_and_conditions(server, member):
    assert member.get(server.url("/page.html"), headers={"Range": "bytes=2-5"}).text == "page"
    etag = member.get(server.url("/page.html")).headers["ETag"]
    assert member.get(server.url("/page.html"), headers={"If-None-Match": etag}).status == 304


def test_pipelining_and_keepalive(server, member):
    statuses = [member.get(server.url("/page.html")).status for _ in range(200)]
    assert statuses == [200] * 200
