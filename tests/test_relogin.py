"""A login ends the session of before, though the POST comes without that session's cookie."""

from harness.browser import Browser
from harness.response import Answer
from harness.site import site
from harness.wire import cookie_header

CONF = site(keys=False)


def status_of(server, token: str) -> int:
    headers = {"Cookie": f"saml_session={token}"}
    return Browser().get(server.url("/page.html"), headers=headers).status


def log_in_again(server, idp, browser, answer: Answer = Answer()):
    """From a click on "log in" to the answer of the ACS, which sees no session's cookie."""
    request = idp.asked(browser.get(server.url("/saml/login?return=/page.html")))
    name, value = cookie_header(browser, "_request_")
    return Browser().post(request.acs_url, idp.form(request, answer), headers={name: value})


def test_the_old_session_ends(nginx, idp, browser):
    server = nginx(CONF)
    idp.login(browser, server.url("/page.html"))
    old = browser.session.cookies["saml_session"]
    assert status_of(server, old) == 200
    page = log_in_again(server, idp, browser)
    assert page.status == 303
    (new,) = [c.partition(";")[0] for c in page.set_cookie if c.startswith("saml_session=")]
    assert status_of(server, new.partition("=")[2]) == 200
    assert status_of(server, old) == 302


def test_a_login_that_fails_ends_nothing(nginx, idp, browser):
    server = nginx(CONF)
    idp.login(browser, server.url("/page.html"))
    old = browser.session.cookies["saml_session"]
    assert log_in_again(server, idp, browser, Answer(audience="other")).status == 403
    assert status_of(server, old) == 200


def test_other_sessions_stay(nginx, idp, browser):
    server = nginx(CONF)
    other = Browser()
    idp.login(other, server.url("/page.html"))
    idp.login(browser, server.url("/page.html"))
    assert log_in_again(server, idp, browser).status == 303
    assert other.get(server.url("/page.html")).status == 200
