"""CORS preflights: nobody gets past the login by calling a request one."""

import pytest

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
        include saml-endpoints.conf;
        auth_saml app;
        auth_saml_cors_origin https://spa.example.org http://127.0.0.1:@PORT3@;

        location /      { proxy_pass http://127.0.0.1:@PORT2@; }
        location /off   { auth_saml_preflight off; proxy_pass http://127.0.0.1:@PORT2@; }
        location /answer { auth_saml_preflight answer; proxy_pass http://127.0.0.1:@PORT2@; }
        location /pass  { auth_saml_preflight pass; proxy_pass http://127.0.0.1:@PORT2@; }
        location /any   {
            satisfy any;
            deny all;
            auth_saml_preflight pass;
            proxy_pass http://127.0.0.1:@PORT2@;
        }
    }
    server {
        listen 127.0.0.1:@PORT2@;
        location / { add_header X-User "[$http_x_user]"; return 200 "backend $request_uri"; }
    }
}
"""
SPA = "https://spa.example.org"
PREFLIGHT = [("Origin", SPA), ("Access-Control-Request-Method", "PUT")]
FOREIGN = [
    ("Cookie", "a=b"),
    ("Authorization", "Bearer x"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-HTTP-Method", "DELETE"),
    ("X-Method-Override", "DELETE"),
    ("Upgrade", "websocket"),
]


@pytest.fixture
def server(nginx):
    return nginx(CONF)


@pytest.mark.parametrize("path", ["/x?delete=all", "/off", "/off/deep"])
def test_by_default_it_is_a_request_like_any_other(server, path):
    answer = ask(server, path, *PREFLIGHT, method="OPTIONS")
    assert (answer.status, "backend" in answer.text) == (401, False)


def test_the_module_answers_for_the_origins_that_it_knows(server):
    names = ("Access-Control-Request-Headers", "content-type, x-csrf-token")
    for origin in (SPA, f"http://127.0.0.1:{server.ports[2]}"):
        headers = [("Origin", origin), PREFLIGHT[1], names]
        answer = ask(server, "/answer", *headers, method="OPTIONS")
        assert (answer.status, answer.text) == (204, "")
        assert answer.all("Access-Control-Allow-Origin") == [origin]
        assert answer.all("Access-Control-Allow-Credentials") == ["true"]
        assert answer.all("Access-Control-Allow-Methods") == ["PUT"]
        assert answer.all("Access-Control-Allow-Headers") == [names[1]]
        assert answer.all("Vary") == ["Origin"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "null", "*", SPA + ".evil.org", SPA + "/", SPA.upper()]
)
def test_not_for_others(server, origin):
    answer = ask(server, "/answer", ("Origin", origin), PREFLIGHT[1], method="OPTIONS")
    assert answer.status == 401 and "backend" not in answer.text
    assert not answer.all("Access-Control-Allow-Origin")


@pytest.mark.parametrize(
    "header",
    [
        ("Access-Control-Request-Method", "PUT\x0bX: y"),
        ("Access-Control-Request-Method", "a b"),
        ("Access-Control-Request-Method", ""),
        ("Access-Control-Request-Headers", "x; y=<script>"),
        ("Access-Control-Request-Headers", "x," * 1000),
    ],
)
def test_nothing_odd_is_repeated(server, header):
    headers = [PREFLIGHT[0], ("Access-Control-Request-Method", "PUT"), header]
    if header[0] == "Access-Control-Request-Method":
        headers = [PREFLIGHT[0], header]
    answer = ask(server, "/answer", *headers, method="OPTIONS")
    assert answer.status in (400, 401)
    assert not answer.all("Access-Control-Allow-Origin") or answer.status == 401
    assert not answer.all("Access-Control-Allow-Methods")


def test_scripts_of_a_known_origin_may_read_the_401(server):
    answer = ask(server, "/x", ("Origin", SPA), ("Accept", "application/json"))
    assert answer.status == 401
    assert answer.all("Access-Control-Allow-Origin") == [SPA]
    answer = ask(server, "/x", ("Origin", "https://evil.example.org"), ("Accept", "*/json"))
    assert not answer.all("Access-Control-Allow-Origin")


def test_the_application_answers_when_told_so(server):
    answer = ask(server, "/pass?a=b", *PREFLIGHT, method="OPTIONS")
    assert (answer.status, answer.text) == (200, "backend /pass?a=b")
    empty = ask(server, "/pass", *PREFLIGHT, ("Content-Length", "0"), method="OPTIONS")
    assert empty.status == 200


def test_passing_is_no_grant(server):
    """With `satisfy any` somebody has to let it in."""
    assert ask(server, "/any", *PREFLIGHT, method="OPTIONS").status == 403


@pytest.mark.parametrize("path", ["/pass", "/answer", "/any"])
@pytest.mark.parametrize("foreign", FOREIGN, ids=[name for name, _ in FOREIGN])
def test_what_no_browser_sends_makes_it_none(server, path, foreign):
    answer = ask(server, path, *PREFLIGHT, foreign, method="OPTIONS")
    assert answer.status == 401 and "backend" not in answer.text


@pytest.mark.parametrize("path", ["/pass", "/answer", "/any"])
def test_a_body_makes_it_none(server, path):
    answer = ask(server, path, *PREFLIGHT, method="OPTIONS", body=b"abc")
    assert (answer.status, "backend" in answer.text) == (401, False)
    chunked = [*PREFLIGHT, ("Transfer-Encoding", "chunked")]
    answer = ask(server, path, *chunked, method="OPTIONS", body=b"3\r\nabc\r\n0\r\n\r\n")
    assert (answer.status, "backend" in answer.text) == (401, False)


@pytest.mark.parametrize("path", ["/pass", "/answer", "/any"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "options"])
def test_other_methods_are_none(server, path, method):
    answer = ask(server, path, *PREFLIGHT, ("Accept", "application/json"), method=method)
    assert answer.status in (400, 401, 405) and "backend" not in answer.text


@pytest.mark.parametrize("path", ["/pass", "/answer", "/any"])
@pytest.mark.parametrize("missing", [0, 1])
def test_half_a_preflight_is_none(server, path, missing):
    headers = [header for n, header in enumerate(PREFLIGHT) if n != missing]
    assert ask(server, path, *headers, method="OPTIONS").status == 401


@pytest.mark.parametrize("path", ["/x", "/pass", "/answer"])
def test_a_member_may_send_options(server, browser, idp, path):
    assert idp.login(browser, server.url("/page.html")).status == 303
    answer = ask(server, path, cookie_header(browser), method="OPTIONS")
    assert (answer.status, answer.text) == (200, f"backend {path}")


@pytest.mark.parametrize(
    "line, complaint",
    [
        ("auth_saml_preflight answer;", "has no origin to answer for"),
        ("auth_saml_preflight answer; auth_saml_cors_origin *;", 'invalid origin "*"'),
        ("auth_saml_cors_origin https://a.example.org/path;", "scheme, host and port only"),
        ("auth_saml_preflight on;", 'must be "off" or "answer" or "pass"'),
    ],
)
def test_mistakes(prepared, line, complaint):
    conf = CONF.replace("auth_saml_cors_origin https://spa.example.org http://127.0.0.1:@PORT3@;", "")
    conf = conf.replace("auth_saml_preflight answer;", "").replace("location /off ", line + " location /off ")
    ok, said = prepared(conf).test()
    assert not ok and complaint in said, said


def test_pass_is_warned_about_once(prepared):
    ok, said = prepared(CONF).test()
    assert ok and said.count('"auth_saml_preflight pass" lets OPTIONS requests') == 1, said
