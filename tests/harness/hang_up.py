"""Clients that send a whole request and leave before the answer."""

import contextlib
import socket
import ssl
import struct
import time

import h2.config
import h2.connection

from harness.nginx import Nginx

HOW = ["close", "abort", "reset", "h2 close"]


@contextlib.contextmanager
def asking(server: Nginx, how: str, method: str, path: str, headers=(), body: bytes = b""):
    """The request has been sent; at the end of the block its client leaves, by `how`:

    "close": HTTP/1.1, the connection is closed in order;
    "abort": HTTP/1.1, the connection is reset;
    "reset": HTTP/2, RST_STREAM, the connection stays for a while;
    "h2 close": HTTP/2, the connection is closed.
    """
    headers = dict(headers) | {"Content-Length": str(len(body))}
    speak = http1 if how in ("close", "abort") else http2
    with speak(server, how, method, path, headers, body):
        yield


@contextlib.contextmanager
def http1(server, how, method, path, headers, body):
    lines = [f"{method} {path} HTTP/1.1", "Host: sp.example.org"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((server.address, server.port)) as client:
        client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        yield
        if how == "abort":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextlib.contextmanager
def http2(server, how, method, path, headers, body):
    """At the server's second port, which must be one with `ssl http2`."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    pseudo = {":method": method, ":scheme": "https", ":authority": "sp.example.org", ":path": path}
    headers = [*pseudo.items(), *((name.lower(), value) for name, value in headers.items())]
    plain = socket.create_connection((server.address, server.ports[1]))
    with context.wrap_socket(plain) as client:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        connection.initiate_connection()
        connection.send_headers(1, headers, end_stream=not body)
        if body:
            connection.send_data(1, body, end_stream=True)
        client.sendall(connection.data_to_send())
        yield
        # nginx itself gives up a request whose client leaves before it has taken up the body.
        time.sleep(0.05)
        if how == "reset":
            connection.reset_stream(1)
            client.sendall(connection.data_to_send())
        else:
            # In order: with answers unread, a close resets the connection, and nginx may lose the body.
            client.shutdown(socket.SHUT_WR)
        client.settimeout(0.3)
        with contextlib.suppress(OSError):
            while client.recv(1 << 14):
                pass
