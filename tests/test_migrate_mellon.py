"""Configurations as sites with mod_auth_mellon have them migrate, load and let people log in."""

import html

import pytest

from harness.response import Attribute

# One application behind a proxy, one part of it for administrators.
PROXY = """
ServerTokens Prod
<VirtualHost *:443>
    ServerName wiki.example.com
    SSLEngine on
    SSLCertificateFile @DIR@/old/tls.crt
    SSLCertificateKeyFile @DIR@/old/tls.key

    <Location />
        MellonEnable "info"
        MellonEndpointPath /mellon
        MellonSPPrivateKeyFile  @DIR@/old/sp.key
        MellonSPCertFile        @DIR@/old/sp.crt
        MellonIdPMetadataFile   @DIR@/old/idp.xml
        MellonSecureCookie      On
        MellonVariable          "wiki"
        MellonUser              uid
        MellonSetEnv "e-mail" "urn:oid:0.9.2342.19200300.100.1.3"
        MellonSessionLength 3600
        ProxyPass http://127.0.0.1:@BACKEND@/
        RequestHeader set X-User "%{REMOTE_USER}e"
        RequestHeader set X-Mail "%{MELLON_e-mail}e"
    </Location>
    <Location /private>
        AuthType Mellon
        MellonEnable "auth"
        Require valid-user
    </Location>
    <Location /private/admin>
        MellonRequire "groups" "wiki-admins" \\
                      "root"
        MellonCond uid "^mallory" [NOT,REG,NC]
    </Location>
</VirtualHost>
"""

# Keys without a certificate, relative names, a part that is included, an own entityID.
INCLUDED = {
    "site.conf": """
Define MELLON conf-mellon
ServerName http://reports.example.com
DocumentRoot @DIR@/html
Include part-${MELLON}.conf
<Location /page.html>
    MellonEnable auth
    MellonAuthnContextClassRef urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport
    MellonAuthnContextComparisonType exact
</Location>
""",
    "part-conf-mellon.conf": """
<IfModule mod_auth_mellon.c>
MellonCacheSize 20000
MellonLockFile /run/mellon.lock
<Location />
    MellonSPPrivateKeyFile sp.key
    MellonIdPMetadataGlob  idp.xml
    MellonSPentityId       "urn:example:reports"
    MellonEndpointPath     /secret/endpoint/
    MellonRedirectDomains  [self] www.example.com
    MellonOrganizationName "en" "Reports"
    MellonOrganizationDisplayName "en" "Reports of \\"everything\\""
    MellonOrganizationURL "en" "https://www.example.com/"
    MellonPostReplay On
    MellonPostSize 70000
</Location>
</IfModule>
""",
}

# A directory, several IdPs, conditions, headers as a Rails application has them.
DIRECTORY = """
<VirtualHost *:80>
    ServerName intra.example.com
    ServerAlias intranet.example.com
    DocumentRoot "@DIR@/html"
    <Directory "@DIR@/html">
        Options Indexes
        MellonEnable auth
        MellonSPPrivateKeyFile @DIR@/old/sp.key
        MellonSPCertFile @DIR@/old/sp.crt
        MellonSPMetadataFile @DIR@/old/part-sp.xml
        MellonIdPMetadataFile @DIR@/old/idp.xml
        MellonUser mail
        MellonMergeEnvVars On ","
        MellonCond groups staff [OR]
        MellonCond groups ^team- [REG]
        MellonSessionIdleTimeout 1800
        MellonCookieSameSite Lax
        MellonSubjectConfirmationDataAddressCheck Off
        MellonDefaultLoginPath /page.html
    </Directory>
</VirtualHost>
"""
SP_METADATA = '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://intra.example.com/me"/>'


@pytest.fixture
def migrated(migrated_site):
    return lambda files, *words, **values: migrated_site("mellon", files, *words, **values)


def test_a_proxy(migrated, backend):
    site = migrated({"mellon.conf": PROXY}, BACKEND=backend.url.rpartition(":")[2])
    stranger = site.log_in("https://wiki.example.com/private/page", "wiki.example.com", attributes=[
        Attribute("uid", ["alice"]), Attribute("urn:oid:0.9.2342.19200300.100.1.3", ["a@example.com"]),
    ])  # fmt: skip
    assert stranger.get("https://wiki.example.com/private/page").status == 200
    asked = backend.asked[-1]
    assert asked.path == "/private/page"
    assert (asked.headers["X-User"], asked.headers["X-Mail"]) == ("alice", "a@example.com")
    assert stranger.get("https://wiki.example.com/private/admin").status == 403
    for uid, status in (("alice", 200), ("Mallory2", 403)):
        admin = site.log_in("https://wiki.example.com/private/", "wiki.example.com", attributes=[
            Attribute("uid", [uid]), Attribute("groups", ["x", "root"]),
        ])  # fmt: skip
        assert admin.get("https://wiki.example.com/private/admin").status == status, uid
    assert "__Host-mellon-wiki" in admin.cookie_names()
    assert "ServerTokens" in site.conf


def test_included_parts(migrated):
    site = migrated(INCLUDED)
    person = site.log_in("http://reports.example.com/page.html", "reports.example.com")
    assert person.get("http://reports.example.com/page.html").text == "a page\n"
    metadata = person.read("http://reports.example.com/secret/endpoint/metadata").text
    assert 'entityID="urn:example:reports"' in metadata
    assert "http://reports.example.com/secret/endpoint/postResponse" in metadata
    assert 'Reports of "everything"' in html.unescape(metadata)
    assert "34m" in site.conf and "MellonLockFile" in site.conf


@pytest.mark.parametrize(("groups", "status"), [(["staff"], 200), (["x", "team-9"], 200), (["a-team-9"], 403)])
def test_a_directory(migrated, groups, status):
    site = migrated({"mellon.conf": DIRECTORY, "part-sp.xml": SP_METADATA})
    person = site.log_in("http://intra.example.com/page.html", "intra.example.com", attributes=[
        Attribute("groups", groups), Attribute("mail", ["a@example.com"]),
    ])  # fmt: skip
    assert person.get("http://intra.example.com/page.html").status == status
    assert 'entityID="https://intra.example.com/me"' in person.read("http://intra.example.com/mellon/metadata").text
