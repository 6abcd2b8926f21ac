"""Whatever stands in an old configuration, scripts/migrate makes no directive of it that is not its own."""

from xml.sax.saxutils import quoteattr

import pytest

from harness.migrated import CONF, in_process
from harness.nginx import Nginx
from test_migrate_nginx_saml import REST, maps

VALUES = [
    "x; evil_directive on;", "x} evil_directive on; location /y {", 'x"; evil_directive on; "', "x'; evil_directive on; '",
    'x\\"; evil_directive on; #', "x\\", "x\\\\\"; evil_directive on;", "x\nevil_directive on;", "x\r\nevil_directive on;", "x\tevil; evil_directive on;",
    "x\u2028evil_directive on;", "# evil_directive", "{evil_directive on;}", "$evil_variable", "${evil_variable}", "x\x0bevil_directive", "~*(evil", "", " ",
    "*/ evil_directive on; /*", "label=x", "%{REMOTE_USER}e; evil_directive", "</Location> evil_directive",
]  # fmt: skip

MELLON = """
ServerName http://sp.example.com
<Location />
    MellonEnable auth
    MellonSPPrivateKeyFile sp.key
    MellonSPCertFile sp.crt
    MellonIdPMetadataFile idp.xml
    {line}
    ProxyPass http://127.0.0.1:1/
</Location>
"""
MELLON_LINES = [
    "MellonVariable {}", "MellonSPentityId {}", "MellonUser {}", "MellonSetEnv {} mail", "MellonSetEnv mail {}", "MellonMergeEnvVars On {}",
    "MellonRequire {} x", "MellonRequire groups {}", "MellonCond groups {} [REG]", "MellonCond groups {} [SUB,NC]", "MellonDefaultLoginPath {}",
    "MellonEndpointPath {}", "MellonRedirectDomains {}", "MellonIdPIgnore {}", "MellonDiagnosticsFile {}", "MellonUnknown {}", "RequestHeader set X {}",
    "RequestHeader set {} x", "Header set X {}", "MellonAuthnContextClassRef {}", "MellonOrganizationName {}", "Require user {}", "MellonSignatureMethod {}",
]  # fmt: skip
SHIBBOLETH = """<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" langPriority={value}>
<RequestMapper type="Native"><RequestMap><Host name="sp.example.org" scheme="http" authType="shibboleth" requireSession="true">
<Path name={path} requireSession="true"><AccessControl><AND><Rule require={value}>x</Rule><Rule require="g" list="false">{text}</Rule>
<RuleRegex require="g">{text}</RuleRegex></AND></AccessControl></Path></Host></RequestMap></RequestMapper>
<ApplicationDefaults entityID={value} REMOTE_USER={value} homeURL="/x" cipherSuites={value} NameIDFormat={value}>
<Sessions cookieName="x" cookieProps={value} checkAddress={value} redirectWhitelist={value}><SSO discoveryProtocol={value}>SAML2</SSO>
<Handler type={value} Location="/H"/></Sessions><Errors supportContact={value} logoLocation={value}/>
<MetadataProvider type="XML" path="idp.xml" legacyOrgNames={value}/>
<CredentialResolver type="File" key="sp.key" certificate="sp.crt"/></ApplicationDefaults></SPConfig>
"""


def judged(server: Nginx, done, place: str) -> None:
    """Refused with a line, or nginx finds nothing of it among its directives."""
    if done.returncode != 0:
        assert done.returncode == 1 and not done.stdout and place in done.stderr, done.stderr
        return
    (server.directory / "migrated.conf").write_text(done.stdout, newline="")
    for name in ("sp.key", "sp.crt", "idp.xml"):
        (server.directory / "old" / name).write_bytes((server.directory / name).read_bytes())
    (server.directory / "old/sp.key").chmod(0o600)
    _, output = server.test()
    assert "unknown directive" not in output, f"{output}\n{done.stdout}"
    assert "unexpected" not in output, f"{output}\n{done.stdout}"


@pytest.fixture
def server(prepared):
    made = prepared(CONF)
    made.write("old/x", "")
    return made


def in_apache(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_mellon(server, value):
    for line in MELLON_LINES:
        path = server.directory / "old/a.conf"
        path.write_text(MELLON.format(line=line.format(in_apache(value))), newline="")
        done = in_process("mellon", path)
        if "\n" in value:  # Apache's lines end there: the rest is one of its own
            assert done.returncode == 1 and f"{path}:" in done.stderr
            continue
        judged(server, done, f"{path}:")


@pytest.mark.parametrize("value", [value for value in VALUES if "\x0b" not in value], ids=lambda value: repr(value)[:20])
def test_shibboleth(server, value):
    path = server.directory / "old/shibboleth2.xml"
    reference = value.replace("\n", "\x01").replace("\r", "\x02").replace("\t", "\x03")
    quoted = quoteattr(reference).replace("\x01", "&#10;").replace("\x02", "&#13;").replace("\x03", "&#9;")
    text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for name in (quoted, '"private"'):
        path.write_text(SHIBBOLETH.format(value=quoted, path=name, text=text))
        judged(server, in_process("shibboleth", path), f"{path}:")


@pytest.mark.parametrize("variable", ["$saml_sp_entity_id", "$saml_logout_landing_page", "$saml_sp_relay_state", "$saml_cookie_flags", "$saml_sp_nameid_format", "$saml_unknown"])
def test_nginx_saml(server, variable):
    key = (server.directory / "sp.crt").read_bytes()
    (server.directory / "old/sp.key").write_bytes(key)
    for value in VALUES:
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        path = server.directory / "old/a.conf"
        text = (maps() + REST).replace(f"map $host {variable} {{", f"map $other {variable}_before {{")
        path.write_text(f"{text}\nmap $host {variable} {{ default {quoted}; }}\n", newline="")
        judged(server, in_process("nginx-saml", path), "")


@pytest.mark.parametrize(
    ("peer", "name", "text", "says"),
    [
        ("mellon", "a.conf", "<Location />\nMellonEnable \"auth\n</Location>", "a.conf:2: a quote"),
        ("mellon", "a.conf", "<Location />\nMellonEnable auth\n", "a.conf:1: <Location> has no end"),
        ("mellon", "a.conf", "</Location>\n", "a.conf:1: </Location> closes nothing"),
        ("mellon", "a.conf", "MellonEnable ${NOBODY}", "a.conf:1: ${NOBODY} has no Define"),
        ("mellon", "a.conf", "Include a.conf\n", "an Include that comes back to itself"),
        ("mellon", "a.conf", "Include gone.conf\n", "a.conf:1: "),
        ("mellon", "a.conf", "# nothing\n", "nothing of mod_auth_mellon"),
        ("mellon", "a.conf", "<Location />\nMellonEnable auth\n</Location>", "no ServerName"),
        ("mellon", "a.conf", "ServerName x\n<If \"true\">\nMellonEnable auth\n</If>", "a.conf:2: <If> with lines of this SP"),
        ("mellon", "a.conf", "ServerName x\n<Location /a*>\nMellonEnable auth\n</Location>", "a.conf:2: /a* is a pattern"),
        ("mellon", "a.conf", "ServerName x\n<Location />\nMellonEnable auth\n<LimitExcept GET>\nMellonRequire a b\n</LimitExcept>\n</Location>", "a.conf:4: <LimitExcept>"),
        ("shibboleth", "a.xml", "<SPConfig>\n<a>", "a.xml:2: no XML"),
        ("shibboleth", "a.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]>\n<SPConfig>&b;</SPConfig>', "a.xml:1: a DOCTYPE"),
        ("shibboleth", "a.xml", "<SPConfig xmlns='x'>\n</SPConfig>", "no ApplicationDefaults"),
        ("nginx-saml", "a.conf", "map $host $saml_sp_entity_id {\n default x\n}", 'is there a ";" missing'),
        ("nginx-saml", "a.conf", "map $host $saml_sp_entity_id {\n default \"x;\n}", "a.conf:2: a quote"),
        ("nginx-saml", "a.conf", "include a.conf;", "an include that comes back to itself"),
        ("nginx-saml", "a.conf", "map $host $saml_sp_entity_id {\n default $x;\n}", "a.conf:2: '$x' has a variable"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, peer, name, text, says):
    (tmp_path / name).write_text(text)
    done = in_process(peer, tmp_path / name)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    assert says in done.stderr, done.stderr


PRIVATE = "ServerName http://x.example\n<Location /private>\nMellonEnable auth\nMellonRequire a b\n</Location>\n"


def test_a_location_by_expression_takes_nothing_from_a_stricter_one(tmp_path):
    """nginx would ask it alone, and Apache asks both."""

    def migrated(more: str):
        (tmp_path / "a.conf").write_text(PRIVATE + more)
        return in_process("mellon", tmp_path / "a.conf")

    plain = migrated('<LocationMatch "\\.php$">\nHeader set X y\n</LocationMatch>')
    assert plain.returncode == 0 and "location ~" not in plain.stdout and "a.conf:6" in plain.stdout
    for expression in (r"\.php$", "^/p", "^/private/x|^/y", "^/private?/"):
        done = migrated(f'<LocationMatch "{expression}">\nMellonEnable info\n</LocationMatch>')
        assert done.returncode == 1 and "a.conf:6: " in done.stderr, expression
    inside = migrated('<LocationMatch "^/private/x[0-9]">\nMellonCookiePath /\n</LocationMatch>')
    assert inside.returncode == 0, inside.stderr
    block = inside.stdout[inside.stdout.index("location ~") :]
    assert "auth_saml_require_attribute a b;" in block[: block.index("}")]
    apart = migrated('<LocationMatch "^/other/[0-9]">\nMellonEnable info\n</LocationMatch>')
    assert apart.returncode == 0, apart.stderr


def test_each_proxy_pass_has_a_location_with_its_protection(tmp_path):
    (tmp_path / "a.conf").write_text(PRIVATE + "ProxyPass /private/app http://127.0.0.1:81/app\nProxyPass /open http://127.0.0.1:82/open")
    conf = in_process("mellon", tmp_path / "a.conf").stdout
    app = conf[conf.index("location /private/app {") :]
    app = app[: app.index("}")]
    assert "auth_saml app;" in app and "auth_saml_require_attribute a b;" in app and "http://127.0.0.1:81/app;" in app
    opened = conf[conf.index("location /open {") :]
    assert "auth_saml" not in opened[: opened.index("}")]


def test_require_of_a_section_replaces_that_around_it(tmp_path):
    (tmp_path / "shibboleth2.xml").write_text('<SPConfig><ApplicationDefaults entityID="urn:x"/></SPConfig>')
    (tmp_path / "a.conf").write_text(
        "ServerName http://x.example\n<Location />\nAuthType shibboleth\nShibRequestSetting requireSession 1\nRequire valid-user\n</Location>\n"
        "<Location /staff>\nRequire shib-attr affiliation staff\n</Location>"
    )
    conf = in_process("shibboleth", tmp_path / "shibboleth2.xml", tmp_path / "a.conf").stdout
    staff = conf[conf.index("location /staff {") :]
    assert "auth_saml_require_attribute affiliation staff;" in staff[: staff.index("}")]


def test_servers_of_others_stay_as_they_are(tmp_path):
    (tmp_path / "a.conf").write_text(f"{maps()}{REST}server {{ listen 81; server_name other.example; location / {{ return 204; }} }}")
    conf = in_process("nginx-saml", tmp_path / "a.conf").stdout
    other = conf[conf.index("listen 81;") :]
    assert "saml_acs" not in other and "return 204;" in other
    guard = 'location / { if ($saml_access_granted = "1") { return 200; } return 401; }'
    (tmp_path / "a.conf").write_text(f"{maps()}{REST}server {{ listen 81; {guard} }}")
    assert "another if on $saml_access_granted" in in_process("nginx-saml", tmp_path / "a.conf").stderr


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "a.conf").write_text("ServerName http://x.example\n<Location />\nMellonEnable auth\n</Location>")
    assert in_process("mellon", tmp_path / "a.conf", "--output", tmp_path / "new").returncode == 0
    (tmp_path / "new/saml.conf").write_text("mine")
    done = in_process("mellon", tmp_path / "a.conf", "--output", tmp_path / "new")
    assert done.returncode == 1 and "not written over" in done.stderr
    assert (tmp_path / "new/saml.conf").read_text() == "mine"


def test_continued_lines_quotes_and_definitions(tmp_path):
    (tmp_path / "a.conf").write_text(
        "Define HOST sp.example.com\nServerName \\\n  https://${HOST}\n# MellonEnable \\\nnot this\n"
        "<Location '/a b'>\n  MellonEnable au\\\nth\n  MellonRequire groups 'two words' \"a \\\"b\\\"\" c\\d\n</Location>"
    )
    done = in_process("mellon", tmp_path / "a.conf")
    assert done.returncode == 0, done.stderr
    assert 'auth_saml_require_attribute groups "two words" "a \\"b\\"" "c\\\\d";' in done.stdout
    assert 'location "/a b" {' in done.stdout and "base_url https://sp.example.com;" in done.stdout
    assert "not this" not in done.stdout
