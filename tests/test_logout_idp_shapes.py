"""LogoutRequests as IdPs really send them."""

import base64

import pytest
from lxml import etree

from harness.browser import Browser
from harness.dsig import signed_by_hand
from harness.idp import Idp
from harness.keys import ec_credential, rsa_credential
from harness.logout import (
    FORM_HEADERS,
    LogoutRequest,
    assert_success,
    back_channel,
    enveloped,
    form,
    redirect,
    send,
)
from harness.members import is_in, log_in, log_in_again
from harness.response import EMAIL
from harness.site import site
from harness.wire import ask

CONF = site()
SP = rsa_credential("sp").certificate
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def test_wso2(server, idp):
    """At the ACS, a SOAP envelope in the form field, SOAPAction, a session cookie of its own."""
    member = log_in(server, idp)
    request = LogoutRequest(reason="urn:oasis:names:tc:SAML:2.0:logout:user")
    headers = {**FORM_HEADERS, "Cookie": "JSESSIONID=0123456789", "SOAPAction": "logout"}
    fields = form(idp, server.url("/saml/acs"), request, packed=enveloped)
    for _ in range(3):  # it tries five times when it does not see the answer
        page = back_channel().post(server.url("/saml/acs"), fields, headers=headers)
        assert page.status == 200
        assert_success(page, SP)
    assert not is_in(server, member)


def test_keycloak(server, idp):
    """Back channel: one more field, `::` in the SessionIndex, NotOnOrAfter, no RelayState."""
    index = "c2b0e1b6-5a37-4c2c-9a0c-6f0ad8ab8a3d::f1d0c2e4-1111-2222-3333-444455556666"
    member, other = log_in(server, idp, index), log_in(server, idp, index.replace("::", ":"))
    fields = form(idp, server.url("/saml/sls"), LogoutRequest(session_index=(index,)))
    page = back_channel().post(
        server.url("/saml/sls"),
        {"BACK_CHANNEL_LOGOUT": "BACK_CHANNEL_LOGOUT", **fields},
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=ISO-8859-1"},
    )
    assert page.status == 200
    assert not is_in(server, member)
    assert is_in(server, other)


@pytest.mark.parametrize("session_index", [("_session-1",), ()])
def test_authentik(server, idp, session_index):
    """No NotOnOrAfter, at times no SessionIndex; an XML declaration in the redirect."""
    member = log_in(server, idp)
    request = LogoutRequest(not_on_or_after=None, session_index=session_index)
    assert_success(send(idp, server.url("/saml/sls"), request, "post"), SP)
    assert not is_in(server, member)


def test_the_same_index_for_several_logins(server, idp):
    """authentik repeats it within one session of its own: all of them go."""
    members = [log_in(server, idp, "the-same") for _ in range(3)]
    request = LogoutRequest(session_index=("the-same",))
    assert_success(send(idp, server.url("/saml/sls"), request), SP)
    assert [is_in(server, member) for member in members] == [False] * 3


SPELLINGS = {
    "lower-case hex": lambda value: "".join(
        c if c.isalnum() else f"%{ord(c):02x}" for c in value
    ),
    "everything escaped": lambda value: "".join(f"%{ord(c):02X}" for c in value),
    "little escaped": lambda value: value.replace("%", "%25").replace("+", "%2B").replace("&", "%26").replace("#", "%23"),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_the_redirect(server, idp, spelling):
    """The signature is over the octets as sent (ADFS writes lower-case hex)."""
    member = log_in(server, idp)
    url = redirect(idp, server.url("/saml/sls"), LogoutRequest(), "state", SPELLINGS[spelling])
    # Below the browser, which would spell it as it likes.
    answer = ask(server, url.removeprefix(server.url("")), ("Accept", "text/html"))
    assert "SAMLResponse=" in answer.headers["Location"], answer.text
    assert not is_in(server, member)


def test_key_info_and_schema_order(server, idp):
    """A KeyName of Keycloak's, and the signature by hand: only the metadata's key counts."""
    member = log_in(server, idp)

    def signed(root):
        name = "<ds:KeyInfo><ds:KeyName>kid</ds:KeyName></ds:KeyInfo>"
        return signed_by_hand(root, idp.credential, key_info=name)

    request = LogoutRequest(sign=False, after_signing=signed)
    assert_success(send(idp, server.url("/saml/sls"), request, "post"), SP)
    assert not is_in(server, member)


def test_an_ecdsa_key(nginx):
    idp = Idp(slo=("HTTP-Redirect", "HTTP-POST"), credential=ec_credential("idp"))
    server = nginx(CONF, files={"idp.xml": idp.metadata()})
    for binding in ("redirect", "post", "soap"):
        member = log_in_again(server, idp, "_session-1")
        assert_success(send(idp, server.url("/saml/sls"), binding=binding), SP)
        assert not is_in(server, member)


# What the login's NameID had, what the LogoutRequest's has, whether it is the same person.
NAME_IDS = {
    "whole": ({"name_qualifier": "i", "sp_name_qualifier": "s"}, {"name_qualifier": "i", "sp_name_qualifier": "s"}, True),
    "format left out": ({}, {"name_id_format": None}, True),
    "format left out at login": ({"name_id_format": None}, {}, True),
    "unspecified format": ({"name_id_format": None}, {"name_id_format": UNSPECIFIED}, True),
    "another format": ({"name_id_format": PERSISTENT}, {"name_id_format": EMAIL}, False),
    "another case": ({}, {"name_id": "Alice@example.org"}, False),
    "a longer name": ({}, {"name_id": "alice@example.org.evil.example"}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", NAME_IDS)
def test_name_ids(server, idp, name):
    """Value, and Format where both sides give one (SAML lets a Format be left out)."""
    login, logout, same = NAME_IDS[name]
    member = log_in(server, idp, **login)
    page = send(idp, server.url("/saml/sls"), LogoutRequest(**logout, session_index=()))
    assert_success(page, SP)
    assert is_in(server, member) == (not same)


def test_an_unknown_index_of_a_known_name(server, idp):
    """NameID known but another session: that one stays."""
    member = log_in(server, idp, "_mine")
    request = LogoutRequest(session_index=("_another",))
    assert_success(send(idp, server.url("/saml/sls"), request), SP)
    assert is_in(server, member)


def test_a_login_without_index(server, idp):
    """Nothing tells that session from the one that is named: it goes."""
    member = log_in(server, idp, None)
    assert_success(send(idp, server.url("/saml/sls")), SP)
    assert not is_in(server, member)


def test_characters_of_the_world(server, idp):
    name = "Ångström & <読者> 'x' \"y\""
    index = "säsong & <1>"
    member = log_in(server, idp, index, name_id=name)
    request = LogoutRequest(name_id=name, session_index=(index,))
    assert_success(send(idp, server.url("/saml/sls"), request), SP)
    assert not is_in(server, member)


def test_a_comment_does_not_split_the_name(server, idp):
    """alice<!-- -->@example.org is the whole name: neither `alice` nor a way round the signature."""
    member, alice = log_in(server, idp), log_in(server, idp, name_id="alice")

    def comment(root):
        name_id = root.find("{*}NameID")
        name_id.text = "alice"
        note = etree.Comment("x")
        note.tail = "@example.org"
        name_id.append(note)

    page = send(idp, server.url("/saml/sls"), LogoutRequest(after_signing=comment), "post")
    if page.status == 200:
        assert_success(page, SP)
        assert not is_in(server, member)
    assert is_in(server, alice)


def test_a_browser_that_says_it_comes_from_another_site(server, idp):
    """That is what an IdP is: Sec-Fetch-Site guards saml_logout, not the SLS."""
    browser = Browser()
    browser.session.headers |= {"Sec-Fetch-Site": "cross-site"}
    member = log_in(server, idp)
    assert_success(send(idp, server.url("/saml/sls"), binding="redirect", client=browser), SP)
    assert not is_in(server, member)


def test_wrapped_base64(server, idp):
    """Lines of 76 characters, as MIME encoders make them."""
    member = log_in(server, idp)
    fields = form(idp, server.url("/saml/sls"), LogoutRequest())
    xml = base64.b64decode(fields["SAMLRequest"])
    page = back_channel().post(server.url("/saml/sls"), {"SAMLRequest": base64.encodebytes(xml)})
    assert_success(page, SP)
    assert not is_in(server, member)
