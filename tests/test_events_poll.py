"""`events_poll`: security events that nginx asks a transmitter for (RFC 8936)."""

import json
import threading
import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import assert_all_workers, is_in, log_in, log_in_again
from harness.metadata_server import TLS, answer
from harness.poll_endpoint import JSON, PollEndpoint
from harness.response import Answer
from harness.site import site
from harness.transmitter import ISSUER, KEYS, Transmitter, jwk, jwks

ALICE = {"format": "email", "email": "alice@example.org"}
SECRET = "0123456789abcdef0123456789abcdef"
FILES = {"jwks.json": jwks(jwk(KEYS["ES256"])), "poll.crt": TLS.certificate_pem, "audit.log": ""}
AUDIT = "saml_audit_log audit.log;"


def lines(interval: str = "1s", more: str = "") -> str:
    return (
        f"events_issuer {ISSUER}; events_jwks jwks.json; events_poll @URL@ interval={interval};"
        f" events_ssl_trusted_certificate poll.crt; {more}"
    )


@pytest.fixture
def idp():
    return Idp()


@pytest.fixture
def endpoint(tmp_path):
    endpoint = PollEndpoint(tmp_path)
    yield endpoint
    endpoint.stop()


def start(nginx, endpoint, idp_lines: str = "", *, workers: int = 2, http: str = "", files=(), **more):
    conf = site(main=f"worker_processes {workers};", http=AUDIT + http, idp=idp_lines or lines(), **more)
    return nginx(conf, files={**FILES, **dict(files)}, URL=endpoint.url)


def offer(endpoint, server, subject=ALICE, name=None, **changed) -> str:
    """A token waits to be asked for; its name."""
    transmitter = Transmitter(server)
    claims = transmitter.claims(subject, **changed)
    name = name or claims["jti"]
    with endpoint.lock:
        endpoint.waiting[name] = transmitter.token(claims)
    return name


def records(server, event: str = "security_event") -> list[dict]:
    found = map(json.loads, (server.directory / "audit.log").read_text().splitlines())
    return [record for record in found if record["event"] == event]


def outcomes(server) -> list[str]:
    return [record["outcome"] for record in records(server)]


def wait_until_told(server, endpoint, seconds: float = 10) -> None:
    """All tokens have been acknowledged or refused."""
    server.wait_for(lambda: not endpoint.waiting, "word of the tokens", seconds)


@pytest.mark.smoke
def test_whose_session_is_revoked_is_out(nginx, idp, endpoint):
    server = start(nginx, endpoint)
    member, other = log_in(server, idp), log_in(server, idp, "_two", name_id="bob@example.org")
    name = offer(endpoint, server)
    wait_until_told(server, endpoint)
    assert endpoint.acknowledged == [name] and endpoint.refused == {}
    assert_all_workers(server, member, False)
    assert is_in(server, other)
    [record] = records(server)
    told = {"outcome": "sessions_ended", "sessions": 1, "jti": name, "sp": "app", "idp": "corp"}
    assert record | told == record and record["request_id"]
    assert "client" not in record


def test_one_worker_asks_for_all(nginx, idp, endpoint):
    server = start(nginx, endpoint, lines("1h"), workers=4)
    server.wait_for(lambda: endpoint.said, "the first request")
    # Each of the others has looked by then, and more than once.
    time.sleep(2.5)
    assert len(endpoint.said) == 1
    server.reload()
    time.sleep(1.5)
    assert len(endpoint.said) == 1
    assert endpoint.said == [{"maxEvents": 16, "returnImmediately": True}]


def test_what_is_stored_is_acknowledged_and_nothing_else(nginx, idp, endpoint, memcacheds):
    [memcached] = memcacheds()
    store = f"saml_session_store shared {{ memcached {memcached.address}; zone shared 2m; secret session.key; cache_valid 0s; }}"
    files = {"session.key": "0123456789abcdef" * 4}
    server = start(nginx, endpoint, http=store, sp="session_store shared;", files=files)
    server.expected = "memcached"
    member = log_in(server, idp)
    ended = offer(endpoint, server)
    wait_until_told(server, endpoint)
    assert not is_in(server, member)
    memcached.kill()
    name = offer(endpoint, server)
    server.wait_for(lambda: "a token has to come again: store_unavailable" in server.error_log(), "a line")
    assert endpoint.acknowledged == [ended] and endpoint.refused == {} and name in endpoint.waiting
    memcached.restart()
    wait_until_told(server, endpoint, 30)
    assert endpoint.acknowledged == [ended, name]
    assert "come again from" in server.error_log()


def test_what_is_no_token_of_the_transmitters_is_refused(nginx, idp, endpoint):
    server = start(nginx, endpoint)
    member = log_in(server, idp)
    transmitter = Transmitter(server)
    token = transmitter.token(transmitter.claims(ALICE))
    bad = {
        "key": transmitter.token(transmitter.claims(ALICE, jti="key"))[:-8] + "AAAAAAAA",
        "number": 1,
        "object": {"a": token},
        "words": "no token",
        "renamed": token,
        "long": token + "A" * 70_000,
    }
    expected = dict.fromkeys(bad, "invalid_request") | {"key": "invalid_key"}
    for name, changed, code in (
        ("issuer", {"iss": "https://other.example"}, "invalid_issuer"),
        ("audience", {"aud": "https://other.example"}, "invalid_audience"),
        ("old", {"iat": int(time.time()) - 90_000}, "invalid_request"),
    ):
        bad[name] = transmitter.token(transmitter.claims(ALICE, jti=name, **changed))
        expected[name] = code
    with endpoint.lock:
        endpoint.waiting.update(bad)
    wait_until_told(server, endpoint)
    assert endpoint.refused == expected and endpoint.acknowledged == []
    assert is_in(server, member)
    assert len(records(server, "refusal")) == len(bad)
    name = offer(endpoint, server)
    wait_until_told(server, endpoint)
    assert endpoint.acknowledged == [name] and not is_in(server, member)


def test_more_is_asked_for_at_once(nginx, idp, endpoint):
    answered = threading.Event()

    def wait(said):
        answered.wait(20)

    endpoint.answers = wait
    server = start(nginx, endpoint, lines("1h"))
    names = {offer(endpoint, server, {"format": "opaque", "id": str(number)}) for number in range(40)}
    answered.set()
    wait_until_told(server, endpoint)
    assert set(endpoint.acknowledged) == names and len(endpoint.acknowledged) == 40
    assert [len(said.get("ack", [])) for said in endpoint.said] == [0, 16, 16, 8]


def test_a_token_that_comes_again_does_nothing(nginx, idp, endpoint):
    server = start(nginx, endpoint)
    log_in(server, idp)
    name = offer(endpoint, server)
    token = endpoint.waiting[name]
    wait_until_told(server, endpoint)
    member = log_in_again(server, idp)
    server.reload()
    with endpoint.lock:
        endpoint.waiting[name] = token
    wait_until_told(server, endpoint)
    assert endpoint.acknowledged == [name, name]
    assert is_in(server, member)
    assert outcomes(server) == ["sessions_ended", "repeated"]


def test_a_transmitter_that_is_away_is_asked_again(nginx, idp, endpoint):
    endpoint.answers = lambda said: answer("", "503 Service Unavailable")
    server = start(nginx, endpoint)
    member = log_in(server, idp)
    offer(endpoint, server)
    server.wait_for(lambda: "the answer has the HTTP status 503" in server.error_log(), "a line")
    failed = len(endpoint.said)
    server.reload()
    time.sleep(3)
    assert len(endpoint.said) == failed, "it is asked after ten seconds, and not each second"
    assert is_in(server, member)
    endpoint.answers = lambda said: None
    wait_until_told(server, endpoint, 30)
    assert not is_in(server, member)
    log = server.error_log()
    assert log.count("cannot be polled") == 1 and log.count("come again from") == 1


def test_a_reload_leaves_nothing_undone(nginx, idp, endpoint):
    asked, reloaded = threading.Event(), threading.Event()

    def wait(said):
        if endpoint.waiting and not asked.is_set():
            asked.set()
            reloaded.wait(20)

    server = start(nginx, endpoint)
    member = log_in(server, idp)
    endpoint.answers = wait
    name = offer(endpoint, server)
    server.wait_for(asked.is_set, "a request")
    # The worker that asks ends when it has its answer.
    threading.Timer(1, reloaded.set).start()
    server.reload()
    wait_until_told(server, endpoint, 30)
    assert set(endpoint.acknowledged) == {name}
    assert not is_in(server, member)
    assert outcomes(server)[0] == "sessions_ended"


def test_an_acknowledgment_that_is_lost_is_said_again(nginx, idp, endpoint):
    lost = []

    def lose(said):
        if "ack" in said and not lost:
            lost.append(said)
            return answer("", "500 Internal Server Error")
        return None

    endpoint.answers = lose
    server = start(nginx, endpoint)
    name = offer(endpoint, server)
    wait_until_told(server, endpoint, 30)
    assert lost and endpoint.acknowledged == [name]
    assert outcomes(server) == ["sessions_ended", "repeated"]


SETS = json.dumps({"sets": {str(number): "x" for number in range(10_000)}})
HOSTILE = {
    "no JSON": answer("<html>", "200 OK", JSON),
    "nothing": answer("", "200 OK", JSON),
    "a list": answer("[]", "200 OK", JSON),
    "sets of another kind": answer('{"sets":["a"]}', "200 OK", JSON),
    "no sets": answer('{"moreAvailable":true}', "200 OK", JSON),
    "a word for true": answer('{"sets":{},"moreAvailable":"yes"}', "200 OK", JSON),
    "twice": answer('{"sets":{"a":"x","a":"y"}}', "200 OK", JSON),
    "deep": answer('{"sets":' + "[" * 100_000, "200 OK", JSON),
    "huge": answer('{"sets":{"a":"' + "x" * (2 << 20) + '"}}', "200 OK", JSON),
    "elsewhere": answer("", "302 Found", "Location: https://localhost:1/poll"),
    "no HTTP": b"\x00\xff" * 100,
    "unauthorized": answer("", "401 Unauthorized"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_answer_does_no_harm(nginx, idp, endpoint, name):
    endpoint.answers = lambda said: HOSTILE[name]
    server = start(nginx, endpoint, lines("1h"))
    server.wait_for(lambda: "cannot be polled" in server.error_log(), "a line")
    assert len(endpoint.said) == 1
    assert is_in(server, log_in(server, idp))


def test_of_ten_thousand_some_are_read_at_a_time(nginx, idp, endpoint):
    server = start(nginx, endpoint)
    member = log_in(server, idp)
    endpoint.answers = lambda said: answer(SETS, "200 OK", JSON)
    server.wait_for(lambda: len(endpoint.said) > 20, "requests")
    assert max(len(said.get("setErrs", {})) for said in endpoint.said) == 16
    assert is_in(server, member)


def test_nobody_is_asked_without_end(nginx, idp, endpoint):
    """More is there, says the transmitter each time, and gives nothing."""
    endpoint.answers = lambda said: answer('{"sets":{},"moreAvailable":true}', "200 OK", JSON)
    server = start(nginx, endpoint, lines("1h"))
    server.wait_for(lambda: endpoint.said, "a request")
    time.sleep(2)
    assert len(endpoint.said) == 1


def test_the_secret_goes_to_the_transmitter_alone(nginx, idp, endpoint):
    more = "events_poll_bearer_file secret; events_bearer_file other;"
    server = start(nginx, endpoint, lines(more=more), files={"secret": f"{SECRET}\n", "other": "f" * 32})
    offer(endpoint, server)
    wait_until_told(server, endpoint)
    assert set(endpoint.authorizations) == {f"Bearer {SECRET}"}
    assert len(endpoint.acknowledged) == 1
    assert SECRET not in server.error_log() + (server.directory / "audit.log").read_text()


def test_a_server_that_is_not_known_is_not_asked(nginx, idp, endpoint):
    server = start(nginx, endpoint, lines().replace("events_ssl_trusted_certificate poll.crt;", ""))
    server.expected = "certificate verify failed"
    server.wait_for(lambda: "cannot be polled" in server.error_log(), "a line")
    assert endpoint.said == []


def test_each_sp_that_has_the_idp_hears_it(nginx, idp, endpoint):
    other = """
        saml_sp other {
            base_url http://127.0.0.1:@PORT@;
            entity_id https://other.example.org;
            certificate sp.crt;
            certificate_key sp.key;
            cookie_name other;
            idp corp;
        }
    """
    handlers = "location = /other/saml/acs { saml_acs other; }"
    server = start(nginx, endpoint, http=other, server=handlers)
    member = log_in(server, idp)
    both = offer(endpoint, server, aud=[server.url("/saml/metadata"), "https://other.example.org"])
    wait_until_told(server, endpoint)
    assert endpoint.acknowledged == [both] and not is_in(server, member)
    assert sorted(record["sp"] for record in records(server)) == ["app", "other"]
    member = log_in_again(server, idp)
    one = offer(endpoint, server, aud="https://other.example.org")
    wait_until_told(server, endpoint)
    assert endpoint.acknowledged == [both, one] and endpoint.refused == {}
    assert is_in(server, member)
    assert records(server, "refusal") == []


def test_nothing_is_asked_for_before_there_are_keys(nginx, idp, endpoint, tmp_path):
    (tmp_path / "keys").mkdir()
    keys = PollEndpoint(tmp_path / "keys")
    keys.server.sends = lambda head, connection: answer("not found", "404 Not Found")
    conf = lines(more="metadata_cache @DIR@/copies;").replace("jwks.json", keys.server.url)
    server = start(nginx, endpoint, conf)
    server.wait_for(lambda: "none of its security events is taken yet" in server.error_log(), "a line")
    time.sleep(1.5)
    keys.stop()
    assert endpoint.said == []


def test_sessions_at_all_host_names_end(nginx, idp, endpoint):
    other = """
        server {
            listen 127.0.0.1:@PORT@;
            server_name localhost;
            include saml-endpoints.conf;
            location / { auth_saml app; root html; }
        }
    """
    conf = site(main="worker_processes 1;", http=AUDIT + other, idp=lines())
    conf = conf.replace("base_url http://127.0.0.1:@PORT@;", "base_url http://127.0.0.1:@PORT@ http://localhost:@PORT@;")
    server = nginx(conf, files=FILES, URL=endpoint.url)
    here = log_in(server, idp)
    there = Browser()
    there.session.headers["Connection"] = "close"
    home = f"http://localhost:{server.port}/page.html"
    asked = idp.asked(there.get(home))
    assert asked.acs_url.startswith("http://localhost:")
    assert there.post(asked.acs_url, idp.form(asked, Answer(session_index="_two"))).status == 303
    assert is_in(server, here) and there.get(home).status != 302
    name = offer(endpoint, server)
    wait_until_told(server, endpoint)
    assert endpoint.acknowledged == [name]
    assert not is_in(server, here) and there.get(home).status == 302
    assert records(server)[0]["sessions"] == 2
