"""A secret that is replaced in one step: the zone's sessions go on, and logouts find them."""

import pytest

from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import is_in, log_in

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store sessions { zone saml_sessions 1m; secret session.key; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store sessions;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""


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
