"""Configurations of Shibboleth SPs migrate, load and let people log in."""

import pytest

from harness.keys import rsa_credential
from harness.migrated import Person
from harness.response import Attribute

EPPN, AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"
ATTRIBUTE_MAP = f"""<?xml version="1.0" encoding="UTF-8"?>
<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <Attribute name="{EPPN}" id="eppn">
        <AttributeDecoder xsi:type="ScopedAttributeDecoder"/>
    </Attribute>
    <Attribute name="urn:mace:dir:attribute-def:eduPersonPrincipalName" id="eppn"/>
    <Attribute name="{AFFILIATION}" id="affiliation"/>
    <Attribute name="urn:oid:0.9.2342.19200300.100.1.3" id="mail" aliases="e-mail"/>
    <Attribute name="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" id="persistent-id"/>
</Attributes>
"""
CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config"
    xmlns:conf="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
    <OutOfProcess tranLogFormat="%u|%s|%IDP|%i|%ac|%t|%attr|%n|%b|%E|%S|%SS|%L|%UA|%a" />
    {request_mapper}
    <ApplicationDefaults entityID="https://sp.example.org/shibboleth" REMOTE_USER="eppn persistent-id"
        cipherSuites="DEFAULT:!EXP:!LOW">
        <Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false" handlerSSL="false"
            cookieProps="http" redirectLimit="exact+whitelist" redirectWhitelist="https://www.example.org/">
            {sso}
            <Logout>SAML2 Local</Logout>
            <Handler type="MetadataGenerator" Location="/Metadata" signing="false"/>
            <Handler type="Status" Location="/Status" acl="127.0.0.1 ::1"/>
            <Handler type="Session" Location="/Session" showAttributeValues="false"/>
        </Sessions>
        <Errors supportContact="help@example.org" styleSheet="/main.css"/>
        <MetadataProvider type="XML" validate="true" path="idp.xml"/>
        <AttributeExtractor type="XML" validate="true" reloadChanges="false" path="attribute-map.xml"/>
        <AttributeFilter type="XML" validate="true" path="attribute-policy.xml"/>
        <CredentialResolver type="File" use="signing" key="sp.key" certificate="sp.crt"/>
        <CredentialResolver type="File" use="encryption" key="part-2.key" certificate="part-2.crt"/>
        {more}
    </ApplicationDefaults>
    <SecurityPolicyProvider type="XML" validate="true" path="security-policy.xml"/>
    <ProtocolProvider type="XML" validate="true" reloadChanges="false" path="protocols.xml"/>
</SPConfig>
"""
ONE_IDP = '<SSO entityID="https://idp.example.org/metadata">SAML2 SAML1</SSO>'
REQUEST_MAP = """
<RequestMapper type="Native"><RequestMap>
    <Host name="sp.example.org" scheme="http" authType="shibboleth" requireSession="true">
        <Path name="staff" redirectToSSL="443">
            <AccessControl>
                <AND>
                    <OR>
                        <Rule require="affiliation">staff@example.org employee@example.org</Rule>
                        <RuleRegex require="affiliation" ignoreCase="true">^faculty@</RuleRegex>
                    </OR>
                    <NOT><Rule require="eppn">mallory@example.org</Rule></NOT>
                </AND>
            </AccessControl>
            <Path name="open" requireSession="false" authType="None"/>
        </Path>
        <Path name="library">
            <AccessControl>
                <OR><Rule require="mail">a@example.org</Rule><Rule require="affiliation">member@example.org</Rule></OR>
            </AccessControl>
        </Path>
    </Host>
</RequestMap></RequestMapper>
"""
APACHE = """
<VirtualHost *:443>
    ServerName apps.example.org
    SSLEngine On
    SSLCertificateFile @DIR@/old/tls.crt
    SSLCertificateKeyFile @DIR@/old/tls.key
    DocumentRoot @DIR@/html
    <Location />
        AuthType shibboleth
        ShibRequestSetting requireSession false
        Require shibboleth
    </Location>
    <Location "/page.html">
        AuthType shibboleth
        ShibRequestSetting requireSession 1
        Require shib-attr affiliation ~ ^(staff|student)@example\\.org$
        ShibUseHeaders On
    </Location>
    <Location /one>
        AuthType shibboleth
        ShibRequestSetting requireSession 1
        Require user alice@example.org bob@example.org
    </Location>
</VirtualHost>
"""
TWO = """
<RequestMapper type="Native"><RequestMap>
    <Host name="sp.example.org" authType="shibboleth" requireSession="true"/>
    <Host name="admin.example.org" applicationId="admin" authType="shibboleth" requireSession="true" forceAuthn="true"/>
</RequestMap></RequestMapper>
"""
OVERRIDE = '<ApplicationOverride id="admin" entityID="https://admin.example.org/shibboleth" REMOTE_USER="mail"/>'


@pytest.fixture
def migrated(migrated_site):
    second = rsa_credential("second")
    parts = {"part-2.crt": second.certificate_pem, "part-2.key": second.key_pem, "attribute-map.xml": ATTRIBUTE_MAP}

    def start(sso: str = ONE_IDP, request_mapper: str = "", more: str = "", **files: str):
        config = CONFIG.format(request_mapper=request_mapper, sso=sso, more=more)
        return migrated_site("shibboleth", {"shibboleth2.xml": config, **files, **parts})

    return start


def attributes(eppn: str, *affiliations: str) -> list[Attribute]:
    return [Attribute(EPPN, [eppn]), Attribute(AFFILIATION, list(affiliations))]


@pytest.mark.parametrize(
    ("eppn", "affiliations", "status"),
    [
        ("alice@example.org", ["x", "employee@example.org"], 404),
        ("alice@example.org", ["Faculty@example.org"], 404),
        ("alice@example.org", ["student@example.org"], 403),
        ("mallory@example.org", ["staff@example.org"], 403),
    ],
)
def test_rules_of_a_request_map(migrated, eppn, affiliations, status):
    site = migrated(request_mapper=REQUEST_MAP)
    person = site.log_in("http://sp.example.org/", "sp.example.org", attributes=attributes(eppn, *affiliations))
    assert person.get("http://sp.example.org/staff/x").status == status
    assert person.get("http://sp.example.org/library/x").status == 403, "no rule of ours: closed"
    assert "CLOSED" in site.conf
    status = person.get("http://sp.example.org/Shibboleth.sso/Status", headers={"Accept": "application/json"})
    assert status.status == 200
    assert "https://www.example.org" not in site.conf and "return_hosts www.example.org;" in site.conf


def test_apache_with_lazy_sessions(migrated):
    site = migrated(**{"apache.conf": APACHE})
    host = "apps.example.org"
    person = site.log_in(f"https://{host}/page.html", host, attributes=attributes("alice@example.org", "student@example.org"))
    assert person.get(f"https://{host}/page.html").text == "a page\n"
    assert person.get(f"https://{host}/one/x").status == 404
    other = site.log_in(f"https://{host}/page.html", host, attributes=attributes("alice2@example.org", "member@example.org"))
    assert other.get(f"https://{host}/page.html").status == 403
    assert other.get(f"https://{host}/one/x").status == 403
    assert other.get(f"https://{host}/").text == "the front page\n"
    assert Person(site.server, host).get(f"https://{host}/").text == "the front page\n"


def test_an_override_and_a_discovery_service(migrated):
    sso = '<SSO discoveryProtocol="SAMLDS" discoveryURL="https://ds.example.org/DS/WAYF">SAML2</SSO>'
    site = migrated(sso, TWO, OVERRIDE)
    assert "discovery https://ds.example.org/DS/WAYF;" in site.conf
    for host in ("sp.example.org", "admin.example.org"):
        person = Person(site.server, host, tls=False)
        metadata = person.read(f"https://{host}/Shibboleth.sso/Metadata").text
        assert f'entityID="https://{host}/shibboleth"' in metadata
        login = f"https://{host}/Shibboleth.sso/Login?idp=https://idp.example.org/metadata&return=/"
        request = site.idp.asked(person.get(login))
        assert person.post(request.acs_url, site.idp.form(request)).status == 303
        assert person.get(f"https://{host}/x").status == 404
    assert site.conf.count("auth_saml_force_authn on;") == 1
