"""Several tests at a time: nobody gets another's port, and whoever wants to be alone is. No nginx here."""

import socket
import subprocess
import sys
import threading

import pytest

from harness.nginx import free_ports
from harness.parallel import turn

FIND_PORTS = "from harness.nginx import free_ports; print(*free_ports(500))"
OF_A_FILE = "import time\ndef test_it(): time.sleep({})\n"


def test_a_port_is_kept_for_who_asked():
    """No other run finds it, nobody else binds it, and a server listens there as if it were free."""
    ports = free_ports(100)
    assert len(set(ports)) == 100
    found = subprocess.run(
        [sys.executable, "-c", FIND_PORTS], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert not {int(port) for port in found.split()} & set(ports)
    with socket.socket() as client, pytest.raises(OSError, match="in use"):
        client.bind(("127.0.0.1", ports[0]))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]))
    with socket.create_server(("127.0.0.1", ports[0])) as server:
        with socket.create_connection(("127.0.0.1", ports[0])):
            server.accept()[0].close()


class Takers:
    """Tests that take turns at a place; `running` are those in the room."""

    def __init__(self, directory):
        self.directory, self.running, self.threads = directory, [], []

    def start(self, name: str, alone: bool) -> threading.Event:
        end = threading.Event()

        def run():
            with turn(self.directory, alone):
                self.running.append(name)
                end.wait(10)
                self.running.remove(name)

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()
        return end

    def are(self, *names: str) -> bool:
        """Within a while, and for a while."""
        for _ in range(100):
            if sorted(self.running) == sorted(names):
                break
            self.threads[-1].join(0.02)
        self.threads[-1].join(0.1)
        return sorted(self.running) == sorted(names)

    def join(self) -> None:
        for thread in self.threads:
            thread.join()


def test_who_wants_to_be_alone_is(tmp_path):
    tests = Takers(tmp_path)
    ends = [tests.start("first", False), tests.start("second", False)]
    assert tests.are("first", "second"), "they share"
    ends.append(tests.start("serial", True))
    assert tests.are("first", "second"), "it waits"
    ends.append(tests.start("third", False))
    assert tests.are("first", "second"), "nobody overtakes it"
    ends[0].set()
    ends[1].set()
    assert tests.are("serial")
    ends[2].set()
    assert tests.are("third")
    ends[3].set()
    tests.join()


def test_what_files_cost(tmp_path):
    """The table at the end of a run: the dearest file first."""
    (tmp_path / "test_cheap.py").write_text(OF_A_FILE.format(0))
    (tmp_path / "test_dear.py").write_text(OF_A_FILE.format(0.3))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "harness.costs", "-p", "no:cacheprovider"]
        + ["-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout  # fmt: skip
    table = ran.partition("seconds by file")[2].splitlines()[1:4]
    assert [line.split()[1] for line in table] == ["test_dear.py", "test_cheap.py", "all"]
    assert 0.3 <= float(table[0].split()[0]) < 3
