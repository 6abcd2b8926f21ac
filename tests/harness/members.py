"""Members: a browser with a session each, and who of them is in."""

import time

from harness.browser import Browser
from harness.idp import Idp
from harness.nginx import Nginx
from harness.response import Answer

PAGE = "/page.html"

#: Connections go to any worker: of two, so many go to one alone once in half a billion times.
TO_ALL = range(30)


def log_in(server: Nginx, idp: Idp, session_index: str | None = "_session-1", **answer) -> Browser:
    """A new member; `answer` are fields of `Answer`."""
    browser = Browser().towards(server)
    page = idp.login(browser, server.url(PAGE), Answer(session_index=session_index, **answer))
    assert page.status == 303, f"{page.status}: {page.text}"
    return browser


def log_in_again(
    server: Nginx, idp: Idp, session_index: str | None = "_again", **answer
) -> Browser:
    """A login that is surely later than the logouts so far: instants are whole seconds."""
    return log_in(server, idp, session_index, issue_instant=2, **answer)


def await_age(server: Nginx, seconds: float) -> None:
    """So long ago nginx has started: what was issued before, and no login asked for, lets nobody in. An age is judged
    to one second."""
    time.sleep(max(0.0, server.started + seconds + 1 - time.monotonic()))


def is_in(server: Nginx, browser: Browser) -> bool:
    """What this host thinks of the session; anything but a page or a login is a failure."""
    page = browser.towards(server).get(server.url(PAGE), headers={"Connection": "close"})
    assert page.status in (200, 302), f"{page.status}: {page.text}"
    return page.status == 200


def who_is_in(server: Nginx, *browsers: Browser) -> list[bool]:
    return [is_in(server, browser) for browser in browsers]


def assert_all_workers(server: Nginx, browser: Browser, inside: bool, times: int = 24) -> None:
    """Connections of their own go to all workers sooner or later."""
    assert {is_in(server, browser) for _ in range(times)} == {inside}


def assert_out_within(server: Nginx, browser: Browser, seconds: float) -> None:
    """From then on it stays so."""
    deadline = time.monotonic() + seconds
    while is_in(server, browser):
        assert time.monotonic() < deadline, f"still in after {seconds} s"
        time.sleep(0.01)
    assert_all_workers(server, browser, False)
