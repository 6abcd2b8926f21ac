"""Metadata ages while nginx runs: at its `validUntil` logins end, and who is signed in stays; `cacheDuration` asks anew."""

import json

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.members import PAGE, is_in
from harness.metadata_server import TLS, MetadataServer
from harness.response import instant
from harness.timed import DAY, HOUR, MINUTE, STORES, timed_site
from harness.wire import ask

ENTITY = "<md:EntityDescriptor "


def aged(idp: Idp, attributes: str) -> str:
    return idp.metadata().replace(ENTITY, f"{ENTITY}{attributes} ", 1)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("sets", [False, True])
def test_valid_until(timed, idp, store, sets):
    """Whether the time has passed or somebody has set the clock; that may be taken back."""
    conf = timed_site(store, sp="session_idle_timeout off;")
    host = timed(conf, sets=sets, files={"idp.xml": aged(idp, f'validUntil="{instant(2 * HOUR)}"')})
    member = host.log_in()
    host.set(2 * HOUR + 30)
    assert is_in(host.server, host.log_in()), "clocks may be a minute apart"
    host.set(2 * HOUR + 2 * MINUTE)
    page = Browser().get(host.server.url(PAGE))
    assert (page.status, "idp_metadata_expired" in page.text) == (500, True)
    assert is_in(host.server, member)
    if sets:
        host.set(0)
        assert is_in(host.server, host.log_in())


@pytest.fixture
def served(tmp_path, idp):
    server = MetadataServer(tmp_path, aged(idp, 'cacheDuration="PT10M"'))
    yield server
    server.stop()


def seconds_since(host) -> int:
    """Since the metadata was seen last."""
    [source] = json.loads(ask(host.server, "/status").text)["metadata"]
    return source["age"]


def test_cache_duration(timed, idp, served):
    """Of ten minutes, beside a `metadata_refresh` of a week: a day of a hundred and some more fetches."""
    lines = "metadata_ssl_trusted_certificate metadata-server.crt; metadata_refresh 7d;"
    conf = timed_site("zone", metadata="@URL@", idp=lines, server="location = /status { saml_status; }")
    host = timed(conf, files={"metadata-server.crt": TLS.certificate_pem}, URL=served.url)
    host.server.wait_for(lambda: "has new metadata from" in host.server.error_log(), "metadata")
    for count in range(1, 7):
        host.server.wait_for(lambda: seconds_since(host) < 5 * MINUTE, f"fetch {count}")
        assert served.connections == count
        if count < 6:
            host.set(count * 11 * MINUTE)
    assert all("If-None-Match: " in head for head in served.heads[1:])


def test_a_document_that_is_renewed_in_time_never_expires(timed, idp, served):
    """Each is good for an hour; asked again after half of what is left."""
    served.document = aged(idp, f'validUntil="{instant(HOUR)}"')
    lines = "metadata_ssl_trusted_certificate metadata-server.crt; metadata_refresh 7d;"
    conf = timed_site("zone", metadata="@URL@", idp=lines, sp="session_idle_timeout off;")
    host = timed(conf, files={"metadata-server.crt": TLS.certificate_pem}, URL=served.url)
    host.server.wait_for(lambda: "has new metadata from" in host.server.error_log(), "metadata")
    for passed in range(31 * MINUTE, DAY // 4, 31 * MINUTE):
        served.document = aged(idp, f'validUntil="{instant(passed + HOUR)}"')
        before = served.connections
        host.set(passed)
        assert host.asked()(host.answer()).status == 303, f"after {passed} s"
        host.server.wait_for(lambda: served.connections > before, "another fetch")
        host.server.wait_for(
            lambda: host.server.error_log().count("has new metadata from") > before, "the new document"
        )
