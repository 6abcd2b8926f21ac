"""A Response by HTTP-Redirect (GET), signed over the octets of the query (Bindings 3.4.4.1)."""

import base64
import secrets
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from harness.encrypt import encrypt
from harness.idp import Idp
from harness.keys import ec_credential, rsa_credential
from harness.message import NS
from harness.redirect_answer import (
    HASHES,
    MORE,
    RSA_SHA256,
    UNSIGNED,
    Get,
    Raw,
    RawBrowser,
    deflated,
    upper,
)
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(idp="@IDP@", location="add_header X-User $saml_name_id;")


def lower(text: str) -> str:
    """As ADFS spells."""
    return "".join(
        part if not part.startswith("%") else part[:3].lower() + part[3:]
        for part in quote(text, safe="").replace("%", "\0%").split("\0")
    )


def bare(text: str) -> str:
    """Only what must be escaped in a value is."""
    return quote(text, safe="/:?@!$'()*,;~-._").replace("%3D", "=")


def plus(text: str) -> str:
    return quote_plus(text)


@pytest.fixture
def login(nginx, idp):
    def begin(answer=UNSIGNED, change=None, more="", by=idp):
        server = nginx(CONF, files={"idp.xml": by.metadata()}, IDP=more)
        return Get(server, by, RawBrowser(), answer, change)

    return begin


@pytest.mark.smoke
@pytest.mark.parametrize("algorithm", [name for name in HASHES if "sha1" not in name])
def test_signed(login, algorithm):
    get = login()
    get.logs_in(get.signed(get.covered(algorithm=algorithm), algorithm))


@pytest.mark.parametrize("spell", [upper, lower, bare, plus])
def test_spelling(login, spell):
    """The octets as received are what is verified, however they are spelled."""
    get = login()
    query = get.signed(get.covered(spell), spell=spell)
    assert spell is not lower or ("%2b" in query or "%2f" in query)
    get.logs_in(query)


@pytest.mark.parametrize("space", ["+", "%20"])
def test_relay_state_with_spaces(login, space):
    get = login()
    covered = get.covered(relay_state="abc").replace("=abc&", f"=a{space}b{space}c&")
    get.logs_in(get.signed(covered))


@pytest.mark.parametrize("state", [None, "", "x" * 80, "é/?&=+"])
def test_any_relay_state(login, state):
    get = login()
    if state == "":
        covered = get.covered(relay_state=None).replace("&SigAlg", "&RelayState=&SigAlg")
    else:
        covered = get.covered(relay_state=state)
    get.logs_in(get.signed(covered))


def test_other_order_and_strangers(login):
    """What is covered is put together in the binding's order, wherever it stands."""
    get = login()
    covered = get.covered()
    signature = get.signed(covered).partition("&Signature=")[2]
    message, relay_state, algorithm = covered.split("&")
    get.logs_in(f"lang=en&Signature={signature}&{algorithm}&x=%zz&{relay_state}&{message}&y")


def test_the_encoding_is_named(login):
    get = login()
    encoding = upper("urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE")
    get.logs_in(f"SAMLEncoding={encoding}&" + get.signed(get.covered()))


def test_another_encoding(login):
    get = login()
    get.refused("SAMLEncoding=urn:example:zip&" + get.signed(get.covered()), "query_invalid")


def r_and_s(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32) + s.to_bytes(32)


@pytest.mark.parametrize("form", [bytes, r_and_s], ids=["der", "r and s"])
def test_ecdsa(login, form):
    """In DER, as Java makes it, and as the plain r and s of XML signatures."""
    idp = Idp(credential=ec_credential("idp"))
    algorithm = f"{MORE}ecdsa-sha256"
    get = login(by=idp)
    covered = get.covered(algorithm=algorithm)
    value = form(idp.credential.key.sign(covered.encode(), ec.ECDSA(hashes.SHA256())))
    get.logs_in(f"{covered}&Signature={upper(base64.b64encode(value).decode())}")


def test_signed_inside_too(login):
    get = login(Answer(sign="both"))
    get.logs_in(get.signed(get.covered()))


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_signed_inside_only(login, sign):
    get = login(Answer(sign=sign))
    get.logs_in(f"SAMLResponse={upper(get.message)}&RelayState={get.request.relay_state}")


def test_encrypted_under_the_query_s_signature(login):
    get = login(change=lambda d: encrypt(d.find("saml:Assertion", NS), rsa_credential("sp")))
    get.logs_in(get.signed(get.covered()))


def test_want_response_signed_is_met(login):
    get = login(more="want_response_signed on;")
    get.logs_in(get.signed(get.covered()))


def test_unsigned(login):
    get = login()
    get.refused(f"SAMLResponse={upper(get.message)}", "signature_missing")


def test_signed_needs_a_destination(login):
    get = login(Answer(sign=None, destination=None))
    get.refused(get.signed(get.covered()), "destination_missing")


def test_by_a_stranger(login):
    get = login()
    query = get.signed(get.covered(), credential=rsa_credential("stranger"))
    get.refused(query, "signature_invalid")


def test_by_a_stranger_around_a_good_assertion(login):
    """A signature that is there must be valid."""
    get = login(Answer(sign="assertion"))
    query = get.signed(get.covered(), credential=rsa_credential("stranger"))
    get.refused(query, "signature_invalid")


def test_an_inner_signature_that_is_wrong(login):
    get = login(Answer(sign="assertion", credential=rsa_credential("stranger")))
    get.refused(get.signed(get.covered()), "signature_invalid")


SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


def test_sha1(login):
    get = login()
    get.refused(get.signed(get.covered(algorithm=SHA1), SHA1), "signature_algorithm")
    get = login(more="allow_weak sha1;")
    get.logs_in(get.signed(get.covered(algorithm=SHA1), SHA1))


@pytest.mark.parametrize("name", ["", "none", f"{MORE}hmac-sha256", "urn:x"])
def test_algorithm(login, name):
    get = login()
    get.refused(get.signed(get.covered(algorithm=name)), "signature_algorithm")


def change_relay_state(get, query):
    return query.replace(f"RelayState={get.request.relay_state}", "RelayState=other")


def drop_relay_state(get, query):
    return query.replace(f"&RelayState={get.request.relay_state}", "")


def respell(get, query):
    """The same values in another spelling are other octets."""
    return query.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d")


def change_message(get, query):
    other = get.message.replace(get.message[40], "A" if get.message[40] != "A" else "B", 1)
    return query.replace(upper(get.message), upper(other))


def change_algorithm(get, query):
    return query.replace("rsa-sha256", "rsa-sha512")


def cut_signature(get, query):
    return query.partition("&Signature=")[0] + "&Signature=AAAA"


def empty_signature(get, query):
    return query.partition("&Signature=")[0] + "&Signature="


def no_signature(get, query):
    return query.partition("&Signature=")[0]


def no_algorithm(get, query):
    return query.replace(f"&SigAlg={upper(RSA_SHA256)}", "")


def duplicate(name: str, first: bool):
    def change(get, query):
        again = {"SAMLResponse": upper(get.message), "RelayState": "x", "SigAlg": upper(SHA1)}
        pair = f"{name}={again.get(name, 'AAAA')}"
        return f"{pair}&{query}" if first else f"{query}&{pair}"

    return change


def escaped_name(get, query):
    """The same parameter under an escaped name."""
    return query + "&%53AMLResponse=" + upper(get.message)


def request_beside(get, query):
    return query + "&SAMLRequest=" + upper(get.message)


DUPLICATES = {
    f"{name} twice, {'first' if first else 'last'}": duplicate(name, first)
    for name in ("SAMLResponse", "RelayState", "SigAlg", "Signature")
    for first in (True, False)
}
TAMPERED = {
    "RelayState changed": change_relay_state,
    "RelayState dropped": drop_relay_state,
    "respelled": respell,
    "message changed": change_message,
    "SigAlg changed": change_algorithm,
    "Signature cut": cut_signature,
    "Signature empty": empty_signature,
    "Signature missing": no_signature,
    "SigAlg missing": no_algorithm,
    "escaped name": escaped_name,
    "SAMLRequest beside": request_beside,
    **DUPLICATES,
}


@pytest.mark.parametrize("name", TAMPERED)
@pytest.mark.parametrize("inside", [None, "assertion"], ids=["", "signed inside"])
def test_tampered(login, name, inside):
    """Refused also where the assertion's own signature would do."""
    get = login(Answer(sign=inside))
    query = get.signed(get.covered())
    tampered = TAMPERED[name](get, query)
    assert tampered != query
    get.refused(tampered)


def test_replayed(login):
    get = login()
    query = get.signed(get.covered())
    get.logs_in(query)
    thief = RawBrowser()
    page = thief.get(Raw(f"{get.request.acs_url}?{query}"))
    assert_refused(get.server, page, "request_unknown")


def test_deflate_bomb(login):
    get = login()
    get.message = deflated(b" " * (256 << 10) + b"<a/>")
    get.refused(get.signed(get.covered()))


def test_not_deflated(login):
    get = login()
    get.message = base64.b64encode(b"<a/>").decode()
    get.refused(f"SAMLResponse={upper(get.message)}", "deflate_invalid")


def test_a_long_answer_needs_a_larger_line(nginx, idp):
    """nginx takes lines of 8 KB; the documentation names the directive and where it counts."""
    noise = [Attribute("groups", [secrets.token_hex(64) for _ in range(120)])]
    answer = Answer(sign=None, attributes=noise)
    get = Get(nginx(CONF, IDP=""), idp, RawBrowser(), answer)
    query = get.signed(get.covered())
    assert 8 << 10 < len(query) < 32 << 10
    assert get.send(query).status == 414
    conf = CONF.replace("saml_idp corp", "large_client_header_buffers 4 32k;\n    saml_idp corp")
    get = Get(nginx(conf, IDP=""), idp, RawBrowser(), answer)
    get.logs_in(get.signed(get.covered()))


def test_enveloped_signatures_inside_deflated_xml(nginx, idp):
    """authentik's default: nothing but SAMLResponse and RelayState in the query."""
    for sign in ("assertion", "response", "both"):
        get = Get(nginx(CONF, IDP=""), idp, RawBrowser(), Answer(sign=sign))
        get.logs_in(f"SAMLResponse={upper(get.message)}&RelayState={upper(get.request.relay_state)}")
