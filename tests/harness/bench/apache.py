"""Apache, plain and with the modules that make it an SP of its own; sessions come from real logins."""

import os
import re
import subprocess
import time
from pathlib import Path

from harness.bench.members import USUAL
from harness.browser import Browser
from harness.crowd import unique
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.message import read_redirect
from harness.nginx import ends_within, free_ports, pauses, wait_for_port
from harness.response import Answer, Attribute

#: One process, as nginx has one worker: it lives as long as the server, so that its CPU is counted whole.
CONF = """
ServerRoot {directory}
ServerName http://127.0.0.1:{port}
UseCanonicalName On
Listen 127.0.0.1:{port}
DefaultRuntimeDir {directory}
PidFile {directory}/httpd.pid
ErrorLog {directory}/error.log
LogLevel warn
LoadModule mpm_event_module {debian}/mod_mpm_event.so
LoadModule authn_core_module {debian}/mod_authn_core.so
LoadModule authz_core_module {debian}/mod_authz_core.so
LoadModule authz_user_module {debian}/mod_authz_user.so
{user}
ServerLimit 1
StartServers 1
# More than connections: with all its threads busy, mpm_event closes connections between two requests.
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 128
MinSpareThreads 16
MaxSpareThreads 128
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot {directory}/html
<Directory {directory}/html>
    AllowOverride None
    Require all granted
</Directory>
{module}
"""

MELLON = """
LoadModule auth_mellon_module {modules}/mod_auth_mellon.so
<Location />
    MellonEndpointPath /mellon
    MellonSPentityId http://127.0.0.1:{port}/mellon/metadata
    MellonSPPrivateKeyFile {directory}/sp.key
    MellonSPCertFile {directory}/sp.crt
    MellonIdPMetadataFile {directory}/idp.xml
    MellonSignatureMethod rsa-sha256
</Location>
<Location /protected/>
    AuthType Mellon
    MellonEnable auth
    Require valid-user
</Location>
"""

SHIB = """
LoadModule mod_shib {modules}/mod_shib.so
ShibConfig {directory}/shibboleth2.xml
ShibCompatValidUser Off
<Location /Shibboleth.sso>
    AuthType None
    Require all granted
    SetHandler shib
</Location>
<Location /protected/>
    AuthType shibboleth
    ShibRequestSetting requireSession true
    Require shib-session
</Location>
"""

SHIBBOLETH2 = """\
<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180">
  <OutOfProcess logger="{directory}/shibd.logger"/>
  <InProcess logger="{directory}/native.logger"/>
  <UnixListener address="{directory}/shibd.sock"/>
  <ApplicationDefaults entityID="http://127.0.0.1:{port}/shibboleth" REMOTE_USER="eppn mail">
    <Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false"
        handlerSSL="false" cookieProps="http">
      <SSO entityID="{idp}">SAML2</SSO>
    </Sessions>
    <MetadataProvider type="XML" validate="false" path="{directory}/idp.xml"/>
    <AttributeExtractor type="XML" validate="false" path="{directory}/attribute-map.xml"/>
    <CredentialResolver type="File" key="{directory}/sp.key" certificate="{directory}/sp.crt"/>
  </ApplicationDefaults>
  <SecurityPolicyProvider type="XML" validate="true" path="/etc/shibboleth/security-policy.xml"/>
  <ProtocolProvider type="XML" validate="true" path="/etc/shibboleth/protocols.xml"/>
</SPConfig>
"""

ATTRIBUTE_MAP = """\
<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map">
{}
</Attributes>
"""

LOGGER = """\
log4j.rootCategory=WARN, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.fileName={file}
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d %p %c: %m%n
"""

DEBIAN = "/usr/lib/apache2/modules"
IDP = Idp()
GIVEN = USUAL[:5]
ANSWER = Answer(attributes=[Attribute(name, values, called) for name, called, values in GIVEN])
TROUBLE = re.compile(r":(emerg|alert|crit|error)\]| (FATAL|ALERT|CRIT|ERROR) ")


class Apache:
    """On core 0, with shibd where mod_shib is: both are processes of the server."""

    def __init__(self, directory: Path, module: str = "", unpacked: Path | None = None):
        directory.mkdir()
        directory.chmod(0o777)  # what it writes it writes as nobody
        (self.port,) = free_ports(1)
        self.directory = directory
        self.protected = bool(module)
        self.shibd = None  # its command
        self.processes = []
        self.values = {
            "directory": directory,
            "port": self.port,
            "idp": IDP.entity_id,
            "debian": DEBIAN,
            "modules": unpacked and unpacked / DEBIAN.lstrip("/"),
            "user": "User nobody\nGroup nogroup" if os.geteuid() == 0 else "",
        }
        self.write("httpd.conf", CONF.format(module=module.format(**self.values), **self.values))
        self.write("idp.xml", IDP.metadata())
        self.write("sp.crt", rsa_credential("sp").certificate_pem)
        self.write("sp.key", rsa_credential("sp").key_pem)

    def write(self, name: str, content: str | bytes) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def start(self) -> None:
        if self.shibd:
            shibd = self.run(self.shibd)
            for pause in pauses():
                if (self.directory / "shibd.sock").exists():
                    break
                assert shibd.poll() is None, self.logs()
                time.sleep(pause)
        apache = self.run(["apache2", "-d", self.directory, "-f", "httpd.conf", "-DFOREGROUND"])
        wait_for_port(self.port, apache)

    def run(self, command: list) -> subprocess.Popen:
        with open(self.directory / f"{Path(command[0]).name}.stderr", "wb") as stderr:
            process = subprocess.Popen(
                ["taskset", "-c", "0", *command], stdout=stderr, stderr=stderr, start_new_session=True
            )
        self.processes.append(process)
        return process

    def pids(self) -> list[int]:
        """Of all that serve: those we started, and their children."""
        pids = [process.pid for process in self.processes]
        for pid in list(pids):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            pids += map(int, children)
        return pids

    def cookie(self, path: str) -> tuple[str, str]:
        """Name and value: of a new session, made by way of the IdP, where the page is protected."""
        if not self.protected:
            return "session", unique()
        browser = Browser()
        page = browser.get(self.url(path))
        while not (page.location or "").startswith(IDP.sso_url):
            assert page.location, f"{page.status}: {page.text}\n{self.logs()}"
            page = browser.get(page.location)
        request = read_redirect(page.location)
        page = browser.settle(browser.post(request.acs_url, IDP.form(request, ANSWER)))
        assert page.status == 200, f"{page.status}: {page.text}\n{self.logs()}"
        [cookie] = browser.session.cookies
        return cookie.name, cookie.value

    def finish(self) -> None:
        """Stops, and fails when a process has died or a log tells of trouble."""
        for process in self.processes:
            assert process.poll() is None, f"{process.args} died\n{self.logs()}"
        self.kill()
        assert not TROUBLE.search(self.logs()), self.logs()

    def kill(self) -> None:
        for process in self.processes:
            process.terminate()
            if not ends_within(process, 10):
                process.kill()
                process.wait()
        self.processes = []

    def logs(self) -> str:
        found = sorted(self.directory.glob("*.log")) + sorted(self.directory.glob("*.stderr"))
        return "\n".join(f"{path.name}:\n{path.read_text(errors='replace')}" for path in found)


def with_mellon(directory: Path, unpacked: Path) -> Apache:
    """`unpacked`: the packages of the modules."""
    return Apache(directory, MELLON, unpacked)


def with_shib(directory: Path, unpacked: Path) -> Apache:
    """With a shibd of its own."""
    server = Apache(directory, SHIB, unpacked)
    server.write("shibboleth2.xml", SHIBBOLETH2.format(**server.values))
    lines = (f'  <Attribute name="{name}" id="{called}"/>' for name, called, _ in GIVEN)
    server.write("attribute-map.xml", ATTRIBUTE_MAP.format("\n".join(lines)))
    for part in ("shibd", "native"):
        server.write(f"{part}.logger", LOGGER.format(file=directory / f"{part}.log"))
    server.shibd = [unpacked / "usr/sbin/shibd", "-F", "-c", directory / "shibboleth2.xml"]
    server.shibd += ["-p", directory / "shibd.pid"]
    if os.geteuid() == 0:
        server.shibd += ["-u", "nobody", "-g", "nogroup"]
    return server
