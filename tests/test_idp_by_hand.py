"""An IdP without metadata, as WSO2 is often set up: entityID, URL and a bare public key."""

import pytest
from cryptography.hazmat.primitives import serialization

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, send
from harness.members import assert_all_workers, log_in
from harness.refusal import assert_refused
from harness.response import Answer

CONF = """
worker_processes 2;
events {}
http {
    saml_idp wso2 {
        entity_id   https://wso2.example.org;
        sso_url     https://wso2.example.org/samlsso;
        signing_key wso2.pub;
        @MORE@
    }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id app;
        idp wso2;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        root html;
        location / { auth_saml app; }
        location = /acs { saml_acs app; }
        location = /logout { saml_logout app; }
        location = /sls { saml_sls app; }
    }
}
"""
PEM = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo


@pytest.fixture
def wso2():
    return Idp("https://wso2.example.org", "https://wso2.example.org/samlsso")


@pytest.fixture
def serve(nginx, wso2):
    def start(more: str = "", conf: str = CONF):
        key = wso2.credential.key.public_key().public_bytes(*PEM)
        return nginx(conf, files={"wso2.pub": key}, MORE=more)

    return start


@pytest.mark.smoke
def test_login_and_logout_here(serve, wso2):
    server = serve()
    member = log_in(server, wso2)
    assert_all_workers(server, member, True)
    page = member.get(server.url("/logout"))
    assert page.status == 200 and "SAMLRequest" not in page.text, "it has named no logout endpoint"
    assert_all_workers(server, member, False)


@pytest.mark.parametrize("endpoint", ["/sls", "/acs"])
def test_it_signs_people_out_from_server_to_server(serve, wso2, endpoint):
    """WSO2 knows one URL only, when nobody gave it another; it looks at the status."""
    server = serve(conf=CONF if endpoint == "/sls" else CONF.replace("location = /sls { saml_sls app; }", ""))  # fmt: skip
    member = log_in(server, wso2)
    for _ in range(2):
        page = send(wso2, server.url(endpoint), LogoutRequest(id="_again"), "post")
        assert page.status == 200
        assert_all_workers(server, member, False)


def test_another_key_is_refused(serve, wso2):
    server = serve()
    answer = Answer(credential=rsa_credential("somebody"))
    page = wso2.login(Browser(), server.url("/page.html"), answer)
    assert_refused(server, page, "signature_invalid")


def test_the_claim_index(serve, wso2, browser):
    server = serve("attribute_consuming_service_index 17010;")
    request = wso2.asked(browser.get(server.url("/page.html")))
    assert request.xml.get("AttributeConsumingServiceIndex") == "17010"
