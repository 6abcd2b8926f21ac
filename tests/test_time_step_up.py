"""A location that wants a recent sign-in, when the clock is set: whoever signs in again comes in."""

import pytest

from harness.members import PAGE

HOUR = 3600


@pytest.mark.parametrize("hours, recent", [(-3, True), (2, False), (9, False)])
def test_recent_enough(clocked, idp, hours, recent):
    host = clocked(location="auth_saml_force_authn 1h;", sp="session_lifetime 24h; session_idle_timeout off;")
    member = host.log_in(idp)
    host.clock.set(hours * HOUR)
    page = member.get(host.server.url(PAGE))
    assert (page.status == 200) == recent, page.status
    host.log_in(idp)
    host.clock.set(0)
    host.log_in(idp)
