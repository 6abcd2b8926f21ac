"""Strangers' cookies under our names: few are answered, and none is echoed that we did not make."""

import re

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
        location / { auth_saml app; root html; }
    }
}
"""
PREFIX = "saml_session_request_"
HTML = ("Accept", "text/html")


def flood() -> list[tuple[str, str]]:
    """810 cookies in three headers, as many as nginx reads."""
    return [
        ("Cookie", "; ".join(f"{PREFIX}{line}{n:03d}=x" for n in range(270))) for line in range(3)
    ]


def test_hundreds_get_few_answers(nginx):
    server = nginx(CONF)
    answer = ask(server, "/page.html", HTML, *flood())
    assert answer.status == 302
    assert 1 <= len(answer.all("Set-Cookie")) <= 20
    assert sum(map(len, answer.all("Set-Cookie"))) < 4096


def test_a_login_among_them_ends_well(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    name, own = cookie_header(browser, "_request_")
    browser.session.cookies.clear()
    junk = flood()[0][1]
    page = browser.post(request.acs_url, idp.form(request), headers={name: f"{junk}; {own}"})
    assert (page.status, page.location) == (303, server.url("/page.html"))
    assert len(page.set_cookie) <= 20


@pytest.mark.parametrize(
    "name", ["a b", "a\tb", "é", "<x>", '"', "a,b", "a\x01", "../a", "a%0d%0aX:y", "_", "-"]
)
def test_odd_names_are_never_echoed(nginx, name):
    server = nginx(CONF)
    odd = "; ".join(f"{PREFIX}{name}{n}=odd-value" for n in range(9))
    answer = ask(server, "/page.html", HTML, ("Cookie", odd))
    assert answer.status in (302, 400)
    for cookie in answer.all("Set-Cookie"):
        assert re.match(rf"{PREFIX}[A-Za-z0-9]+=", cookie), cookie
        assert "odd-value" not in cookie
    if answer.status == 302:
        assert len(answer.all("Set-Cookie")) == 1
