"""`xsi:type` of each SAML type on elements of another (lasso CVE-2025-46404, 46705, 46784, 47151).

There a node became what its xsi:type said: the wrong C structure, a crash, memory that was never given back.
Here it says nothing of an element that has a name of its own.
"""

import re
from pathlib import Path

import pytest
from lxml import etree

from harness.browser import Browser
from harness.idp import Idp, post_fields
from harness.logout import LogoutRequest, LogoutResponse, form
from harness.members import is_in, log_in
from harness.message import NS
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(location="add_header X-User $saml_name_id; add_header X-Groups $saml_attr_groups;")
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
# Core 2 and 3, schemas saml-schema-assertion-2.0 and saml-schema-protocol-2.0; xmldsig-core1, xmlenc-core1.
ASSERTION_TYPES = """
    BaseIDAbstractType NameIDType EncryptedElementType AssertionType SubjectType SubjectConfirmationType
    SubjectConfirmationDataType KeyInfoConfirmationDataType ConditionsType ConditionAbstractType
    AudienceRestrictionType OneTimeUseType ProxyRestrictionType AdviceType StatementAbstractType
    AuthnStatementType SubjectLocalityType AuthnContextType AuthzDecisionStatementType DecisionType ActionType
    EvidenceType AttributeStatementType AttributeType
""".split()
PROTOCOL_TYPES = """
    RequestAbstractType ExtensionsType StatusResponseType StatusType StatusCodeType StatusDetailType
    AssertionIDRequestType SubjectQueryAbstractType AuthnQueryType RequestedAuthnContextType
    AuthnContextComparisonType AttributeQueryType AuthzDecisionQueryType AuthnRequestType NameIDPolicyType
    ScopingType IDPListType IDPEntryType ResponseType ArtifactResolveType ArtifactResponseType
    ManageNameIDRequestType TerminateType LogoutRequestType NameIDMappingRequestType NameIDMappingResponseType
""".split()
OTHER_TYPES = ["ds:SignatureType", "ds:KeyInfoType", "ds:ObjectType", "xs:ID", "xs:QName", "xs:anyType", "x:unknown"]
TYPES = [
    *(f"saml:{name}" for name in ASSERTION_TYPES),
    *(f"samlp:{name}" for name in PROTOCOL_TYPES),
    *OTHER_TYPES,
    "none:declared", ":", "saml:", " saml:NameIDType ", "saml:NameIDType saml:NameIDType", "",
]  # fmt: skip
ELEMENTS = [
    "saml:Issuer", "samlp:Status", "samlp:StatusCode", "saml:Assertion", "saml:Subject", "saml:NameID",
    "saml:SubjectConfirmation", "saml:SubjectConfirmationData", "saml:Conditions",
    "saml:AudienceRestriction", "saml:Audience", "saml:AuthnStatement", "saml:AuthnContext",
    "saml:AuthnContextClassRef", "saml:AttributeStatement", "saml:Attribute", "saml:AttributeValue",
]  # fmt: skip
GROUPS = [Attribute("groups", ["staff"])]
TIMES = 1000


@pytest.fixture
def server(nginx, idp):
    return nginx(CONF)


@pytest.fixture
def idp():
    return Idp(slo=("HTTP-POST",))


def typed(type_name: str, *paths: str):
    """A knob that gives elements this type; all of them without `paths`."""

    def change(root: etree._Element) -> None:
        found = [element for path in paths for element in root.iterfind(f".//{path}", NS)]
        for element in found or root.iter(etree.Element):
            element.set(XSI, type_name)

    return change


def resident(server) -> int:
    """Of the one worker, in KiB."""
    [worker] = server.workers()
    text = Path(f"/proc/{worker}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1))


def test_it_changes_nothing(server, idp):
    """Each element has each type once; the message is signed so, and means what it does without them."""

    for first in range(len(TYPES)):

        def change(document: etree._Element, first=first) -> None:
            for number, path in enumerate(ELEMENTS):
                typed(TYPES[(first + number) % len(TYPES)], path)(document)

        browser = Browser()
        answer = Answer(sign="response", attributes=GROUPS, before_signing=change)
        page = idp.login(browser, server.url("/page.html"), answer)
        assert page.status == 303, page.text
        headers = browser.get(page.location).headers
        assert (headers["X-User"], headers["X-Groups"]) == ("alice@example.org", "staff")


def test_memory_stays_flat(server, idp):
    """A thousand times each kind of message, on every element at once; the reserve of nginx's and the allocator's
    is there after the first half."""
    url = server.url("/saml/sls")
    member = log_in(server, idp)
    browser = Browser()
    request = idp.asked(browser.get(server.url("/page.html")))
    bodies = []
    for type_name in TYPES[::4]:
        evil = typed(type_name)
        response = idp.response(request, Answer(attributes=GROUPS, sign="response", before_signing=evil))
        bodies.append(("/saml/acs", post_fields(response, request.relay_state)))
        bodies += [
            ("/saml/sls", form(idp, url, LogoutRequest("bob@example.org", before_signing=evil))),
            ("/saml/sls", form(idp, url, LogoutResponse("_1", before_signing=evil))),
        ]
    sizes = []
    for number in range(TIMES):
        path, body = bodies[number % len(bodies)]
        page = browser.post(server.url(path), body)
        assert page.status in (200, 303) or 400 <= page.status < 500, page.text
        if number in (TIMES // 2, TIMES - 1):
            sizes.append(resident(server))
    assert is_in(server, member)
    assert sizes[1] - sizes[0] < 512, sizes
