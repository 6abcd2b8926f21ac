"""nginx replaced while it runs: what has begun at the old one ends there."""

import os
import signal
import socket

from harness.members import is_in, log_in
from harness.site import site

CONF = site(
    http="saml_session_store sessions { zone saml_sessions 1m; secret session.key; }",
    sp="session_store sessions;",
    server="location /slow/ { auth_saml app; alias html/; limit_rate 40k; }",
)
SIZE = 80_000
FILES = {"session.key": "0123456789abcdef" * 4, "html/large.bin": b"x" * SIZE}


def test_a_download_goes_on(generations, installed, idp):
    """Although the session of who began it is none of the new one's."""
    upgrading = generations(CONF, files=FILES, MODULE=str(installed))
    server, old = upgrading.server, upgrading.master()
    member = log_in(server, idp)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in member.session.cookies)
    with socket.create_connection((server.address, server.port), timeout=10) as download:
        lines = ["GET /slow/large.bin HTTP/1.0", f"Host: 127.0.0.1:{server.port}", f"Cookie: {cookies}"]
        download.sendall("\r\n".join([*lines, "", ""]).encode())
        received = download.recv(1 << 16)
        assert received.startswith(b"HTTP/1.1 200 ")
        upgrading.replace()
        os.kill(old, signal.SIGQUIT)
        server.wait_for(lambda: not is_in(server, member), "an answer of the new one")
        while more := download.recv(1 << 16):
            received += more
    assert received.partition(b"\r\n\r\n")[2] == b"x" * SIZE
    upgrading.quit(old)
