"""`saml_auth` for proxies that hand its answer to the browser: the login comes back to what they were asked for."""

import pytest

from harness.browser import Browser
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
