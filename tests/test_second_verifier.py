"""`second_verifier xmlsec1`: what this module accepts, xmlsec1 must accept too."""

import re
import shutil
from pathlib import Path

import pytest
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod, XMLSigner, methods

from harness.browser import Browser
from harness.encrypt import encrypt
from harness.idp import Idp
from harness.keys import ec_credential, rsa_credential
from harness.logout import LogoutRequest, assert_success, send
from harness.members import log_in
from harness.message import NS
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

CONF = site(idp="@IDP@", location="add_header X-User $saml_name_id;")
ON, OFF = "second_verifier xmlsec1;", "second_verifier off;"
OBJECT = "ngx_http_auth_saml_xmlsec1.so"


def libraries(pid: int) -> set[str]:
    """Names of the XML libraries that a process has mapped."""
    paths = [line.split(maxsplit=5)[5:] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    names = {Path(path[0]).name.split(".")[0] for path in paths if path}
    return names & {"libxml2", "libxmlsec1", "libxmlsec1-openssl", OBJECT.removesuffix(".so")}


@pytest.mark.smoke
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize("key", ["rsa", "ec"])
def test_both_agree(nginx, sign, key):
    credential = rsa_credential("idp") if key == "rsa" else ec_credential("idp")
    idp, browser = Idp(credential=credential), Browser()
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, IDP=ON)
    page = idp.login(browser, server.url("/page.html"), Answer(sign=sign))
    assert page.status == 303, page.text
    assert browser.get(page.location).headers["X-User"] == "alice@example.org"


@pytest.mark.smoke
def test_nothing_is_loaded_unless_it_is_asked_for(nginx):
    plain, confirmed = nginx(CONF, IDP=OFF), nginx(CONF, IDP=ON)
    assert libraries(plain.workers()[0]) == set()
    assert "libxmlsec1" in libraries(confirmed.workers()[0])
    # A reload that asks for it gets it; the master keeps it then.
    plain.configure(CONF.replace("@IDP@", ON))
    plain.reload()
    assert "libxmlsec1" in libraries(plain.workers()[0])


def test_it_may_be_the_default_of_an_sp(nginx, idp):
    server = nginx(site(sp=ON))
    assert "libxmlsec1" in libraries(server.workers()[0])
    assert idp.login(Browser(), server.url("/page.html")).status == 303
    server = nginx(site(sp=ON, idp=OFF))
    assert libraries(server.workers()[0]) == set()


def test_an_encrypted_assertion(nginx, idp):
    """xmlsec1 gets the plaintext, once its signature is known to be good."""
    server = nginx(CONF, IDP=ON)

    def seal(document: etree._Element) -> None:
        encrypt(document.find("saml:Assertion", NS), rsa_credential("sp"))

    page = idp.login(Browser(), server.url("/page.html"), Answer(after_signing=seal))
    assert page.status == 303, page.text


@pytest.mark.parametrize("binding", ["post", "soap", "redirect"])
def test_logouts(nginx, binding):
    """By Redirect the signature is no XML, and xmlsec1 is not asked."""
    idp = Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))
    server = nginx(CONF, files={"idp.xml": idp.metadata()}, IDP=ON)
    log_in(server, idp)
    page = send(idp, server.url("/saml/sls"), LogoutRequest(id="_request"), binding)
    assert_success(page, rsa_credential("sp").certificate)


def pss(document: etree._Element) -> None:
    """Signs the Assertion with RSA-PSS, which xmlsec1 1.2 does not know."""
    assertion = document.find("saml:Assertion", NS)
    copy = etree.fromstring(etree.tostring(assertion, with_tail=False))
    place = etree.Element(f"{{{NS['ds']}}}Signature", Id="placeholder", nsmap={"ds": NS["ds"]})
    copy.find("saml:Issuer", NS).addnext(place)
    signer = XMLSigner(
        methods.enveloped,
        SignatureMethod.SHA256_RSA_MGF1,
        DigestAlgorithm.SHA256,
        "http://www.w3.org/2001/10/xml-exc-c14n#",
    )
    credential = rsa_credential("idp")
    signed = signer.sign(
        copy,
        key=credential.key,
        cert=[credential.certificate],
        reference_uri=copy.get("ID"),
        id_attribute="ID",
    )
    document.replace(assertion, signed)


def test_disagreements_are_counted(nginx, idp):
    """By all workers together, and on after a reload; the log says the number."""
    conf = CONF.replace("events {}", "worker_processes 2;\nevents {}")
    server = nginx(conf, IDP=ON)
    server.expected = "second_verifier_disagrees"
    said = re.compile(r"\(disagreement (\d+) since the start\)")

    def disagree(times: int) -> None:
        for _ in range(times):
            page = idp.login(Browser(), server.url("/page.html"), Answer(sign=None, after_signing=pss))
            if page.status == 303:
                pytest.skip("this xmlsec1 knows RSA-PSS")
            assert page.status == 503 and "disagreement" not in page.text

    disagree(8)
    server.reload()
    disagree(1)
    server.configure(conf.replace("@IDP@", OFF))
    server.reload()
    assert idp.login(Browser(), server.url("/page.html")).status == 303
    server.configure(conf.replace("@IDP@", ON))
    server.reload()
    disagree(1)
    alerts = [line for line in server.error_log().splitlines() if " [alert] " in line]
    assert sorted(int(said.search(line).group(1)) for line in alerts) == [*range(1, 11)]


def test_a_disagreement_is_an_alert_and_no_login(nginx, idp):
    answer = Answer(sign=None, after_signing=pss)
    alone = nginx(CONF, IDP=OFF)
    assert idp.login(Browser(), alone.url("/page.html"), answer).status == 303
    server, browser = nginx(CONF, IDP=ON), Browser()
    server.expected = "second_verifier_disagrees"
    page = idp.login(browser, server.url("/page.html"), answer)
    if page.status == 303:
        pytest.skip("this xmlsec1 knows RSA-PSS")
    assert page.status == 503 and "second_verifier_disagrees" in page.text
    assert "xmlSec" not in page.text
    lines = [line for line in server.error_log().splitlines() if server.expected in line]
    assert len(lines) == 1 and " [alert] " in lines[0], lines
    assert "the second verifier says: " in lines[0]
    assert browser.get(server.url("/page.html")).status == 302
    # The next one is as good as ever.
    assert idp.login(Browser(), server.url("/page.html")).status == 303


def test_it_is_not_asked_of_what_we_refuse(nginx, idp):
    server = nginx(CONF, IDP=ON)
    answer = Answer(credential=rsa_credential("stranger"))
    page = idp.login(Browser(), server.url("/page.html"), answer)
    assert_refused(server, page, "signature_invalid")


def test_without_the_object_nginx_says_what_to_install(build, prepared, tmp_path):
    module, _ = build
    alone = tmp_path / Path(module).name
    shutil.copy(module, alone)
    for idp, says in [(ON, '"second_verifier" needs '), ("metadata_certificate sp.crt;", '"metadata_certificate" needs ')]:
        good, said = prepared(CONF, IDP=idp, MODULE=str(alone)).test()
        assert not good and f"{says}{OBJECT} beside the module" in said, said
        assert "libxmlsec1-openssl" in said and "nginx.conf:" in said, said
    assert prepared(CONF, IDP=OFF, MODULE=str(alone)).test()[0]
    # One of another build is none.
    (tmp_path / OBJECT).write_bytes(b"no object")
    good, said = prepared(CONF, IDP=ON, MODULE=str(alone)).test()
    assert not good and f"needs {OBJECT}" in said, said


def test_what_it_takes(prepared):
    good, said = prepared(CONF, IDP="second_verifier on;").test()
    assert not good and 'it must be "xmlsec1" or "off"' in said, said
