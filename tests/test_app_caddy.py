"""Caddy in front of this nginx asks it by forward_auth: docs/apps.md's Caddyfile."""

import re
import shutil

import pytest

from harness.app_site import FORGED, lies
from harness.browser import Browser
from harness.members import log_in
from harness.nginx import ROOT, free_ports, wait_for_port
from harness.response import Attribute
from harness.wire import ask, cookie_header

CADDY = shutil.which("caddy")
pytestmark = pytest.mark.skipif(CADDY is None, reason="apt-get install caddy")
# No certificates, no port for administrators.
GLOBAL = "{\n    admin off\n    auto_https off\n}\n"
NAVIGATES = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
ATTRIBUTES = [Attribute("mail", ["alice.a@example.org"])]


class Front:
    """As an nginx is to the harness."""

    address = "127.0.0.1"

    def __init__(self, port: int):
        self.port = port

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def front(app_site, upstreams, tmp_path, run):
    (port,) = free_ports(1)
    inner = app_site(
        "forward-auth.conf", "/saml/auth", {}, sp="attribute mail mail;",
        server="include apps/forward-auth.conf;", public=port,
    )  # fmt: skip
    text = re.search(r"^```caddyfile\n(.*?)^```", (ROOT / "docs/apps.md").read_text(), re.M | re.S)[1]
    for old, new in (
        ("app.example.com {", f"http://127.0.0.1:{port} {{"),
        ("127.0.0.1:8082", f"127.0.0.1:{inner.port}"),
        ("127.0.0.1:3000", f"127.0.0.1:{upstreams['proxy'].port}"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "Caddyfile").write_text(GLOBAL + text)
    caddy = run(
        CADDY, "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile"),
        env={"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
    )  # fmt: skip
    wait_for_port(port, caddy, 60)
    return Front(port)


def test_a_login(front, upstreams, idp, browser):
    url = front.url("/reports/1?a=b&c=%2Fd")
    landed = idp.login(browser, url)
    assert (landed.status, landed.location) == (303, url)
    assert browser.get(url).status == 200
    heard = upstreams["proxy"].last()
    assert heard["REQUEST"].startswith("GET /reports/1?a=b&c=%2Fd ")
    assert heard["HTTP_X_REMOTE_USER"] == "alice@example.org"


def test_nothing_forged_arrives(front, upstreams, idp):
    names = ("HTTP_X_REMOTE_USER", "HTTP_X_REMOTE_MAIL", "HTTP_X_REMOTE_GROUPS")
    for attributes, mail in ((ATTRIBUTES, "alice.a@example.org"), ([], "")):
        _, session = cookie_header(log_in(front, idp, attributes=attributes), "saml_session")
        lie = [(name, FORGED) for name in ("X-Remote-User", "x-remote-mail", "X-REMOTE-GROUPS")]
        assert ask(front, "/reports/1", ("Cookie", f"theirs=1; {session}; more=2"), *lie).status == 200
        heard = upstreams["proxy"].last()
        assert [heard.get(name, "") for name in names] == ["alice@example.org", mail, ""]
        assert FORGED not in str(heard)
        # Of the session's cookie the name alone.
        assert re.fullmatch(r"theirs=1; (\w+=; )+more=2", heard["HTTP_COOKIE"])


def test_a_stranger(front, upstreams):
    assert Browser().get(front.url("/reports/1"), headers=NAVIGATES).status == 302
    said = [("X-Forwarded-Uri", "https://evil.example/"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Method", "GET")]
    for headers in ([], [("Cookie", "saml_session=" + "A" * 43)], lies([]), said):
        for method in ("GET", "POST", "PUT", "OPTIONS", "DELETE"):
            assert ask(front, "/reports/1", *headers, method=method).status == 401, (method, headers)
    assert upstreams["proxy"].asked == []


def test_a_logout_is_heard(front, idp, browser):
    idp.login(browser, front.url("/reports/1"))
    assert browser.get(front.url("/reports/1")).status == 200
    browser.get(front.url("/saml/logout"), headers={"Sec-Fetch-Site": "same-origin"})
    assert browser.get(front.url("/reports/1")).status == 302
