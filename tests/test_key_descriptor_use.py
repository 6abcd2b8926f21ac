"""KeyDescriptors without `use`, with one that nobody knows, or for encryption alone (Keycloak CVE-2026-16443).

There an IdP without a key that is marked for signing was an IdP whose signatures nobody looks at. Here it is
one whose messages nobody believes: the key verifies, or `nginx -t` says that there is none.
"""

import signal

import pytest

from harness.attack import assert_beaten_off
from harness.browser import Browser
from harness.idp import KEY, Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, send
from harness.members import is_in, log_in
from harness.metadata_server import logs_in
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(idp="@IDP@", location="add_header X-User $saml_name_id;")
IDP = Idp(slo=("HTTP-POST",))
OTHER = rsa_credential("other")
SIGNING = 'use="signing"'
# With these the key signs.
FOR_SIGNING = {
    "signing": SIGNING,
    "no use": "",
    "blanks around it": 'use="\n signing "',
    "a use of another namespace": 'xmlns:x="urn:x" x:use="encryption"',
    "another attribute": 'Use="encryption"',
}
# And with these it does not.
FOR_NOTHING = {
    "encryption": 'use="encryption"',
    "unknown": 'use="authentication"',
    "empty": 'use=""',
    "another case": 'use="Signing"',
    "two of them": 'use="signing encryption"',
    "escaped": 'use="sign%69ng"',
    "longer": 'use="signing2"',
    "another alphabet": 'use="s\u0456gning"',
}
KEYLESS = {
    **{name: IDP.metadata().replace(SIGNING, use) for name, use in FOR_NOTHING.items()},
    "no KeyDescriptor": IDP.metadata().replace(KEY.format(IDP.credential.certificate_base64), ""),
    "no KeyInfo": IDP.metadata().replace("ds:KeyInfo", "ds:Nothing"),
    "KeyInfo of another namespace": IDP.metadata().replace("2000/09/xmldsig#", "2000/09/xmldsig"),
    "no certificate": IDP.metadata().replace(IDP.credential.certificate_base64, " "),
    "a name alone": IDP.metadata().replace("ds:X509Certificate", "ds:X509SubjectName"),
}


def assert_forgeries_refused(server, *strangers) -> None:
    """By no key, by strangers' keys, and by the IdP's certificate in a KeyInfo of one of them."""
    for credential in (None, rsa_credential("stranger"), *strangers):
        for signed in ("assertion", "response", "both") if credential else (None,):
            browser = Browser()
            answer = Answer(sign=signed, credential=credential, name_id="admin@example.org")
            page = IDP.login(browser, server.url("/page.html"), answer)
            assert_beaten_off(server, browser, page, "signature_missing", "signature_invalid")


@pytest.mark.parametrize("name", FOR_SIGNING)
def test_the_key_signs(nginx, name):
    metadata = IDP.metadata().replace(SIGNING, FOR_SIGNING[name])
    server = nginx(CONF, files={"idp.xml": metadata}, IDP="")
    assert_forgeries_refused(server)
    member = log_in(server, IDP)
    for forged in (LogoutRequest(sign=False), LogoutRequest(credential=OTHER)):
        assert send(IDP, server.url("/saml/sls"), forged, "post").status == 403
        assert is_in(server, member)
    assert send(IDP, server.url("/saml/sls"), LogoutRequest(), "post").status in (200, 303)
    assert not is_in(server, member)


@pytest.mark.parametrize("name", FOR_NOTHING)
def test_a_key_beside_it_does_not(nginx, name):
    """One that is there, and is for something else, signs nothing."""
    beside = KEY.format(OTHER.certificate_base64).replace(SIGNING, FOR_NOTHING[name])
    own = KEY.format(IDP.credential.certificate_base64).replace(SIGNING, "")
    for keys in (beside + own, own + beside):
        metadata = IDP.metadata().replace(KEY.format(IDP.credential.certificate_base64), keys)
        server = nginx(CONF, files={"idp.xml": metadata}, IDP="")
        assert_forgeries_refused(server, OTHER)
        member = log_in(server, IDP)
        page = send(IDP, server.url("/saml/sls"), LogoutRequest(credential=OTHER), "post")
        assert_refused(server, page, "signature_invalid")
        assert is_in(server, member)


@pytest.mark.parametrize("name", KEYLESS)
def test_nginx_does_not_start_without_one(prepared, name):
    assert KEYLESS[name] != IDP.metadata()
    good, output = prepared(CONF, files={"idp.xml": KEYLESS[name]}, IDP="").test()
    assert not good
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert "has no KeyDescriptor for signing" in line and "idp.xml" in line, line


def test_at_a_reload(nginx):
    """The old configuration goes on, with its key."""
    server = nginx(CONF, IDP="")
    server.expected = "has no KeyDescriptor for signing"
    server.write("idp.xml", KEYLESS["no KeyDescriptor"])
    server.process.send_signal(signal.SIGHUP)
    server.wait_for(lambda: server.expected in server.error_log(), "the refusal")
    assert_forgeries_refused(server)
    assert logs_in(server, IDP)


@pytest.mark.parametrize("name", ["encryption", "unknown", "no KeyDescriptor", "no certificate"])
def test_at_a_refresh(nginx, name):
    """A file without a key that takes the old one's place while nginx runs."""
    server = nginx(CONF, IDP="metadata_refresh 1s;")
    server.write("fresh.xml", KEYLESS[name]).rename(server.directory / "idp.xml")
    server.wait_for(lambda: "keeps the metadata that it has" in server.error_log(), "the log")
    assert_forgeries_refused(server)
    assert logs_in(server, IDP)
