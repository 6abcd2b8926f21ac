"""An attacker can log nobody out."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from lxml import etree

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import (
    EVERYTHING,
    SOAP_HEADERS,
    LogoutRequest,
    assert_success,
    back_channel,
    document,
    enveloped,
    form,
    redirect,
    send,
)
from harness.members import is_in, log_in, log_in_again
from harness.message import NS
from harness.refusal import assert_refused
from harness.site import site

CONF = site(http="saml_idp other { metadata other.xml; }", idp="@IDP@", sp="idp other;")
OTHER = Idp(
    "https://other.example.org/idp",
    "https://other.example.org/sso",
    credential=rsa_credential("other"),
    slo=("HTTP-Redirect", "HTTP-POST"),
    slo_url="https://other.example.org/slo",
)
SP = rsa_credential("sp").certificate
WAYS = ["redirect", "post", "soap"]


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.fixture
def server(nginx):
    return nginx(CONF, files={"other.xml": OTHER.metadata()}, IDP="")


# What is wrong; the reason, by the binding where it differs.
LIES = {
    "unsigned": ({"sign": False}, "logout_request_unsigned"),
    "a stranger's key": ({"credential": rsa_credential("stranger")}, "signature_invalid"),
    "another IdP's key": ({"credential": OTHER.credential}, "signature_invalid"),
    "for another address": ({"destination": "https://elsewhere.example.org/sls"}, "destination_mismatch"),
    "for a longer address": ({"destination": "http://127.0.0.1:1/saml/sls/x"}, "destination_mismatch"),
    "by nobody": ({"issuer": "https://nobody.example.org"}, "idp_unknown"),
    "expired": ({"issue_instant": -400, "not_on_or_after": -100}, "logout_request_expired"),
    "old, without an end": ({"issue_instant": -900, "not_on_or_after": None}, "logout_request_stale"),
    "from the future": ({"issue_instant": 600, "not_on_or_after": 900}, "issue_instant_future"),
    "of two days ago, good for a year": ({"issue_instant": -172_800, "not_on_or_after": 31_536_000}, "logout_request_stale"),
    "SAML 1.1": ({"version": "1.1"}, "version_unsupported"),
    "of nobody": ({"name_id": None}, "logout_name_id_missing"),
    "of an empty name": ({"name_id": ""}, "logout_name_id_missing"),
}  # fmt: skip


@pytest.mark.parametrize("binding", WAYS)
@pytest.mark.parametrize("lie", LIES)
def test_lies(server, idp, binding, lie):
    changes, reason = LIES[lie]
    member = log_in(server, idp)
    request = replace(LogoutRequest(session_index=()), **changes)
    page = send(idp, server.url("/saml/sls"), request, binding)
    assert page.status >= 400
    logged = [line for line in server.error_log().splitlines() if " saml: " in line]
    assert logged and f" saml: {reason}: " in logged[-1], logged
    if binding != "soap":
        assert_refused(server, page, reason)
    assert is_in(server, member)


def test_without_destination(server, idp):
    """Bindings 3.4.5.2, 3.5.5.2: a signed message through a browser says where it goes."""
    member = log_in(server, idp)
    request = LogoutRequest(destination=None)
    for binding in ("redirect", "post"):
        page = send(idp, server.url("/saml/sls"), request, binding)
        assert_refused(server, page, "destination_missing")
    assert is_in(server, member)


def test_for_the_other_endpoint(server, idp):
    """A message for the SLS, brought to the ACS."""
    member = log_in(server, idp)
    fields = form(idp, server.url("/saml/sls"), LogoutRequest())
    page = back_channel().post(server.url("/saml/acs"), fields)
    assert_refused(server, page, "destination_mismatch")
    assert is_in(server, member)


@pytest.mark.parametrize("binding", WAYS)
def test_one_idp_cannot_log_out_the_users_of_another(server, idp, binding):
    member = log_in(server, idp)
    for request in (EVERYTHING, LogoutRequest()):
        # Its own good signature and its own name: nobody of its own is meant.
        page = send(OTHER, server.url("/saml/sls"), request, binding)
        assert_success(page)
        assert is_in(server, member)
        # In the other one's name.
        lie = replace(request, issuer=idp.entity_id)
        assert send(OTHER, server.url("/saml/sls"), lie, binding).status >= 400
        assert is_in(server, member)


def test_a_replay_after_a_new_login(server, idp):
    """The person is out, and in again: yesterday's message must not put them out."""
    for binding in WAYS:
        log_in_again(server, idp, "_the-first")
        url = server.url("/saml/sls")
        wire = {
            "redirect": lambda: ("GET", redirect(idp, url, EVERYTHING), None, {}),
            "post": lambda: ("POST", url, form(idp, url, EVERYTHING), {}),
            "soap": lambda: ("POST", url, enveloped(document(idp, url, EVERYTHING)), SOAP_HEADERS),
        }[binding]()
        method, address, body, headers = wire
        first = back_channel().request(method, address, data=body, headers=headers)
        assert_success(first, SP)
        member = log_in_again(server, idp, "_the-next")
        again = back_channel().request(method, address, data=body, headers=headers)
        assert_success(again, SP)
        assert is_in(server, member)


def test_by_another_binding(server, idp):
    """A recorded POST body is no valid redirect: the signature does not come along."""
    member = log_in(server, idp)
    url = redirect(idp, server.url("/saml/sls"), LogoutRequest())
    unsigned = url.partition("&SigAlg=")[0]
    assert_refused(server, back_channel().get(unsigned), "logout_request_unsigned")
    assert is_in(server, member)


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query.replace("SAMLRequest=", "SAMLRequest=AA&SAMLRequest="),
        lambda query: query + "&SAMLRequest=AA",
        lambda query: query + "&RelayState=other",
        lambda query: query.replace("RelayState=state", "RelayState=other"),
        lambda query: query.partition("&Signature=")[0],
        lambda query: query[:-8] + "AAAA%3D%3D",
        lambda query: query.replace("rsa-sha256", "rsa-sha512"),
    ],
    ids=["two messages", "two messages, after", "two states", "another state", "no Signature",
         "another Signature", "another SigAlg"],
)  # fmt: skip
def test_tampering_with_a_redirect(server, idp, change):
    member = log_in(server, idp)
    url = redirect(idp, server.url("/saml/sls"), LogoutRequest(), "state")
    query = urlsplit(url).query
    assert change(query) != query
    page = back_channel().get(f"{server.url('/saml/sls')}?{change(query)}")
    assert 400 <= page.status < 500, page.text
    assert is_in(server, member)


def wrapped(idp: Idp, server) -> dict:
    """A request signed for bob, wrapped so that a careless reader finds alice."""
    signed = etree.fromstring(
        document(idp, server.url("/saml/sls"), LogoutRequest(name_id="bob@example.org"))
    )
    forged = document(idp, server.url("/saml/sls"), LogoutRequest(sign=False, id="_forged"))

    def beside():
        root = etree.fromstring(forged)
        extensions = etree.SubElement(root, f"{{{NS['samlp']}}}Extensions")
        root.insert(1, extensions)
        extensions.append(signed)
        return root

    def signature_moved():
        root = etree.fromstring(forged)
        root.insert(1, signed.find("ds:Signature", NS))
        return root

    def same_id():
        root = etree.fromstring(forged)
        root.set("ID", signed.get("ID"))
        root.insert(1, signed.find("ds:Signature", NS))
        return root

    def inside_the_signature():
        root = etree.fromstring(forged)
        signature = signed.find("ds:Signature", NS)
        copy = etree.fromstring(etree.tostring(signed))
        etree.SubElement(signature, f"{{{NS['ds']}}}Object").append(copy)
        root.insert(1, signature)
        return root

    def second_name():
        root = etree.fromstring(etree.tostring(signed))
        name = etree.SubElement(root, f"{{{NS['saml']}}}NameID")
        name.text = "alice@example.org"
        return root

    return {made.__name__: made for made in (beside, signature_moved, same_id, inside_the_signature, second_name)}  # fmt: skip


@pytest.mark.parametrize(
    "how", ["beside", "signature_moved", "same_id", "inside_the_signature", "second_name"]
)
@pytest.mark.parametrize("binding", ["post", "soap"])
def test_signature_wrapping(server, idp, how, binding):
    alice = log_in(server, idp)
    bob = log_in(server, idp, name_id="bob@example.org")
    evil = LogoutRequest(sign=False, after_signing=lambda _: wrapped(idp, server)[how]())
    page = send(idp, server.url("/saml/sls"), evil, binding)
    assert page.status >= 400, page.text
    assert is_in(server, alice)
    assert is_in(server, bob)


def test_two_messages_in_one_envelope(server, idp):
    """The second one unsigned."""
    member = log_in(server, idp)
    url = server.url("/saml/sls")
    good = document(idp, url, LogoutRequest(name_id="bob@example.org"))
    evil = document(idp, url, LogoutRequest(sign=False))
    for body in (good + evil, evil + good):
        page = back_channel().post(url, enveloped(body), headers=SOAP_HEADERS)
        assert page.status >= 400
        assert is_in(server, member)


def test_dtds_and_entities(server, idp):
    member = log_in(server, idp)
    url = server.url("/saml/sls")
    xml = document(idp, url, LogoutRequest())
    evil = b'<!DOCTYPE x [<!ENTITY e "alice@example.org">]>' + xml
    for body in (evil, b"<!DOCTYPE x>" + enveloped(xml), enveloped(evil)):
        page = back_channel().post(url, body, headers=SOAP_HEADERS)
        assert page.status >= 400
        assert is_in(server, member)


def test_unsigned_when_that_is_allowed(nginx, idp):
    """`require_signed_logout off` is for this IdP alone, and a signature that is there must be good."""
    values = {"files": {"other.xml": OTHER.metadata()}, "IDP": "require_signed_logout off;"}
    server = nginx(CONF, **values)
    for binding in WAYS:
        member = log_in_again(server, idp, "_session-1")
        bad = LogoutRequest(credential=rsa_credential("stranger"))
        assert send(idp, server.url("/saml/sls"), bad, binding).status >= 400
        assert is_in(server, member)
        unsigned = LogoutRequest(sign=False)
        assert_success(send(idp, server.url("/saml/sls"), unsigned, binding), SP)
        assert not is_in(server, member)
    member = log_in_again(server, idp, "_session-1")
    lie = LogoutRequest(sign=False, issuer=OTHER.entity_id)
    assert send(idp, server.url("/saml/sls"), lie).status >= 400
    assert is_in(server, member)


def test_the_administrator_is_warned(prepared, idp):
    server = prepared(CONF, files={"other.xml": OTHER.metadata()}, IDP="require_signed_logout off;")
    good, output = server.test()
    assert good, output
    (line,) = [line for line in output.splitlines() if "require_signed_logout" in line]
    assert "[warn]" in line and "nginx.conf:" in line and "anybody" in line
