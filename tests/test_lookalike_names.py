"""Names that are nearly the right ones: namespaces, identifiers and attributes, each truly signed.

"The Fragile Lock" (2025) and jellyfin-plugin-sso issue 1003: two readers of one message must not differ on
what an element or attribute is called, so that nearly is not at all.
"""

import re

import pytest
from lxml import etree

from harness.attack import assert_beaten_off
from harness.browser import Browser
from harness.dsig import ENVELOPED, EXCLUSIVE, RSA_SHA256, SHA256, sign_assertion, signed_by_hand
from harness.idp import post_fields, sign
from harness.keys import rsa_credential
from harness.message import NS
from harness.response import BEARER, SUCCESS, Answer
from harness.site import site

CONF = site(
    location="add_header X-User $saml_name_id; add_header X-Index $saml_session_index;",
)
KEY = rsa_credential("idp")

# What is done to a URI; some of these are the same one to who resolves or normalises it.
NEARLY = {
    "slash": lambda uri: uri + "/",
    "hash": lambda uri: uri + "#",
    "query": lambda uri: uri + "?",
    "case of a letter": lambda uri: uri[:-2] + uri[-2:].swapcase(),
    "case of the scheme": lambda uri: uri.replace("urn:", "URN:").replace("http:", "HTTP:"),
    "upper case": str.upper,
    "escaped letter": lambda uri: uri[:5] + f"%{ord(uri[5]):02x}" + uri[6:],
    "half": lambda uri: uri[:-1],
    "another year": lambda uri: uri.replace("2.0", "1.1").replace("200", "201"),
}
# What libxml2, which signs here, takes for no namespace at all.
ALSO = {
    "another alphabet": lambda uri: uri.replace("o", "\N{CYRILLIC SMALL LETTER O}"),
    "full width": lambda uri: uri[:-1] + chr(ord(uri[-1]) + 0xFEE0),
    "zero width": lambda uri: uri[:6] + "\u200b" + uri[6:],
    "no-break space": lambda uri: uri + "\xa0",
    "line break": lambda uri: uri[:6] + "\n" + uri[6:],
}
ALL = NEARLY | ALSO
# The same URI in another spelling of XML's: no other name.
THE_SAME = {
    "as it is": lambda uri: uri,
    "by number": lambda uri: uri[:5] + f"&#{ord(uri[5])};" + uri[6:],
    "by hexadecimal number": lambda uri: uri[:5] + f"&#x{ord(uri[5]):X};" + uri[6:],
}


class Login:
    """One up to the answer, whose octets a test makes."""

    def __init__(self, server, idp, answer: Answer = Answer(sign=None)):
        self.server, self.browser = server, Browser()
        self.request = idp.asked(self.browser.get(server.url("/page.html")))
        self.xml = idp.response(self.request, answer).decode()

    def post(self, xml: bytes):
        return self.browser.post(self.request.acs_url, post_fields(xml, self.request.relay_state))

    def refused(self, xml: bytes, *codes: str) -> None:
        assert_beaten_off(self.server, self.browser, self.post(xml), *codes)

    def logs_in(self, xml: bytes) -> dict:
        page = self.post(xml)
        assert page.status == 303, page.text
        return self.browser.get(page.location).headers


@pytest.fixture
def login(nginx, idp):
    server = nginx(CONF)
    return lambda *answer: Login(server, idp, *answer)


def rebound(xml: str, element: str, uri: str) -> str:
    """The element's own prefix means something else from there on."""
    prefix = element.partition(":")[0]
    if element == "samlp:Response":
        return xml.replace(f'xmlns:samlp="{NS["samlp"]}"', f'xmlns:samlp="{uri}"')
    found, count = re.subn(rf"<{element}\b", f'<{element} xmlns:{prefix}="{uri}"', xml, count=1)
    assert count == 1
    return found


def default(xml: str, element: str, uri: str) -> str:
    """The element without its prefix, in a default namespace of its own."""
    name = element.partition(":")[2]
    xml = re.sub(rf"<{element}\b", f'<{name} xmlns="{uri}"', xml, count=1)
    return xml.replace(f"</{element}>", f"</{name}>", 1)


ELEMENTS = [
    "samlp:Response", "samlp:Status", "samlp:StatusCode", "saml:Assertion", "saml:Subject", "saml:NameID",
    "saml:SubjectConfirmation", "saml:SubjectConfirmationData", "saml:Conditions",
    "saml:AudienceRestriction", "saml:Audience", "saml:AuthnStatement", "saml:AuthnContext",
    "saml:AuthnContextClassRef",
]  # fmt: skip


def signed(xml: str) -> bytes:
    """By the IdP, as a Response; one that is called otherwise has nothing that would be looked at."""
    document = etree.fromstring(xml.encode())
    if etree.QName(document).namespace != NS["samlp"]:
        return etree.tostring(document)
    return etree.tostring(sign(document, KEY))


@pytest.mark.parametrize("element", ELEMENTS)
def test_an_element(login, element):
    uri = NS[element.partition(":")[0]]
    for change in NEARLY.values():
        begun = login()
        evil = signed(rebound(begun.xml, element, change(uri)))
        begun.refused(evil)
    for spell in THE_SAME.values():
        begun = login()
        assert begun.logs_in(signed(rebound(begun.xml, element, spell(uri))))["X-User"] == "alice@example.org"
    if element in ("saml:NameID", "saml:Audience", "saml:AuthnContextClassRef"):
        begun = login()
        begun.refused(signed(default(begun.xml, element, "")), "structure", "xml_namespace")
        begun.refused(signed(default(begun.xml, element, uri + "/")), "structure")
        begun.logs_in(signed(default(begun.xml, element, uri)))


@pytest.mark.parametrize("element", ["saml:NameID", "saml:Subject", "saml:Assertion", "samlp:Status"])
def test_a_second_one_beside_it(login, element):
    """Under a name of its own it is no name of anybody, and not passed over in silence."""
    uri = NS[element.partition(":")[0]]
    for change in NEARLY.values():
        begun = login()
        begin, end = begun.xml.index(f"<{element}"), begun.xml.index(f"</{element}>") + len(f"</{element}>")
        second = rebound(begun.xml[begin:end], element, change(uri))
        second = second.replace("alice@", "admin@").replace(' ID="', ' ID="_2')
        for place in (begin, end):
            begun.refused(signed(begun.xml[:place] + second + begun.xml[place:]), "structure")
        begun.logs_in(signed(begun.xml))


@pytest.mark.parametrize("change", [*ALL.values(), lambda _: NS["saml"]], ids=[*ALL, "SAML's"])
def test_a_signature(login, change):
    """Whoever looks for it finds none, and whoever does not, a foreign element."""
    begun = login()
    document = etree.fromstring(begun.xml.encode())
    sign_assertion(document, KEY)
    xml = etree.tostring(document)
    usual, nearly = NS["ds"].encode(), change(NS["ds"]).encode()
    for count in range(1, xml.count(usual) + 1):
        begun.refused(xml.replace(usual, nearly, count))
    begun.logs_in(xml)


ALGORITHMS = {
    "signature_method": RSA_SHA256,
    "digest_method": SHA256,
    "transform": EXCLUSIVE,
    "enveloped": ENVELOPED,
    "canonicalization_method": EXCLUSIVE,
}


@pytest.mark.parametrize("which", ALGORITHMS)
def test_an_algorithm(login, which):
    """Under the name that it is nearly called by nobody computes anything."""
    usual = ALGORITHMS[which].encode()
    for change in ALL.values():
        begun = login()
        xml = etree.tostring(signed_by_hand(etree.fromstring(begun.xml.encode()), KEY))
        begin = xml.rindex(usual) if which == "transform" else xml.index(usual)
        evil = xml[:begin] + change(usual.decode()).encode() + xml[begin + len(usual) :]
        if evil != xml:  # where it has such a letter
            begun.refused(evil)
        begun.logs_in(xml)


FIELDS = {
    "issuer": "issuer_mismatch",
    "response_issuer": "issuer_mismatch",
    "audience": "audience_mismatch",
    "recipient": "recipient_mismatch",
    "destination": "destination_mismatch",
    "confirmation_method": "confirmation_missing",
    "status": "status_not_success",
}


@pytest.mark.parametrize("field", FIELDS)
def test_an_identifier(login, field):
    for change in ALL.values():
        begun = login()
        usual = {
            "issuer": "https://idp.example.org/metadata",
            "response_issuer": "https://idp.example.org/metadata",
            "audience": begun.request.issuer,
            "recipient": begun.request.acs_url,
            "destination": begun.request.acs_url,
            "confirmation_method": BEARER,
            "status": SUCCESS,
        }[field]
        if change(usual) == usual:
            continue
        begun = login(Answer(sign=None, **{field: change(usual)}))
        begun.refused(signed(begun.xml), FIELDS[field], "idp_unknown")


# Where it stands, its name, a value that must not count, the reason when the right one is not there.
ATTRIBUTES = [
    ("samlp:Response", "ID", "_evil", "id_missing"),
    ("samlp:Response", "Destination", "https://elsewhere.example.org/", "destination_missing"),
    ("samlp:Response", "InResponseTo", "_evil", "unsolicited"),
    ("samlp:Response", "Version", "1.1", "version_unsupported"),
    ("samlp:StatusCode", "Value", "urn:x", "status_not_success"),
    ("saml:Assertion", "ID", "_evil", "id_missing"),
    ("saml:SubjectConfirmation", "Method", "urn:x", "structure"),
    ("saml:SubjectConfirmationData", "Recipient", "https://elsewhere.example.org/", "recipient_missing"),
    ("saml:SubjectConfirmationData", "InResponseTo", "_evil", "in_response_to_missing"),
    ("saml:SubjectConfirmationData", "NotOnOrAfter", "2001-01-01T00:00:00Z", "confirmation_without_expiry"),
    ("saml:Conditions", "NotOnOrAfter", "2001-01-01T00:00:00Z", ""),
    ("saml:AuthnStatement", "SessionIndex", "_evil", ""),
    ("saml:AuthnStatement", "AuthnInstant", "2099-01-01T00:00:00Z", "instant_invalid"),
]
PREFIXES = ["x", "saml", "samlp", "xml"]


def polluted(begun: Login, element: str, change) -> bytes:
    """The IdP signs it so: the Response, or the Assertion for what is in there."""
    xml = begun.xml.replace("<samlp:Response ", '<samlp:Response xmlns:x="urn:x" ', 1)
    begin = xml.index(f"<{element} ")
    end = begin + len(xml[begin : xml.index(">", begin)].removesuffix("/"))
    document = etree.fromstring((xml[:begin] + change(xml[begin:end]) + xml[end:]).encode())
    if element.startswith("samlp:"):
        uri = None if document.get("ID") else "#_evil"
        return etree.tostring(signed_by_hand(document, KEY, uri=uri))
    uri = None if document.find("saml:Assertion", NS).get("ID") else "#_evil"
    sign_assertion(document, KEY, uri=uri)
    return etree.tostring(document)


def right_value(tag: str, name: str) -> str:
    return tag.partition(f' {name}="')[2].partition('"')[0]


@pytest.mark.parametrize("element, name, wrong, missing", ATTRIBUTES)
def test_an_attribute(login, element, name, wrong, missing):
    for prefix in PREFIXES:
        # Beside the right one the other says nothing.
        begun = login()
        headers = begun.logs_in(polluted(begun, element, lambda tag, p=prefix: f'{tag} {p}:{name}="{wrong}"'))
        assert (headers["X-User"], headers["X-Index"]) == ("alice@example.org", "_session-1")
        # In its place it says nothing either.
        begun = login()
        xml = polluted(begun, element, lambda tag, p=prefix: tag.replace(f" {name}=", f" {p}:{name}="))
        if missing:
            begun.refused(xml, missing, "reference_uri", "structure")
        else:
            assert begun.logs_in(xml).get("X-Index") == (None if name == "SessionIndex" else "_session-1")
    # The wrong one counts, whatever stands beside it.
    if missing and name != "ID":
        begun = login()

        def exchange(tag: str) -> str:
            right = right_value(tag, name)
            return tag.replace(f'{name}="{right}"', f'{name}="{wrong}" x:{name}="{right}"')

        begun.refused(polluted(begun, element, exchange))
    # Another case is another attribute.
    begun = login()
    lower = name.lower()
    begun.refused(polluted(begun, element, lambda tag: f'{tag} {lower}="{wrong}"'), "structure")


@pytest.mark.parametrize("more", [
    ' x:ID="_1" y:ID="_1" xmlns:x="urn:x" xmlns:y="urn:x"', ' ID="_1"', ' x:a="1" x:a="2" xmlns:x="urn:x"',
])  # fmt: skip
def test_one_attribute_twice(login, more):
    """Also under two prefixes of one namespace."""
    begun = login(Answer())
    evil = begun.xml.replace("<samlp:Response ", f"<samlp:Response{more} ", 1)
    begun.refused(evil.encode(), "xml_malformed", "xml_duplicate_id")
    begun.logs_in(begun.xml.encode())
