"""nginx-conf/apps/forward-auth*.conf: an nginx without the module asks one that has it."""

import re

import pytest

from harness.app_site import FORGED, lies
from harness.browser import Browser
from harness.members import log_in
from harness.nginx import ROOT
from harness.response import Attribute
from harness.wire import ask, cookie_header

# The map as docs/apps.md has it.
MAP = re.search(r"^map \$http_cookie \$sso_cookie \{\n.*?^\}$", (ROOT / "docs/apps.md").read_text(), re.M | re.S)
OTHER = f"""
events {{}}
http {{
    {MAP and MAP[0]}
    server {{
        listen 127.0.0.1:@PORT@;
        location = /page.html {{ proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:@SP@; }}
        include apps/forward-auth-client.conf;
    }}
}}
"""


@pytest.fixture
def front(app_site, prepared, upstreams):
    """The other nginx, whose address browsers know; the one with the module is behind it."""
    other = prepared(OTHER, SP="0")
    inner = app_site(
        "forward-auth.conf", "/saml/auth", {}, sp="attribute mail mail;",
        server="include apps/forward-auth.conf;", public=other.port,
    )  # fmt: skip
    client = other.directory / "apps" / "forward-auth-client.conf"
    text = client.read_text().replace("127.0.0.1:8082", f"127.0.0.1:{inner.port}").replace(" $host;", " $http_host;")
    client.write_text(text.replace("127.0.0.1:3000", f"127.0.0.1:{upstreams['proxy'].port}"))
    other.values["SP"] = str(inner.port)
    other.configure(OTHER)
    yield other.start()
    other.finish()


def test_a_login(front, upstreams, idp, browser):
    """The address that was asked for is the one that is come back to, its query whole."""
    url = front.url("/reports/1?a=b&c=%2Fd")
    landed = idp.login(browser, url)
    assert (landed.status, landed.location) == (303, url)
    assert browser.get(url).status == 200
    heard = upstreams["proxy"].last()
    assert heard["REQUEST"] == "GET /reports/1?a=b&c=%2Fd HTTP/1.0"
    assert heard["HTTP_X_REMOTE_USER"] == "alice@example.org"


def test_nothing_forged_arrives(front, upstreams, idp):
    alice = log_in(front, idp, attributes=[Attribute("mail", ["alice.a@example.org"])])
    _, session = cookie_header(alice, "saml_session")
    for cookie in (f"theirs=1; {session}; more=2", f"{session}; theirs=1", f"theirs=1; {session}", session):
        assert ask(front, "/reports/1", ("Cookie", cookie), *lies([])).status == 200
        heard = upstreams["proxy"].last()
        assert heard["HTTP_X_REMOTE_MAIL"] == "alice.a@example.org"
        assert FORGED not in str(heard) and "saml_session=" not in str(heard)
        assert ("theirs=1" in str(heard)) == ("theirs" in cookie)


def test_a_stranger(front, upstreams):
    assert Browser().get(front.url("/reports/1")).status == 302
    for headers in ([], [("Cookie", "saml_session=" + "A" * 43)], lies([]), [("Upgrade", "websocket"), ("Connection", "upgrade")]):
        for method in ("GET", "POST", "PUT", "OPTIONS", "DELETE"):
            answer = ask(front, "/reports/1", *headers, method=method)
            assert answer.status in (302, 401, 403, 405), (method, answer.status)
    # Not to be asked from outside: it would tell whoever has a cookie who that is, and nobody else.
    assert ask(front, "/saml/auth").status == 404
    assert upstreams["proxy"].asked == []


def test_a_logout_is_heard(front, idp, browser):
    idp.login(browser, front.url("/reports/1"))
    assert browser.get(front.url("/reports/1")).status == 200
    browser.get(front.url("/saml/logout"), headers={"Sec-Fetch-Site": "same-origin"})
    assert browser.get(front.url("/reports/1")).status == 302
