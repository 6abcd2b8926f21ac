"""Strangers' cookies under our names: few are answered, and none is echoed that we did not make."""

import re

import pytest

from harness.site import site
from harness.wire import ask, cookie_header

CONF = site(keys=False)
HTML = ("Accept", "text/html")


def prefix(server) -> str:
    """What the names of this SP's cookies for logins under way begin with."""
    (cookie,) = ask(server, "/page.html", HTML).all("Set-Cookie")
    found = re.match(r"saml_session_request_[0-9a-f]{8}_", cookie)
    assert found, cookie
    return found.group()


def flood(server) -> list[tuple[str, str]]:
    """600 cookies in three headers, about as many as nginx reads."""
    name = prefix(server)
    return [
        ("Cookie", "; ".join(f"{name}{line}{n:03d}=x" for n in range(200))) for line in range(3)
    ]


def test_hundreds_get_few_answers(nginx):
    server = nginx(CONF)
    answer = ask(server, "/page.html", HTML, *flood(server))
    assert answer.status == 302
    assert 1 <= len(answer.all("Set-Cookie")) <= 20
    assert sum(map(len, answer.all("Set-Cookie"))) < 4096


def test_a_login_among_them_ends_well(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    name, own = cookie_header(browser, "_request_")
    browser.session.cookies.clear()
    junk = flood(server)[0][1]
    page = browser.post(request.acs_url, idp.form(request), headers={name: f"{junk}; {own}"})
    assert (page.status, page.location) == (303, server.url("/page.html"))
    assert len(page.set_cookie) <= 20


@pytest.mark.parametrize(
    "name", ["a b", "a\tb", "é", "<x>", '"', "a,b", "a\x01", "../a", "a%0d%0aX:y", "_", "-"]
)
def test_odd_names_are_never_echoed(nginx, name):
    server = nginx(CONF)
    ours = prefix(server)
    odd = "; ".join(f"{ours}{name}{n}=odd-value" for n in range(9))
    answer = ask(server, "/page.html", HTML, ("Cookie", odd))
    assert answer.status in (302, 400)
    for cookie in answer.all("Set-Cookie"):
        assert re.match(rf"{ours}[A-Za-z0-9]+=", cookie), cookie
        assert "odd-value" not in cookie
    if answer.status == 302:
        assert len(answer.all("Set-Cookie")) == 1
