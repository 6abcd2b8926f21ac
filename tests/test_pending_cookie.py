"""The cookie of a login under way is sealed: only what this SP wrote counts."""

import base64

import pytest

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.site import site

CONF = site(
    http="saml_session_store store { zone store 1m; @SECRET@ }",
    keys=False,
    sp="session_store store;",
)
FILES = {"one.key": "1" * 64, "two.key": "2" * 64}


def pending(browser) -> tuple[str, str]:
    (cookie,) = [c for c in browser.session.cookies if "_request_" in c.name]
    return cookie.name, cookie.value


def test_it_tells_nothing(nginx, browser):
    server = nginx(CONF, SECRET="")
    browser.get(server.url("/page.html?secret=needle"))
    _, value = pending(browser)
    raw = base64.urlsafe_b64decode(value + "===")
    assert b"needle" not in raw and b"page" not in raw


@pytest.mark.parametrize("place", [0, 5, 20, 40, -20, -1])
def test_changed(nginx, idp, browser, place):
    server = nginx(CONF, SECRET="")
    request = idp.asked(browser.get(server.url("/page.html")))
    name, value = pending(browser)
    letters = list(value)
    letters[place] = "A" if letters[place] != "A" else "Q"
    page = Browser().post(
        request.acs_url, idp.form(request), headers={"Cookie": f"{name}={''.join(letters)}"}
    )
    assert_refused(server, page, "request_unknown")


def test_renamed(nginx, idp, browser):
    """The cookie of one login under the name of another."""
    server = nginx(CONF, SECRET="")
    browser.get(server.url("/page.html"))
    _, value = pending(browser)
    other = Browser()
    request = idp.asked(other.get(server.url("/page.html")))
    name, _ = pending(other)
    page = Browser().post(request.acs_url, idp.form(request), headers={"Cookie": f"{name}={value}"})
    assert_refused(server, page, "request_unknown")


@pytest.mark.parametrize(
    "before, after, status",
    [
        ("secret one.key;", "secret one.key;", 303),
        ("secret one.key;", "secret two.key one.key;", 303),
        ("secret one.key;", "secret two.key;", 400),
        ("", "", 303),
    ],
)
def test_secret_and_reload(nginx, idp, browser, before, after, status):
    """Rotation: logins under way end well while the old secret is still listed."""
    server = nginx(CONF, files=FILES, SECRET=before)
    request = idp.asked(browser.get(server.url("/page.html")))
    server.values["SECRET"] = after
    server.configure(CONF)
    server.reload()
    assert browser.post(request.acs_url, idp.form(request)).status == status


def test_secret_and_restart(nginx, idp, browser):
    """With a secret of its own a login survives even a restart."""
    server = nginx(CONF, files=FILES, SECRET="secret one.key;")
    request = idp.asked(browser.get(server.url("/page.html")))
    server.stop()
    server.start()
    assert browser.post(request.acs_url, idp.form(request)).status == 303
