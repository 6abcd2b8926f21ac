"""Reload under way: no request fails, logins that began before end well, sessions stay."""

import threading

import pytest

from harness.browser import Browser
from harness.site import site

CONF = site(main="worker_processes 2;")


@pytest.mark.smoke
def test_sessions_and_logins_survive(nginx, idp, browser):
    server = nginx(CONF)
    idp.login(browser, server.url("/page.html"))
    other = Browser()
    request = idp.asked(other.get(server.url("/page.html")))
    server.reload()
    assert browser.get(server.url("/page.html")).status == 200
    assert other.post(request.acs_url, idp.form(request)).status == 303
    assert other.get(server.url("/page.html")).status == 200


@pytest.mark.slow
def test_reloads_under_load(nginx, idp):
    """Connections of their own: what a keep-alive client must retry is not ours to test."""
    server = nginx(CONF)
    stop = threading.Event()
    failures, counts = [], {"page": 0, "login": 0}

    def read():
        browser = Browser()
        idp.login(browser, server.url("/page.html"))
        while not stop.is_set():
            page = browser.get(server.url("/page.html"), headers={"Connection": "close"})
            counts["page"] += 1
            if page.status != 200:
                failures.append(("page", page.status))

    def login():
        while not stop.is_set():
            browser = Browser()
            browser.session.headers["Connection"] = "close"
            page = idp.login(browser, server.url("/page.html"))
            counts["login"] += 1
            if page.status != 303 or browser.get(page.location).status != 200:
                failures.append(("login", page.status, page.text))

    def guarded(work):
        try:
            work()
        except Exception as error:  # a broken connection is what this test looks for
            failures.append(repr(error))

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (read, read, login)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        server.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[:5]
    assert counts["page"] > 200 and counts["login"] > 10, counts


def test_a_bad_configuration_changes_nothing(nginx, idp, browser):
    server = nginx(CONF)
    idp.login(browser, server.url("/page.html"))
    workers = server.workers()
    server.configure(CONF.replace("idp corp;", "idp nobody;"))
    server.expected = "unknown IdP"
    assert server.test()[0] is False
    server.process.send_signal(1)
    server.wait_for(lambda: "unknown IdP" in server.error_log(), "the refusal")
    assert server.workers() == workers
    assert browser.get(server.url("/page.html")).status == 200


def test_changed_settings_apply(nginx, idp, browser):
    server = nginx(CONF)
    idp.login(browser, server.url("/page.html"))
    server.configure(CONF.replace("location / { auth_saml app;", "location / {"))
    server.reload()
    assert Browser().get(server.url("/page.html")).status == 200
    server.configure(CONF)
    server.reload()
    assert Browser().get(server.url("/page.html")).status == 302
    assert browser.get(server.url("/page.html")).status == 200
