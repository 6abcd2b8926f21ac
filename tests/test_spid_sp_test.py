"""spid-sp-test, by which Italy's Digital Identity (SPID, eIDAS) judges SPs: metadata, AuthnRequests, Responses."""

import json
import os
import subprocess

import pytest

from harness.keys import rsa_credential
from harness.nginx import ROOT

JUDGE = ROOT / ".cache/spid-sp-test/bin/spid_sp_test"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not JUDGE.exists(), reason="no .cache/spid-sp-test: scripts/test makes it from PyPI"),
]

CONF = """
events {}
http {
    saml_idp spid {
        metadata                          spid.xml;
        sso_binding                       post;
        name_id_format                    transient;
        want_assertion_signed             on;
        issuer_format                     @ISSUER_FORMAT@;
        acs_index                         0;
        attribute_consuming_service_index 0;
    }
    saml_sp app {
        base_url        https://localhost:@PORT@;
        entity_id       https://localhost:@PORT@/saml/metadata;
        certificate     sp.crt;
        certificate_key sp.key;
        idp             spid;
        sign_metadata   on;

        organization "Example S.p.A." "Example" https://www.example.com it;
        organization "Example S.p.A." "Example" https://www.example.com/en en;
        contact      other   spid@example.com mailto=off "company=Example S.p.A." telephone=+390612345678 extensions=other.xml;
        contact      billing pay@example.com  mailto=off "company=Example S.p.A." telephone=+390612345678 extensions=billing.xml;

        attribute_service   0 Paghe lang=it;
        attribute_service   0 Payroll lang=en;
        requested_attribute spidCode;
        requested_attribute name;
        requested_attribute familyName;
        requested_attribute fiscalNumber;
        requested_attribute email;

        attribute_service   99 "eIDAS Natural Person Minimum Attribute Set" lang=it;
        requested_attribute fiscalNumber service=99;
        requested_attribute spidCode service=99;
        requested_attribute name service=99;
        requested_attribute familyName service=99;
        requested_attribute dateOfBirth service=99;
    }
    server {
        listen 127.0.0.1:@PORT@ ssl;
        ssl_certificate     tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            auth_saml_unauthenticated redirect;
            auth_saml_force_authn     on;
            # The highest: with "minimum" the list is what is accepted, and SPID wants one class in it.
            auth_saml_authn_context   https://www.spid.gov.it/SpidL3 comparison=minimum;
            root html;
        }
    }
}
"""
EXTENSIONS = '<md:Extensions xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:{}>{}</md:Extensions>'
FILES = {
    "other.xml": EXTENSIONS.format(
        'spid="https://spid.gov.it/saml-extensions"',
        "<spid:VATNumber>IT12345678901</spid:VATNumber><spid:FiscalCode>12345678901</spid:FiscalCode><spid:Private/>",
    ),
    "billing.xml": EXTENSIONS.format(
        'fpa="https://spid.gov.it/invoicing-extensions"',
        "<fpa:CessionarioCommittente><fpa:DatiAnagrafici><fpa:IdFiscaleIVA><fpa:IdPaese>IT</fpa:IdPaese>"
        "<fpa:IdCodice>12345678901</fpa:IdCodice></fpa:IdFiscaleIVA><fpa:Anagrafica>"
        "<fpa:Denominazione>Example S.p.A.</fpa:Denominazione></fpa:Anagrafica></fpa:DatiAnagrafici>"
        "<fpa:Sede><fpa:Indirizzo>Via Example 1</fpa:Indirizzo><fpa:CAP>00144</fpa:CAP>"
        "<fpa:Comune>Roma</fpa:Comune><fpa:Provincia>RM</fpa:Provincia><fpa:Nazione>IT</fpa:Nazione>"
        "</fpa:Sede></fpa:CessionarioCommittente>",
    ),
}  # fmt: skip

# What it wants refused and we let in. All of these come from the right IdP, signed twice, to the right SP, in
# answer to this browser's own request.
WAIVED = {
    "28": "no Issuer on the Response: docs/validation.md, What is tolerated",
    "45": "an empty Format of NameID: What is tolerated, URIs that are none",
    "46": "SPID's own rule: Core 2.2.2 lets Format be absent",
    "47": "SPID's own rule: IdPs that know no other format answer a NameIDPolicy so, and we do not insist",
    "48": "SPID's own rule: an empty NameQualifier says as little as none",
    "49": "SPID's own rule: Core 2.2.2 lets NameQualifier be absent",
    "61": "no InResponseTo in the confirmation: the signed Response around it has it, which is checked",
    "71": "SPID's own rule: Profiles 4.1.4.2 lets Format of Issuer be absent",
    "76": "SPID's own rule: Core 2.5.1 lets NotBefore be absent",
    "98": "an empty AttributeStatement: What is tolerated",
    "99": "SPID's own rule: the schema lets an Attribute have no value",
}


@pytest.fixture
def start(nginx):
    def start(issuer_format: str = "on"):
        idp = judge("--idp-metadata")
        tls = rsa_credential("tls")
        files = {"spid.xml": idp[idp.index("<") :], "tls.crt": tls.certificate_pem, "tls.key": tls.key_pem}
        return nginx(CONF, files=FILES | files, ISSUER_FORMAT=issuer_format)

    return start


@pytest.mark.parametrize("profile", ["saml2-sp", "spid-sp-private", "ficep-eidas-sp"])
def test_metadata_and_requests(start, profile):
    """Without an exception. spid-sp-private is all of saml2-sp and more."""
    passed, failed = judged(start(), profile)
    assert failed == []
    assert len(passed) > 80


def test_it_sees_what_is_not_as_it_wants(start):
    """The instrument itself."""
    _, failed = judged(start(issuer_format="off"), "saml2-sp")
    assert "The Format attribute MUST be present" in failed


def test_responses(start):
    passed, failed = judged(start(), "saml2-sp", "--test-response")
    responses = [test for test in failed if test.startswith("Test [")]
    assert failed == responses
    assert {test.partition("]")[0].removeprefix("Test [") for test in responses} == set(WAIVED)
    assert len([test for test in passed if test.startswith("Test [")]) > 85


def judged(server, profile: str, *more: str) -> tuple[list[str], list[str]]:
    """The checks that it passed, and those that it did not."""
    report = server.directory / "report.json"
    base = f"https://localhost:{server.port}"
    judge(
        "--profile", profile, "--extra", "--exit-zero", "--debug", "CRITICAL",
        "--metadata-url", f"{base}/saml/metadata", "--authn-url", f"{base}/page.html",
        "-rf", "json", "-o", str(report), *more,
        REQUESTS_CA_BUNDLE=str(server.directory / "tls.crt"),
    )  # fmt: skip
    parts = json.loads(report.read_text())["test"]["sp"]
    assert {"metadata_extra", "authnrequest_extra"} <= set(parts)
    results = [one for part in parts.values() for list_of in part.values() for one in list_of]
    failed = [one["test"] for one in results if one["result"] == "failure"]
    return [one["test"] for one in results if one["result"] == "success"], failed


def judge(*arguments: str, **environment: str) -> str:
    """What it prints."""
    done = subprocess.run(
        [JUDGE, *arguments], capture_output=True, text=True, check=False, timeout=540, cwd=JUDGE.parent,
        env=os.environ | {"PYTHONWARNINGS": "ignore", "XMLSEC1_BIN": "/usr/bin/xmlsec1"} | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
