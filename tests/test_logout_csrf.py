"""Only the person themselves, or a page of this site, starts a logout here (Fetch Metadata)."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import is_in, log_in
from harness.refusal import assert_refused

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
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
    return Idp(slo=("HTTP-Redirect",))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("site", ["none", "same-origin", "same-site"])
def test_from_here(nginx, idp, site, method):
    """Typed, bookmarked, or a link or form of this site."""
    server = nginx(CONF)
    member = log_in(server, idp)
    page = member.request(method, server.url("/saml/logout"), headers={"Sec-Fetch-Site": site})
    assert page.status in (200, 302, 303)
    assert not is_in(server, member)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_from_elsewhere(nginx, idp, method):
    """A link, an image or a form of another site: nothing happens, to the IdP's session neither."""
    server = nginx(CONF)
    member = log_in(server, idp)
    headers = {"Sec-Fetch-Site": "cross-site"}
    page = member.request(method, server.url("/saml/logout"), headers=headers)
    assert_refused(server, page, "logout_cross_site")
    assert page.location is None
    assert is_in(server, member)


def test_a_program_without_fetch_metadata(nginx, idp):
    """Old browsers and programs send no such header; a cookie they have."""
    server = nginx(CONF)
    member = log_in(server, idp)
    assert member.get(server.url("/saml/logout")).status in (200, 302, 303)
    assert not is_in(server, member)


def test_without_a_session_nothing_is_told(nginx, idp):
    """A stranger learns nothing, and no LogoutRequest is made for them."""
    server = nginx(CONF)
    page = Browser().get(server.url("/saml/logout"))
    assert "SAMLRequest" not in (page.location or "") + page.text
