"""`return 200` in a protected location: nginx answers it in the rewrite phase, and yet nobody gets it
without a session."""

import pytest

from harness.browser import Browser
from harness.wire import ask, cookie_header

CONF = """
events {}
http {
    limit_req_zone all zone=few:1m rate=1r/m;
    saml_idp corp { metadata idp.xml; }
    @STORE@
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        @USE@
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        auth_saml app;

        location = /who       { return 200 "secret of $saml_name_id"; }
        location = /no-body   { return 204; }
        location = /if        { if ($arg_x) { return 200 "secret"; } try_files /page.html =404; }
        location = /by-user   {
            if ($saml_name_id = alice@example.org) { return 200 "secret of alice"; }
            return 200 "secret of nobody";
        }
        location /nested/     { location /nested/deep { return 200 "secret"; } }
        location /detour      { try_files /nothing /who; }
        location = /named     { try_files /nothing @named; }
        location @named       { return 200 "secret"; }
        location ""           { return 200 "secret"; }
        location = /odd       { return 150 "secret"; }
        location = /page      { error_page 404 =200 @named; return 404; }
        location = /rewritten { rewrite ^ /who last; }
        location = /few       { limit_req zone=few burst=1 nodelay; return 200 "secret"; }
        location = /denied    { deny all; return 200 "secret"; }
        location = /any       { satisfy any; allow all; return 200 "open"; }
        location = /any-not   { satisfy any; deny all; return 200 "secret"; }
        location = /optional  { auth_saml_mode optional; return 200 "[$saml_name_id]"; }
        location = /off       { auth_saml off; return 200 "open"; }

        location = /elsewhere { return 302 /who; }
        location = /missing   { return 404 "no such page"; }
        location = /moved     { rewrite ^ /off redirect; }

        location = /guard     { internal; return 204; }
        location = /guard-if  { internal; if ($arg_never) { return 403; } return 200 "yes"; }
        location /guarded     { auth_saml off; auth_request /guard; try_files /page.html =404; }
        location /guarded-if  { auth_saml off; auth_request /guard-if; try_files /page.html =404; }
        location = /included  { auth_saml off; ssi on; try_files /ssi.html =404; }
    }
}
"""
FILES = {"html/ssi.html": '<!--# include virtual="/who" -->\n'}
pytestmark = pytest.mark.smoke

SECRET = [
    "/who", "/no-body", "/if?x=1", "/if", "/by-user", "/nested/deep/x", "/detour", "/named", "/page",
    "/rewritten", "/few", "/any-not", "/of-no-name", "/odd",
]  # fmt: skip


@pytest.fixture(params=["zone", "memcached"])
def server(nginx, memcacheds, request):
    store, use = "", ""
    if request.param == "memcached":
        (node,) = memcacheds(1)
        store = f"saml_session_store s {{ memcached {node.address}; cache_valid 0; }}"
        use = "session_store s;"
    return nginx(CONF, files=FILES, STORE=store, USE=use)


@pytest.fixture
def member(server, idp):
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    return browser


@pytest.mark.parametrize("path", SECRET)
def test_strangers_are_sent_to_the_login(server, path):
    page = Browser().get(server.url(path))
    assert page.status == 302 and "idp.example.org" in page.location, f"{page.status} {page.text}"
    assert "secret" not in page.text and "a page" not in page.text


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_whatever_the_method(server, method):
    answer = ask(server, "/who", method=method, body=b"x" * 10 if method == "POST" else b"")
    assert answer.status in (302, 401) and "secret" not in answer.text


def test_a_login_comes_back_to_it(server, browser, idp):
    page = idp.login(browser, server.url("/who?a=b"))
    assert browser.get(page.location).text == "secret of alice@example.org"


def test_members_get_it(server, member):
    get = lambda path: member.get(server.url(path))  # noqa: E731
    assert get("/who").text == "secret of alice@example.org"
    assert get("/no-body").status == 204
    assert get("/if?x=1").text == "secret" and get("/if").text == "a page\n"
    assert get("/nested/deep/x").text == "secret"
    for path in ("/detour", "/rewritten"):
        assert get(path).text == "secret of alice@example.org", path
    assert get("/named").text == "secret" and get("/page").text == "secret"
    assert get("/any-not").text == "secret"
    assert member.request("HEAD", server.url("/who")).status == 200


def test_the_directives_see_who_is_there(server, member):
    assert member.get(server.url("/by-user")).text == "secret of alice"
    assert member.get(server.url("/optional")).text == "[alice@example.org]"
    assert Browser().get(server.url("/optional")).text == "[]"


def test_nginx_own_rules_hold_too(server, member):
    assert member.get(server.url("/denied")).status == 403
    assert Browser().get(server.url("/denied")).status == 403
    assert Browser().get(server.url("/any")).text == "open"
    assert Browser().get(server.url("/off")).text == "open"


def test_a_request_is_counted_once(server, member):
    assert [member.get(server.url("/few")).status for _ in range(3)] == [200, 200, 503]


def test_redirects_and_errors_give_nothing_away(server):
    stranger = Browser()
    assert stranger.get(server.url("/elsewhere")).location == server.url("/who")
    assert stranger.get(server.url("/moved")).location == server.url("/off")
    assert stranger.get(server.url("/missing")).status == 404


@pytest.mark.parametrize("path", ["/guarded", "/guarded-if"])
def test_a_guard_that_answers_by_itself(server, member, path):
    """`auth_request /guard;` with `location = /guard { auth_saml app; return 204; }`."""
    answer = ask(server, path)
    assert (answer.status, "a page" in answer.text) == (401, False)
    assert ask(server, path, cookie_header(member)).text == "a page\n"


def test_an_include_of_it(server, member):
    assert "secret" not in ask(server, "/included").text
    assert "secret of alice" in ask(server, "/included", cookie_header(member)).text


def test_a_return_of_the_server_is_warned_about(prepared):
    conf = CONF.replace("auth_saml app;\n", "auth_saml app;\n        return 200 secret;\n", 1)
    ok, said = prepared(conf, STORE="", USE="").test()
    assert ok and said.count('a "return" of the server answers before "auth_saml" is asked') == 1
    ok, said = prepared(CONF, STORE="", USE="").test()
    assert ok and "answers before" not in said, said
