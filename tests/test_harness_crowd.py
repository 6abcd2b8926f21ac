"""Many quick logins are logins: the module lets these in, and xmlsec1 agrees about the logouts."""

import base64
import subprocess
from urllib.parse import parse_qs

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.site import site

CONF = site(idp="allow_unsolicited on;", keys=False, location="add_header X-User $saml_name_id;")


@pytest.fixture
def idp():
    return CROWD_IDP


def test_logins(nginx):
    server = nginx(CONF)
    crowd = Crowd(server)
    cookies = [crowd.enter("alice@example.org", f"_{n}") for n in range(100)]
    assert len(set(cookies)) == 100
    assert {crowd.status(cookie) for cookie in cookies} == {200}
    assert crowd.status("saml_session=x") == 302


def test_logout_requests_verify(prepared, tmp_path):
    crowd = Crowd(prepared(CONF))
    (message,) = parse_qs(crowd.logout_form("alice@example.org", "_1", "_2"))["SAMLRequest"]
    (tmp_path / "request.xml").write_bytes(base64.b64decode(message))
    (tmp_path / "idp.crt").write_bytes(CROWD_IDP.credential.certificate_pem)
    subprocess.run(
        ["xmlsec1", "--verify", "--pubkey-cert-pem", "idp.crt", "--id-attr:ID"]
        + ["urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest", "request.xml"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
