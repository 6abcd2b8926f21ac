"""`saml_events` and those who are no transmitter, or a strange one: nobody is signed out by them."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.idp import Idp
from harness.injection import CORPUS, forged_lines
from harness.members import is_in, log_in
from harness.site import site
from harness.transmitter import ISSUER, KEYS, MEDIA_TYPE, SESSION_REVOKED, TYP, Transmitter, jwk, jwks

ALICE = {"format": "email", "email": "alice@example.org"}
CONF = site(
    main="worker_processes 1;",
    http="saml_audit_log audit.log; client_max_body_size 1m;",
    idp=f"events_issuer {ISSUER}; events_jwks jwks.json;",
    server="location = /saml/events { saml_events app; }",
)
FILES = {"jwks.json": jwks(jwk(KEYS["RS256"]), jwk(KEYS["ES256"], kid="k2"), {"kty": "oct", "k": "AAAA", "kid": "k3"})}


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


@pytest.fixture
def member(server):
    return log_in(server, Idp())


@pytest.fixture
def transmitter(server):
    return Transmitter(server, "RS256")


def encoded(part: dict | bytes | str) -> str:
    octets = json.dumps(part).encode() if isinstance(part, dict) else part
    octets = octets.encode() if isinstance(octets, str) else octets
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def by_hand(header, claims, sign=lambda octets: b"") -> str:
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


def rs256(octets: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    return KEYS["RS256"].sign(octets, padding.PKCS1v15(), hashes.SHA256())


HEADER = {"typ": TYP, "alg": "RS256", "kid": "k1"}


def test_what_is_signed_by_nobody(server, member, transmitter):
    claims = transmitter.claims(ALICE)
    public = KEYS["RS256"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def hs256(secret):
        return lambda octets: hmac.new(secret, octets, hashlib.sha256).digest()

    tokens = [by_hand({**HEADER, "alg": alg}, claims) for alg in ("none", "None", "NONE", "", "RS256")]
    tokens += [by_hand({**HEADER, "alg": "HS256"}, claims, hs256(secret)) for secret in (pem, b"", b"\0\0\0")]
    tokens += [by_hand({"typ": TYP, "alg": "HS256", "kid": "k3"}, claims, hs256(b"\0\0\0"))]
    stranger = rsa.generate_private_key(65537, 2048)
    tokens += [transmitter.token(claims, stranger), transmitter.token(claims, stranger, jwk=jwk(stranger))]
    tokens += [transmitter.token(claims, kid="k2"), transmitter.token(claims, kid="../k1")]
    tokens += [Transmitter(server, "ES256").token(claims, ec.generate_private_key(ec.SECP256R1()), kid="k2")]
    for token in tokens:
        assert transmitter.push(token).err == "invalid_key", token
    good = transmitter.token(claims)
    header, payload, signature = good.split(".")
    other = encoded({**claims, "sub_id": {"format": "email", "email": "bob@example.org"}})
    assert transmitter.push(f"{header}.{other}.{signature}").err == "invalid_key"
    assert is_in(server, member)
    assert transmitter.push(good).status == 202
    assert not is_in(server, member)


def test_what_is_no_security_event_token(server, member, transmitter):
    claims = transmitter.claims(ALICE)
    good = transmitter.token(claims)
    twice = json.dumps(claims)[:-1] + f',"iss":"{ISSUER}"}}'
    nested = json.dumps(claims).replace('"email": "alice@example.org"', '"email": "bob", "email": "alice@example.org"')
    deep = "[" * 5000 + "]" * 5000
    tokens = [
        transmitter.token(claims, typ=None),
        *(transmitter.token(claims, typ=typ) for typ in ("JWT", "at+jwt", "logout+jwt", "")),
        transmitter.token(claims, crit=["exp"], exp=1),
        by_hand({**HEADER, "crit": []}, claims, rs256),
        by_hand({**HEADER, "b64": False, "crit": ["b64"]}, claims, rs256),
        by_hand(HEADER, twice, rs256),
        by_hand(HEADER, nested, rs256),
        by_hand(HEADER, deep, rs256),
        by_hand('{"alg":"RS256","typ":"secevent+jwt","typ":"secevent+jwt"}', claims, rs256),
        by_hand(HEADER, b"\xff", rs256),
        good + ".",
        good + "=",
        good.replace(".", ".."),
        good.replace(".", ".\n"),
        "",
        "a.b.c",
        "\0",
        json.dumps({"payload": "x", "signatures": []}),
    ]
    for changed in (
        {"events": {}},
        {"events": []},
        {"events": {SESSION_REVOKED: None}},
        {"events": {f"urn:{n}": {} for n in range(17)}},
        {"jti": None},
        {"jti": "x" * 2000},
        {"iat": "yesterday"},
        {"iat": None},
        {"aud": []},
        {"sub_id": "alice@example.org"},
        {"sub_id": {"format": "aliases", "identifiers": [ALICE] * 9}},
    ):
        tokens.append(by_hand(HEADER, {**claims, **changed}, rs256))
    for token in tokens:
        pushed = transmitter.push(token)
        assert (pushed.status, pushed.err) == (400, "invalid_request"), token
    assert is_in(server, member)


def test_whose_and_for_whom(server, member, transmitter):
    for issuer in (ISSUER + "/", ISSUER.upper(), "", None, 1):
        claims = transmitter.claims(ALICE, iss=issuer)
        assert transmitter.push(by_hand(HEADER, claims, rs256)).err == "invalid_issuer"
    for audience in ("https://other.example", server.url("/saml/metadata") + "/", [""], ["x"] * 64):
        assert transmitter.tell(ALICE, aud=audience).err == "invalid_audience"
    assert is_in(server, member)
    assert transmitter.tell(ALICE, aud=["https://other.example", server.url("/saml/metadata")]).status == 202
    assert not is_in(server, member)


def test_several_events_of_one_token(server, member, transmitter):
    """They are aspects of one thing (RFC 8417 2.2): each is done, and told of."""
    events = {"urn:example:other": {}, SESSION_REVOKED: {"event_timestamp": int(time.time())}}
    assert transmitter.tell(ALICE, events=events).status == 202
    assert not is_in(server, member)
    records = [json.loads(line) for line in (server.directory / "audit.log").read_text().splitlines()]
    told = {one["event_type"]: one["outcome"] for one in records if one["event"] == "security_event"}
    assert told == {"urn:example:other": "no_effect", SESSION_REVOKED: "sessions_ended"}


def test_how_it_comes(server, member, transmitter):
    token = transmitter.token(transmitter.claims(ALICE))
    for media_type in ("application/jwt", "application/json", "text/plain", "", "application/secevent+jwtx"):
        assert transmitter.push(token, **{"Content-Type": media_type}).err == "invalid_request"
    big = transmitter.push("x" * (65_536 + 1))
    assert (big.status, big.err) == (400, "invalid_request")
    claims = transmitter.claims(ALICE, padding="x" * 60_000)
    assert transmitter.push(by_hand(HEADER, claims, rs256)).err == "invalid_request", "80 kB, signed"
    assert member.get(server.url("/saml/events")).status == 405
    assert is_in(server, member)
    assert transmitter.push(token, **{"Content-Type": f"{MEDIA_TYPE}; charset=utf-8"}).status == 202


def test_foreign_text_stays_text(server, transmitter):
    """In answers, the error log and the audit log, whoever may have signed it."""
    usual_answer = transmitter.push(by_hand(HEADER, {"iss": "x"}, rs256)).text
    for text in CORPUS:
        usual = text.encode("utf-8", "replace").decode()
        transmitter.push(usual.encode())
        transmitter.push("x", **{"Content-Type": "".join(c for c in usual if " " <= c <= "~")})
        pushed = transmitter.push(by_hand(HEADER, {"iss": usual}, rs256))
        assert pushed.err == "invalid_issuer"
        assert pushed.text == usual_answer
        for changed in (
            {"aud": usual},
            {"jti": usual or "x"},
            {"events": {usual or "x": {}}},
            {"sub_id": {"format": usual}},
            {"sub_id": {"format": "opaque", "id": usual}},
        ):
            transmitter.push(by_hand(HEADER, transmitter.claims(ALICE, **changed), rs256))
    assert forged_lines(server.error_log()) == []
    for line in (server.directory / "audit.log").read_text().split("\n")[:-1]:
        assert json.loads(line)["sp"] == "app"
