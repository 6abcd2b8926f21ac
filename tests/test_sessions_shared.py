"""`saml_sessions` with memcached: what one host's operator orders, the others follow; what cannot be told is not."""

import json
import time

import pytest

from harness.browser import Browser
from harness.gate import Gate
from harness.idp import Idp
from harness.members import assert_all_workers, assert_out_within, is_in, log_in, who_is_in
from harness.operator import LOCATION, listed, order, post
from harness.refusal import assert_refused
from harness.wire import ask

CONF = (
    """
worker_processes 2;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        memcached_timeout 500ms;
        cache_valid @CACHE_VALID@;
        zone saml_sessions 16m;
        secret @SECRET@;
    }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store shared;
    }
    server {
        listen @ADDRESS@:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location = /status { saml_status; }
        """
    + LOCATION
    + """
    }
}
"""
)
FILES = {"one.key": "0123456789abcdef" * 4, "two.key": "fedcba9876543210" * 4}


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))


@pytest.fixture
def nodes(memcacheds):
    return memcacheds(2)


@pytest.fixture
def hosts(twins, nodes):
    def start(cache_valid: str = "1s"):
        addresses = " ".join(node.address for node in nodes)
        return twins(CONF, files=FILES, NODES=addresses, CACHE_VALID=cache_valid, SECRET="one.key")

    return start


def state(server) -> str:
    [sp] = json.loads(ask(server, "/status").text)["sps"]
    return sp["idps"][0]["state"]


def test_it_lists_by_name_id_and_says_so(hosts, idp):
    one, two = hosts()
    log_in(one, idp, name_id="alice")
    log_in(one, idp, name_id="bob")
    for host, is_seen in ((one, True), (two, False)):
        found = listed(host)
        assert (found["sessions"], found["can_list"], found["next"]) == ([], "by_name_id", None)
        [session] = listed(host, name_id="alice")["sessions"]
        assert session["idp"] == idp.entity_id and ("created" in session) == is_seen
        assert listed(host, name_id="alice", idp="corp")["sessions"] == [session]
        assert listed(host, name_id="nobody")["sessions"] == []
    page = ask(two, "/admin/sessions?format=html")
    assert "memcached, which does not tell what is in it" in page.text


def test_one_and_all_of_a_name_id_end_on_both_hosts(hosts, idp):
    one, two = hosts()
    members = [log_in(one, idp) for _ in range(3)]
    bob = log_in(two, idp, name_id="bob")
    for member in members:
        assert is_in(two, member)
    first = listed(two, name_id="alice@example.org")["sessions"][0]["session"]
    ended = order(two, "end_session", idp="corp", name_id="alice@example.org", session=first)
    assert ended["sessions"] == 1
    server_side = [is_in(two, member) for member in members]
    assert sorted(server_side) == [False, True, True]
    assert order(two, "end_name_id", idp="corp", name_id="alice@example.org")["sessions"] == 2
    for member in members:
        assert_out_within(one, member, 2)
        assert_all_workers(two, member, False)
    assert is_in(one, bob) and is_in(two, bob)


@pytest.mark.parametrize("action", ["end_idp", "end_all"])
def test_all_end_on_both_hosts(hosts, idp, action):
    one, two = hosts()
    members = [log_in(one, idp, name_id=f"user{n}") for n in range(4)]
    for member in members:
        assert is_in(one, member) and is_in(two, member)
    order(two, action, idp="corp")
    assert who_is_in(two, *members) == [False] * 4
    for member in members:
        assert_out_within(one, member, 3)
    time.sleep(1.1)
    later = log_in(one, idp)
    assert is_in(one, later) and is_in(two, later)


def test_the_switch_holds_on_both_hosts(hosts, idp):
    one, two = hosts()
    member = log_in(one, idp)
    assert is_in(one, member) and is_in(two, member)
    order(one, "disable_idp", idp="corp")
    two.wait_for(lambda: state(two) == "disabled", "the other host to hear of it", 3)
    assert_refused(two, Browser().towards(two).get(two.url("/saml/login?idp=corp")), "idp_disabled")
    assert member.towards(two).get(two.url("/page.html")).status == 403
    order(two, "enable_idp", idp="corp")
    one.wait_for(lambda: state(one) == "ready", "the other host to hear of it", 3)
    assert is_in(one, member) and is_in(two, member)


def test_a_host_that_was_asleep_lets_nobody_in_first(hosts, idp):
    """Its first request after the order is refused already: it asks before it answers."""
    one, two = hosts("0s")
    member = log_in(one, idp)
    assert is_in(two, member)
    time.sleep(1.1)
    order(one, "end_idp", idp="corp")
    time.sleep(1.1)
    assert not is_in(two, member)
    two.stop()
    two.start()
    assert not is_in(two, member), "nor after a restart"


def test_a_session_is_not_judged_before_slow_orders_are_there(twins, nodes, idp):
    """The session is on a node that answers at once, the orders are on one that does not."""
    gates = [Gate(node) for node in nodes]
    addresses = " ".join(gate.address for gate in gates)
    one, two = twins(CONF, files=FILES, NODES=addresses, CACHE_VALID="0s", SECRET="one.key")
    order(one, "enable_idp", idp="corp")
    one.wait_for(lambda: has_orders(nodes), "an order in memcached")
    [slow] = [gate for gate in gates if has_orders([gate.node])]
    [quick] = [node for node in nodes if node is not slow.node]
    member = next(filter(None, (log_in_on(one, idp, quick) for _ in range(50))))
    time.sleep(1.1)
    order(one, "end_idp", idp="corp")
    two.stop()
    slow.delay = 0.1
    two.start()
    assert not is_in(two, member)
    for gate in gates:
        gate.close()


def log_in_on(server, idp, node) -> Browser | None:
    """A member whose session lies on this node."""
    sessions = lambda: sum(key[-44:-43] == b"s" for key in node.keys())  # noqa: E731
    before = sessions()
    member = log_in(server, idp)
    return member if sessions() > before else None


def test_memcached_that_has_lost_the_orders_gets_them_back(hosts, nodes, idp):
    one, two = hosts()
    member = log_in(one, idp)
    order(one, "disable_idp", idp="corp")
    two.wait_for(lambda: state(two) == "disabled", "the other host to hear of it", 3)
    # The crawler that lists keys passes over what is in use.
    one.wait_for(lambda: has_orders(nodes), "an order in memcached")
    for node in nodes:
        node.restart()
    assert not has_orders(nodes)
    one.wait_for(lambda: state(one) == "disabled" and has_orders(nodes), "the orders to be there again")
    two.stop()
    two.start()
    two.wait_for(lambda: state(two) == "disabled", "a host without memory to hear of it")
    assert member.towards(two).get(two.url("/page.html")).status == 403


def has_orders(nodes) -> bool:
    """Does any node have an entry of this kind?"""
    return any(key[-44:-43] == b"o" for node in nodes for key in node.keys())


def test_a_rotated_secret_forgets_no_order(hosts, idp):
    one, two = hosts()
    order(one, "disable_idp", idp="corp")
    two.wait_for(lambda: state(two) == "disabled", "the other host to hear of it", 3)
    for host in (one, two):
        host.values["SECRET"] = "two.key one.key"
        host.configure(CONF)
        host.reload()
        assert_all(lambda: state(host) == "disabled")


def assert_all(condition) -> None:
    for _ in range(12):
        assert condition()


def test_while_memcached_is_down_nothing_is_told_as_done(hosts, nodes, idp):
    one, _ = hosts()
    log_in(one, idp)
    token = listed(one)["token"]
    for node in nodes:
        node.kill()
    whose = {"sp": "app", "idp": "corp", "name_id": "alice@example.org", "token": token}
    for action in ("end_name_id", "end_idp", "end_all", "disable_idp"):
        answer = post(one, {"action": action, **whose})
        assert (answer.status, json.loads(answer.text)["error"]) == (503, "store_unavailable")
    answer = ask(one, "/admin/sessions?name_id=alice@example.org")
    assert answer.status == 503
    assert state(one) == "ready"
