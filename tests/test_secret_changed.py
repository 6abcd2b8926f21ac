"""A secret that is replaced in one step: the zone's sessions go on, and logouts find them."""

import pytest

from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import is_in, log_in
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    http="saml_session_store sessions { zone saml_sessions 1m; secret session.key; }",
    sp="session_store sessions;",
)


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "SOAP"))


def test_sessions_and_logouts_go_on(nginx, idp):
    server = nginx(CONF, files={"session.key": "0123456789abcdef" * 4})
    member = log_in(server, idp)
    (server.directory / "session.key").write_text("fedcba9876543210" * 4)
    server.reload()
    assert is_in(server, member)
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest()))
    assert not is_in(server, member)
