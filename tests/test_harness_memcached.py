"""The memcached nodes of the tests and the gate before them. No nginx here."""

import socket

import pytest

from harness.gate import Gate
from harness.keys import rsa_credential
from harness.memcached import Memcached, tls_file


@pytest.fixture
def node():
    node = Memcached().start()
    yield node
    node.kill()


def test_what_it_holds(node):
    node.put(b"a", b"\x00one\r\n")
    node.put(b"b:\xc3\xa9", b"two")
    assert node.entries() == {b"a": b"\x00one\r\n", b"b:\xc3\xa9": b"two"}
    assert node.stats()["curr_items"] == 2
    node.delete(b"a")
    assert list(node.entries()) == [b"b:\xc3\xa9"]
    node.clear()
    assert node.entries() == {}


def test_dead_frozen_restarted(node):
    node.put(b"a", b"1")
    node.freeze()
    with node.connection() as connection:
        connection.settimeout(0.2)
        connection.sendall(b"mn\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    node.thaw()
    assert node.get(b"a") == b"1"
    node.kill()
    with pytest.raises(ConnectionRefusedError):
        node.connection()
    node.start()
    assert node.entries() == {}


@pytest.mark.parametrize("kind", ["unix", "tls"])
def test_other_ways_to_it(scratch, kind):
    certificate = tls_file(scratch, rsa_credential("memcached")) if kind == "tls" else None
    node = Memcached(scratch if kind == "unix" else None, certificate).start()
    node.put(b"a", b"1")
    assert node.entries() == {b"a": b"1"}
    node.kill()


def talk(gate: Gate) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", gate.port))
    connection.settimeout(0.2)
    return connection


def test_an_open_gate_passes_everything(node):
    gate = Gate(node)
    with talk(gate) as client:
        client.sendall(b"ms k 4\r\nmg\r\n\r\nmg k v\r\nmn\r\n")
        answer = b""
        while not answer.endswith(b"MN\r\n"):
            answer += client.recv(100)
    assert answer == b"HD\r\nVA 4\r\nmg\r\n\r\nMN\r\n"
    assert gate.commands == [b"ms k 4\r\nmg\r\n\r\n", b"mg k v\r\n", b"mn\r\n"]
    gate.close()


@pytest.mark.parametrize("how, stored", [("freeze", False), ("refuse", False), ("lose", True)])
def test_a_shut_gate(node, how, stored):
    gate = Gate(node)
    with talk(gate) as client:
        client.sendall(b"mn\r\n")
        assert client.recv(100) == b"MN\r\n"
        gate.shut(1, how)
        client.sendall(b"mn\r\nms k 1\r\nx\r\nms l 1\r\nx\r\n")
        assert client.recv(100) == b"MN\r\n" or how == "refuse"
        try:
            assert client.recv(100) == b"", "cut off"
            assert how == "refuse"
        except (TimeoutError, ConnectionResetError):
            pass
    if how == "refuse":
        with pytest.raises(ConnectionRefusedError):
            talk(gate)
    assert len(gate.commands) == 1
    assert node.get(b"k") == (b"x" if stored else None)
    assert node.get(b"l") is None
    gate.open()
    with talk(gate) as client:
        client.sendall(b"mn\r\n")
        assert client.recv(100) == b"MN\r\n"
    gate.close()
