"""Metadata as IdPs, portals, shells and federations write it: each file loads, and its IdP logs in.

Made here in the style of each product: its prefixes, roles, keys and habits around them.
"""

import base64
import re

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.site import site

CONF = site(
    metadata="metadata.xml",
    idp="@IDP@",
    keys=False,
    location="add_header X-User $saml_name_id;",
)

CREDENTIAL, OTHER = rsa_credential("idp"), rsa_credential("other")
CERTIFICATE, OLD = CREDENTIAL.certificate_base64, OTHER.certificate_base64
PEM = CREDENTIAL.certificate_pem.decode()
LINES = "\n".join(PEM.splitlines()[1:-1])
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DS = "http://www.w3.org/2000/09/xmldsig#"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
SHIB1 = "urn:mace:shibboleth:1.0"
BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:"
FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
FED = "http://docs.oasis-open.org/wsfed/federation/200706"
WSA = "http://www.w3.org/2005/08/addressing"
DECLARATION = '<?xml version="1.0" encoding="{}"?>\n'
ENTITY, SSO = "https://idp.example.org/entity", "https://idp.example.org/sso"


def key(certificate: str = CERTIFICATE, use: str = "signing", p: str = "md:", name: str = "") -> str:
    use = f' use="{use}"' if use else ""
    name = f"<ds:KeyName>{name}</ds:KeyName>" if name else ""
    return (
        f'<{p}KeyDescriptor{use}><ds:KeyInfo xmlns:ds="{DS}">{name}<ds:X509Data><ds:X509Certificate>'
        f"{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></{p}KeyDescriptor>"
    )


def sso(*bindings: str, p: str = "md:", url: str = SSO, service: str = "SingleSignOnService") -> str:
    services = [
        f'<{p}{service} Binding="{b if ":" in b else BINDING + b}" Location="{url}"/>'
        for b in bindings or ("HTTP-Redirect", "HTTP-POST")
    ]
    return "\n    ".join(services)


def role(content: str, p: str = "md:", more: str = "", protocols: str = PROTOCOL) -> str:
    name = f"{p}IDPSSODescriptor"
    return f'<{name} {more} protocolSupportEnumeration="{protocols}">{content}</{name}>'


def entity(content: str, p: str = "md:", more: str = "", name: str = ENTITY) -> str:
    xmlns = f"xmlns:{p[:-1]}" if p else "xmlns"
    element = f"{p}EntityDescriptor"
    return f'<{element} {xmlns}="{MD}" {more} entityID="{name}">{content}</{element}>'


def entities(*members: str, more: str = "") -> str:
    element = "md:EntitiesDescriptor"
    return f'<{element} xmlns:md="{MD}" {more}>\n' + "\n".join(members) + f"</{element}>"


def sp(name: str, more: str = "") -> str:
    acs = f'<md:AssertionConsumerService index="0" Binding="{BINDING}HTTP-POST" Location="{name}/acs"/>'
    inside = f'<md:SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">{acs}</md:SPSSODescriptor>'
    return entity(inside, name=name, more=more)


def signature(identifier: str) -> str:
    """Nobody verifies it here."""
    return (
        f'<Signature xmlns="{DS}"><SignedInfo><Reference URI="#{identifier}"/></SignedInfo>'
        f"<SignatureValue>AAAA</SignatureValue><KeyInfo><X509Data><X509Certificate>{OLD}"
        "</X509Certificate></X509Data></KeyInfo></Signature>"
    )


def endpoint(name: str) -> str:
    address = f'<EndpointReference xmlns="{WSA}"><Address>{SSO}</Address></EndpointReference>'
    return f"<fed:{name}>{address}</fed:{name}>"


def federation_role(kind: str, undeclared: bool) -> str:
    """WS-Federation's role beside SAML's. AD FS undeclares the default namespace inside."""
    xmlns = ' xmlns=""' if undeclared else ""
    claim = '<auth:ClaimType Uri="http://schemas.xmlsoap.org/claims/Group" Optional="true"'
    claim += ' xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706">'
    claim += "<auth:DisplayName>Group</auth:DisplayName></auth:ClaimType>"
    return (
        f'<RoleDescriptor xsi:type="fed:{kind}" {XSI} xmlns:fed="{FED}" ServiceDisplayName="Example"'
        f' protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/200512 {FED}">'
        f"{key(p='')}<fed:ClaimTypesRequested>{claim}</fed:ClaimTypesRequested>"
        f"<fed:TokenTypesOffered{xmlns}><fed:TokenType Uri='{SAML}'/></fed:TokenTypesOffered>"
        f"{endpoint('TargetScopes')}{endpoint('PassiveRequestorEndpoint')}</RoleDescriptor>"
    )


def microsoft(name: str, undeclared: bool, roles=("ApplicationServiceType", "SecurityTokenServiceType")):
    federated = "".join(federation_role(kind, undeclared) for kind in roles)
    attribute = f'<Attribute xmlns="{SAML}" Name="http://schemas.xmlsoap.org/claims/Group" NameFormat="x"/>'
    content = signature("_1") + federated
    content += role(
        key(use="encryption", p="") + key(OLD, p="") + key(p="")
        + sso("HTTP-POST", "HTTP-Redirect", p="", service="SingleLogoutService")
        + f"<NameIDFormat>{FORMAT}</NameIDFormat>" + sso(p="") + attribute,
        p="",
    )  # fmt: skip
    return entity(content, p="", more='ID="_1"', name=name)


ADFS = microsoft("http://adfs.example.org/adfs/services/trust", True)
ENTRA = microsoft("https://sts.windows.net/8f2e7a52-4d1f-4b7e-9d65-0f6b7d3c1a11/", False)
OKTA = entity(
    role(
        key() + f"<md:NameIDFormat>{FORMAT}</md:NameIDFormat>" + sso("HTTP-POST", "HTTP-Redirect"),
        more='WantAuthnRequestsSigned="false"',
    ),
    name="http://www.okta.com/exk1example",
)
GOOGLE = entity(
    role(key() + sso(url=SSO + "?idpid=C01example"), more='WantAuthnRequestsSigned="false"'),
    more='validUntil="2099-01-01T00:00:00.000Z"',
    name="https://accounts.google.com/o/saml2?idpid=C01example",
)
KEYCLOAK = entity(
    role(
        key(name="u1wJ5") + sso("HTTP-POST", "HTTP-Redirect", "HTTP-Artifact", service="SingleLogoutService")
        + f"<md:NameIDFormat>{FORMAT}</md:NameIDFormat>" + sso("HTTP-POST", "HTTP-Redirect", "SOAP", "HTTP-Artifact"),
        more='WantAuthnRequestsSigned="true"',
    ),
    more='xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"',
    name="https://keycloak.example.org/realms/corp",
)  # fmt: skip
OLD_KEYCLOAK = (
    f'<EntitiesDescriptor Name="urn:keycloak" xmlns="{MD}" xmlns:dsig="{DS}">'
    + entity(role(key(p="") + sso(p=""), p=""), p="", name="https://keycloak.example.org/auth/realms/corp")
    + "</EntitiesDescriptor>"
)
SHIBBOLETH = "<!--\n  This is example metadata only.\n-->\n\n" + entity(
    role(
        '<md:Extensions><shibmd:Scope xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" regexp="false">'
        "example.org</shibmd:Scope></md:Extensions>" + key("\n" + LINES + "\n") + key(OLD) + key(OLD, "encryption")
        + f'<md:ArtifactResolutionService Binding="{BINDING}SOAP" Location="{SSO}" index="1"/>'
        + sso(f"{SHIB1}:profiles:AuthnRequest", "HTTP-POST", "HTTP-POST-SimpleSign", "HTTP-Redirect"),
        protocols=f"{PROTOCOL} urn:oasis:names:tc:SAML:1.1:protocol {SHIB1}",
    )
    + f'<md:AttributeAuthorityDescriptor protocolSupportEnumeration="{PROTOCOL}">'
    f'<md:AttributeService Binding="{BINDING}SOAP" Location="{SSO}"/></md:AttributeAuthorityDescriptor>',
    name="https://idp.example.org/idp/shibboleth",
)  # fmt: skip
SIMPLESAMLPHP = entity(
    role(key() + key(use="encryption") + sso("HTTP-Redirect", service="SingleLogoutService") + sso("HTTP-Redirect"))
    + '<md:ContactPerson contactType="technical"><md:GivenName>Administrator</md:GivenName>'
    "<md:EmailAddress>mailto:na@example.org</md:EmailAddress></md:ContactPerson>",
    name="https://ssp.example.org/saml2/idp/metadata.php",
)  # fmt: skip
WSO2 = entity(
    role(
        key(p="") + sso("SOAP", p="", service="ArtifactResolutionService").replace("/>", ' index="1"/>')
        + sso("SOAP", "HTTP-POST", "HTTP-Redirect", p="", service="SingleLogoutService").replace("/>", f' ResponseLocation="{SSO}"/>')
        + f"<NameIDFormat>{FORMAT}</NameIDFormat>" + sso("HTTP-POST", "SOAP", "HTTP-Redirect", p=""),
        p="",
        more=f'WantAuthnRequestsSigned="false" validUntil="2099-01-01T00:00:00.000Z" {XSI}',
    ),
    p="",
    name="localhost",
)  # fmt: skip
AUTH0 = entity(
    role(
        key(p="") + sso(p="", service="SingleLogoutService") + f"<NameIDFormat>{FORMAT}</NameIDFormat>" + sso(p="")
        + f'<Attribute xmlns="{SAML}" Name="email" NameFormat="uri" FriendlyName="E-Mail"/>',
        p="",
    ),
    p="",
    name="urn:example.eu.auth0.com",
)  # fmt: skip
ONELOGIN = entity(
    role(
        key(use="signing", p="") + key(use="encryption", p="") + sso("HTTP-Redirect", p="", service="SingleLogoutService")
        + f"<NameIDFormat>{FORMAT}</NameIDFormat>" + sso("HTTP-Redirect", "HTTP-POST", "SOAP", p=""),
        p="",
    ),
    p="",
    name="https://app.onelogin.com/saml/metadata/1f4a",
)  # fmt: skip
PINGFEDERATE = entity(
    role(
        key("\n".join(LINES.splitlines()) + "\n", use="signing")
        + sso("HTTP-Artifact", "SOAP", "HTTP-POST", "HTTP-Redirect", service="SingleLogoutService")
        + sso("HTTP-POST", "HTTP-Redirect", "HTTP-Artifact", "SOAP")
        + f'<saml:Attribute xmlns:saml="{SAML}" Name="mail" NameFormat="x"/>',
        more='WantAuthnRequestsSigned="false"',
    )
    + '<md:ContactPerson contactType="administrative"><md:Company>Example</md:Company></md:ContactPerson>',
    more='ID="Q-3e" cacheDuration="PT1440M"',
    name="PF-EXAMPLE",
)  # fmt: skip
AUTHENTIK = entity(
    f'<ns1:Signature xmlns:ns1="{DS}"/>'
    + role(key(p="ns0:") + sso(p="ns0:", service="SingleLogoutService") + sso(p="ns0:"), p="ns0:"),
    p="ns0:",
    more='ID="_abc"',
    name="https://authentik.example.org",
)
LEMONLDAP = DECLARATION.format("UTF-8") + entity(
    role(key(p="", use="") + sso("HTTP-Redirect", "HTTP-POST", "HTTP-Artifact", p=""), p="")
    + f'<SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}"/>',
    p="",
    name="https://auth.example.org/saml/metadata",
)
CAS = entity(
    role(key("\n".join(LINES.splitlines())) + key(use="encryption") + sso("HTTP-POST", "HTTP-POST-SimpleSign", "HTTP-Redirect")),
    more='xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" xmlns:xml="http://www.w3.org/XML/1998/namespace"',
    name="https://cas.example.org/idp",
)  # fmt: skip
JUMPCLOUD = '<?xml version="1.0"?>' + entity(
    role(key(use="signing") + sso("HTTP-Redirect", "HTTP-POST")), name="JumpCloud"
)
OPENAM = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + entity(
    role(
        key(p="").replace("</KeyDescriptor>", "<EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#aes128-cbc'/></KeyDescriptor>")
        + sso(p=""), p="", more='WantAuthnRequestsSigned="false"',
    ),
    p="", name="https://am.example.org:8443/openam",
)  # fmt: skip

COMMON = entity(role(key() + sso()))
BROKEN = entity(role(key() + sso()), more='xmlns:x=""', name="https://broken.example.org")
ORGANIZED = entity(
    role(key() + sso()) + '<md:Organization><md:OrganizationName xml:lang="de">Größe „x“'
    "</md:OrganizationName></md:Organization>"
)


def declared(encoding: str, xml: str = COMMON) -> str:
    return DECLARATION.format(encoding) + xml


def in_member(found: str, put: str) -> str:
    """A federation whose first entity is not as it should be."""
    other = entity(role(key(OLD) + sso(url="https://other.example.org/sso")), name="https://other.example.org")
    assert found in other
    return entities(other.replace(found, put), sp("https://sp.example.org"), COMMON)


class File:
    def __init__(self, content: str | bytes, settings: str = "", warned: str = ""):
        self.content = content if isinstance(content, bytes) else content.encode()
        self.settings, self.warned = settings, warned


NAMED = f"entity_id {ENTITY};"
LEFT_OUT = "1 of 3 entities cannot be read"
FILES = {
    "AD FS": File(declared("utf-8", ADFS)),
    "AD FS, the whole in one line with a byte order mark": File(b"\xef\xbb\xbf" + ADFS.encode()),
    "AD FS by PowerShell's redirection": File(("\ufeff" + declared("utf-8", ADFS)).encode("utf-16-le")),
    "UTF-16, big-endian": File(("\ufeff" + declared("UTF-16", ADFS)).encode("utf-16-be")),
    "UTF-16 without a byte order mark": File(declared("UTF-16LE", ADFS).encode("utf-16-le")),
    "UTF-16 without a declaration": File(COMMON.encode("utf-16")),
    "declared UTF-16, saved as UTF-8": File(declared("utf-16")),
    "Entra": File(declared("utf-8", ENTRA)),
    "Entra, no SAML role of its own first": File(declared("utf-8", ENTRA.replace("<Signature", "\r\n<Signature"))),
    "Okta": File(declared("UTF-8", OKTA)),
    "Google": File(declared("UTF-8", GOOGLE)),
    "Keycloak": File(KEYCLOAK, warned="WantAuthnRequestsSigned"),
    "Keycloak before 10": File(OLD_KEYCLOAK),
    "Shibboleth IdP": File(declared("UTF-8", SHIBBOLETH)),
    "SimpleSAMLphp": File('<?xml version="1.0"?>\n' + SIMPLESAMLPHP),
    "WSO2": File(declared("UTF-8", WSO2)),
    "Auth0": File(AUTH0),
    "OneLogin": File('<?xml version="1.0"?>\n' + ONELOGIN),
    "PingFederate": File(PINGFEDERATE),
    "authentik": File(AUTHENTIK),
    "LemonLDAP::NG": File(LEMONLDAP),
    "CAS": File(declared("UTF-8", CAS)),
    "JumpCloud": File(JUMPCLOUD),
    "OpenAM": File(OPENAM),
    # Encodings and what stands around the root
    "US-ASCII": File(declared("US-ASCII")),
    "ISO-8859-1": File(declared("ISO-8859-1", ORGANIZED.replace("„x“", "")).encode("iso-8859-1")),
    "windows-1252": File(declared("windows-1252", ORGANIZED).encode("windows-1252")),
    "a style sheet": File('<?xml version="1.0"?>\n<?xml-stylesheet type="text/xsl" href="m.xsl"?>\n' + COMMON),
    "a comment before and after": File(f"<!-- Example -->\n{COMMON}\n<!-- end -->\n<?end?>\n"),
    "a blank line before the declaration": File("\r\n\r\n" + declared("UTF-8")),
    "CRLF": File(declared("UTF-8", COMMON.replace(">", ">\r\n"))),
    # Keys
    "PEM inside X509Certificate": File(entity(role(key(PEM) + sso()))),
    "a chain of PEM": File(entity(role(key(PEM + OTHER.certificate_pem.decode()) + sso()))),
    "base64 of PEM": File(entity(role(key(base64.b64encode(PEM.encode()).decode()) + sso()))),
    "base64 of PEM in lines": File(entity(role(key(base64.encodebytes(PEM.encode()).decode()) + sso()))),
    "Java's line ends": File(entity(role(key(LINES.replace("\n", "&#13;\n")) + sso()))),
    # Federations
    "an aggregate": File(entities(sp("https://sp.example.org"), COMMON, more=f'Name="x" ID="_1" {XSI}'), NAMED),
    "groups in groups": File(entities(entities(COMMON), sp("https://sp.example.org"), entities(sp("https://b.example.org")))),
    "one ID twice": File(entities(sp("https://sp.example.org", 'ID="_1"'), COMMON.replace("entityID", 'ID="_1" entityID'))),
    "a prefix undeclared in another entity": File(entities(sp("https://sp.example.org"), BROKEN, COMMON), warned=LEFT_OUT),
    "the same, by name": File(entities(sp("https://sp.example.org"), BROKEN, COMMON), NAMED, LEFT_OUT),
    "a relative namespace in another entity": File(in_member("entityID", 'xmlns:x="x" entityID'), warned=LEFT_OUT),
    "an entity reference in another entity": File(in_member("<md:SingleSign", "&nbsp;<md:SingleSign"), warned=LEFT_OUT),
    "a processing instruction in another entity": File(in_member("<md:SingleSign", "<?x?><md:SingleSign"), warned=LEFT_OUT),
    "another entity without a name": File(in_member("entityID=", "entityId="), warned=LEFT_OUT),
    "another entity's validUntil is none": File(in_member("entityID", 'validUntil="soon" entityID'), warned=LEFT_OUT),
    "another entity's prefix is not declared": File(in_member("<md:SingleSign", "<x:y/><md:SingleSign"), warned=LEFT_OUT),
}  # fmt: skip


def idp_of(content: bytes, settings: str) -> Idp:
    """The IdP that the file is about, as the test reads it."""
    text = content.replace(b"\0", b"").decode("utf-8", "replace")
    names = re.findall(r'entityID="([^"]+)"', text)
    url = re.search(rf'SingleSignOnService Binding="{BINDING}HTTP-Redirect" Location="({SSO}[^"]*)"', text)
    return Idp(ENTITY if ENTITY in names or settings else names[0], url.group(1), credential=CREDENTIAL)


@pytest.mark.parametrize("name", FILES)
def test_loads_and_logs_in(nginx, name):
    file = FILES[name]
    server = nginx(CONF, files={"metadata.xml": file.content}, IDP=file.settings)
    idp, browser = idp_of(file.content, file.settings), Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303, server.error_log()
    assert browser.get(server.url("/page.html")).headers["X-User"] == "alice@example.org"
    # Plain http gives one of its own.
    warnings = [line for line in server.error_log().splitlines() if "[warn]" in line and "plain http" not in line]
    if file.warned:
        assert len(warnings) == 1 and file.warned in warnings[0], warnings
    else:
        assert not warnings


JSON = '{"issuer": "https://idp.example.org", "authorization_endpoint": "https://idp.example.org/authorize"}'
UNUSABLE = {
    "a web page": ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "this is a web page", "save the IdP's SAML 2.0 metadata"),
    "XHTML": (declared("utf-8", "<html xmlns='http://www.w3.org/1999/xhtml'/>"), "this is a web page", "EntityDescriptor"),
    "a portal's JSON": ('{"error": "login_required"}', "this is JSON", "EntityDescriptor"),
    "OpenID Connect": (JSON, "OpenID Connect's configuration", "SAML 2.0 metadata"),
    "a certificate": (PEM, "this is a certificate", "signing_certificate"),
    "SimpleSAMLphp's PHP": ("$metadata['https://idp'] = ['entityid' => 'x'];", "PHP", "EntityDescriptor"),
    "the URL": ("https://idp.example.org/metadata\n", "this is a URL", "fetch"),
    "base64": (base64.encodebytes(COMMON.encode()), "this is base64", "base64 -d"),
    "gzip": (b"\x1f\x8b\x08\0\0\0", "compressed", "unpack"),
    "Latin-1 that says nothing": (COMMON.replace("entityID", 'x="é" entityID').encode("latin-1"), "UTF-8", "convert it to UTF-8"),
    "UTF-16 cut in the middle": (COMMON.encode("utf-16")[:-1], "UTF-16", "convert it to UTF-8"),
    "EBCDIC": (declared("IBM037", ADFS), "IBM037", "convert it to UTF-8"),
    "a DOCTYPE": ("<!DOCTYPE x []>" + COMMON, "DOCTYPE", "DOCTYPE"),
    "cut off": (COMMON[:-9], "not usable XML", "line 2"),
    "a Response": (f'<p:Response xmlns:p="{PROTOCOL}"/>', '"Response" message', "EntityDescriptor"),
    "a service provider": (sp("https://app.example.com"), "service provider", "IdP's own metadata"),
    "WS-Federation alone": (entity(federation_role("SecurityTokenServiceType", True), p=""), "no IDPSSODescriptor", "IdP's own metadata"),
    "the one entity is broken": (BROKEN, "namespace URI of a prefix is empty", "metadata.xml"),
    "two entities are meant": (entities(COMMON, OKTA), "2 identity providers", "entity_id"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSABLE)
def test_is_refused_by_its_kind(prepared, name):
    content, kind, remedy = UNUSABLE[name]
    content = content if isinstance(content, bytes) else content.encode()
    good, output = prepared(CONF, files={"metadata.xml": content}, IDP="").test()
    assert not good
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert kind in line and remedy in line and 'metadata "metadata.xml"' in line, line


def test_the_entity_that_is_meant_must_be_readable(prepared):
    conf = CONF.replace("@IDP@", "entity_id https://broken.example.org;")
    good, output = prepared(conf, files={"metadata.xml": entities(BROKEN, COMMON).encode()}).test()
    assert not good
    assert 'the entity "https://broken.example.org" cannot be read: a namespace URI' in output, output
