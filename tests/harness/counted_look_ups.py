"""Members' requests for which an nginx with memcached is counted."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from harness.counted_kind import Kind, pages
from harness.counted_nginx import CountedNginx
from harness.crowd import CROWD_IDP, Crowd, unique
from harness.keys import rsa_credential
from harness.memcached import Memcached
from harness.site import site

# memcached answers all that comes in one turn of nginx's loop in one piece, so that nginx reads it in one turn.
IN_ONE_PIECE = ["-R", "500"]
MANY = 32
#: Where the node is, what is believed without asking it, and how many come at once.
CASES = [
    ("memcached, cache_valid 1s", "unix", "1s", 1),
    ("memcached, cache_valid 0, unix socket", "unix", "0s", 1),
    (f"memcached, cache_valid 0, unix socket, {MANY} at once", "unix", "0s", MANY),
    ("memcached, cache_valid 0, TCP", "TCP", "0s", 1),
    (f"memcached, cache_valid 0, TCP, {MANY} at once", "TCP", "0s", MANY),
    (f"memcached, cache_valid 0, two replicas, {MANY} at once", "both", "0s", MANY),
]


def conf(main: str, nodes: list[Memcached], cache_valid: str) -> str:
    store = f"memcached {' '.join(node.address for node in nodes)}; replicas {len(nodes)};"
    return site(
        main=main,
        http=f"""
            saml_audit_log audit.log;
            saml_session_store shared {{ {store} cache_valid {cache_valid}; secret session.key; }}
        """,
        idp="allow_unsolicited on; clock_skew 5m;",
        sp="session_store shared; session_idle_timeout off;",
        server="access_log off; keepalive_requests 1000000;",
    )


@contextlib.contextmanager
def look_ups(scratch: Path, main: str, binary: str, module: str):
    """Gives the kinds, each with the nginx that it is asked of."""
    unix, tcp = Memcached(scratch, options=IN_ONE_PIECE), Memcached(options=IN_ONE_PIECE)
    nodes = {"unix": [unix], "TCP": [tcp], "both": [unix, tcp]}
    servers = []

    def kinds() -> Iterator[tuple[CountedNginx, Kind]]:
        for number, (name, where, cache_valid, at_once) in enumerate(CASES):
            text = conf(main, nodes[where], cache_valid)
            server = CountedNginx(scratch / f"asking-{number}", binary, module, text)
            servers.append(server)
            furnish(server)
            server.start()
            crowd = Crowd(server)
            members = [crowd.enter(f"person{n}", unique()) for n in range(at_once)]
            crowd.close()
            for node in nodes[where]:
                outlast(node)
            yield server, Kind(
                name, pages("/page.html", *(("Cookie", each) for each in members)), 200, at_once=at_once
            )
            server.kill()

    try:
        for node in (unix, tcp):
            node.start()
        yield kinds()
    finally:
        for one in (*servers, unix, tcp):
            one.kill()


def outlast(node: Memcached) -> None:
    """Sessions are kept for longer than they hold: while nginx's clock stands still, theirs must seem to."""
    for key in node.keys():
        node.command(b"mg %s T2000000\r\n" % key, b"\r\n")


def furnish(server: CountedNginx) -> None:
    server.write("sp.crt", rsa_credential("sp").certificate_pem)
    server.write("sp.key", rsa_credential("sp").key_pem)
    server.write("session.key", "0123456789abcdef" * 4)
    server.write("idp.xml", CROWD_IDP.metadata())
    server.write("html/page.html", "x" * 1024)
