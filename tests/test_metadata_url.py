"""`metadata` from a URL: fetched when nginx runs, again and again, and kept for the next start."""

import dataclasses
import os
import re
import signal

import pytest

from harness.browser import Browser
from harness.idp import KEY, Idp
from harness.keys import rsa_credential
from harness.metadata_server import TLS, MetadataServer, answer, logs_in
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    metadata="@URL@",
    idp="metadata_ssl_trusted_certificate metadata-server.crt; metadata_cache @DIR@/copies; @IDP@",
    listen="reuseport",
    location="add_header X-User $saml_name_id;",
)
OLD, NEW = Idp(), Idp(credential=rsa_credential("idp-new"))


def with_both_keys() -> str:
    key = KEY.format(NEW.credential.certificate_base64)
    return OLD.metadata().replace("<md:KeyDescriptor", key + "<md:KeyDescriptor", 1)


@pytest.fixture
def served(tmp_path):
    server = MetadataServer(tmp_path, OLD.metadata())
    yield server
    server.stop()


def start(nginx, served: MetadataServer, idp: str = "metadata_refresh 1s;"):
    files = {"metadata-server.crt": TLS.certificate_pem}
    return nginx(CONF, files=files, URL=served.url, IDP=idp)


@pytest.mark.smoke
def test_what_is_fetched_opens_the_door(nginx, served):
    server = start(nginx, served, "")
    server.wait_for(lambda: "has new metadata from" in server.error_log(), "metadata")
    server.wait_for(lambda: logs_in(server, OLD), "both workers")
    assert served.connections == 1, "one worker fetches for all"
    head = served.heads[0]
    assert head.startswith("GET /metadata HTTP/1.1\r\n") and "samlmetadata+xml" in head, head


def test_until_it_comes_nobody_is_let_in(nginx, served):
    served.sends = lambda head, connection: connection.recv(1)
    server = start(nginx, served)
    page = Browser().get(server.url("/page.html"))
    assert page.status == 500 and "idp_metadata_missing" in page.text


@pytest.mark.smoke
def test_a_rollover_needs_no_reload(nginx, served):
    server = start(nginx, served)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    assert not logs_in(server, NEW)
    served.document = with_both_keys()
    server.wait_for(lambda: logs_in(server, NEW), "the second key")
    assert logs_in(server, OLD)
    served.document = NEW.metadata()
    server.wait_for(lambda: not logs_in(server, OLD), "the end of the first key")
    server.wait_for(lambda: "no longer the signing key RSA 2048" in server.error_log(), "the log")
    assert logs_in(server, NEW)
    log = server.error_log()
    assert len(re.findall("a new signing key, RSA 2048, SHA-256 (..:){31}..", log)) == 1


def test_it_is_asked_whether_there_is_something_new(nginx, served):
    server = start(nginx, served)
    server.wait_for(lambda: served.connections >= 4, "four fetches")
    assert "If-None-Match" not in served.heads[0]
    assert all("If-None-Match: " in head for head in served.heads[1:]), served.heads
    assert server.error_log().count("has new metadata from") == 1


@pytest.mark.smoke
def test_the_copy_is_good_for_a_start_without_the_server(nginx, served):
    server = start(nginx, served)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    server.stop()
    served.stop()
    copies = sorted(path.name for path in (server.directory / "copies").iterdir())
    assert len(copies) == 1 and copies[0].startswith("corp-"), copies
    server.start()
    assert logs_in(server, OLD)
    server.wait_for(lambda: "cannot be fetched from" in server.error_log(), "a line in the log")
    assert "it keeps the metadata that it has" in server.error_log()


def test_a_reload_does_not_fetch_again(nginx, served):
    server = start(nginx, served, "")
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    server.reload()
    assert logs_in(server, OLD)
    assert served.connections == 1


def test_a_copy_that_was_spoiled_is_fetched_anew(nginx, served):
    server = start(nginx, served, "")
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    server.stop()
    [copy] = (server.directory / "copies").iterdir()
    copy.write_text("<html>")
    assert "is left, it is not sealed by a key of ours" in server.test()[1]
    server.start()
    server.wait_for(lambda: logs_in(server, OLD), "metadata")


def test_a_copy_that_somebody_else_puts_there_is_none(nginx, served):
    """Others may run as the workers' user: a web application must not make an IdP."""
    server = start(nginx, served)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    [copy] = (server.directory / "copies").iterdir()
    note, document = copy.read_text().split("\n", 1)
    certificate, planted = (idp.credential.certificate_base64 for idp in (OLD, NEW))
    server.stop()
    served.stop()
    copy.write_text(f"{note}\n{document.replace(certificate, planted)}")
    server.start()
    assert not logs_in(server, NEW) and not logs_in(server, OLD), "nobody, until it is fetched"


def test_what_is_renamed_is_another_idp(nginx, served):
    """An entityID that was believed stays: a new one needs a configuration that says so."""
    server = start(nginx, served)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    served.document = dataclasses.replace(NEW, entity_id="https://other.example.org").metadata()
    server.wait_for(lambda: "no entity in the metadata has the entity_id" in server.error_log(), "the log")
    assert logs_in(server, OLD)


def test_a_redirect_of_the_same_server_is_followed(nginx, served):
    def sends(head, connection):
        if head.startswith("GET /metadata "):
            return answer("", "302 Found", "Location: moved/here?x=1")
        assert head.startswith("GET /moved/here?x=1 "), head
        return served.serves(head, connection)

    served.sends = sends
    server = start(nginx, served)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")


def test_a_metadata_query_server_is_asked_for_the_entity(nginx, served):
    conf = CONF.replace("@URL@", "@URL@/$entity_id").replace("@IDP@", f"@IDP@ entity_id {OLD.entity_id};")
    files = {"metadata-server.crt": TLS.certificate_pem}
    server = nginx(conf, files=files, URL=served.url, IDP="")
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    assert served.heads[0].startswith("GET /metadata/https%3A%2F%2Fidp.example.org%2Fmetadata HTTP/1.1\r\n")


def test_a_worker_in_the_place_of_one_that_died_knows_the_newest_copy(nginx, served):
    """It begins with what the master knows: the copy of the last start."""
    server = start(nginx, served)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    server.reload()
    served.document = NEW.metadata()
    server.wait_for(lambda: logs_in(server, NEW), "the new key")
    served.stop()
    workers = server.workers()
    server.expected = "exited on signal 9"
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    server.wait_for(lambda: len(server.workers()) == 2 and not set(workers) & set(server.workers()), "others")
    server.wait_for(lambda: logs_in(server, NEW), "the new key")
    assert not logs_in(server, OLD)
