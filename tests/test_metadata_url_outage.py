"""A server of metadata goes away for a day, and another: old metadata serves, and one line a day says so."""

import pytest

from harness.fake_clock import FakeClock
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.metadata_server import TLS, MetadataServer, logs_in
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    metadata="@URL@",
    idp="metadata_ssl_trusted_certificate metadata-server.crt; metadata_cache @DIR@/copies; metadata_refresh 1s;",
    listen="reuseport",
)
OLD, NEW = Idp(), Idp(credential=rsa_credential("idp-new"))
DAY = 24 * 3600


@pytest.fixture
def served(tmp_path):
    server = MetadataServer(tmp_path, OLD.metadata())
    yield server
    server.stop()


def told(server) -> int:
    return server.error_log().count("cannot be fetched from")


def test_one_line_a_day(nginx, served, scratch):
    clock = FakeClock(scratch / "clock", passes=True)
    with clock.worn():
        server = nginx(clock.environment + CONF, files={"metadata-server.crt": TLS.certificate_pem}, URL=served.url)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")

    def hangs_up(connection):
        connection.close()

    served.greets = hangs_up
    server.wait_for(lambda: told(server) == 1, "a line in the log")
    for days in (1, 2):
        for hours in (8, 16):
            before = served.connections
            clock.set((days - 1) * DAY + hours * 3600)
            server.wait_for(lambda before=before: served.connections > before, "another look")
            assert told(server) == days
        clock.set(days * DAY + 60)
        server.wait_for(lambda days=days: told(server) == days + 1, "the line of the day")
        assert "it keeps the metadata that it has" in server.error_log()
    served.greets = lambda connection: None
    served.document = NEW.metadata()
    clock.set(2 * DAY + 7200)
    server.wait_for(lambda: "has new metadata from" in server.error_log(), "the server's return")
    assert told(server) == 3
    server.expected = "SSL_do_handshake"
