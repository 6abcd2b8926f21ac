"""`entity_id *`: all IdPs of an aggregate or of a folder, some of them by `metadata_filter`."""

import os
import re

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.members import TO_ALL
from harness.metadata_server import TLS, MetadataServer
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.signed_metadata import signed_by_signxml

CONF = """
worker_processes 2;
events {}
http {
    saml_idp federation { metadata @METADATA@; entity_id *; metadata_refresh 1s; @LINES@ }
    @HTTP@
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp federation;
        @SP@
        discovery builtin;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; add_header X-Idp $saml_idp; }
        location = /uni.html { auth_saml app idp=https://uni.example.org; try_files /page.html =404; }
    }
}
"""
MD = "urn:oasis:names:tc:SAML:2.0:metadata"


def idp(name: str, key: str = "") -> Idp:
    site = f"https://{name}.example.org"
    return Idp(site, f"{site}/sso", credential=rsa_credential(key or name))


UNI, COLLEGE, LAB = idp("uni"), idp("college"), idp("lab")


def entity(idp: Idp, authority: str = "https://registrar.example.org") -> str:
    extensions = (
        '<md:Extensions><rpi:RegistrationInfo xmlns:rpi="urn:oasis:names:tc:SAML:metadata:rpi" '
        f'registrationAuthority="{authority}"/></md:Extensions>'
    )
    text = re.sub(r"^<\?xml[^>]*>\s*", "", idp.metadata())
    return re.sub(r"(<md:EntityDescriptor[^>]*>)", rf"\1{extensions}", text, count=1)


def aggregate(*entities: str) -> str:
    return f'<md:EntitiesDescriptor xmlns:md="{MD}" ID="_all">{"".join(entities)}</md:EntitiesDescriptor>'


@pytest.fixture
def served(tmp_path):
    server = MetadataServer(tmp_path, aggregate(entity(UNI), entity(COLLEGE)))
    yield server
    server.stop()


def by_url(nginx, served: MetadataServer, lines: str = "", http: str = "", sp: str = "", **files: bytes):
    lines += " metadata_ssl_trusted_certificate metadata-server.crt; metadata_cache @DIR@/copies;"
    files = {"metadata-server.crt": TLS.certificate_pem} | files
    server = nginx(CONF, files=files, METADATA=served.url, LINES=lines, HTTP=http, SP=sp)
    await_offer(server, UNI)
    return server


def await_offer(server, idp: Idp) -> None:
    """Of each worker."""
    page = server.url("/saml/discovery")
    server.wait_for(lambda: all(idp.entity_id in Browser().get(page).text for _ in TO_ALL), "an offer")


def let_in(server, idp: Idp) -> Browser | None:
    """A browser with a session of the IdP's, if that is one."""
    browser = Browser()
    page = browser.get(server.url(f"/saml/login?return=/page.html&idp={idp.entity_id}"))
    if page.status != 302:
        print(f"{idp.entity_id} is not asked: {page.text}")
        return None
    request = idp.asked(page)
    answer = browser.post(request.acs_url, idp.form(request))
    if answer.status != 303:
        print(f"{idp.entity_id} is not believed: {answer.text}")
        return None
    return browser


def is_in(server, browser: Browser) -> bool:
    return browser.get(server.url("/page.html")).status == 200


@pytest.mark.smoke
def test_each_idp_of_an_aggregate_lets_in_and_who_leaves_takes_its_users_along(nginx, served):
    server = by_url(nginx, served)
    uni = let_in(server, UNI)
    college = let_in(server, COLLEGE)
    assert is_in(server, uni) and is_in(server, college)
    assert uni.get(server.url("/page.html")).headers["X-Idp"] == UNI.entity_id
    assert let_in(server, LAB) is None
    assert let_in(server, idp("uni", "college")) is None, "the key of another IdP"
    served.document = aggregate(entity(UNI), entity(LAB))
    await_offer(server, LAB)
    for _ in range(10):
        assert not is_in(server, college)
    assert '1 new: "https://lab.example.org"' in server.error_log()
    assert is_in(server, uni) and is_in(server, let_in(server, LAB))
    assert '1 no longer there: "https://college.example.org"' in server.error_log()
    assert let_in(server, COLLEGE) is None


def test_a_location_names_one_of_them(nginx, served):
    server = by_url(nginx, served)
    college = let_in(server, COLLEGE)
    page = college.get(server.url("/uni.html"))
    assert page.status == 302 and page.location.startswith(UNI.sso_url)
    assert let_in(server, UNI).get(server.url("/uni.html")).status == 200


def test_people_choose_on_the_page(nginx, served):
    server = by_url(nginx, served)
    browser = Browser()
    page = browser.open(server.url("/page.html"))
    assert page.status == 200 and UNI.entity_id in page.text and COLLEGE.entity_id in page.text
    assert LAB.entity_id not in page.text


def test_a_filter_leaves_some(nginx, served):
    served.document = aggregate(entity(UNI), entity(COLLEGE, "https://elsewhere.example.org"), entity(LAB))
    lines = "metadata_filter registration_authority https://registrar.example.org; metadata_filter !entity_id https://lab.*;"
    server = by_url(nginx, served, lines)
    assert let_in(server, UNI)
    assert let_in(server, COLLEGE) is None and let_in(server, LAB) is None


def test_a_block_of_its_own_takes_one_out(nginx, served):
    bad = "saml_idp bad { entity_id https://college.example.org; disabled on; }"
    server = by_url(nginx, served, http=bad, sp="idp bad;")
    assert let_in(server, UNI)
    page = Browser().get(server.url(f"/saml/login?idp={COLLEGE.entity_id}"))
    assert page.status == 403 and "idp_disabled" in page.text


def test_a_signed_aggregate_is_believed_and_no_other(nginx, served):
    signer = rsa_credential("registrar")
    served.document = signed_by_signxml(aggregate(entity(UNI)), signer)
    server = by_url(nginx, served, "metadata_certificate registrar.crt;", **{"registrar.crt": signer.certificate_pem})
    uni = let_in(server, UNI)
    served.document = signed_by_signxml(aggregate(entity(UNI), entity(LAB)), rsa_credential("forger"))
    server.wait_for(lambda: "keeps the metadata that it has" in server.error_log(), "a line in the log")
    served.document = aggregate(entity(LAB))
    server.wait_for(lambda: len(served.heads) >= 4, "another look")
    assert is_in(server, uni) and let_in(server, LAB) is None


@pytest.mark.smoke
def test_a_folder_is_looked_at_again(nginx):
    files = {"idps/uni.xml": UNI.metadata(), "idps/note.txt": "no metadata"}
    server = nginx(CONF, files=files, METADATA="idps", LINES="", HTTP="", SP="")
    uni = let_in(server, UNI)
    assert uni and let_in(server, LAB) is None
    server.write("lab.tmp", LAB.metadata()).rename(server.directory / "idps" / "lab.xml")
    await_offer(server, LAB)
    server.write("idps/broken.xml", "<md:EntityDescriptor")
    server.wait_for(lambda: "keeps the metadata that it has" in server.error_log(), "a line in the log")
    assert is_in(server, uni) and let_in(server, LAB)
    (server.directory / "idps" / "broken.xml").unlink()
    (server.directory / "idps" / "uni.xml").unlink()
    server.wait_for(lambda: not any(is_in(server, uni) for _ in range(10)), "the end of its sessions")
    assert let_in(server, LAB)


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, os.mkdir, lambda path: os.symlink("nowhere", path), lambda path: os.symlink("/dev/zero", path)],
    ids=["fifo", "directory", "dangling", "device"],
)
def test_what_is_no_file_in_a_folder_stops_nobody(nginx, make):
    server = nginx(CONF, files={"idps/uni.xml": UNI.metadata()}, METADATA="idps", LINES="", HTTP="", SP="")
    uni = let_in(server, UNI)
    odd = server.directory / "idps" / "odd.xml"
    make(odd)
    server.wait_for(lambda: "keeps the metadata that it has" in server.error_log(), "a line in the log")
    assert is_in(server, uni) and let_in(server, UNI)
    assert "odd.xml" in server.error_log()
    odd.rename(server.directory / "odd")
    server.write("lab.tmp", LAB.metadata()).rename(server.directory / "idps" / "lab.xml")
    await_offer(server, LAB)


def test_an_idp_speaks_for_its_own_scope(nginx, served):
    scope = '<s:Scope xmlns:s="urn:mace:shibboleth:metadata:1.0" regexp="false">uni.example.org</s:Scope>'
    served.document = served.document.replace("</md:Extensions>", scope + "</md:Extensions>", 1)
    server = by_url(nginx, served)
    for idp, scope, status in [
        (UNI, "uni.example.org", 303),
        (UNI, "college.example.org", 403),
        (COLLEGE, "college.example.org", 403),
    ]:
        browser = Browser()
        request = idp.asked(browser.get(server.url(f"/saml/login?idp={idp.entity_id}")))
        eppn = Attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", [f"jane@{scope}"])
        page = browser.post(request.acs_url, idp.form(request, Answer(attributes=[eppn])))
        assert page.status == status, page.text
        if status == 403:
            assert_refused(server, page, "attribute_scope_mismatch")
