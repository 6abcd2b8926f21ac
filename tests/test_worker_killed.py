"""Workers are killed while people log in and out: nobody loses a session, nobody gets one back, nothing hangs."""

import contextlib
import os
import random
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from harness.browser import Browser
from harness.members import is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store here { zone sessions 4m; }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store here;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; access_log off; root html; }
    }
}
"""
#: Names the table's header (`MAGIC` in crates/zone/src/layout.rs), which says 48 bytes later whether a process is at it.
MAGIC = b"\x05lmasxgn"
BUSY = 48
#: Kills while the worker has the zone's lock and is at its table, and at any moment.
IN_HAND, ANY_TIME = 5, 15


class Life:
    """People who log in and out until it is enough; what they were told counts, and no more."""

    def __init__(self, server, idp):
        self.server, self.idp = server, idp
        self.inside, self.outside = [], []
        self.enough = threading.Event()
        self.threads = [threading.Thread(target=self.live, args=(number,)) for number in range(2)]

    def live(self, number: int) -> None:
        for turn in range(10_000):
            if self.enough.is_set():
                return
            browser = Browser()
            # Whoever's worker is killed hears nothing, and has no claim to anything.
            with contextlib.suppress(requests.RequestException):
                name = Answer(name_id=f"{number}-{turn}@example.org")
                page = self.idp.login(browser, self.server.url("/page.html"), name)
                assert page.status == 303, page.text
                if turn % 3:
                    self.inside.append(browser)
                else:
                    cookies = browser.session.cookies.copy()
                    browser.get(self.server.url("/saml/logout"))
                    browser.session.cookies.update(cookies)
                    self.outside.append(browser)

    def __enter__(self) -> "Life":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.enough.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "somebody waits for an answer"


def busy_address(worker: int) -> int:
    """Of the word that says whether a process is at the zone's table: the same in all that the master has forked."""
    maps = Path(f"/proc/{worker}/maps").read_text()
    with open(f"/proc/{worker}/mem", "rb", buffering=0) as memory:
        for start in re.findall(r"^(\w+)-\w+ rw-s .*/dev/zero", maps, re.M):
            memory.seek(int(start, 16))
            begin = memory.read(256 << 10)
            if MAGIC in begin:
                return int(start, 16) + begin.index(MAGIC) + BUSY
    raise AssertionError(f"no zone of sessions in {maps}")


def kill(server, worker: int) -> None:
    os.kill(worker, signal.SIGKILL)
    wait_for_another(server, worker)


def wait_for_another(server, worker: int) -> None:
    server.wait_for(
        lambda: len(server.workers()) == 2 and worker not in server.workers(), "another worker"
    )


def kill_in_hand(server, busy: int, steps: int) -> bool:
    """Lets a worker run until it is at the table, and some instructions more. Is it there still when it is killed?"""
    worker = server.workers()[0]
    word = f"*(unsigned int *) {busy:#x}"
    orders = [f"watch {word} if {word} == 1", "continue", f"stepi {steps}", f"print {word}", "kill"]
    gdb = ["gdb", "-nx", "-q", "-batch", "-iex", "set auto-solib-add off", "-p", str(worker)]
    gdb += [word for order in orders for word in ("-ex", order)]
    done = subprocess.run(gdb, capture_output=True, text=True, timeout=30, check=False)
    wait_for_another(server, worker)
    assert "$1 = " in done.stdout, done.stdout + done.stderr
    return "$1 = 1" in done.stdout


@pytest.mark.slow
@pytest.mark.serial
def test_workers_are_killed(nginx, idp):
    server = nginx(CONF)
    chance = random.Random(1)
    members = [log_in(server, idp, name_id=f"member{n}@example.org") for n in range(20)]
    request = idp.asked(Browser().get(server.url("/page.html")))
    form = idp.form(request, Answer(in_response_to=None, name_id="once@example.org"))
    form.pop("RelayState")
    assert Browser().post(request.acs_url, form).status == 303
    gone = log_in(server, idp, name_id="gone@example.org")
    token = gone.session.cookies["saml_session"]
    gone.get(server.url("/saml/logout"))

    in_hand = 0
    with Life(server, idp) as life:
        busy = busy_address(server.workers()[0])
        for turn in range(ANY_TIME):
            time.sleep(chance.random() / 5)
            kill(server, chance.choice(server.workers()))
            if turn % (ANY_TIME // IN_HAND) == 0:
                in_hand += kill_in_hand(server, busy, chance.randrange(1, 100))

    server.first_workers = server.workers()
    server.expected = ("exited on signal 9", 'zone "sessions" was locked by', 'zone "sessions" was repaired')
    for browser in members + life.inside:
        assert is_in(server, browser)
    gone.session.cookies.set("saml_session", token)
    for browser in [gone, *life.outside]:
        assert not is_in(server, browser)
    assert life.inside and life.outside
    assert_refused(server, Browser().post(request.acs_url, form), "assertion_replayed")
    assert is_in(server, log_in(server, idp, name_id="new@example.org"))
    repairs = re.findall(r'"sessions" was repaired: .*', server.error_log())
    assert len(repairs) >= in_hand > 0
    assert all(repair.endswith(" 0 in doubt dropped") for repair in repairs), repairs
