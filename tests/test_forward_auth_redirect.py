"""`saml_auth` for proxies that hand its answer to the browser: the login comes back to what they were asked for."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import log_in
from harness.response import Answer
from harness.site import site
from harness.wire import ask

CONF = site(
    server="""
        location = /auth { auth_saml app; auth_saml_unauthenticated auto; saml_auth; }
        location = /always { auth_saml app; auth_saml_unauthenticated redirect; saml_auth; }
        location = /passive { auth_saml app; auth_saml_mode passive; auth_saml_unauthenticated auto; saml_auth; }
    """,
)
NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def land(server, idp, headers: dict[str, str], path: str = "/auth") -> str:
    """Where a browser is after a login that begins with this answer."""
    browser = Browser()
    begun = browser.get(server.url(path), headers={**NAVIGATES, **headers})
    assert begun.status == 302
    page = browser.post(server.url("/saml/acs"), idp.form(idp.asked(begun), Answer()))
    assert page.status == 303, page.text
    return page.location


def test_the_page_that_was_asked_for(server, idp):
    uri = "/reports/1?a=b&c=%2Fd"
    headers = {"X-Forwarded-Uri": uri, "X-Forwarded-Method": "GET"}
    assert land(server, idp, headers) == server.url(uri)
    assert land(server, idp, {"X-Forwarded-Uri": "/saml/x"}) == server.url("/saml/x")
    # Who does not say.
    assert land(server, idp, {}) == server.url("/")
    assert land(server, idp, {"X-Forwarded-Uri": ""}) == server.url("/")


HOSTILE = [
    "//evil.example/", "///evil.example", "/\\evil.example", "https://evil.example/", "@evil.example/", ".evil.example/",
    ":80@evil.example/", "evil.example", "\\\\evil.example", "?x", "javascript:alert(1)", "/\tevil", "/%0d%0aX: y",
    "/x" * 3000, "/ä€", "/saml/acs", "/saml/login?return=https://evil.example/", "/<script>", "/\"'",
]  # fmt: skip


@pytest.mark.parametrize("uri", HOSTILE)
def test_nowhere_else(server, idp, uri):
    """Whoever reaches the endpoint can say anything: they end at this site."""
    landed = land(server, idp, {"X-Forwarded-Uri": uri.encode()})
    assert landed.startswith(server.url("/")), landed
    assert not set(landed) & set("\r\n\t <>\"\\"), landed


def test_what_no_page_can_follow(server):
    for method, headers in (("POST", NAVIGATES), ("PUT", NAVIGATES), ("GET", {"Sec-Fetch-Mode": "cors"})):
        said = {"X-Forwarded-Uri": "/x", "X-Forwarded-Method": method}
        answer = ask(server, "/auth", *{**headers, **said}.items())
        assert answer.status == 401 and answer.all("Location") == [], method
    # Where the administrator says so.
    assert ask(server, "/always", ("X-Forwarded-Method", "PUT")).status == 302


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
@pytest.mark.parametrize("keep", ["off", "on"])
@pytest.mark.parametrize("path", ["/auth", "/always"])
def test_no_way_to_the_idp_looks_like_leave(nginx, binding, keep, path):
    """A page that sends a form to the IdP, or remembers a fragment, is no 2xx: the proxy would let in whoever gets it."""
    idp = Idp(binding=binding)
    conf = site(
        sp=f"keep_fragment {keep};",
        server="""
            location = /auth { auth_saml app; auth_saml_unauthenticated auto; saml_auth; }
            location = /always { auth_saml app; auth_saml_unauthenticated redirect; saml_auth; }
        """,
    )  # fmt: skip
    server = nginx(conf, files={"idp.xml": idp.metadata()})
    browser = Browser()
    begun = browser.get(server.url(path), headers={**NAVIGATES, "X-Forwarded-Uri": "/x?y"})
    assert begun.status in (302, 401)
    assert (begun.status == 401) == (keep == "on" or binding == "HTTP-POST")
    if keep == "off":
        page = browser.post(server.url("/saml/acs"), idp.form(idp.asked(begun), Answer()))
        assert page.location == server.url("/x?y")


PREFLIGHT = [("Origin", "https://spa.example"), ("Access-Control-Request-Method", "PUT")]


@pytest.mark.parametrize("answer", ["answer", "pass"])
def test_no_preflight_looks_like_leave(nginx, answer):
    """A proxy that asks by the method of the request would hand it to the application."""
    preflight = f"auth_saml_preflight {answer}; auth_saml_cors_origin https://spa.example;"
    server = nginx(site(server=f"{preflight} location = /auth {{ auth_saml app; saml_auth; }}"))
    assert ask(server, "/page.html", *PREFLIGHT, method="OPTIONS").status in (204, 405)
    assert ask(server, "/auth", *PREFLIGHT, method="OPTIONS").status == 401
    assert ask(server, "/auth", *PREFLIGHT, ("X-Forwarded-Method", "OPTIONS")).status == 401


@pytest.mark.parametrize("line", ["401 = /in.html", "401 403 =200 /in.html", "404 500 = @in"])
def test_an_error_page_that_lets_in_is_a_mistake(prepared, line):
    server = prepared(site(server=f"error_page {line}; location = /auth {{ auth_saml app; saml_auth; }}"))
    good, output = server.test()
    assert not good and '"error_page' in output and "lets in" in output
    # Its own page, and none of those above.
    own = "location = /auth { auth_saml app; saml_auth; error_page 401 /no-page; }"
    server.configure(site(server=f"error_page {line}; {own} location @in {{ return 200 in; }}"))
    good, output = server.test()
    assert good, output


def test_an_error_page_keeps_the_status(nginx):
    pages = "error_page 401 403 /in.html; location = /in.html { return 200 in; }"
    server = nginx(site(server=f"{pages} location = /auth {{ auth_saml app; saml_auth; }}"))
    answer = ask(server, "/auth")
    assert (answer.status, answer.text) == (401, "in")


def test_nobody_is_asked_passively(server):
    answer = ask(server, "/passive", *NAVIGATES.items(), ("X-Forwarded-Uri", "/x"))
    assert (answer.status, answer.all("Set-Cookie")) == (204, [])


def test_a_member(server, idp):
    browser = log_in(server, idp)
    answer = browser.get(server.url("/auth"), headers={**NAVIGATES, "X-Forwarded-Uri": "/x"})
    assert (answer.status, answer.headers["X-Remote-User"]) == (204, "alice@example.org")


HOSTS = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://a.example:@PORT@ http://b.example:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location = /auth { auth_saml app; auth_saml_unauthenticated auto; saml_auth; }
        location / { auth_saml app; root html; }
    }
}
"""


def test_the_host_that_was_asked_for(nginx):
    """Some proxies ask by this server's own name, and say the browser's beside."""
    server = nginx(HOSTS)
    for name in ("a.example", "b.example"):
        said = {"X-Forwarded-Host": f"{name}:{server.port}", "X-Forwarded-Uri": "/x"}
        answer = ask(server, "/auth", *{**NAVIGATES, **said}.items())
        assert answer.status == 302
        assert f"{name}%3A{server.port}" in answer.headers["Location"] or answer.all("Set-Cookie")
    for wrong in ("c.example", "a.example, b.example", f"a.example:{server.port + 1}", "[::1", ""):
        answer = ask(server, "/auth", *NAVIGATES.items(), ("X-Forwarded-Host", wrong))
        assert answer.status == 421, wrong
        assert "host_unknown" in answer.text
    # It is believed where a proxy asks, and nowhere else.
    answer = ask(server, "/page.html", *NAVIGATES.items(), ("X-Forwarded-Host", f"a.example:{server.port}"))
    assert answer.status == 421
