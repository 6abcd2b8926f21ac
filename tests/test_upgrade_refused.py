"""An upgrade that does not come about changes nothing."""

import os
import signal

import pytest

from harness.browser import Browser
from harness.members import PAGE, is_in, log_in
from harness.site import site

CONF = site()


def no_module(server, installed) -> str:
    fresh = installed.with_suffix(".new")
    fresh.write_text("not a module\n" * 1000)
    fresh.rename(installed)
    return "dlopen()"


def no_configuration(server, installed) -> str:
    conf = (server.directory / "nginx.conf").read_text()
    server.write("nginx.conf", conf.replace("idp corp;", "idp nobody;"))
    return "nobody"


@pytest.mark.parametrize("spoil", [no_module, no_configuration])
def test_the_old_one_goes_on(generations, installed, idp, spoil):
    """What the new one cannot load, or does not take, is told in error.log."""
    upgrading = generations(CONF, MODULE=str(installed))
    server, old = upgrading.server, upgrading.master()
    member = log_in(server, idp)
    why = spoil(server, installed)
    upgrading.expected = (why, "new binary process")
    os.kill(old, signal.SIGUSR2)
    of_old = server.directory / "nginx.pid.oldbin"
    server.wait_for(
        lambda: why in server.error_log() and not of_old.exists(), "the new one's failure"
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
