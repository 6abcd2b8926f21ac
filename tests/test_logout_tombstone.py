"""A login that was on its way when its person was logged out is refused when it arrives."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import await_age, is_in, log_in_again
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(main="worker_processes 2;", idp="allow_unsolicited on;", listen="reuseport")
EARLIER = Answer(issue_instant=-3, session_index="_session-1")


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.mark.parametrize("session_index", [(), ("_session-1",), ("_x", "_session-1")])
@pytest.mark.parametrize("in_response_to", ["", None])
def test_the_late_login(nginx, idp, browser, session_index, in_response_to):
    server = nginx(CONF)
    await_age(server, 3)
    request = idp.asked(browser.get(server.url("/page.html")))
    late = idp.form(request, Answer(**{**vars(EARLIER), "in_response_to": in_response_to}))
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(session_index=session_index)))
    for reason in ("assertion_logged_out", "assertion_replayed"):
        page = browser.post(request.acs_url, late)
        assert_refused(server, page, reason)
        assert not is_in(server, browser)


def test_a_late_login_without_session_index(nginx, idp, browser):
    """Nothing tells it from those that were logged out."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    late = idp.form(request, Answer(issue_instant=-3, session_index=None))
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(session_index=("_x",))))
    assert_refused(server, browser.post(request.acs_url, late), "assertion_logged_out")


def test_an_older_logout_that_arrives_later(nginx, idp, browser):
    """It does not weaken the tombstone of the newer one."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    late = idp.form(request, Answer(issue_instant=-3))
    for instant in (0, -30):
        logout = LogoutRequest(session_index=(), issue_instant=instant)
        assert_success(send(idp, server.url("/saml/sls"), logout))
    assert_refused(server, browser.post(request.acs_url, late), "assertion_logged_out")


def test_another_session_index(nginx, idp, browser):
    """The phone was logged out; the login under way is the laptop's."""
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    answer = Answer(issue_instant=-3, session_index="_laptop")
    logout = LogoutRequest(session_index=("_phone",))
    assert_success(send(idp, server.url("/saml/sls"), logout))
    assert browser.post(request.acs_url, idp.form(request, answer)).status == 303
    assert is_in(server, browser)


def test_another_person(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    answer = Answer(issue_instant=-3, name_id="bob@example.org")
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(session_index=())))
    assert browser.post(request.acs_url, idp.form(request, answer)).status == 303
    assert is_in(server, browser)


@pytest.mark.parametrize("session_index", [(), ("_session-1",)])
def test_a_new_login_is_welcome(nginx, idp, session_index):
    """Also with the same SessionIndex (authentik's stays as long as its own session)."""
    server = nginx(CONF)
    for _ in range(3):
        assert_success(
            send(idp, server.url("/saml/sls"), LogoutRequest(session_index=session_index))
        )
        member = log_in_again(server, idp, "_session-1")
        assert is_in(server, member)


def test_after_a_reload(nginx, idp, browser):
    server = nginx(CONF)
    request = idp.asked(browser.get(server.url("/page.html")))
    late = idp.form(request, EARLIER)
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(session_index=())))
    server.reload()
    assert_refused(server, browser.post(request.acs_url, late), "assertion_logged_out")
    assert Browser().get(server.url("/page.html")).status == 302
