"""nginx replaced while it runs, and back again, with memcached: under load no request fails, no session is lost."""

import shutil
import threading
from pathlib import Path

import pytest

from harness.browser import Browser
from harness.crowd import CROWD_IDP
from harness.logout import LogoutRequest, assert_success, send
from harness.members import PAGE, assert_all_workers, is_in, log_in
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        replicas 2;
        cache_valid 0s;
        zone saml_sessions 16m;
        secret session.key;
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        session_store shared;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture
def upgrading(generations, memcacheds, installed):
    nodes = " ".join(node.address for node in memcacheds(2))
    return generations(CONF, files=SECRET, NODES=nodes, MODULE=str(installed))


def install(module: str, installed: Path) -> None:
    """As `install` does: a new file under the old name."""
    fresh = installed.with_suffix(".new")
    shutil.copy(module, fresh)
    fresh.rename(installed)


class Load:
    """Members who read, and people who log in, each request by a connection of its own."""

    def __init__(self, server, idp):
        self.server, self.idp = server, idp
        self.stop = threading.Event()
        self.failures, self.members = [], []
        self.pages = self.logins = 0
        works = (self.read, self.read, self.log_in)
        self.threads = [threading.Thread(target=self.guarded, args=(work,)) for work in works]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def guarded(self, work) -> None:
        try:
            work()
        except Exception as error:  # a broken connection is what this test looks for
            self.failures.append(repr(error))

    def read(self) -> None:
        browser = log_in(self.server, self.idp)
        self.members.append(browser)
        while not self.stop.is_set():
            page = browser.get(self.server.url(PAGE), headers={"Connection": "close"})
            self.pages += 1
            if page.status != 200:
                self.failures.append(("page", page.status))

    def log_in(self) -> None:
        while not self.stop.is_set():
            browser = Browser()
            browser.session.headers["Connection"] = "close"
            page = self.idp.login(browser, self.server.url(PAGE))
            self.logins += 1
            self.members.append(browser)
            if page.status != 303 or browser.get(page.location).status != 200:
                self.failures.append(("login", page.status, page.text))

    def goes_on(self) -> None:
        """Some more of all that."""
        pages, logins = self.pages, self.logins
        self.server.wait_for(
            lambda: self.failures or (self.pages > pages + 100 and self.logins > logins + 5), "load"
        )


def test_there_and_back_and_there(upgrading, build, installed, idp):
    old = upgrading.master()
    with Load(upgrading.server, idp) as load:
        load.goes_on()
        install(build[0], installed)
        new = upgrading.replace()
        load.goes_on()
        upgrading.retire(old)
        load.goes_on()
        upgrading.revive(old)
        load.goes_on()
        upgrading.quit(new)
        load.goes_on()
        upgrading.server.wait_for(lambda: upgrading.master() == old, "the old one's name again")
        new = upgrading.replace()
        load.goes_on()
        upgrading.retire(old)
        upgrading.quit(old)
        load.goes_on()
        assert upgrading.master() == new
    assert not load.failures, load.failures[:5]
    assert len(load.members) > 35
    assert all(is_in(upgrading.server, member) for member in load.members), "no session is lost"


def test_old_and_new_hear_of_each_others_logouts(upgrading, idp):
    """While both take requests, and of those of the new one when the old one is taken back."""
    server, old = upgrading.server, upgrading.master()
    first, second = (log_in(server, idp, name, name_id=f"{name}@example.org") for name in "ab")
    new = upgrading.replace()
    for member in (first, second):
        assert_all_workers(server, member, True)
    assert_success(send(idp, server.url("/saml/sls"), of("a")))
    assert_all_workers(server, first, False)
    upgrading.retire(old)
    assert_success(send(idp, server.url("/saml/sls"), of("b")))
    upgrading.revive(old)
    upgrading.quit(new)
    for member in (first, second):
        assert_all_workers(server, member, False)


def of(name: str) -> LogoutRequest:
    return LogoutRequest(f"{name}@example.org", session_index=(name,))


def test_what_was_used_at_the_old_is_used_at_the_new(upgrading, idp, browser):
    server, old = upgrading.server, upgrading.master()
    request = idp.asked(browser.get(server.url(PAGE)))
    form = idp.form(request, Answer(in_response_to=None))
    assert Browser().post(request.acs_url, form).status == 303
    upgrading.replace()
    upgrading.retire(old)
    assert_refused(server, Browser().post(request.acs_url, form), "assertion_replayed")


def test_a_login_begins_at_the_old_and_ends_at_the_new(upgrading, idp, browser):
    server, old = upgrading.server, upgrading.master()
    request = idp.asked(browser.get(server.url(PAGE)))
    upgrading.replace()
    upgrading.retire(old)
    assert browser.post(request.acs_url, idp.form(request)).status == 303
    assert is_in(server, browser)
