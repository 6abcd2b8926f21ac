"""What a host of a later version has left in memcached besides sessions, in formats that this one does not know."""

import re

import pytest

from harness.idp import Idp
from harness.logout import LogoutRequest, assert_success, send
from harness.members import PAGE, assert_out_within, is_in, log_in
from harness.operator import LOCATION, order
from harness.refusal import assert_refused
from harness.response import Answer
from harness.sealed import ENTRY, Sealer, of_base64
from harness.site import site

CONF = site(
    http="""
        saml_session_store shared {
            memcached @NODES@;
            cache_valid 0s;
            zone saml_sessions 1m;
            secret session.key;
        }
    """,
    idp="allow_unsolicited on;",
    sp="session_store shared; @SP@",
    server=LOCATION,
)
FILES = {"session.key": "0123456789abcdef" * 4}
SEALER = Sealer(FILES["session.key"])
LATER = b"\xc8"


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "SOAP"))


@pytest.fixture
def node(memcacheds):
    return memcacheds()[0]


@pytest.fixture
def server(nginx, node):
    return nginx(CONF, files=FILES, NODES=node.address, SP="")


def make_later(node, letter: str) -> None:
    """All entries of a kind are now of a version that begins with another octet."""
    keys = [key for key in node.keys() if key.startswith(f"saml{letter}".encode())]
    assert keys, "there are some"
    for key in keys:
        name = of_base64(key[len("samlx") :].decode())
        plain = SEALER.open(ENTRY, name, node.get(key))
        node.put(key, SEALER.seal(ENTRY, name, LATER + plain[1:]))


def log_out(server, idp) -> None:
    assert_success(send(idp, server.url("/saml/sls"), LogoutRequest(session_index=())))


def assert_quiet(server) -> None:
    """Nothing above notice in error.log, but that `base_url` is one of trials."""
    loud = re.findall(r"^.*\[(?:warn|error|crit|alert|emerg)\].*$", server.error_log(), re.M)
    assert [line for line in loud if "is plain http" not in line] == []


@pytest.mark.slow
def test_session_sets(nginx, node, idp):
    """Sessions go on. A logout ends those that have begun since, and those of before when a worker looks after their
    set, as for one that a node has lost."""
    server = nginx(CONF, files=FILES, NODES=node.address, SP="session_idle_timeout 3s;")
    before = log_in(server, idp, "_1")
    make_later(node, "i")
    after = log_in(server, idp, "_2")
    assert is_in(server, before) and is_in(server, after)
    log_out(server, idp)
    assert not is_in(server, after)
    assert_out_within(server, before, 30)
    assert_quiet(server)


@pytest.mark.parametrize("is_later", [False, True])
def test_logouts(server, node, idp, browser, is_later):
    """An assertion that a logout has overtaken is let in by who does not know of it; new logins and logouts are as
    ever."""
    request = idp.asked(browser.get(server.url(PAGE)))
    late = idp.form(request, Answer(issue_instant=-3))
    log_out(server, idp)
    if is_later:
        make_later(node, "t")
    page = browser.post(request.acs_url, late)
    if is_later:
        assert page.status == 303
    else:
        assert_refused(server, page, "assertion_logged_out")
    again = log_in(server, idp, issue_instant=2)
    assert is_in(server, again)
    send(idp, server.url("/saml/sls"), LogoutRequest(session_index=(), issue_instant=3))
    assert not is_in(server, again)
    if is_later:
        assert_quiet(server)


def test_claims(server, node, idp, browser):
    """The exception: which assertions of this user have been used is not known, so none is taken until the claims
    are over. Others log in, and who has a session keeps it."""
    member = log_in(server, idp)
    make_later(node, "r")
    request = idp.asked(browser.get(server.url(PAGE)))
    page = browser.post(request.acs_url, idp.form(request))
    assert_refused(server, page, "store_unavailable")
    assert page.status == 503
    assert is_in(server, member)
    assert is_in(server, log_in(server, idp, name_id="bob@example.org"))
    for key in [key for key in node.keys() if key.startswith(b"samlr")]:
        node.delete(key)  # as time does
    assert idp.login(browser, server.url(PAGE), Answer()).status == 303


def test_orders(nginx, node, idp):
    """A host that has not heard an order of an operator's from its giver does not follow it; its own are."""
    giver = nginx(CONF, files=FILES, NODES=node.address, SP="")
    member = log_in(giver, idp)
    order(giver, "end_all")
    assert not is_in(giver, member)
    giver.stop()
    make_later(node, "o")
    host = giver.start()
    assert is_in(host, member)
    order(host, "end_all")
    assert not is_in(host, member)
    assert_quiet(host)
