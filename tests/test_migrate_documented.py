"""docs/migration.md has every setting of the other SPs, and scripts/migrate does with each what it says."""

import re

import pytest

from harness.migrated import in_process as migrate
from harness.nginx import ROOT
from harness.tables import directives

from migration import mellon_answers, nginx_saml_answers, shibboleth_answers
from migration.answer import row
from test_migrate_nginx_saml import REST, maps

TABLES = {
    "mod_auth_mellon": mellon_answers.ANSWERS,
    "Shibboleth SP": shibboleth_answers.ANSWERS,
    "nginx-saml": nginx_saml_answers.ANSWERS,
}


def documented(title: str) -> list[str]:
    text = (ROOT / "docs/migration.md").read_text()
    (section,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return [line for line in section.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("title", TABLES)
def test_the_page_has_what_the_script_knows(title):
    assert documented(title) == [row(name, answer) for name, answer in TABLES[title].items()]


@pytest.mark.parametrize("title", TABLES)
def test_our_directives_are_there(title):
    for name, answer in TABLES[title].items():
        assert set(answer.ours) <= directives(), name
        assert answer.note and (answer.kind == "ours") == bool(answer.ours), name


MELLON = """
ServerName http://sp.example.com
{top}
<Location />
MellonEnable {enable}
MellonSPPrivateKeyFile /sp.key
MellonSPCertFile /sp.crt
{line}
</Location>
"""
#: A line as people write it, where one word will not do.
MELLON_VALUES = {
    "MellonCacheSize": "100", "MellonEnable": "auth", "MellonSecureCookie": "On", "MellonCookieDomain": "example.com",
    "MellonCookieSameSite": "strict", "MellonSetEnv": "e-mail mail", "MellonSetEnvNoPrefix": "MAIL mail", "MellonMergeEnvVars": "On ,",
    "MellonRequire": "groups a b", "MellonCond": "groups x [OR,NC]\nMellonCond groups y", "MellonSessionLength": "60",
    "MellonSessionIdleTimeout": "60", "MellonSPMetadataFile": "{tmp}/sp.xml", "MellonIdPMetadataGlob": "/etc/idps/*.xml",
    "MellonIdPIgnore": "urn:x\nMellonIdPMetadataFile /idp.xml", "MellonOrganizationName": "en N\nMellonOrganizationDisplayName en D\nMellonOrganizationURL en https://x.example",
    "MellonOrganizationDisplayName": "D", "MellonOrganizationURL": "https://x.example", "MellonDiscoveryURL": "https://ds.example/",
    "MellonEndpointPath": "/x", "MellonAuthnContextComparisonType": "exact\nMellonAuthnContextClassRef Password",
    "MellonPostReplay": "On", "MellonPostSize": "9999\nMellonPostReplay On", "MellonSignatureMethod": "rsa-sha512",
    "MellonRedirectDomains": "www.example.com", "MellonUser": "uid", "MellonCookiePath": "/", "MellonSendCacheControlHeader": "Off",
    "MellonIdPMetadataFile": "/idp.xml", "MellonSPentityId": "urn:me", "MellonSPPrivateKeyFile": "/sp.key", "MellonSPCertFile": "/sp.crt",
}  # fmt: skip


@pytest.mark.parametrize("name", mellon_answers.ANSWERS)
def test_mellon(tmp_path, name):
    answer = mellon_answers.ANSWERS[name]
    (tmp_path / "sp.xml").write_text('<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:x"/>')
    line = f"{name} {MELLON_VALUES.get(name, 'x')}".replace("{tmp}", str(tmp_path))
    top = line if name == "MellonCacheSize" else ""
    text = MELLON.format(top=top, line="" if top else line, enable="auth")
    (tmp_path / "a.conf").write_text(text)
    judge(name, answer, migrate("mellon", tmp_path / "a.conf"))


def judge(name: str, answer, done) -> None:
    assert done.returncode == 0, done.stderr
    conf = done.stdout
    assert name.split("/@")[-1] in conf, "it is told of"
    if answer.kind != "ours":
        assert f"{answer.kind}: " in conf, conf
    else:
        said = re.sub(r"(^|\s)#.*", "", conf)
        # A line, or a comment that names the directive where no line is needed.
        assert any(re.search(rf"\b{directive}\b", said) or directive in conf for directive in answer.ours), conf


SHIBBOLETH = """<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" {spconfig}>
{top}
<ApplicationDefaults entityID="https://sp.example.org/x" {application}>
<Sessions {sessions}><SSO {sso}>SAML2</SSO><Logout {logout}>SAML2</Logout>{handler}</Sessions>
{inside}
<MetadataProvider type="XML" path="idp.xml" {provider}>{filter}</MetadataProvider>
</ApplicationDefaults></SPConfig>
"""
PLACES = {
    "SPConfig": "spconfig", "ApplicationDefaults": "application", "Sessions": "sessions", "SSO": "sso", "Logout": "logout",
    "MetadataProvider": "provider",
}  # fmt: skip
NUMBERS = {"lifetime", "timeout", "maxTimeSinceAuthn", "clockSkew", "postLimit", "reloadInterval"}
INSIDE_SESSIONS = {
    "NameIDMgmt", "SessionInitiator", "LogoutInitiator", "AssertionConsumerService", "SingleLogoutService",
    "ManageNameIDService", "ArtifactResolutionService",
}  # fmt: skip
INSIDE_APPLICATION = {"RelyingParty", "Notify", "TrustEngine", "AttributeResolver", "AttributeFilter", "Audience"}
SELDOM = re.compile(
    r"(setting|Require|Handler|MetadataProvider|MetadataFilter|AttributeExtractor|CredentialResolver) |"
    r"(Host|Path|Attribute|RequestMap|InProcess|OutOfProcess|Errors)/|"
    r"(Host|HostRegex|Path|PathRegex|Query|htaccess|AccessControl|AccessControlProvider|AND|OR|NOT|Rule|RuleRegex|Attribute|AttributeDecoder"
    r"|GSSAPIExtractor|AuthType|Shib\w+|Application\w+|Sessions|SSO|Logout|RequestMap|RequestMapper|DiscoveryFilter|ISAPI)$"
)


@pytest.mark.parametrize("name", [name for name in shibboleth_answers.ANSWERS if not SELDOM.match(name)])
def test_shibboleth(tmp_path, name):
    element, _, attribute = name.partition("/@")
    parts = dict.fromkeys(["spconfig", "top", "application", "sessions", "sso", "logout", "handler", "inside", "provider", "filter"], "")
    if attribute and not (element, attribute) == ("ApplicationDefaults", "entityID"):
        value = "60" if attribute in NUMBERS else "x"
        parts[PLACES[element]] = f'{attribute}="{value}"' + (' authnContextClassRef="x"' if attribute == "authnContextComparison" else "")
    elif not attribute:
        home = "handler" if element in INSIDE_SESSIONS else "inside" if element in INSIDE_APPLICATION | {"Errors"} else "top"
        parts[home] = f'<{element} note="x"/>'
    (tmp_path / "shibboleth2.xml").write_text(SHIBBOLETH.format(**parts))
    judge(name, shibboleth_answers.ANSWERS[name], migrate("shibboleth", tmp_path / "shibboleth2.xml"))


KINDS = {
    "Handler": ("handler", '<Handler type="{}" Location="/H" attributes="eppn"/>'),
    "MetadataProvider": ("inside", '<MetadataProvider type="{}" baseUrl="https://mdq.example/" sourceDirectory="idps" path="x.xml"><MetadataProvider type="XML" path="y.xml"/></MetadataProvider>'),
    "MetadataFilter": ("filter", '<MetadataFilter type="{}" certificate="f.pem" maxValidityInterval="99"><Include>urn:x</Include></MetadataFilter>'),
    "AttributeExtractor": ("inside", '<AttributeExtractor type="{}" path="attribute-map.xml"/>'),
    "CredentialResolver": ("inside", '<CredentialResolver type="{}" key="k" certificate="c"/>'),
    "Errors": ("inside", '<Errors {}="a@example.org"/>'),
    "InProcess": ("top", '<InProcess {}="x"/>'),
    "OutOfProcess": ("top", '<OutOfProcess {}="x"/>'),
    "setting": ("top", '<RequestMapper type="Native"><RequestMap><Host name="h.example" authType="shibboleth" requireSession="true"><Path name="p" {}="{}"/></Host></RequestMap></RequestMapper>'),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in shibboleth_answers.ANSWERS if re.match(rf"({'|'.join(KINDS)}) |(Errors|InProcess|OutOfProcess)/@", name) and name != "CredentialResolver Chaining"])
def test_shibboleth_by_kind(tmp_path, name):
    element, kind = re.split(r" |/@", name, maxsplit=1)
    place, text = KINDS[element]
    parts = dict.fromkeys(["spconfig", "top", "application", "sessions", "sso", "logout", "handler", "inside", "provider", "filter"], "")
    value = {"applicationId": "default", "authType": "shibboleth", "redirectToSSL": "443"}.get(kind, "true")
    text = text.replace("{}", kind, 1).replace("{}", value)
    if kind in ("authType", "requireSession"):
        text = text.replace(' authType="shibboleth" requireSession="true"', "", 1)
    if kind == "authnContextComparison":
        text = text.replace('authnContextComparison="true"', 'authnContextComparison="exact" authnContextClassRef="x"')
    parts[place] = text
    (tmp_path / "shibboleth2.xml").write_text(SHIBBOLETH.format(**parts))
    judge(kind, shibboleth_answers.ANSWERS[name], migrate("shibboleth", tmp_path / "shibboleth2.xml"))


@pytest.mark.parametrize("name", [name for name in nginx_saml_answers.ANSWERS if re.match(r"\$saml_(sp|idp|log|allow|debug)|\$(redirect|proto)|\$saml_cookie", name)])
def test_nginx_saml(tmp_path, name):
    text = maps().replace("HTTP-Redirect", "HTTP-POST")
    if f"map $host {name} " not in text + REST:
        text += f"\nmap $host {name} {{ default 30; }}\n"
    (tmp_path / "a.conf").write_text(text + REST + 'map "" $redirect_base { default x; }\n')
    judge(name, nginx_saml_answers.ANSWERS[name], migrate("nginx-saml", tmp_path / "a.conf"))
