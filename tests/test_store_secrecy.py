"""Whoever reads memcached learns nothing; whoever writes it becomes nobody."""

import base64
import hashlib
import re

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import PAGE, is_in, log_in
from harness.response import Answer, Attribute

CONF = """
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        cache_valid 0s;
        zone saml_sessions 16m;
        secret @SECRETS@;
    }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
    }
    server {
        listen @ADDRESS@:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; add_header X-User $saml_name_id; root html; }
    }
}
"""
FILES = {"session.key": "0123456789abcdef" * 4, "next.key": "fedcba9876543210" * 4}
WHO = "alice.anderson@example.org"
SECRETS_OF_THE_PERSON = ["anderson", "example.org", "group-of-hers", "Ångström", "_her-index"]


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def node(memcacheds):
    return memcacheds()[0]


@pytest.fixture
def host(nginx, node):
    return nginx(CONF, files=FILES, NODES=node.address, SECRETS="session.key")


def enter(host, idp, name_id: str = WHO) -> Browser:
    attributes = [Attribute("groups", ["group-of-hers"] * 40), Attribute("sn", ["Ångström"])]
    return log_in(host, idp, "_her-index", name_id=name_id, attributes=attributes)


def token_of(browser: Browser) -> str:
    return browser.session.cookies["saml_session"]


def user(host, browser: Browser) -> tuple[int, str | None]:
    page = browser.get(host.url(PAGE))
    return page.status, page.headers.get("X-User")


def spellings(word: bytes) -> set[bytes]:
    """The word as it could be written down: as it is, hex, base64 at each of three offsets."""
    shifted = {base64.b64encode(b"x" * n + word)[4:-4] for n in range(3) if len(word) > 6}
    return {
        word,
        word.hex().encode(),
        *shifted,
        *(s.replace(b"+", b"-").replace(b"/", b"_") for s in shifted),
    }


def test_a_dump(host, node, idp):
    """After logins, a logout and a replay claim: no token, no name, no attribute, no IdP."""
    browsers = [enter(host, idp) for _ in range(3)]
    assert_success(
        send(idp, host.url("/saml/sls"), LogoutRequest(name_id=WHO, session_index=("_x",)))
    )
    entries = node.entries()
    assert len(entries) >= 5, "sessions, index, claims, tombstone"
    dump = b"\n".join(key + b" " + value for key, value in entries.items())
    words = [word.encode() for word in (*SECRETS_OF_THE_PERSON, idp.entity_id, "/saml/metadata")]
    for browser in browsers:
        token = token_of(browser)
        words += [token.encode(), base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))]
    for word in words:
        for spelling in spellings(word):
            assert spelling.lower() not in dump.lower(), word
    # Nor is a guess at the name confirmed: keys are no plain hashes of what can be guessed.
    for guess in (
        WHO,
        f"{idp.entity_id}{WHO}",
        f"{idp.entity_id}\0{WHO}",
        f"{idp.entity_id}|{WHO}",
    ):
        for algorithm in ("sha256", "sha1", "md5"):
            digest = hashlib.new(algorithm, guess.encode()).digest()
            for spelling in spellings(digest):
                assert spelling not in dump


def test_keys_are_under_the_prefix(host, node, idp):
    """Other programs may share the nodes."""
    enter(host, idp)
    for key in node.entries():
        assert re.fullmatch(rb"saml[\x21-\x7e]{20,200}", key), key


def sessions_of(node, act) -> tuple:
    """The entries that `act` makes, and what it returns."""
    before = node.entries()
    result = act()
    return {k: v for k, v in node.entries().items() if before.get(k) != v}, result


def test_values_swapped_between_keys(host, node, idp):
    """Alice's cookie with bob's value: neither alice nor bob."""
    of_alice, alice = sessions_of(node, lambda: enter(host, idp))
    of_bob, bob = sessions_of(node, lambda: enter(host, idp, "bob@example.org"))
    for mine in of_alice:
        for other, value in {**of_alice, **of_bob}.items():
            if other == mine:
                continue
            node.put(mine, value)
            status, name = user(host, alice)
            assert (status, name) in ((200, WHO), (302, None)), f"{status} {name}"
            node.put(mine, of_alice[mine])
    assert user(host, bob) == (200, "bob@example.org")
    assert user(host, alice) in ((200, WHO), (302, None))


def test_sessions_swapped(host, node, idp):
    """The two entries that matter most, by their size."""
    of_alice, alice = sessions_of(node, lambda: enter(host, idp))
    of_bob, bob = sessions_of(node, lambda: enter(host, idp, "bob@example.org"))
    a, b = (max(entries, key=lambda key: len(entries[key])) for entries in (of_alice, of_bob))
    node.put(a, of_bob[b])
    node.put(b, of_alice[a])
    assert user(host, alice) == (302, None)
    assert user(host, bob) == (302, None)


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: b"",
        lambda value: b"\x00",
        lambda value: b"A",
        lambda value: value[:-1],
        lambda value: value + b"\x00",
        lambda value: value[:20] + bytes([value[20] ^ 1]) + value[21:],
        lambda value: value[:-1] + bytes([value[-1] ^ 1]),
        lambda value: bytes([value[0] ^ 0xFF]) + value[1:],
        lambda value: b"\xff" * 100_000,
        lambda value: b"alice.anderson@example.org",
        lambda value: b"VA 3\r\nabc\r\nEN\r\n",
    ],
)
def test_forged_values(host, node, idp, forge):
    """Every entry in turn: a miss or the truth, never an error page and never somebody."""
    entries, alice = sessions_of(node, lambda: enter(host, idp))
    for key, value in entries.items():
        node.put(key, forge(value))
        assert user(host, alice) in ((200, WHO), (302, None))
        node.put(key, value)
    assert user(host, alice)[0] in (200, 302)
    again = enter(host, idp)
    assert user(host, again) == (200, WHO)


def test_a_session_for_another_token(host, node, idp):
    """A copy under the key of a token of the attacker's choice opens for nobody."""
    entries, _ = sessions_of(node, lambda: enter(host, idp))
    session = max(entries, key=lambda key: len(entries[key]))
    chosen = base64.urlsafe_b64encode(b"\x01" * 32).decode().rstrip("=")
    digest = hashlib.sha256(b"\x01" * 32)
    for guess in (
        digest.hexdigest().encode(),
        base64.urlsafe_b64encode(digest.digest()).rstrip(b"="),
    ):
        prefix = session[: max(4, len(session) - len(guess))]
        node.put(prefix + guess, entries[session])
    browser = Browser()
    browser.session.cookies["saml_session"] = chosen
    assert user(host, browser) == (302, None)


def test_entries_taken_away(host, node, idp):
    """Everything deleted: logged out, no error; a new login works."""
    alice = enter(host, idp)
    node.clear()
    assert user(host, alice) == (302, None)
    assert user(host, enter(host, idp)) == (200, WHO)


def test_replays_need_more_than_deleting(host, node, idp, browser):
    """The claim is gone, the request's cookie of the victim's browser is missing all the same."""
    request = idp.asked(browser.get(host.url(PAGE)))
    form = idp.form(request, Answer())
    assert browser.post(request.acs_url, form).status == 303
    node.clear()
    thief = Browser()
    assert thief.post(request.acs_url, form).status == 400
    assert not is_in(host, thief)


def test_rotation_of_the_secret(twins, node, idp):
    """First seals, all open: sessions, index and tombstones outlive the change, host by host."""
    one, two = twins(CONF, files=FILES, NODES=node.address, SECRETS="session.key")
    old = enter(one, idp)

    def change(server, secrets: str) -> None:
        server.values["SECRETS"] = secrets
        server.configure(CONF)
        server.reload()

    for host in (one, two):
        change(host, "session.key next.key")
    assert user(two, old.towards(two)) == (200, WHO)
    for host in (one, two):
        change(host, "next.key session.key")
        assert is_in(one, old) and is_in(two, old)
    new = enter(two, idp)
    assert is_in(one, new)
    assert_success(send(idp, one.url("/saml/sls"), LogoutRequest(name_id=WHO, session_index=())))
    for browser in (old, new):
        assert not is_in(one, browser) and not is_in(two, browser)


def test_another_secret_reads_nothing(nginx, node, idp):
    one = nginx(CONF, files=FILES, NODES=node.address, SECRETS="session.key")
    two = nginx(
        CONF,
        files=FILES,
        NODES=node.address,
        SECRETS="next.key",
        ADDRESS="127.0.0.2",
        PORT=str(one.port),
    )
    alice = enter(one, idp)
    assert not is_in(two, alice)
    assert is_in(one, alice)
