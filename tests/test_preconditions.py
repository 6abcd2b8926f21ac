"""What asks somebody to log in is no version of the page: preconditions (RFC 9110 13.2.1) are for the page itself."""

from dataclasses import replace

import pytest

from harness.browser import Browser
from harness.ecp import PAOS_HEADER, PAOS_TYPE
from harness.site import site

PRECONDITIONS = [
    {"If-None-Match": "*"},
    {"If-Match": '"a version"'},
    {"If-Unmodified-Since": "Sat, 21 Nov 2020 11:30:00 GMT"},
]
PROGRAM = {"Accept": PAOS_TYPE, "PAOS": PAOS_HEADER}
PERSON = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}


@pytest.mark.parametrize("condition", PRECONDITIONS, ids=lambda condition: next(iter(condition)))
def test_preconditions(nginx, idp, condition):
    by_post = replace(idp, binding="HTTP-POST")
    server = nginx(site(location="auth_saml_ecp on;"), files={"idp.xml": by_post.metadata()})
    for path, headers, found in [
        ("/page.html", PROGRAM, "<soap:Envelope"),
        ("/page.html", PERSON, 'name="SAMLRequest"'),
        ("/saml/metadata", PERSON, "Entity ID"),
    ]:
        answer = Browser().get(server.url(path), headers=headers | condition)
        assert answer.status == 200 and found in answer.text, path


def test_the_document_has_versions(nginx, idp):
    url = nginx(site()).url("/saml/metadata")
    version = Browser().read(url).headers["ETag"]
    for header, value, status in [
        ("If-None-Match", version, 304),
        ("If-None-Match", '"another"', 200),
        ("If-Match", version, 200),
        ("If-Match", '"another"', 412),
    ]:
        assert Browser().read(url, headers={header: value}).status == status, header
