"""nginx-conf/saml-*.conf tell applications who the user is, and let no look-alike through."""

import base64
import re
import socket

import pytest

from harness.members import log_in
from harness.nginx import ROOT
from harness.response import Attribute
from harness.upstream import passing_to
from harness.wire import ask, cookie_header

CONF = """
worker_processes 1;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        attribute mail mail;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        auth_saml app;
        include saml-endpoints.conf;
        location / { }
        location /proxy { include saml-proxy.conf; @PROXY@ }
        location /identity { include saml-identity.conf; @PROXY@ }
        location /fastcgi { include /etc/nginx/fastcgi_params; include saml-fastcgi.conf; @FASTCGI@ }
        location /uwsgi { include /etc/nginx/uwsgi_params; include saml-uwsgi.conf; @UWSGI@ }
        location /scgi { include /etc/nginx/scgi_params; include saml-scgi.conf; @SCGI@ }
        location /grpc { include saml-grpc.conf; @GRPC@ }
        location /websocket { include saml-websocket.conf; @PROXY@ }
        location /optional/ {
            auth_saml_mode optional;
            location /optional/proxy { include saml-proxy.conf; @PROXY@ }
            location /optional/fastcgi { include /etc/nginx/fastcgi_params; include saml-fastcgi.conf; @FASTCGI@ }
            location /optional/uwsgi { include /etc/nginx/uwsgi_params; include saml-uwsgi.conf; @UWSGI@ }
            location /optional/scgi { include /etc/nginx/scgi_params; include saml-scgi.conf; @SCGI@ }
            location /optional/grpc { include saml-grpc.conf; @GRPC@ }
        }
    }
}
"""
ALICE, MAIL = "alice@example.org", "alice.a@example.org"
LIES = [
    ("Authorization", "Basic " + base64.b64encode(b"admin:x").decode()),
    *((name, "admin") for name in (
        "Remote-User", "X-Remote-User", "X-Remote-Mail", "X-User", "X-Forwarded-User",
        "X-Forwarded-Email", "X-Auth-Request-User", "X-WEBAUTH-USER", "x-remote-user",
    )),
]  # fmt: skip
HEADERS = {"proxy": ("HTTP_X_REMOTE_USER", "HTTP_X_REMOTE_MAIL")}
HEADERS |= {"grpc": HEADERS["proxy"]}
PARAMETERS = ("REMOTE_USER", "REMOTE_MAIL")
PROTOCOLS = ["proxy", "fastcgi", "uwsgi", "scgi", "grpc"]


@pytest.fixture
def server(nginx, upstreams):
    return nginx(CONF, **passing_to(upstreams))


@pytest.fixture
def session(server, idp) -> tuple[str, str]:
    return cookie_header(log_in(server, idp, attributes=[Attribute("mail", [MAIL])]))


def identity(pairs) -> set[tuple[str, str]]:
    """Whatever could be taken for a user."""
    suspicious = re.compile(r"USER|MAIL|AUTH|admin", re.I)
    return {
        (name, value)
        for name, value in pairs
        if value and (suspicious.search(name) or "admin" in value) and name not in ("HTTP_USER_AGENT", "HTTP_:AUTHORITY")
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_member(server, upstreams, session, protocol):
    ask(server, f"/{protocol}", session, *LIES)
    user, mail = HEADERS.get(protocol, PARAMETERS)
    assert identity(upstreams[protocol].asked[-1]) == {(user, ALICE), (mail, MAIL)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_stranger(server, upstreams, protocol):
    ask(server, f"/optional/{protocol}", *LIES)
    assert identity(upstreams[protocol].asked[-1]) == set()


def test_identity_alone(server, upstreams, session):
    """What saml-proxy.conf says, without Host and X-Forwarded-…."""
    ask(server, "/identity", session, *LIES)
    assert identity(upstreams["proxy"].asked[-1]) == {
        ("HTTP_X_REMOTE_USER", ALICE),
        ("HTTP_X_REMOTE_MAIL", MAIL),
    }


def test_a_websocket(server, upstreams, session):
    handshake = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
    refused = ask(server, "/websocket", *handshake)
    assert (refused.status, upstreams["proxy"].asked) == (401, [])
    lines = "".join(f"{name}: {value}\r\n" for name, value in [session, *handshake, *LIES])
    with socket.create_connection((server.address, server.port), timeout=10) as client:
        client.sendall(f"GET /websocket HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
        stream = client.makefile("rb")
        assert stream.readline().startswith(b"HTTP/1.1 101")
        while stream.readline() not in (b"\r\n", b""):
            pass
        assert identity(upstreams["proxy"].asked[-1]) == {
            ("HTTP_X_REMOTE_USER", ALICE),
            ("HTTP_X_REMOTE_MAIL", MAIL),
        }
        client.sendall(b"said\n")
        assert stream.readline() == b"said\n"
        # A logout ends requests, not what is open already: the documents say so.
        assert ask(server, "/saml/logout", session).status == 200
        assert ask(server, "/websocket", session, *handshake).status == 401
        client.sendall(b"and on\n")
        assert stream.readline() == b"and on\n"


def test_all_are_tried():
    shipped = {path.name for path in (ROOT / "nginx-conf").glob("saml-*.conf")}
    assert shipped == set(re.findall(r"include (saml-[a-z]+\.conf)", CONF))
