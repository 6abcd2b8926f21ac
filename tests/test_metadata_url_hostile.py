"""A server of metadata that is slow, broken or hostile: what was known stays, and nobody waits for it."""

import dataclasses
import gzip
import time

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.metadata_server import TLS, MetadataServer, answer, logs_in
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    metadata="@URL@",
    idp="metadata_ssl_trusted_certificate metadata-server.crt; metadata_cache @DIR@/copies; "
    "metadata_refresh 1s; metadata_timeout 1s; @IDP@",
    listen="reuseport",
    server="location = /open { return 204; }",
)
OLD, NEW = Idp(), Idp(credential=rsa_credential("idp-new"))
PACKED = gzip.compress(b" " * (80 << 20))  # 80 kB
BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {n} "{"&" + p + ";" * 1}">' for p, n in zip("abcd", "bcde", strict=True))
    + "]><a>&e;</a>"
)


def hangs(head, connection):
    connection.recv(1)


def resets(head, connection):
    connection.close()


def drips(head, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    while True:
        connection.sendall(b"<")
        time.sleep(0.1)


def floods(head, connection):
    """100 MB."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
    connection.sendall(b"0\r\n\r\n")


def says(*answers):
    def sends(head, connection):
        return answer(*answers)

    return sends


def unpacks(head, connection):
    return answer(PACKED, "200 OK", "Content-Encoding: gzip")


def attributes(text: str) -> str:
    return NEW.metadata().replace("<md:EntityDescriptor", f"<md:EntityDescriptor {text}", 1)


HOSTILE = {
    "hangs": (hangs, "longer than 1000 ms"),
    "resets": (resets, ""),
    "drips": (drips, "longer than 1000 ms"),
    "floods": (floods, ""),
    "unpacks": (unpacks, "too large"),
    "not found": (says("nothing", "404 Not Found"), "HTTP status 404"),
    "not modified": (says("", "304 Not Modified"), None),
    "login page": (says("<!DOCTYPE html><html>Sign in</html>"), "this is a web page"),
    "empty": (says(""), ""),
    "half": (says(NEW.metadata()[:900]), "is not usable XML"),
    "bomb": (says(BOMB), "DOCTYPE"),
    "expired": (says(attributes('validUntil="2026-01-01T00:00:00Z"')), "past its validUntil"),
    "renamed": (says(dataclasses.replace(NEW, entity_id="urn:x").metadata()), "no entity in the metadata"),
    "keyless": (says(NEW.metadata().replace('use="signing"', 'use="encryption"')), "no KeyDescriptor"),
    "turns round": (says("", "302 Found", "Location: /metadata"), "redirects more than 5 times"),
    "leads away": (says("", "302 Found", "Location: https://evil.example/"), "redirects to another server"),
    "goes plain": (says("", "302 Found", "Location: http://localhost/"), "from https to http"),
}


@pytest.fixture
def served(tmp_path):
    server = MetadataServer(tmp_path, OLD.metadata())
    yield server
    server.stop()


def start(nginx, served: MetadataServer, idp: str = ""):
    files = {"metadata-server.crt": TLS.certificate_pem}
    server = nginx(CONF, files=files, URL=served.url, IDP=idp)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    return server


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_known_stays(nginx, served, name):
    server = start(nginx, served)
    served.sends, why = HOSTILE[name]
    before = served.connections
    server.wait_for(lambda: served.connections >= before + 2, "two attempts")
    if why is not None:
        server.wait_for(lambda: "cannot be fetched from" in server.error_log(), "the log")
        [line] = [line for line in server.error_log().splitlines() if "cannot be fetched from" in line]
        assert why in line, line
    assert logs_in(server, OLD) and not logs_in(server, NEW)
    served.sends, served.document = served.serves, NEW.metadata()
    server.wait_for(lambda: logs_in(server, NEW), "the good copy")


def test_nobody_waits_for_it(nginx, served):
    server = start(nginx, served)
    served.sends = hangs
    before, slowest, browser = served.connections, 0.0, Browser()
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        begun = time.monotonic()
        assert browser.get(server.url("/open")).status == 204
        slowest = max(slowest, time.monotonic() - begun)
    assert served.connections > before
    assert slowest < 0.9, "a whole timeout of a second would be seen"


def test_another_certificate_is_not_taken(nginx, served, tmp_path):
    server = start(nginx, served)
    impostor = rsa_credential("localhost-impostor")
    (tmp_path / "impostor.pem").write_bytes(impostor.key_pem + impostor.certificate_pem)
    served.context.load_cert_chain(tmp_path / "impostor.pem")
    served.document = NEW.metadata()
    server.wait_for(lambda: "cannot be fetched from" in server.error_log(), "the log")
    assert "certificate" in server.error_log()
    server.expected = "certificate verify failed"  # as nginx itself says it
    assert logs_in(server, OLD) and not logs_in(server, NEW)

