"""Metadata and certificates as days pass: what is over lets nobody in, and what is only old goes on."""

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import certified, rsa_credential
from harness.members import PAGE, TO_ALL, assert_all_workers
from harness.metadata_server import TLS, MetadataServer
from harness.response import Answer, instant

HOUR, DAY = 3600, 24 * 3600


def valid_for(idp: Idp, seconds: int, more: str = "") -> str:
    said = f'validUntil="{instant(seconds)}"{more}'
    return idp.metadata().replace("<md:EntityDescriptor ", f"<md:EntityDescriptor {said} ")


def log_in(host, idp):
    request = idp.asked(Browser().get(host.server.url(PAGE)))
    browser = Browser()
    return browser, browser.post(request.acs_url, idp.form(request, host.clock.said(Answer(in_response_to=None))))


def all_know(host) -> bool:
    close = {"Connection": "close"}
    return all(Browser().get(host.server.url(PAGE), headers=close).status == 302 for _ in TO_ALL)


@pytest.mark.parametrize("passes", [False, True], ids=["set", "passes"])
def test_metadata_that_is_over(clocked, idp, passes):
    """Who is signed in stays, nobody else comes in; and when the clock is right again, they do."""
    host = clocked(passes, idp="allow_unsolicited on;", files={"idp.xml": valid_for(idp, 3 * HOUR)})
    host.clock.set(2 * HOUR)
    member, page = log_in(host, idp)
    assert page.status == 303, page.text
    host.clock.set(3 * HOUR + 30)
    member, page = log_in(host, idp)
    assert page.status == 303, "clock_skew later"
    host.clock.set(3 * HOUR + 120)
    page = Browser().get(host.server.url(PAGE))
    assert page.status == 500 and "idp_metadata_expired" in page.text, page.text
    assert_all_workers(host.server, member, True, times=6)
    if not passes:
        host.clock.set(0)
        host.log_in(idp)


def looks_again(host, served, before: int) -> bool:
    """A worker that waits does not see the clock jump: requests wake it."""
    all_know(host)
    return served.connections > before


@pytest.mark.parametrize("passes", [False, True], ids=["set", "passes"])
def test_metadata_is_renewed(clocked, idp, tmp_path, passes):
    """An hour's cacheDuration and a day's validUntil, by a server that is always there."""
    served = MetadataServer(tmp_path, valid_for(idp, DAY, ' cacheDuration="PT1H"'))
    try:
        host = clocked(
            passes,
            idp="metadata_ssl_trusted_certificate metadata-server.crt; metadata_refresh 2h;",
            metadata=served.url,
            files={"metadata-server.crt": TLS.certificate_pem},
        )
        host.server.wait_for(lambda: all_know(host), "metadata")
        host.log_in(idp)
        if not passes:
            for hours in (-30, 20, 0):
                host.clock.set(hours * HOUR)
                host.log_in(idp)
            return
        for hours in (12, 24, 48):
            served.document = valid_for(idp, (hours + 24) * HOUR, ' cacheDuration="PT1H"')
            before = served.connections
            host.clock.set(hours * HOUR)
            host.server.wait_for(lambda before=before: looks_again(host, served, before), "another look")
            host.server.wait_for(lambda: all_know(host), "metadata")
            host.log_in(idp)
    finally:
        served.stop()


def test_certificates_that_are_over(clocked):
    """Those of the IdP and of the SP: their keys go on, and the log tells of the SP's each day."""
    sp = certified(rsa_credential("sp").key, "sp", not_after_days=2)
    idp = Idp(credential=certified(rsa_credential("idp").key, "idp", not_after_days=2))
    host = clocked(True, files={"sp.crt": sp.certificate_pem, "idp.xml": idp.metadata()}, sp="sign_requests on;")
    said = 'a certificate of saml_sp "app" '
    for days, told in [(1, "expires in 0 days"), (3, "has expired")]:
        host.clock.set(days * DAY + HOUR)
        host.log_in(idp)
        host.server.wait_for(lambda told=told: said + told in host.server.error_log(), "the warning", 20)
    host.clock.set(400 * DAY)
    host.log_in(idp)
    with host.clock.worn():
        good, output = host.server.test()
    assert good and said + "has expired" in output, output
