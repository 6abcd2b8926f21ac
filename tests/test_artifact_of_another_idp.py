"""An artifact of one IdP that stands for a Response of another (SimpleSAMLphp CVE-2026-49283, CVE-2026-49284).

There the connection to the one IdP vouched for what the Response said of the other. Here an IdP vouches for
its own users, and answers the logins that were begun with it.
"""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from harness.artifact_idp import ArtifactIdp
from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site

TLS = rsa_credential("artifact endpoint")
CONF = site(
    http="""
        saml_idp lesser {
            metadata lesser.xml;
            response_binding artifact;
            artifact_ssl_trusted_certificate tls.crt;
            @IDP@
        }
    """,
    idp="@IDP@",
    sp="idp lesser;",
    location="add_header X-User $saml_name_id; add_header X-Idp $saml_idp;",
)
HIGHER = Idp()
ADMIN = {"name_id": "admin@example.org"}


@pytest.fixture
def lesser(tmp_path):
    """An IdP that administrators trust with its own users, and that lies."""
    made = ArtifactIdp(TLS, tmp_path)
    made.idp = replace(
        made.idp,
        entity_id="https://lesser.example.org/metadata",
        sso_url="https://lesser.example.org/sso",
        credential=rsa_credential("lesser"),
    )
    yield made
    made.stop()


@pytest.fixture
def serve(nginx, lesser):
    def start(more: str = ""):
        files = {"lesser.xml": lesser.idp.metadata(), "tls.crt": TLS.certificate_pem}
        return nginx(CONF, files=files, IDP=more)

    return start


# Whose the Response says it is, and who has signed it.
RESPONSES = {
    "unsigned": (HIGHER, Answer(sign=None, **ADMIN)),
    "its assertion by the lesser": (HIGHER, Answer(sign="assertion", credential=rsa_credential("lesser"), **ADMIN)),
    "all of it by the lesser": (HIGHER, Answer(sign="both", credential=rsa_credential("lesser"), **ADMIN)),
    "the higher's assertion in the lesser's Response": (
        HIGHER, Answer(sign=None, response_issuer="https://lesser.example.org/metadata", **ADMIN),
    ),
    "the lesser's assertion in the higher's Response": (
        HIGHER, Answer(sign=None, issuer="https://lesser.example.org/metadata", **ADMIN),
    ),
    "true": (HIGHER, Answer(sign="both", **ADMIN)),
}  # fmt: skip


@pytest.mark.parametrize("unsolicited", [False, True])
@pytest.mark.parametrize("outer", [True, False], ids=["signed outside", "by its TLS alone"])
@pytest.mark.parametrize("begun_at", ["corp", "lesser"])
@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_of_another(serve, lesser, name, begun_at, outer, unsolicited):
    """Also a true one, which did not come from whom it is."""
    server = serve("allow_unsolicited on;" if unsolicited else "")
    lesser.resolves = lambda resolution: replace(resolution, sign=outer)
    browser = Browser()
    asked_idp = HIGHER if begun_at == "corp" else lesser.idp
    asked = asked_idp.asked(browser.get(server.url(f"/saml/login?idp={begun_at}&return=/page.html")))
    who, answer = RESPONSES[name]
    if unsolicited:
        answer = replace(answer, in_response_to=None)
    artifact = lesser.artifact(who.response(asked, answer))
    query = urlencode({"SAMLart": artifact, "RelayState": "" if unsolicited else asked.relay_state})
    page = browser.get(f"{server.url('/saml/acs')}?{query}")
    assert 400 <= page.status < 500, page.location
    assert not [cookie for cookie in page.set_cookie if cookie.startswith("saml_session=")]
    assert browser.get(server.url("/page.html")).headers.get("X-User") is None


def test_its_own_users_come_in(serve, lesser):
    """By the same way, and to a login that was begun with it alone."""
    server = serve()
    lesser.resolves = lambda resolution: replace(resolution, sign=True)
    browser = Browser()
    for begun_at, status in (("corp", 400), ("lesser", 303)):
        asked_idp = HIGHER if begun_at == "corp" else lesser.idp
        asked = asked_idp.asked(browser.get(server.url(f"/saml/login?idp={begun_at}&return=/page.html")))
        artifact = lesser.artifact(lesser.idp.response(asked, Answer(sign="assertion")))
        query = urlencode({"SAMLart": artifact, "RelayState": asked.relay_state})
        page = browser.get(f"{server.url('/saml/acs')}?{query}")
        assert page.status == status, page.text + server.error_log()
    headers = browser.get(page.location).headers
    assert (headers["X-User"], headers["X-Idp"]) == ("alice@example.org", lesser.idp.entity_id)
    # An assertion without InResponseTo of its own is bound to no login by an unsigned Response.
    other = Browser()
    asked = HIGHER.asked(other.get(server.url("/saml/login?idp=corp&return=/page.html")))
    answer = Answer(before_signing=lambda d: d.find(".//{*}SubjectConfirmationData").attrib.pop("InResponseTo"))
    page = other.post(asked.acs_url, HIGHER.form(asked, answer))
    assert_refused(server, page, "in_response_to_missing")
