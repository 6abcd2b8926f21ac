"""A virtual machine that was paused for hours goes on, and knows what time it is at its first turn."""

import contextlib
import http.client

import pytest

from harness.browser import Browser
from harness.fake_clock import frozen
from harness.members import PAGE, assert_all_workers
from harness.response import Answer

HOUR = 3600
PASSES = pytest.mark.parametrize("passes", [False, True], ids=["durations stood still", "durations went on"])


@pytest.fixture
def paused(clocked):
    """Starts a host; a `with` of what comes second pauses it, memcached too, for so many hours."""

    def start(passes: bool, **blocks: str):
        host = clocked(passes, **blocks)
        host.clock.followed_by()  # who stands still sees no time pass

        @contextlib.contextmanager
        def pause(hours: int):
            with frozen(host.server):
                for node in host.nodes:
                    node.freeze()
                yield
                host.clock.go(hours * HOUR)
                for node in host.nodes:
                    node.thaw()

        return host, pause

    return start


@PASSES
def test_what_has_ended_meanwhile_is_over(paused, idp, passes):
    """Also for the request that came while it slept, and is the first that it sees."""
    host, pause = paused(passes, sp="session_lifetime 2h; session_idle_timeout off;")
    member = host.log_in(idp)
    connection = http.client.HTTPConnection("127.0.0.1", host.server.port, timeout=30)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in member.session.cookies)
    with pause(3):
        connection.request("GET", PAGE, headers={"Cookie": cookies, "Sec-Fetch-Mode": "navigate"})
    assert connection.getresponse().status == 302
    connection.close()
    assert_all_workers(host.server, member, False, times=6)
    host.log_in(idp)


@PASSES
def test_what_has_not_goes_on(paused, idp, passes):
    host, pause = paused(passes, sp="session_lifetime 12h; session_idle_timeout 4h;")
    member = host.log_in(idp)
    for _ in range(3):
        with pause(3):
            pass
        assert_all_workers(host.server, member, True, times=6)
    host.log_in(idp)


@PASSES
def test_a_login_under_way(paused, idp, passes):
    """It took too long; what is used up stays so."""
    host, pause = paused(passes, idp="allow_unsolicited on;")
    browser = Browser()
    request = idp.asked(browser.get(host.server.url(PAGE)))
    long = {"not_on_or_after": 12 * HOUR, "confirmation_not_on_or_after": 12 * HOUR}
    used = idp.form(request, Answer(in_response_to=None, **long))
    assert Browser().post(request.acs_url, used).status == 303
    with pause(1):
        pass
    page = browser.post(request.acs_url, idp.form(request, host.clock.said(Answer())))
    assert page.status == 400 and "request_expired" in page.text, page.text
    page = Browser().post(request.acs_url, used)
    assert page.status >= 400 and "assertion_too_old" in page.text, page.text
    host.log_in(idp)
