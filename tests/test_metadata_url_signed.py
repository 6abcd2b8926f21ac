"""`metadata_certificate` for a URL: who signs counts, not who serves. Then http will do, and any certificate."""

import dataclasses

import pytest

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.metadata_server import MetadataServer, logs_in
from harness.signed_metadata import signed_by_signxml
from harness.site import site

CONF = site(
    main="worker_processes 2;",
    metadata="@URL@",
    idp="metadata_certificate federation.crt; metadata_ssl_verify off; metadata_cache @DIR@/copies; "
    "metadata_refresh 1s;",
    listen="reuseport",
)
FEDERATION, STRANGER = rsa_credential("federation"), rsa_credential("stranger")
OLD, NEW = Idp(), Idp(credential=rsa_credential("idp-new"))


def signed(idp: Idp, credential=FEDERATION, more: str = "") -> str:
    text = idp.metadata().replace("<md:EntityDescriptor", f'<md:EntityDescriptor ID="_e" {more}', 1)
    return signed_by_signxml(text, credential)


@pytest.fixture
def served(tmp_path):
    server = MetadataServer(tmp_path, signed(OLD), rsa_credential("nobody-knows"))
    yield server
    server.stop()


def start(nginx, served):
    server = nginx(CONF, files={"federation.crt": FEDERATION.certificate_pem}, URL=served.url)
    server.wait_for(lambda: logs_in(server, OLD), "metadata")
    return server


@pytest.mark.smoke
def test_who_signs_counts(nginx, served):
    server = start(nginx, served)
    served.document = signed(NEW)
    server.wait_for(lambda: logs_in(server, NEW), "the new key")


@pytest.mark.parametrize("how", ["unsigned", "by a stranger", "altered", "wrapped"])
def test_what_is_not_signed_is_not_taken(nginx, served, how):
    server = start(nginx, served)
    good = signed(OLD)
    served.document = {
        "unsigned": NEW.metadata(),
        "by a stranger": signed(NEW, STRANGER),
        "altered": signed(NEW).replace("https://idp.example.org/sso", "https://evil.example.org/sso"),
        "wrapped": NEW.metadata().replace("</md:EntityDescriptor>", good[good.index("<md:") :] + "</md:EntityDescriptor>"),
    }[how]
    server.wait_for(lambda: "cannot be fetched from" in server.error_log(), "the log")
    assert logs_in(server, OLD) and not logs_in(server, NEW)


def test_an_old_signed_copy_is_of_no_use_when_it_is_past_its_time(nginx, served):
    """Whoever keeps the true server away can serve the last copy again, up to its validUntil."""
    server = start(nginx, served)
    served.document = signed(dataclasses.replace(NEW), more='validUntil="2026-01-01T00:00:00Z"')
    server.wait_for(lambda: "past its validUntil" in server.error_log(), "the log")
    assert logs_in(server, OLD) and not logs_in(server, NEW)
