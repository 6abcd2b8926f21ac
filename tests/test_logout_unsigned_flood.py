"""`require_signed_logout off`: what strangers send costs others neither sessions nor logins."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, received, send
from harness.members import await_age, is_in, log_in, log_in_again, who_is_in
from harness.refusal import assert_refused
from harness.response import Answer, Attribute

CONF = """
worker_processes 2;
events {}
http {
    saml_session_store small { zone small 256k; }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; require_signed_logout @SIGNED@; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store small;
        max_message_size 1m;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
MEMCACHED = """
    saml_session_store small {
        memcached @NODES@;
        zone small 256k;
        secret session.key;
    }
"""
REQUESTER = "urn:oasis:names:tc:SAML:2.0:status:Requester"
BINDINGS = ["post", "soap"]


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


def names(count: int, of: str = "") -> tuple[str, ...]:
    return tuple(f"_{of}{n}" for n in range(count))


def assert_too_many(server, page):
    """The IdP hears that the logout failed, and that trying again is in vain."""
    assert page.status == 403
    answer = received(page)
    assert (answer.kind, answer.status) == ("LogoutResponse", REQUESTER)
    (*_, line) = [line for line in server.error_log().splitlines() if " saml: " in line]
    assert " saml: session_indexes_too_many: " in line


@pytest.mark.parametrize("binding", BINDINGS)
def test_thousands_of_session_indexes(nginx, idp, binding):
    server = nginx(CONF, SIGNED="off")
    members = [log_in(server, idp, name_id=f"user{n}@example.org") for n in range(5)]
    for n in range(13):
        flood = LogoutRequest(sign=False, session_index=names(4900), not_on_or_after=86_000)
        assert_too_many(server, send(idp, server.url("/saml/sls"), flood, binding))
        assert is_in(server, log_in(server, idp, name_id=f"new{n}@example.org"))
    assert who_is_in(server, *members) == [True] * 5


@pytest.mark.parametrize("name_id", ["nobody-{}@example.org", "victim@example.org"])
def test_many_requests_of_as_many_as_are_taken(nginx, idp, name_id):
    """Of people who are not here, and of one who is: 40 × 256 is ten times the zone's blocks."""
    server = nginx(CONF, SIGNED="off")
    members = [log_in(server, idp, name_id=f"user{n}@example.org") for n in range(5)]
    victim = log_in(server, idp, name_id="victim@example.org")
    for n in range(40):
        flood = LogoutRequest(
            sign=False,
            name_id=name_id.format(n),
            session_index=names(256, f"{n}-"),
            not_on_or_after=86_000,
        )
        assert_success(send(idp, server.url("/saml/sls"), flood))
    assert who_is_in(server, victim, *members) == [True] * 6
    for n in range(50):
        assert is_in(server, log_in(server, idp, name_id=f"new{n}@example.org"))
    assert who_is_in(server, victim, *members) == [True] * 6
    assert "is full" not in server.error_log()


def test_a_full_zone(nginx, idp):
    """Not even the least recently used session goes for a stranger's request."""
    server = nginx(CONF, SIGNED="off")
    filler = [Attribute("filler", ["x" * 8000])]
    members = []
    while "is full" not in server.error_log():
        name = f"user{len(members)}@example.org"
        members.append(log_in(server, idp, name_id=name, attributes=filler))
    before = who_is_in(server, *members)
    for n in range(5):
        flood = LogoutRequest(sign=False, name_id=name, session_index=names(256, f"{n}-"))
        assert_success(send(idp, server.url("/saml/sls"), flood))
    assert who_is_in(server, *members) == before


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("signed", ["on", "off"])
def test_the_bound_is_for_the_idp_too(nginx, idp, signed, binding):
    """Nothing is cut: a request that names one too many ends no session."""
    server = nginx(CONF, SIGNED=signed)
    member = log_in(server, idp)
    url = server.url("/saml/sls")
    over = LogoutRequest(session_index=("_session-1", *names(256)))
    assert_too_many(server, send(idp, url, over, binding))
    assert is_in(server, member)
    most = LogoutRequest(session_index=("_session-1", *names(255)))
    assert_success(send(idp, url, most, binding))
    assert not is_in(server, member)


def test_one_who_is_here_is_still_logged_out_for_good(nginx, idp, browser):
    """The session ends, and a login that was under way does not bring it back."""
    server = nginx(CONF, SIGNED="off")
    member = log_in(server, idp)
    request = idp.asked(browser.get(server.url("/page.html")))
    late = idp.form(request, Answer(issue_instant=-3))
    for _ in range(2):
        assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(sign=False, id="_again")))
        assert not is_in(server, member)
    assert_refused(server, browser.post(request.acs_url, late), "assertion_logged_out")
    assert is_in(server, log_in_again(server, idp, "_session-1"))


def test_nothing_stays_of_one_who_is_not_here(nginx, idp):
    """The login that they are about to finish goes through."""
    server = nginx(CONF, SIGNED="off")
    await_age(server, 3)
    request = idp.asked(Browser().get(server.url("/page.html")))
    late = idp.form(request, Answer(in_response_to=None, issue_instant=-3))
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(sign=False)))
    assert Browser().post(request.acs_url, late).status == 303


def test_what_stays_in_memcached(nginx, idp, memcacheds):
    """Unsigned: two minutes, in a place of its own. Signed: as long as assertions are taken."""
    (node,) = memcacheds()
    conf = CONF.replace("    saml_session_store small { zone small 256k; }\n", MEMCACHED)
    secret = {"session.key": "0123456789abcdef" * 4}
    server = nginx(conf, files=secret, SIGNED="off", NODES=node.address)

    def lifetimes(kind: str) -> list[int]:
        keys = [key for key in node.keys() if key.startswith(b"saml" + kind.encode())]
        return [int(node.command(b"mg %s t\r\n" % key, b"\r\n").split(b"t")[1]) for key in keys]

    stranger = LogoutRequest(sign=False, name_id="nobody@example.org", not_on_or_after=86_000)
    assert_success(send(idp, server.url("/saml/sls"), stranger))
    assert lifetimes("u") == lifetimes("t") == []
    log_in(server, idp)
    unsigned = LogoutRequest(sign=False, not_on_or_after=86_000)
    assert_success(send(idp, server.url("/saml/sls"), unsigned))
    (seconds,) = lifetimes("u")
    assert 60 <= seconds <= 122
    assert lifetimes("t") == []
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(name_id="bob@example.org")))
    (seconds,) = lifetimes("t")
    assert 900 + 60 <= seconds
