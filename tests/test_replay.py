"""One Response logs in once, in the browser that asked for it."""

import time

from harness.browser import Browser
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(idp="@IDP@", keys=False, sp="request_lifetime 5s;")


def test_another_browser_cannot_use_it(nginx, idp, browser):
    server = nginx(CONF, IDP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    thief = Browser()
    page = thief.post(request.acs_url, idp.form(request))
    assert_refused(server, page, "request_unknown")
    assert thief.get(server.url("/page.html")).status == 302


def test_another_browsers_response_for_a_pending_login(nginx, idp):
    """Login CSRF: the attacker's own valid Response, given to a victim who is about to log in."""
    server = nginx(CONF, IDP="")
    attacker, victim = Browser(), Browser()
    attackers_request = idp.asked(attacker.get(server.url("/page.html")))
    victims_request = idp.asked(victim.get(server.url("/page.html")))
    form = idp.form(attackers_request, Answer(name_id="attacker@example.org"))
    page = victim.post(victims_request.acs_url, {**form, "RelayState": victims_request.relay_state})
    assert page.status >= 400
    assert victim.get(server.url("/page.html")).status == 302


def test_the_same_browser_goes_back_to_its_page(nginx, idp, browser):
    """The Back button: no error for the one who is in already."""
    server = nginx(CONF, IDP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request)
    assert browser.post(request.acs_url, form).status == 303
    again = browser.post(request.acs_url, form)
    assert (again.status, again.location) == (303, server.url("/page.html"))
    assert browser.get(server.url("/page.html")).status == 200


def test_after_logout_it_is_worth_nothing(nginx, idp, browser):
    server = nginx(CONF, IDP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request)
    browser.post(request.acs_url, form)
    browser.get(server.url("/saml/logout"))
    again = browser.post(request.acs_url, form)
    assert again.status == 303 and again.location == server.url("/page.html")
    assert "saml_session" not in again.headers.get("Set-Cookie", "")
    assert browser.get(server.url("/page.html")).status == 302


def test_stolen_with_the_request_cookie(nginx, idp, browser):
    """Even who has the request cookie as well comes too late: the assertion is claimed."""
    server = nginx(CONF, IDP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    thief = Browser()
    thief.session.cookies.update(browser.session.cookies)
    form = idp.form(request)
    assert browser.post(request.acs_url, form).status == 303
    page = thief.post(request.acs_url, form)
    assert_refused(server, page, "assertion_replayed")
    assert thief.get(server.url("/page.html")).status == 302


def test_unsolicited(nginx, idp, browser):
    server = nginx(CONF, IDP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None))
    assert_refused(server, Browser().post(request.acs_url, form), "unsolicited")


def test_unsolicited_when_allowed_once(nginx, idp, browser):
    server = nginx(CONF, IDP="allow_unsolicited on;")
    request = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None))
    form.pop("RelayState")
    first, second = Browser(), Browser()
    assert first.post(request.acs_url, form).status == 303
    assert first.get(server.url("/page.html")).status == 200
    assert_refused(server, second.post(request.acs_url, form), "assertion_replayed")


def test_too_late(nginx, idp, browser):
    server = nginx(CONF, IDP="")
    request = idp.asked(browser.get(server.url("/page.html")))
    time.sleep(6.5)
    page = browser.post(request.acs_url, idp.form(request))
    # The browser keeps the cookie for longer, so that it can be said what was wrong.
    assert_refused(server, page, "request_expired")
