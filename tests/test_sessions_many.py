"""`saml_sessions` goes through many sessions, and other requests to the same worker do not wait for it."""

import threading
import time

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.members import PAGE
from harness.operator import LOCATION, listed, order
from harness.site import site
from harness.wire import ask

CONF = site(
    main="worker_processes 1;",
    http="keepalive_requests 1000000; access_log off; saml_session_store sessions { zone saml_sessions 256m; }",
    idp="allow_unsolicited on;",
    sp="session_store sessions;",
    server=LOCATION,
)
SESSIONS = 100_000
#: Of all that nginx, Python and the machine do besides; the lock is held for some tenths of a millisecond.
PATIENCE = 0.25


@pytest.fixture
def idp():
    return CROWD_IDP


class Meanwhile:
    """Another client of the worker; how long it had to wait for each page."""

    def __init__(self, server, cookie: str):
        self.crowd, self.cookie, self.waits = Crowd(server), cookie, []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        while not self.over.is_set():
            begun = time.monotonic()
            assert self.crowd.status(self.cookie) == 200
            self.waits.append(time.monotonic() - begun)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.crowd.close()


@pytest.mark.slow
@pytest.mark.serial
def test_others_do_not_wait(nginx):
    server = nginx(CONF)
    crowd = Crowd(server)
    cookie = [crowd.enter(f"user{n}", f"_{n}") for n in range(SESSIONS)][0]
    with Meanwhile(server, cookie) as meanwhile:
        begun = time.monotonic()
        found = listed(server, name_id="nobody")
        whole = time.monotonic() - begun
        assert found["sessions"] == [] and found["next"] is None, "all of them were looked at"
        names, cursor = 0, ""
        while cursor is not None:
            found = listed(server, limit=500, cursor=cursor)
            names, cursor = names + len(found["sessions"]), found["next"]
    waits = sorted(meanwhile.waits)
    print(f"{whole:.2f} s for {SESSIONS} sessions, waits {waits[len(waits) // 2]:.4f} {waits[-1]:.4f} s")
    assert names == SESSIONS
    assert len(waits) > 20 and waits[-1] < PATIENCE, waits[-5:]
    begun = time.monotonic()
    order(server, "end_all")
    assert time.monotonic() - begun < 1, "it does not go through them"
    assert crowd.status(cookie) == 302
    crowd.close()
    assert ask(server, PAGE).status in (302, 401)
