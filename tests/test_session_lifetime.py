"""How long a session lives: session_lifetime, idle timeout, SessionNotOnOrAfter."""

import datetime
import time

import pytest

from harness.response import Answer
from harness.site import site

CONF = site(
    idp="clock_skew 0s;",
    keys=False,
    sp="""
        session_lifetime @LIFETIME@;
        session_idle_timeout @IDLE@;
    """,
    location="add_header X-Expires $saml_session_expires;",
)

pytestmark = pytest.mark.slow


def status(browser, server) -> int:
    return browser.get(server.url("/page.html")).status


def test_ends_after_the_lifetime_however_busy(nginx, idp, browser):
    server = nginx(CONF, LIFETIME="3s", IDLE="off")
    idp.login(browser, server.url("/page.html"))
    began = time.monotonic()
    while time.monotonic() - began < 2:
        assert status(browser, server) == 200
        time.sleep(0.2)
    time.sleep(2)
    assert status(browser, server) == 302


def test_ends_when_idle(nginx, idp, browser):
    server = nginx(CONF, LIFETIME="1h", IDLE="3s")
    idp.login(browser, server.url("/page.html"))
    assert status(browser, server) == 200
    time.sleep(4.5)
    assert status(browser, server) == 302


def test_goes_on_when_used(nginx, idp, browser):
    server = nginx(CONF, LIFETIME="1h", IDLE="3s")
    idp.login(browser, server.url("/page.html"))
    for _ in range(7):
        time.sleep(1)
        assert status(browser, server) == 200


def test_ends_when_the_idp_says(nginx, idp, browser):
    server = nginx(CONF, LIFETIME="1h", IDLE="off")
    idp.login(browser, server.url("/page.html"), Answer(session_not_on_or_after=3))
    assert status(browser, server) == 200
    time.sleep(4)
    assert status(browser, server) == 302


def test_the_idp_cannot_lengthen_it(nginx, idp, browser):
    server = nginx(CONF, LIFETIME="2s", IDLE="off")
    idp.login(browser, server.url("/page.html"), Answer(session_not_on_or_after=3600))
    assert status(browser, server) == 200
    time.sleep(3.5)
    assert status(browser, server) == 302


def test_the_end_is_told(nginx, idp, browser):
    server = nginx(CONF, LIFETIME="1h", IDLE="off")
    idp.login(browser, server.url("/page.html"))
    expires = browser.get(server.url("/page.html")).headers["X-Expires"]
    end = datetime.datetime.fromisoformat(expires.replace("Z", "+00:00"))
    assert abs(end.timestamp() - time.time() - 3600) < 5
