"""`cache_valid 0`: a node says whether it has a session as it was, without sending it; whenever that is not certain, the
value is asked for and judged."""

import socket

import pytest

from harness.crowd import CROWD_IDP, Crowd
from harness.gate import Gate

CONF = """
worker_processes 1;
events {}
http {
    saml_session_store shared {
        memcached @NODES@;
        replicas @REPLICAS@;
        memcached_timeout 2s;
        cache_valid 0s;
        zone @ZONE@;
        secret session.key;
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
        location / { auth_saml app; root html; }
    }
}
"""
SECRET = {"session.key": "0123456789abcdef" * 4}


@pytest.fixture
def idp():
    return CROWD_IDP


@pytest.fixture(params=[1, 2], ids=["one node", "two replicas"])
def gates(memcacheds, request):
    made = [Gate(node) for node in memcacheds(request.param)]
    yield made
    for gate in made:
        gate.close()


@pytest.fixture
def hosts(twins, gates):
    addresses = " ".join(gate.address for gate in gates)
    return twins(CONF, files=SECRET, NODES=addresses, REPLICAS=str(len(gates)), ZONE="saml_sessions 16m")


@pytest.fixture
def crowd(hosts):
    return Crowd(hosts[0])


@pytest.fixture
def cookie(crowd):
    """Of a member whose session the first host has decoded."""
    cookie = crowd.enter("alice", "_1")
    assert crowd.status(cookie) == 200
    return cookie


def stored(gate) -> list[bytes]:
    """The keys of the sessions that were stored, by their age."""
    return [c.split()[1] for c in gate.commands if c.startswith(b"ms samls")]


def mark(node, key: bytes) -> bytes:
    return node.command(b"mg %s f\r\n" % key, b"\r\n")


def asked(gates, do) -> list[list[bytes]]:
    """What each node was asked about the session meanwhile, without the key and what counts the commands."""
    for gate in gates:
        gate.commands.clear()
    do()
    about = [[c for c in gate.commands if b" samls" in c] for gate in gates]
    asked = [[b" ".join(c.split()[2:-1]) for c in commands] for commands in about]
    # That its idle timeout moves on may be told at any time.
    return [[words for words in commands if not words.startswith(b"T")] for commands in asked]


CHECKED, SENT = b"f t", b"v t f"


def test_what_is_as_it_was_is_not_sent(crowd, cookie, gates):
    def three_times():
        for _ in range(3):
            assert crowd.status(cookie) == 200

    assert asked(gates, three_times) == [[CHECKED] * 3] * len(gates)


def test_a_logout_elsewhere_holds_at_once(crowd, cookie, hosts, gates):
    other = Crowd(hosts[1])
    assert other.post_logout(other.logout_form("alice"))[0] == 200
    assert crowd.status(cookie) == 302


def test_a_slow_node_is_waited_for(crowd, cookie, hosts, gates):
    gates[0].delay = 0.3
    assert crowd.status(cookie) == 200
    other = Crowd(hosts[1])
    assert other.post_logout(other.logout_form("alice"))[0] == 200
    assert crowd.status(cookie) == 302


def test_a_node_that_comes_back_empty(crowd, cookie, gates):
    """Its numbers begin anew. One replica is given back what it has lost, and says so by the same mark."""
    node, [key] = gates[0].node, stored(gates[0])
    before = mark(node, key)
    gates[0].close()
    node.restart()
    gates[0].open()
    if len(gates) == 1:
        assert crowd.status(cookie) in (302, 503)
        crowd.server.wait_for(lambda: crowd.status(cookie) == 302, "the node to be asked")
        return
    repaired = lambda: crowd.status(cookie) == 200 and mark(node, key) != b"EN\r\n"  # noqa: E731
    crowd.server.wait_for(repaired, "the repair")
    assert mark(node, key) == before
    crowd.status(cookie)
    assert asked(gates, lambda: crowd.status(cookie)) == [[CHECKED]] * 2


def test_all_are_down(crowd, cookie, gates):
    """Who was seen a moment ago goes on."""
    for gate in gates:
        gate.shut(how="refuse")
    assert crowd.status(cookie) == 200


@pytest.mark.parametrize("who", ["another session", "an end", "rubbish", "nothing"])
def test_what_a_neighbour_puts_in_its_place(crowd, cookie, gates, who):
    nodes = [gate.node for gate in gates]
    [key] = stored(gates[0])
    if who == "another session":
        crowd.enter("bob", "_2")
        value = nodes[0].get(stored(gates[0])[1])
    else:
        value = {"an end": b"E" + bytes(28), "rubbish": b"rubbish"}.get(who)
    for node in nodes:
        node.put(key, value) if value else node.delete(key)
    assert crowd.status(cookie) == 302


def test_one_replica_has_something_else(crowd, cookie, gates):
    """The value is asked for, and the session is judged by those copies that can be opened."""
    [key] = stored(gates[0])
    gates[0].node.put(key, b"rubbish")
    seen = asked(gates, lambda: crowd.status(cookie))
    assert seen == [[CHECKED, SENT]] * len(gates)
    assert crowd.status(cookie) == (302 if len(gates) == 1 else 200)


def test_a_host_of_before_marks_has_written_it(crowd, cookie, gates):
    """The value is the same, so that it is not opened again; but it has to be sent."""
    for gate in gates:
        [key] = stored(gate)
        gate.node.put(key, gate.node.get(key))
    assert asked(gates, lambda: crowd.status(cookie)) == [[CHECKED, SENT]] * len(gates)
    assert asked(gates, lambda: crowd.status(cookie)) == [[SENT]] * len(gates)
    assert crowd.status(cookie) == 200


def test_how_long_it_lives(crowd, cookie, gates):
    """Clocks of whole seconds differ by one or two, which is no news. A life cut short is, for all workers."""
    [key] = stored(gates[0])

    def lives(seconds: int) -> list[list[bytes]]:
        for gate in gates:
            gate.node.command(b"mg %s T%d\r\n" % (key, seconds), b"\r\n")
        return asked(gates, lambda: [crowd.status(cookie) for _ in range(2)])

    for _ in range(3):
        assert crowd.status(cookie) == 200
    assert lives(3599) == [[CHECKED, CHECKED]] * len(gates)
    assert lives(600) == [[CHECKED, SENT, CHECKED]] * len(gates)


def test_requests_at_a_time_share_a_question(crowd, cookie, hosts, gates):
    gates[0].delay = 0.2
    request = b"GET /page.html HTTP/1.1\r\nHost: x\r\nCookie: %s\r\n\r\n" % cookie.encode()

    def together():
        address = (hosts[0].address, hosts[0].port)
        connections = [socket.create_connection(address) for _ in range(8)]
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200")
            connection.close()

    assert len(asked(gates, together)[0]) < 8
