"""docs/start.md's way from nothing to the first login, with its commands and nginx-conf/minimal.conf."""

import re
import subprocess

import pytest
from lxml import etree

from harness.browser import Browser
from harness.keys import rsa_credential
from harness.message import AuthnRequest
from harness.nginx import ROOT

STOCK = "events {}\nhttp {\n    include conf.d/*.conf;\n}\n"
TLS = rsa_credential("tls")
HOST = "app.example.com"
MD = {"md": "urn:oasis:names:tc:SAML:2.0:metadata"}
BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings:"
COMMENTED = "    # metadata saml/idp.xml;"


def commands() -> str:
    """The commands of the second step."""
    (found,) = re.findall(r"```sh\n(   mkdir -p /etc/nginx/saml\n.*?)```", START, re.S)
    return found


START = (ROOT / "docs/start.md").read_text()


@pytest.fixture
def server(prepared):
    """An nginx as step 3 leaves it; the site's own certificate is there."""
    made = prepared(STOCK, files={"tls.crt": TLS.certificate_pem, "tls.key": TLS.key_pem})
    run = commands().replace("/etc/nginx", str(made.directory))
    subprocess.run(["sh", "-ec", run], check=True, capture_output=True)
    shipped = (ROOT / "nginx-conf/minimal.conf").read_text()
    made.write("conf.d/minimal.conf", shipped)
    return made


def to_test_ports(server, upstream) -> None:
    path = server.directory / "conf.d/minimal.conf"
    text = re.sub(r"listen +443", f"listen 127.0.0.1:{server.port}", path.read_text())
    path.write_text(text.replace("127.0.0.1:3000", f"127.0.0.1:{upstream.port}"))


def test_it_loads_as_it_stands(server):
    good, output = server.test()
    assert good, output
    (warning,) = [line for line in output.splitlines() if "[warn]" in line]
    assert 'saml_idp "corp" has no "metadata" yet' in warning
    assert re.search(r"conf\.d/minimal\.conf:\d+", warning)


class Person(Browser):
    """Resolves the SP's name to the test's nginx."""

    def __init__(self, server):
        super().__init__(verify=False)
        self.here = server.url("", "https")

    def request(self, method, url, **options):
        url = url.replace(f"https://{HOST}", self.here)
        headers = {"Host": HOST, **options.pop("headers", {})}
        return super().request(method, url, headers=headers, **options)


def test_from_nothing_to_the_first_login(server, idp, upstreams):
    to_test_ports(server, upstreams["proxy"])
    server.start()
    person = Person(server)

    # The IdP is told first.
    answer = person.read(f"https://{HOST}/saml/metadata")
    assert answer.status == 200
    metadata = etree.fromstring(answer.text.encode())
    assert metadata.get("entityID") == f"https://{HOST}/saml/metadata"
    descriptor = metadata.find("md:SPSSODescriptor", MD)
    assert descriptor.get("AuthnRequestsSigned") == "true"
    acs = metadata.find(".//md:AssertionConsumerService", MD)
    assert (acs.get("Binding"), acs.get("Location")) == (
        f"{BINDINGS}HTTP-POST", f"https://{HOST}/saml/acs"
    )  # fmt: skip

    # Until its metadata is here nobody gets in, and the page says why.
    for path in ("/", "/saml/login", "/saml/login?idp=corp"):
        page = person.get(f"https://{HOST}{path}")
        assert page.status == 500, path
        assert "not set up yet" in page.text and "idp_metadata_missing" in page.text, page.text
    assert 'saml_idp "corp" has no "metadata" yet' in server.error_log()
    api = person.get(f"https://{HOST}/", headers={"Sec-Fetch-Mode": "cors"})
    assert api.status == 401
    assert person.get(f"https://{HOST}/saml/logout").status == 200
    assert not upstreams["proxy"].asked

    # Then the IdP's metadata comes.
    path = server.directory / "conf.d/minimal.conf"
    assert COMMENTED in path.read_text()
    path.write_text(path.read_text().replace(COMMENTED, COMMENTED.replace("# ", "")))
    server.write("saml/idp.xml", idp.metadata())
    good, output = server.test()
    assert good and "[warn]" not in output, output
    server.reload()
    again = etree.fromstring(person.read(f"https://{HOST}/saml/metadata").text.encode())
    for what in (metadata, again):
        what.attrib.pop("validUntil", None)
        what.attrib.pop("ID")
    assert etree.tostring(metadata) == etree.tostring(again), "what the IdP was told stays true"

    request = idp.asked(person.get(f"https://{HOST}/page"))
    assert isinstance(request, AuthnRequest)
    assert person.post(request.acs_url, idp.form(request)).status == 303
    assert person.get(f"https://{HOST}/page").text == "from upstream"
    assert upstreams["proxy"].last()["HTTP_X_REMOTE_USER"] == "alice@example.org"
    server.finish()


def test_awaited_beside_another(prepared, idp, browser):
    """Who is awaited lets nobody in; the others go on."""
    conf = """
events {}
http {
    saml_idp awaited { want_assertion_signed on; }
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp awaited;
        idp corp;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location = /index.html { auth_saml app idp=awaited; }
    }
}
"""
    server = prepared(conf).start()
    assert idp.login(browser, server.url("/page.html")).status == 303
    assert browser.get(server.url("/page.html")).status == 200
    page = browser.get(server.url("/index.html"))
    assert page.status == 500 and "idp_metadata_missing" in page.text
    api = browser.get(server.url("/index.html"), headers={"Sec-Fetch-Mode": "cors"})
    assert api.status == 401 and "idp=awaited" in api.text, "a login elsewhere would not open it"
    page = browser.get(server.url("/saml/login?idp=nobody"))
    assert page.status == 400 and "argument_invalid" in page.text, "the link's fault, not an IdP's"
    assert 'WantAssertionsSigned="true"' in browser.read(server.url("/saml/metadata")).text
    server.finish()
