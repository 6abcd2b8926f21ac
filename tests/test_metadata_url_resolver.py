"""`resolver` finds the server of the metadata, each time anew; without one its name is looked up at a reload."""

import pytest

from harness.dns import Dns
from harness.idp import Idp
from harness.keys import certified, rsa_credential
from harness.metadata_server import MetadataServer, answer, logs_in
from harness.site import site

CONF = site(
    http="resolver @DNS@ ipv6=off valid=1s;",
    metadata="https://idp.test:@SERVED@/metadata",
    idp="metadata_ssl_trusted_certificate metadata-server.crt; metadata_cache @DIR@/copies; "
    "metadata_refresh 1s; metadata_timeout 3s;",
)
OLD, NEW = Idp(), Idp(credential=rsa_credential("idp-new"))
TLS = certified(rsa_credential("idp.test").key, "idp.test", host="idp.test")


@pytest.fixture
def served(tmp_path):
    server = MetadataServer(tmp_path, OLD.metadata(), TLS)
    yield server
    server.stop()


@pytest.fixture
def dns():
    server = Dns({"idp.test": ["127.0.0.1"]})
    yield server
    server.stop()


def start(nginx, served, dns):
    files = {"metadata-server.crt": TLS.certificate_pem}
    return nginx(CONF, files=files, DNS=dns.address, SERVED=str(served.port))


@pytest.mark.smoke
def test_the_resolver_is_asked_again(nginx, served, dns):
    server = start(nginx, served, dns)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    served.document = NEW.metadata()
    server.wait_for(lambda: logs_in(server, NEW), "the new key")
    server.wait_for(lambda: dns.asked.count("idp.test") >= 2, "a second question")


def test_all_addresses_are_tried(nginx, served, dns):
    dns.addresses["idp.test"] = ["127.0.0.9", "127.0.0.8", "127.0.0.1"]
    server = start(nginx, served, dns)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")


def test_a_name_that_is_not_known_yet_is_no_mistake(nginx, served, dns):
    del dns.addresses["idp.test"]
    server = start(nginx, served, dns)
    server.wait_for(lambda: "cannot be fetched" in server.error_log(), "the log")
    assert "Host not found" in server.error_log()
    dns.addresses["idp.test"] = ["127.0.0.1"]
    server.wait_for(lambda: logs_in(server, OLD), "metadata")


def test_a_redirect_to_another_server_is_followed(nginx, served, dns, tmp_path):
    """Its certificate is verified like that of the first."""
    (tmp_path / "second").mkdir()
    second = MetadataServer(tmp_path / "second", NEW.metadata(), TLS)
    dns.addresses["elsewhere.test"] = ["127.0.0.1"]
    server = start(nginx, served, dns)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    target = f"https://idp.test:{second.port}/x"
    served.sends = lambda head, connection: answer("", "302 Found", f"Location: {target}")
    server.wait_for(lambda: logs_in(server, NEW), "the metadata of the second server")
    target = f"https://elsewhere.test:{second.port}/x"
    second.document = OLD.metadata()
    server.wait_for(lambda: "cannot be fetched" in server.error_log(), "the log")
    assert "certificate" in server.error_log() and logs_in(server, NEW)
    server.expected = "certificate verify failed"  # as nginx itself says it
    second.stop()


def test_a_resolver_that_is_silent_is_waited_for_no_longer_than_the_timeout(nginx, served, dns):
    dns.socket.close()
    server = start(nginx, served, dns)
    server.wait_for(lambda: "cannot be fetched" in server.error_log(), "the log")
