"""Metadata moves an endpoint that nginx itself asks: the new place is used at once when it can be found."""

from dataclasses import replace

import pytest

from harness.artifact_idp import ArtifactIdp
from harness.browser import Browser
from harness.dns import Dns
from harness.keys import rsa_credential
from harness.members import PAGE, is_in, log_in
from harness.site import site
from harness.soap_idp import SoapIdp

TLS = rsa_credential("localhost")
CONF = site(
    main="worker_processes 1;",
    http="@HTTP@",
    idp="metadata_refresh 1s; @IDP@",
    sp="logout_redirect /bye.html;",
)
ARTIFACTS = "response_binding artifact; artifact_ssl_trusted_certificate localhost.crt;"
LOGOUTS = "slo_binding soap; slo_ssl_trusted_certificate localhost.crt;"


@pytest.fixture
def idps(tmp_path):
    """`idps(ArtifactIdp)` or `idps(SoapIdp)`, over TLS with a credential."""
    made = []

    def make(kind, tls=None):
        directory = tmp_path / str(len(made))
        directory.mkdir()
        made.append(kind(tls, directory))
        return made[-1]

    yield make
    for idp in made:
        idp.stop()


def start(nginx, idp, settings: str, http: str = ""):
    files = {"idp.xml": idp.metadata(), "localhost.crt": TLS.certificate_pem}
    return nginx(CONF, files=files, IDP=settings, HTTP=http)


def move(server, idp, *words: str) -> None:
    """New metadata, which the worker has taken over when the log says this of it."""
    (server.directory / "idp.xml").write_text(idp.metadata())
    server.wait_for(lambda: all(word in server.error_log() for word in words), "the log")


def logs_in_by_artifact(server, idp: ArtifactIdp) -> bool:
    browser = Browser()
    return idp.login(browser, server.url(PAGE)).status == 303 and is_in(server, browser)


def signs_out(server, idp: SoapIdp) -> bool:
    member = log_in(server, idp.idp)
    return member.get(server.url("/saml/logout")).location == server.url("/bye.html")


def at(url: str, old: str, new: str) -> str:
    assert old in url
    return url.replace(old, new)


@pytest.mark.smoke
def test_another_path_of_the_same_server(nginx, idps):
    """Its name was looked up at the start."""
    idp = idps(ArtifactIdp, TLS)
    server = start(nginx, idp.idp, ARTIFACTS)
    assert logs_in_by_artifact(server, idp)
    idp.idp = replace(idp.idp, artifact_urls=(at(idp.url, "/artifact", "/moved"),))
    move(server, idp.idp, "ArtifactResolutionService", "/moved")
    assert logs_in_by_artifact(server, idp)
    assert idp.heads[-1].startswith("POST /moved ")
    assert "reload nginx" not in server.error_log()


def test_another_server_by_its_number(nginx, idps):
    """Plain http to plain http, for both kinds of endpoint."""
    old, new = idps(ArtifactIdp), idps(ArtifactIdp)
    server = start(nginx, old.idp, ARTIFACTS.split(";")[0] + ";")
    assert logs_in_by_artifact(server, old)
    move(server, new.idp, new.authority)
    assert logs_in_by_artifact(server, new)
    assert len(old.requests) == 1 and "reload nginx" not in server.error_log()


def test_logouts_go_to_another_server_by_its_number(nginx, idps):
    old, new = idps(SoapIdp), idps(SoapIdp)
    server = start(nginx, old.idp, "slo_binding soap;")
    assert signs_out(server, old)
    move(server, new.idp, new.authority)
    assert signs_out(server, new)
    assert len(old.requests) == 1 and "reload nginx" not in server.error_log()


def test_logouts_go_to_another_path(nginx, idps):
    idp = idps(SoapIdp, TLS)
    server = start(nginx, idp.idp, LOGOUTS)
    assert signs_out(server, idp)
    idp.idp = replace(idp.idp, slo_url=at(idp.idp.slo_url, "/slo/soap", "/moved"))
    move(server, idp.idp, "SingleLogoutService", "/moved")
    assert signs_out(server, idp)
    assert idp.heads[-1].startswith("POST /moved?a=b ")


def test_another_name_without_a_resolver(nginx, idps):
    """Needs a reload, as the log says; nobody gets in meanwhile."""
    old, new = idps(ArtifactIdp, TLS), idps(ArtifactIdp, TLS)
    server = start(nginx, old.idp, ARTIFACTS)
    assert logs_in_by_artifact(server, old)
    move(server, new.idp, "artifacts are resolved at", "reload nginx")
    page = new.login(Browser(), server.url(PAGE))
    assert page.status == 503 and "idp_unreachable" in page.text
    assert new.connections == 0
    server.reload()
    server.wait_for(lambda: logs_in_by_artifact(server, new), "the reload")


def test_logouts_at_another_name_without_a_resolver(nginx, idps):
    old, new = idps(SoapIdp, TLS), idps(SoapIdp, TLS)
    server = start(nginx, old.idp, LOGOUTS)
    move(server, new.idp, "logouts by SOAP go to", "reload nginx")
    page = log_in(server, new.idp).get(server.url("/saml/logout"))
    assert page.status == 503 and "idp_unreachable" in page.text
    assert new.connections == 0
    server.reload()
    server.wait_for(lambda: signs_out(server, new), "the reload")


def test_another_name_with_a_resolver(nginx, idps):
    dns = Dns({"localhost": ["127.0.0.1"]})
    old, new = idps(ArtifactIdp, TLS), idps(ArtifactIdp, TLS)
    server = start(nginx, old.idp, ARTIFACTS, f"resolver {dns.address} ipv6=off valid=1s;")
    assert logs_in_by_artifact(server, old)
    move(server, new.idp, new.authority)
    assert logs_in_by_artifact(server, new)
    assert "localhost" in dns.asked and "reload nginx" not in server.error_log()
    dns.stop()


def test_from_https_into_the_clear(nginx, idps):
    """That is no place to go to without the administrator's word."""
    old, new = idps(ArtifactIdp, TLS), idps(ArtifactIdp)
    server = start(nginx, old.idp, ARTIFACTS)
    move(server, new.idp, "artifacts are resolved at", "reload nginx")
    assert new.login(Browser(), server.url(PAGE)).status == 503
    assert new.connections == 0
