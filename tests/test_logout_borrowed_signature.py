"""A logout message that nobody signed, with something inside that the IdP did sign: samlify issue 634.

Whoever was ever logged in has a Response of the IdP's in their browser. Its signature vouches for it,
and for nothing that it is put into.
"""

from copy import deepcopy
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from lxml import etree

from harness.idp import Idp
from harness.logout import (
    LogoutRequest,
    LogoutResponse,
    assert_success,
    back_channel,
    received,
    redirect,
    send,
)
from harness.members import is_in, log_in
from harness.message import NS, AuthnRequest
from harness.refusal import LINE
from harness.response import Answer
from harness.site import site

CONF = site()
SAMLP, DS = f"{{{NS['samlp']}}}", f"{{{NS['ds']}}}"
SIGNATURE = f"{DS}Signature"
BINDINGS = ["redirect", "post", "deflated", "soap", "soap in form"]
REFUSALS = {
    "logout_request_unsigned", "logout_response_unsigned", "signature_structure", "signature_multiple",
    "reference_uri", "reference_count", "digest_mismatch", "signature_invalid", "xml_duplicate_id",
    "structure",
}  # fmt: skip


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST"))


@pytest.fixture
def server(nginx):
    return nginx(CONF)


def captured(server, idp: Idp, sign: str) -> etree._Element:
    """What the IdP once signed for this very SP: the Assertion, or the Response around it."""
    xml = etree.fromstring(
        f'<samlp:AuthnRequest xmlns:samlp="{NS["samlp"]}" xmlns:saml="{NS["saml"]}" ID="_yesterday"'
        f' AssertionConsumerServiceURL="{server.url("/saml/acs")}">'
        f"<saml:Issuer>{server.url('/saml/metadata')}</saml:Issuer></samlp:AuthnRequest>"
    )
    answer = Answer(sign=sign, issue_instant=-86_400)
    response = etree.fromstring(idp.response(AuthnRequest(xml, None), answer))
    found = response.find("saml:Assertion", NS) if sign == "assertion" else response
    return etree.fromstring(etree.tostring(found, with_tail=False))


def after_issuer(forged: etree._Element, *added: etree._Element) -> None:
    for element in reversed(added):
        forged.find("saml:Issuer", NS).addnext(element)


def last_child(forged, signed):
    forged.append(signed)


def second_child(forged, signed):
    after_issuer(forged, signed)


def extensions(forged, signed):
    holder = etree.Element(f"{SAMLP}Extensions")
    holder.append(signed)
    after_issuer(forged, holder)


def inside_name_id(forged, signed):
    (forged.find("saml:NameID", NS) if forged.find("saml:NameID", NS) is not None else forged).append(signed)


def inside_issuer(forged, signed):
    forged.find("saml:Issuer", NS).append(signed)


def status_detail(forged, signed):
    status = forged.find("samlp:Status", NS)
    parent = forged if status is None else status
    etree.SubElement(parent, f"{SAMLP}StatusDetail").append(signed)


def its_signature_alone(forged, signed):
    after_issuer(forged, signed.find(SIGNATURE))


def its_signature_and_extensions(forged, signed):
    """The Reference leads to what was signed, which is there."""
    signature = deepcopy(signed.find(SIGNATURE))
    extensions(forged, signed)
    after_issuer(forged, signature)


def its_signature_around_it(forged, signed):
    signature = deepcopy(signed.find(SIGNATURE))
    etree.SubElement(signature, f"{DS}Object").append(signed)
    after_issuer(forged, signature)


def under_its_id(forged, signed):
    forged.set("ID", signed.get("ID"))
    after_issuer(forged, signed.find(SIGNATURE))


def under_its_id_beside_it(forged, signed):
    forged.set("ID", signed.get("ID"))
    signature = deepcopy(signed.find(SIGNATURE))
    extensions(forged, signed)
    after_issuer(forged, signature)


PLACES = [
    last_child, second_child, extensions, inside_name_id, inside_issuer, status_detail,
    its_signature_alone, its_signature_and_extensions, its_signature_around_it, under_its_id,
    under_its_id_beside_it,
]  # fmt: skip


def holding(signed: etree._Element, place):
    """A knob that puts a copy of `signed` into the message."""
    return lambda root: place(root, deepcopy(signed))


def code(server, since: int) -> str:
    lines = [found["code"] for line in server.error_log()[since:].splitlines() if (found := LINE.search(line))]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("sign", ["assertion", "response"])
def test_a_request(server, idp, sign, binding):
    member = log_in(server, idp)
    signed = captured(server, idp, sign)
    for place in PLACES:
        evil = LogoutRequest(session_index=(), sign=False, after_signing=holding(signed, place))
        since = len(server.error_log())
        page = send(idp, server.url("/saml/sls"), evil, binding)
        assert page.status >= 400, (place, page.text)
        assert code(server, since) in REFUSALS, place
        assert is_in(server, member), place
    # What the IdP signs itself is believed, whatever it holds.
    good = LogoutRequest(session_index=(), before_signing=holding(signed, extensions))
    if binding in ("post", "soap"):
        assert_success(send(idp, server.url("/saml/sls"), good, binding))
        assert not is_in(server, member)


@pytest.mark.parametrize("binding", ["redirect", "post", "deflated", "soap", "soap in form"])
@pytest.mark.parametrize("sign", ["assertion", "response"])
def test_an_answer(server, idp, sign, binding):
    """Nobody reads that they are out everywhere, and who asked for nothing stays."""
    signed = captured(server, idp, sign)
    leaving = log_in(server, idp)
    asked = received(leaving.get(server.url("/saml/logout")))
    staying = log_in(server, idp, "_2", name_id="bob@example.org")
    url = server.url("/saml/sls")
    for place in PLACES:
        evil = LogoutResponse(asked.xml.get("ID"), sign=False, after_signing=holding(signed, place))
        since = len(server.error_log())
        page = send(idp, url, evil, binding, leaving, asked.relay_state)
        assert "signed out everywhere" not in leaving.settle(page).text, place
        logged = {f["code"] for line in server.error_log()[since:].splitlines() if (f := LINE.search(line))}
        assert logged and logged <= REFUSALS | {"message_unexpected"}, (place, logged)
        send(idp, url, evil, binding, staying, asked.relay_state)
        assert is_in(server, staying), place
    good = replace(LogoutResponse(asked.xml.get("ID")), before_signing=holding(signed, extensions))
    if binding in ("redirect", "post"):
        page = leaving.settle(send(idp, url, good, binding, leaving, asked.relay_state))
        assert "signed out everywhere" in page.text, page.text


@pytest.mark.parametrize("sign", ["assertion", "response"])
def test_a_query_signed_for_another_message(server, idp, sign):
    """The detached signature of a redirect covers the message beside it: no other takes its place."""
    member = log_in(server, idp)
    url = server.url("/saml/sls")
    signed = captured(server, idp, sign)
    query = urlsplit(redirect(idp, url, LogoutRequest(name_id="bob@example.org"))).query
    seal = query[query.index("&SigAlg=") :]
    for place in (None, *PLACES):
        wanted = "xml_duplicate_id" if place is under_its_id_beside_it else "signature_invalid"
        evil = LogoutRequest(session_index=(), sign=False)
        evil = replace(evil, after_signing=holding(signed, place)) if place else evil
        page = back_channel().get(redirect(idp, url, evil) + seal)
        assert page.status >= 400 and wanted in page.text, (place, page.text)
        assert is_in(server, member)
    assert_success(back_channel().get(redirect(idp, url, LogoutRequest(session_index=()))))
    assert not is_in(server, member)
