"""An upgrade that does not come about changes nothing."""

import os
import signal

from harness.browser import Browser
from harness.members import PAGE, is_in, log_in
from harness.site import site

CONF = site()


def test_a_file_that_is_no_module(generations, installed, idp):
    upgrading = generations(CONF, MODULE=str(installed))
    server, old = upgrading.server, upgrading.master()
    member = log_in(server, idp)
    fresh = installed.with_suffix(".new")
    fresh.write_text("not a module\n" * 1000)
    fresh.rename(installed)
    upgrading.expected = ("dlopen()", "new binary process")
    os.kill(old, signal.SIGUSR2)
    of_old = server.directory / "nginx.pid.oldbin"
    server.wait_for(
        lambda: "dlopen()" in server.error_log() and not of_old.exists(), "the new one's failure"
    )
    assert upgrading.master() == old and is_in(server, member)
    assert Browser().get(server.url(PAGE)).status == 302


def test_an_nginx_in_the_foreground(nginx, idp):
    """As containers have it: while who has started it is there, it takes no `USR2`."""
    server = nginx(CONF)
    member = log_in(server, idp)
    server.expected = "the changing binary signal is ignored"
    server.process.send_signal(signal.SIGUSR2)
    server.wait_for(lambda: server.expected in server.error_log(), "a line that says so")
    assert not (server.directory / "nginx.pid.oldbin").exists()
    assert is_in(server, member)
