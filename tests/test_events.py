"""`saml_events`: a transmitter of others' software says whose session or account has ended, and they are out."""

import json
import time

import pytest

from harness.backend import Backend
from harness.idp import Idp
from harness.logout import LogoutRequest, send
from harness.members import assert_all_workers, assert_out_within, is_in, log_in, log_in_again
from harness.metadata_server import TLS, MetadataServer, answer
from harness.response import Answer
from harness.site import site
from harness.transmitter import (
    CAEP,
    ISSUER,
    KEYS,
    RISC,
    SESSION_REVOKED,
    SSF,
    Transmitter,
    jwk,
    jwks,
)

JWKS = {"jwks.json": jwks(*(jwk(KEYS[name], kid=f"k{n}") for n, name in enumerate(("RS256", "ES256", "ES512", "EdDSA"))))}  # fmt: skip
LINES = f"events_issuer {ISSUER}; events_jwks jwks.json;"
LOCATION = "location = /saml/events { saml_events app; }"
AUDIT = "saml_audit_log audit.log;"
ALICE = {"format": "email", "email": "alice@example.org"}
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


def start(nginx, idp_lines: str = LINES, *, server: str = LOCATION, files=(), **more):
    return nginx(
        site(main="worker_processes 2;", http=AUDIT, idp=idp_lines, server=server, **more),
        # Names of tests are cut off, and two may come to one directory.
        files={**JWKS, "audit.log": "", **dict(files)},
    )


def records(server, event: str = "security_event") -> list[dict]:
    lines = (server.directory / "audit.log").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


def outcomes(server) -> list[str]:
    return [record["outcome"] for record in records(server)]


@pytest.mark.smoke
@pytest.mark.parametrize("algorithm", KEYS)
def test_whose_session_is_revoked_is_out(nginx, idp, algorithm):
    server = start(nginx)
    members = [log_in(server, idp, index) for index in ("_one", "_two")]
    other = log_in(server, idp, "_three", name_id="bob@example.org")
    transmitter = Transmitter(server, algorithm)
    kid = f"k{['RS256', 'ES256', 'ES512', 'EdDSA'].index(algorithm.replace('PS384', 'RS256'))}"
    claims = transmitter.claims(ALICE)
    pushed = transmitter.push(transmitter.token(claims, kid=kid))
    assert (pushed.status, pushed.text) == (202, "")
    for member in members:
        assert_all_workers(server, member, False)
    assert is_in(server, other)
    [record] = records(server)
    told = {"outcome": "sessions_ended", "sessions": 2, "jti": claims["jti"], "event_type": SESSION_REVOKED}
    assert record | told == record
    assert (record["name_id"], record["entity_id"], record["idp"]) == (ALICE["email"], idp.entity_id, "corp")


def test_on_all_hosts_with_one_memcached(nginx, idp, memcacheds):
    [memcached] = memcacheds()
    store = f"""
        saml_session_store shared {{
            memcached {memcached.address};
            zone shared 2m;
            secret session.key;
            cache_valid 0s;
        }}
    """
    conf = site(http=f"{AUDIT} {store}", sp="session_store shared;", idp=LINES, server=LOCATION)
    files = {**JWKS, "session.key": "0123456789abcdef" * 4}
    here = nginx(conf, files=files)
    conf = conf.replace("base_url http://127.0.0.1:@PORT@", f"base_url {here.url('').rstrip('/')}")
    conf = conf.replace("entity_id http://127.0.0.1:@PORT@", f"entity_id {here.url('').rstrip('/')}")
    there = nginx(conf, files=files)
    member = log_in(here, idp)
    assert is_in(there, member)
    told = Transmitter(here)
    claims = told.claims(ALICE)
    token = told.token(claims)
    assert Transmitter(there).push(token).status == 202
    assert not is_in(there, member)
    assert_out_within(here, member, 2)
    again = log_in_again(here, idp)
    assert told.push(token).status == 202, "the other host has heard it"
    assert is_in(here, again)
    assert outcomes(here) == ["repeated"]
    memcached.kill()
    refused = told.tell(ALICE)
    assert refused.status == 503 and int(refused.headers["Retry-After"]) > 0


def test_a_login_that_was_under_way_comes_too_late(nginx, idp, browser):
    server = start(nginx)
    asked = idp.asked(browser.get(server.url("/page.html")))
    form = idp.form(asked, Answer())
    assert Transmitter(server).tell(ALICE).status == 202
    page = browser.post(asked.acs_url, form)
    assert page.status == 400 and "assertion_logged_out" in page.text
    assert is_in(server, log_in_again(server, idp))


def test_the_same_again_does_nothing_and_an_idps_logout_is_another_thing(nginx, idp):
    server = start(nginx)
    log_in(server, idp)
    transmitter = Transmitter(server)
    token = transmitter.token(transmitter.claims(ALICE))
    assert transmitter.push(token).status == 202
    member = log_in_again(server, idp)
    server.reload()
    assert transmitter.push(token).status == 202
    assert is_in(server, member)
    assert outcomes(server) == ["sessions_ended", "repeated"]
    send(idp, server.url("/saml/sls"), LogoutRequest(session_index=(), issue_instant=3), "soap")
    assert not is_in(server, member)


@pytest.mark.parametrize(
    "uri", [f"{CAEP}credential-change", f"{RISC}account-disabled", f"{RISC}account-purged", f"{RISC}sessions-revoked"]
)
def test_events_that_end_sessions(nginx, idp, uri):
    server = start(nginx)
    member = log_in(server, idp)
    assert Transmitter(server).tell(ALICE, uri).status == 202
    assert not is_in(server, member)


@pytest.mark.parametrize("uri", [f"{SSF}verification", f"{CAEP}token-claims-change", f"{RISC}account-enabled", "urn:x"])
def test_other_events_are_acknowledged(nginx, idp, uri):
    server = start(nginx)
    member = log_in(server, idp)
    pushed = Transmitter(server).tell({"format": "opaque", "id": "stream-1"}, uri)
    assert pushed.status == 202
    assert is_in(server, member) and outcomes(server) == ["no_effect"]


SUBJECTS = {
    "iss_sub": {"format": "iss_sub", "iss": ISSUER, "sub": "alice@example.org"},
    "account": {"format": "account", "uri": "acct:alice@example.org"},
    "opaque": {"format": "opaque", "id": "alice@example.org"},
    "aliases": {"format": "aliases", "identifiers": [{"format": "opaque", "id": "4711"}, ALICE]},
    "complex": {"format": "complex", "user": ALICE, "tenant": {"format": "opaque", "id": "t"}},
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_subjects_that_are_name_ids(nginx, idp, name):
    server = start(nginx)
    member = log_in(server, idp)
    assert Transmitter(server).tell(SUBJECTS[name]).status == 202
    assert not is_in(server, member)


@pytest.mark.parametrize(
    "subject",
    [
        {"format": "iss_sub", "iss": "https://other.example", "sub": "alice@example.org"},
        {"format": "saml_assertion_id", "issuer": "https://idp.example.org/metadata", "assertion_id": "_1"},
        {"format": "complex", "session": {"format": "opaque", "id": "_session-1"}},
        {"format": "new", "email": "alice@example.org"},
    ],
)
def test_subjects_that_cannot_be_known_are_told_to_who_runs_the_server(nginx, idp, subject):
    server = start(nginx)
    member = log_in(server, idp)
    assert Transmitter(server).tell(subject).status == 202
    assert is_in(server, member)
    assert outcomes(server) == ["subject_unknown"]
    assert "nobody was logged out for it" in server.error_log()


@pytest.mark.parametrize(("line", "stays"), [("events_session_index on;", True), ("", False)])
def test_one_session_alone(nginx, idp, line, stays):
    server = start(nginx, LINES + line)
    first, second = log_in(server, idp, "_one"), log_in(server, idp, "_two")
    subject = {"format": "complex", "user": ALICE, "session": {"format": "opaque", "id": "_one"}}
    assert Transmitter(server).tell(subject).status == 202
    assert not is_in(server, first) and is_in(server, second) == stays


def test_the_secret_of_the_two(nginx, idp):
    server = start(nginx, LINES + "events_bearer_file bearer;", files={"bearer": SECRET + "\n"})
    member = log_in(server, idp)
    transmitter = Transmitter(server)
    for headers in ({}, {"Authorization": f"Bearer {SECRET}x"}, {"Authorization": SECRET}):
        transmitter.headers = headers
        refused = transmitter.tell(ALICE)
        assert (refused.status, refused.err) == (401, "authentication_failed")
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert is_in(server, member)
    transmitter.headers = {"Authorization": f"Bearer {SECRET}"}
    assert transmitter.tell(ALICE).status == 202
    assert not is_in(server, member)
    assert SECRET not in server.error_log() + (server.directory / "audit.log").read_text()


def test_the_application_hears_of_it(nginx, idp):
    backend = Backend()
    notify = f"""
        location = /told {{
            internal;
            proxy_pass {backend.url};
            proxy_set_header X-User $saml_name_id;
            proxy_pass_request_headers off;
            proxy_pass_request_body off;
        }}
    """
    try:
        server = start(nginx, server=LOCATION + notify, sp="logout_notify /told;")
        log_in(server, idp)
        assert Transmitter(server).tell(ALICE).status == 202
    finally:
        backend.stop()
    assert [asked.headers["X-User"] for asked in backend.asked] == ["alice@example.org"]
    assert [record["heard"] for record in records(server, "logout_notify")] == [True]


def test_it_is_counted(nginx, idp):
    server = start(nginx, server=LOCATION + "location = /status { saml_status; }")
    transmitter = Transmitter(server)
    transmitter.tell(ALICE)
    transmitter.tell({"format": "new"})
    metrics = log_in(server, idp, issue_instant=2).get(server.url("/status?format=openmetrics")).text
    for outcome in ("sessions_ended", "subject_unknown"):
        assert f'saml_security_events_total{{sp="app",idp="corp",outcome="{outcome}"}} 1' in metrics


def test_keys_in_a_file_that_changes(nginx, idp):
    server = start(nginx, files={"jwks.json": jwks(jwk(KEYS["RS256"]))})
    member = log_in(server, idp)
    transmitter = Transmitter(server, "ES256")
    assert transmitter.tell(ALICE).err == "invalid_key"
    (server.directory / "jwks.json").write_text("{}")
    server.wait_for(lambda: "keeps the keys of security events that it has" in server.error_log(), "a line", 30)
    assert Transmitter(server, "RS256").tell({"format": "opaque", "id": "x"}).status == 202
    (server.directory / "jwks.json").write_text(jwks(jwk(KEYS["ES256"])))
    server.expected = "keeps the keys"
    server.wait_for(lambda: {transmitter.tell(ALICE).status for _ in range(8)} == {202}, "the new key", 30)
    assert not is_in(server, member)


@pytest.fixture
def key_server(tmp_path):
    server = MetadataServer(tmp_path, jwks(jwk(KEYS["ES256"])))
    yield server
    server.stop()


URL_LINES = f"events_issuer {ISSUER}; events_jwks @URL@; events_ssl_trusted_certificate keys.crt; metadata_cache @DIR@/copies;"


def start_with_url(nginx, key_server):
    conf = site(main="worker_processes 2;", http=AUDIT, idp=URL_LINES, server=LOCATION)
    return nginx(conf, files={"keys.crt": TLS.certificate_pem}, URL=key_server.url)


@pytest.mark.smoke
def test_keys_from_a_url(nginx, idp, key_server):
    server = start_with_url(nginx, key_server)
    transmitter = Transmitter(server)
    subject = {"format": "opaque", "id": "x"}
    server.wait_for(lambda: {transmitter.tell(subject).status for _ in range(8)} == {202}, "the keys")
    assert key_server.connections == 1, "one worker fetches for all"
    assert "jwk-set+json" in key_server.heads[0]
    assert "has new keys for security events" in server.error_log()
    member = log_in(server, idp)
    # Each worker has them within a second.
    server.wait_for(lambda: transmitter.tell(ALICE).status == 202, "the keys in the worker that is asked")
    assert not is_in(server, member)
    key_server.stop()
    server.expected = "cannot be fetched"
    server.reload()
    assert transmitter.tell(subject).status == 202, "the copy is kept"


def test_until_keys_come_it_has_to_be_sent_again(nginx, key_server):
    key_server.sends = lambda head, connection: answer("not found", "404 Not Found")
    server = start_with_url(nginx, key_server)
    server.expected = "cannot be fetched"
    refused = Transmitter(server).tell(ALICE)
    assert (refused.status, json.loads(refused.text)["error"]) == (503, "event_keys_awaited")
    assert int(refused.headers["Retry-After"]) > 0
    server.wait_for(lambda: "none of its security events is taken yet" in server.error_log(), "a line")


def test_a_day_is_how_long_it_is_taken(nginx, idp):
    server = start(nginx)
    member = log_in(server, idp)
    transmitter = Transmitter(server)
    now = int(time.time())
    for issued in (now - 86_400 - 120, now + 120):
        assert transmitter.tell(ALICE, iat=issued).err == "invalid_request"
    assert is_in(server, member)
    assert transmitter.tell(ALICE, iat=now - 86_000).status == 202
    assert not is_in(server, member)
