"""SimpleSAMLphp takes requests that say all they can, and answers at the ACS whose index they name."""

import pytest

from harness.browser import Browser
from harness.site import site

EVERYTHING = """
issuer_format on;
acs_index 0;
attribute_consuming_service_index 0;
provider_name Example;
consent prior;
requested_idp https://a.example.org;
requester_id https://requester.example.org;
proxy_count 1;
subject_hint on;
extensions extensions.xml;
extra_request_args login_hint domain_hint=example.org;
authn_context Password;
"""
EXTENSIONS = """<e:Extensions xmlns:e="urn:oasis:names:tc:SAML:2.0:protocol">
<x:hint xmlns:x="urn:x">a</x:hint></e:Extensions>"""
CONF = site(metadata="simplesamlphp.xml", idp=EVERYTHING.replace("\n", " "))


@pytest.mark.parametrize("page", ["/page.html", "/saml/login?login_hint=alice&return=/page.html"])
def test_login(nginx, simplesamlphp, browser, page):
    files = {"simplesamlphp.xml": simplesamlphp.metadata(), "extensions.xml": EXTENSIONS}
    server = nginx(CONF, files=files)
    simplesamlphp.trust(Browser().read(server.url("/saml/metadata")).text)
    page = simplesamlphp.log_in(browser, server.url(page))
    assert (page.status, page.url) == (200, server.url("/page.html"))
    assert page.text == "a page\n"
