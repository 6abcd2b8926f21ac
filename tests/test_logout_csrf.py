"""Only the person themselves, or a page of this site, starts a logout here (Fetch Metadata)."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import is_in, log_in
from harness.refusal import assert_refused
from harness.site import site

CONF = site(sp="return_hosts www.example.org;")


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect",))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("site", ["none", "same-origin"])
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


NEIGHBOURS = {
    "this origin": ({"Origin": "http://127.0.0.1:@PORT@"}, True),
    "a page of this origin": ({"Referer": "http://127.0.0.1:@PORT@/page.html?x=y"}, True),
    "a listed host": ({"Origin": "https://www.example.org"}, True),
    "a page of a listed host": ({"Referer": "https://www.example.org/x"}, True),
    "nobody": ({}, False),
    "a sandbox": ({"Origin": "null"}, False),
    "a sandbox with a page of ours": (
        {"Origin": "null", "Referer": "http://127.0.0.1:@PORT@/"},
        False,
    ),
    "another port": ({"Origin": "http://127.0.0.1:1"}, False),
    "a neighbour": ({"Referer": "https://blog.example.org/"}, False),
    "a neighbour that names us": (
        {"Referer": "https://blog.example.org/?http://127.0.0.1:@PORT@/"},
        False,
    ),
}


@pytest.mark.parametrize("who", NEIGHBOURS)
@pytest.mark.parametrize("site", ["same-site", "none", None])
def test_the_origin_decides(nginx, idp, who, site):
    """Hosts below one domain are not one administrator's, old browsers have no Fetch Metadata, and a
    link that is opened in a new window may count as nobody's. Only a typed address has no origin."""
    server = nginx(CONF)
    headers, good = NEIGHBOURS[who]
    headers = {name: value.replace("@PORT@", str(server.port)) for name, value in headers.items()}
    good = good or not headers and site != "same-site"
    metadata = {"Sec-Fetch-Site": site} if site else {}
    member = log_in(server, idp)
    page = member.get(server.url("/saml/logout"), headers={**metadata, **headers})
    if not good:
        assert_refused(server, page, "logout_cross_site")
    assert is_in(server, member) != good


@pytest.mark.parametrize("site", ["same_site", "Same-Origin", "", "none, none"])
def test_an_unknown_word(nginx, idp, site):
    server = nginx(CONF)
    member = log_in(server, idp)
    page = member.get(server.url("/saml/logout"), headers={"Sec-Fetch-Site": site})
    assert_refused(server, page, "logout_cross_site")
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
