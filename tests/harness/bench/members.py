"""Sessions by the thousand: a few by login, the rest made from one of them."""

import select
import socket
import subprocess
from pathlib import Path

from harness.bench.hosts import PAGE, Bench
from harness.crowd import ASSERTION, Crowd, unique
from harness.memcached import Memcached
from harness.nginx import Nginx

#: What universities and companies send: Name, FriendlyName, values.
USUAL = [
    ("urn:oid:0.9.2342.19200300.100.1.3", "mail", ["alice.liddell@example.org"]),
    ("urn:oid:2.5.4.4", "sn", ["Liddell"]),
    ("urn:oid:2.5.4.42", "givenName", ["Alice"]),
    ("urn:oid:2.16.840.1.113730.3.1.241", "displayName", ["Alice Liddell"]),
    ("urn:oid:0.9.2342.19200300.100.1.1", "uid", ["aliddell"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "eduPersonPrincipalName", ["aliddell@example.org"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", "eduPersonScopedAffiliation", ["staff@example.org"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf", ["staff", "library-admins"]),
    ("urn:oid:2.5.4.10", "o", ["Example Organisation"]),
    ("urn:oid:2.5.4.20", "telephoneNumber", ["+44 1865 000000"]),
]
MORE = [
    (f"urn:oid:1.3.6.1.4.1.55555.1.{n}", f"application{n}", [f"a value of attribute {n}"])
    for n in range(40)
]
#: Pipelined requests of one connection.
BATCH = 50


class Members(Crowd):
    """Logins with the first `count` attributes."""

    def __init__(self, server: Nginx, count: int):
        super().__init__(server)
        attributes = "".join(attribute(*each) for each in (USUAL + MORE)[:count])
        statement = f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>"
        self.assertion = ASSERTION.replace("</saml:Assertion>", f"{statement}</saml:Assertion>")

    def signed(self, template: str, **values: str) -> str:
        return super().signed(self.assertion if template is ASSERTION else template, **values)

    def cookie(self, name_id: str = "alice@example.org") -> str:
        """The cookie's value of a new session."""
        return self.enter(name_id, unique()).removeprefix("saml_session=")


def attribute(name: str, friendly_name: str, values: list[str]) -> str:
    inside = "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in values)
    return (
        f'<saml:Attribute FriendlyName="{friendly_name}" Name="{name}" '
        f'NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">{inside}</saml:Attribute>'
    )


def session_value(node: Memcached) -> bytes:
    """The one session that the node holds."""
    [value] = [value for key, value in node.entries().items() if key.startswith(b"samls")]
    return value


def fill(bench: Bench, server: Nginx, node: Memcached, attributes: int, count: int) -> Path:
    """Puts `count` sessions into the node, which is empty; the file of their cookies."""
    cookie, cookies = Members(server, attributes).cookie(), bench.cookies()
    command = [bench.fill, server.directory / "session.key", "saml", cookie, str(count), cookies]
    with node.connection() as connection, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as making:
        connection.settimeout(60)
        making.stdin.write(session_value(node))
        making.stdin.close()
        while commands := making.stdout.read(1 << 16):
            connection.sendall(commands)
        connection.sendall(b"mn\r\n")
        answer = connection.recv(100)
        assert answer == b"MN\r\n", answer
    assert making.returncode == 0
    return cookies


def visit(server: Nginx, cookies: list[str], connections: int = 16, enough=lambda: False) -> int:
    """One request with each cookie, by several pipelining connections; how many until `enough`.

    Each must be let in.
    """
    batches = [cookies[at : at + BATCH] for at in range(0, len(cookies), BATCH)]
    done, waiting = 0, {}
    for _ in range(min(connections, len(batches))):
        send(waiting, socket.create_connection((server.address, server.port)), batches.pop())
    while waiting and not enough():
        for connection in select.select(list(waiting), [], [], 30)[0]:
            expected, answers = waiting[connection]
            answers += connection.recv(1 << 18)
            if answers.count(b"\r\n\r\n") < expected:
                continue
            assert answers.count(b"HTTP/1.1 200") == expected, bytes(answers[:500])
            done += expected
            del waiting[connection]
            if batches:
                send(waiting, connection, batches.pop())
            else:
                connection.close()
    for connection in waiting:
        connection.close()
    return done


def send(waiting: dict, connection: socket.socket, batch: list[str]) -> None:
    connection.sendall(
        "".join(
            f"HEAD /protected/{PAGE} HTTP/1.1\r\nHost: x\r\nCookie: saml_session={cookie}\r\n\r\n"
            for cookie in batch
        ).encode()
    )
    waiting[connection] = (len(batch), bytearray())
