"""A certificate of the SP near its end: told at `nginx -t`, daily in the log, and kept in the metadata's `validUntil`."""

import datetime

import pytest
from lxml import etree

from harness.browser import Browser
from harness.fake_clock import FakeClock
from harness.keys import certified, rsa_credential
from harness.site import site

CONF = site(main="worker_processes 2;", sp="metadata_valid 30d;")
DAY = 24 * 3600


@pytest.fixture
def ends(prepared, scratch):
    """Starts an nginx whose SP's certificate ends in so many days, with a clock of its own."""
    started = []

    def start(days: int):
        credential = certified(rsa_credential("sp").key, "sp", not_after_days=days)
        clock = FakeClock(scratch / "clock")
        server = prepared(CONF, files={"sp.crt": credential.certificate_pem})
        started.append(clock.start(server))
        return server, clock, credential

    yield start
    for server in started:
        server.finish()


def test_the_log_has_it_once_a_day(ends):
    server, clock, _ = ends(32)
    said = "a certificate of saml_sp \"app\" expires in"
    assert said not in server.error_log()
    clock.set(3 * DAY)
    Browser().read(server.url("/saml/metadata"))  # nginx looks at the time of day when something happens
    server.wait_for(lambda: f"{said} 28 days" in server.error_log(), "the warning", 15)
    assert server.error_log().count(said) == 1, "one worker speaks for all"


def test_valid_until_is_not_beyond_it(ends):
    server, _, credential = ends(5)
    metadata = etree.fromstring(Browser().read(server.url("/saml/metadata")).text.encode())
    valid_until = datetime.datetime.fromisoformat(metadata.get("validUntil"))
    assert valid_until == credential.certificate.not_valid_after_utc.replace(microsecond=0)
