"""nginx replaced while it runs, with sessions in shared memory: the new one has a zone of its own, and the old one
keeps its."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, send
from harness.members import PAGE, assert_all_workers, is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    http="saml_session_store sessions { zone saml_sessions 1m; @SECRET@ }",
    idp="allow_unsolicited on;",
    sp="session_store sessions;",
)
FILES = {"session.key": "0123456789abcdef" * 4}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "SOAP"))


@pytest.fixture
def upgrading(generations):
    return generations(CONF, files=FILES, SECRET="secret session.key;")


def test_everybody_logs_in_again(upgrading, idp):
    server, old = upgrading.server, upgrading.master()
    before = log_in(server, idp)
    upgrading.replace()
    upgrading.retire(old)
    assert_all_workers(server, before, False)
    after = log_in(server, idp)
    upgrading.quit(old)
    assert_all_workers(server, after, True)


def test_while_both_take_requests_a_session_is_of_one_of_them(upgrading, idp):
    server = upgrading.server
    member = log_in(server, idp)
    upgrading.replace()
    server.wait_for(lambda: not is_in(server, member), "a worker of the new master")
    server.wait_for(lambda: is_in(server, member), "one of the old")


def test_who_goes_back_has_the_sessions_of_before(upgrading, idp):
    """Also those that a logout ended meanwhile, which the old one has not heard of."""
    server, old = upgrading.server, upgrading.master()
    member, leaving = (log_in(server, idp, name, name_id=f"{name}@example.org") for name in "ab")
    new = upgrading.replace()
    upgrading.retire(old)
    visitor = log_in(server, idp)
    send(idp, server.url("/saml/sls"), LogoutRequest("b@example.org", session_index=("b",)))
    assert_all_workers(server, leaving, False)
    upgrading.revive(old)
    upgrading.quit(new)
    assert_all_workers(server, visitor, False)
    assert_all_workers(server, member, True)
    assert_all_workers(server, leaving, True)


def test_each_of_them_knows_alone_what_was_used(upgrading, idp, browser):
    """An assertion is good once at each; with memcached, once at all."""
    server, old = upgrading.server, upgrading.master()
    request = idp.asked(browser.get(server.url(PAGE)))
    form = idp.form(request, Answer(in_response_to=None))
    upgrading.replace()
    upgrading.retire(old)
    assert Browser().post(request.acs_url, form).status == 303
    assert_refused(server, Browser().post(request.acs_url, form), "assertion_replayed")
    upgrading.revive(old)
    upgrading.quit(upgrading.master())
    assert Browser().post(request.acs_url, form).status == 303
    assert_refused(server, Browser().post(request.acs_url, form), "assertion_replayed")


def test_a_restart_forgets_what_was_used(nginx, idp, browser):
    """It is the browser that has the login's cookie that can bring an answer once more."""
    server = nginx(CONF, files=FILES, SECRET="secret session.key;")
    request = idp.asked(browser.get(server.url(PAGE)))
    form = idp.form(request)
    twin = Browser()
    twin.session.cookies.update(browser.session.cookies)
    assert browser.post(request.acs_url, form).status == 303
    server.stop()
    server.start()
    assert twin.post(request.acs_url, form).status == 303
    assert_refused(server, Browser().post(request.acs_url, form), "request_unknown")


@pytest.mark.parametrize("secret", ["secret session.key;", ""], ids=["a secret", "none"])
def test_a_login_under_way(generations, idp, browser, secret):
    """Ends at the new one by the `secret` file alone."""
    upgrading = generations(CONF, files=FILES, SECRET=secret)
    server, old = upgrading.server, upgrading.master()
    request = idp.asked(browser.get(server.url(PAGE)))
    upgrading.replace()
    upgrading.retire(old)
    page = browser.post(request.acs_url, idp.form(request))
    if secret:
        assert page.status == 303 and is_in(server, browser)
    else:
        assert_refused(server, page, "request_unknown")
