"""Fixtures. `--nginx debian|vendored|sanitized` chooses the nginx and the module built for it, `--beside FILE` a module of
another version, which hosts beside one of this one run and upgrades begin with. `--debian CODENAME` is for tests that
begin with an empty Debian: another one than this machine's, for which the package is made there."""

import shutil
import tempfile
import zlib
from pathlib import Path

import pytest

from harness.backend import Backend
from harness.browser import Browser
from harness.chromium import Chromium
from harness.debian_root import DebianRoot, Unavailable as NoDebian
from harness.generations import Generations
from harness.http3 import Http3, browser_over_http3, why_not
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keycloak import Keycloak, Unavailable
from harness.keys import rsa_credential
from harness.memcached import Memcached
from harness.migrated import CONF as migrated_conf
from harness.migrated import Migrated
from harness.nginx import Nginx
from harness.other_debian import made_in
from harness.simplesamlphp import PACKAGE as SIMPLESAMLPHP
from harness.simplesamlphp import SimpleSamlPhp
from harness.site import CROSS_SITE, LOGOUT
from harness.upstream import PROTOCOLS, Upstream

pytest_plugins = ["harness.app_site", "harness.clocked_site", "harness.costs", "harness.parallel"]


def pytest_addoption(parser):
    parser.addoption("--nginx", default="debian", choices=["debian", "vendored", "sanitized"])
    parser.addoption("--beside", metavar="FILE", help="a module of another version, for the same nginx")
    parser.addoption("--debian", metavar="CODENAME", help="another Debian than this machine's, as trixie")
    parser.addoption("--crypto-threads", action="store_true", help="where no test says otherwise")


def pytest_configure(config):
    if config.getoption("--crypto-threads"):
        Nginx.http = "saml_crypto_threads default;"


#: What cannot be under AddressSanitizer. A core dump has the whole of its memory, and fills any disk.
NOT_SANITIZED = {
    "test_core_dump.py": "its memory has terabytes of addresses",
    "test_module_overwritten.py": "it looks for functions in the module's file, which stays behind its pages",
    "test_module_libraries.py": "the runtime of the sanitizers is among them",
}


def pytest_collection_modifyitems(config, items):
    if config.getoption("--nginx") == "sanitized":
        for item in items:
            if reason := NOT_SANITIZED.get(item.path.name):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def session_scratch():
    """Where the servers of this run live; readable for nginx's workers, which are not root."""
    path = Path(tempfile.mkdtemp(prefix="auth-saml-tests-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def scratch(request, session_scratch):
    """Where the servers of this test live, and nobody else's: tests of two files may have one name."""
    # Short, for sockets lie below; told from tests whose names begin alike.
    begin = "".join(c if c.isalnum() else "-" for c in request.node.name)[:43]
    path = session_scratch / f"{begin}-{zlib.crc32(request.node.nodeid.encode()):08x}"
    path.mkdir()
    path.chmod(0o755)
    return path


@pytest.fixture
def idp() -> Idp:
    """The hand-made IdP; its metadata is in `idp.xml` beside nginx.conf."""
    return Idp()


@pytest.fixture
def backend():
    """An application that answers as a test tells it, and remembers what it was asked."""
    made = Backend()
    yield made
    made.stop()


@pytest.fixture
def prepared(build, scratch, idp):
    """Makes an nginx that is not started: `prepared(conf, files={name: content}, KEY=value)`."""
    module, binary = build
    made = []

    def prepare(conf: str, files=(), **values: str) -> Nginx:
        server = Nginx(scratch / f"nginx-{len(made)}", binary, module, conf, values)
        made.append(server)
        standard = {
            "sp.crt": rsa_credential("sp").certificate_pem,
            "sp.key": rsa_credential("sp").key_pem,
            "idp.xml": idp.metadata(),
            "html/index.html": "the front page\n",
            "html/page.html": "a page\n",
        }
        for name, content in {**standard, **dict(files)}.items():
            server.write(name, content)
        return server

    yield prepare
    for server in made:
        server.kill()


@pytest.fixture
def nginx(prepared):
    """Starts an nginx; at the end its log must be free of trouble and its workers the first ones."""
    started = []

    def start(conf: str, files=(), **values: str) -> Nginx:
        server = prepared(conf, files, **values).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.finish()


@pytest.fixture
def http3(build, nginx):
    """Connects by HTTP/3, where nginx speaks it: `http3(server)`, as `Http3` has it. All is closed before nginx ends,
    which waits for it."""
    if reason := why_not(build[1]):
        pytest.skip(reason)
    made = []

    def connect(*arguments, **named) -> Http3:
        made.append(Http3(*arguments, **named))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


@pytest.fixture
def browser3(http3, nginx):
    """A browser that asks a server by HTTP/3 alone: `browser3(server)`."""
    made = []

    def browse(*arguments) -> Browser:
        made.append(browser_over_http3(*arguments))
        return made[-1]

    yield browse
    for browser in made:
        browser.session.close()


@pytest.fixture
def beside(build, request) -> str:
    """The module of another version; without `--beside` it is this one."""
    return request.config.getoption("--beside") or build[0]


@pytest.fixture
def installed(beside, scratch) -> Path:
    """The file of the module of before, which an upgrade may replace."""
    path = scratch / "installed.so"
    shutil.copy(beside, path)
    return path


@pytest.fixture
def generations(prepared):
    """Starts an nginx that can be replaced while it runs; at the end its log must be free of trouble."""
    made = []

    def start(conf: str, files=(), **values: str) -> Generations:
        made.append(Generations(prepared(conf, files, **values)))
        made[-1].start()
        return made[-1]

    yield start
    try:
        for each in made:
            each.finish()
    finally:
        for each in made:
            each.kill()


@pytest.fixture
def migrated_site(prepared, idp):
    """Starts what scripts/migrate makes: `migrated_site("mellon", {"old.conf": text})`."""
    made = []

    def start(peer: str, files: dict[str, str], *words: str, **values: str) -> Migrated:
        server = prepared(migrated_conf, **values)
        made.append(server)
        return Migrated(server, idp, peer, files, *words).start()

    yield start
    for server in made:
        server.finish()


@pytest.fixture
def twins(nginx, beside):
    """Starts two hosts of one site: two nginx at two addresses, which a browser cannot tell apart."""

    def start(conf: str, files=(), **values: str) -> tuple[Nginx, Nginx]:
        assert "@ADDRESS@" in conf
        one = nginx(conf, files, **values)
        other = {"MODULE": beside, "ADDRESS": "127.0.0.2", "PORT": str(one.port)}
        return one, nginx(conf, files, **other, **values)

    return start


@pytest.fixture
def cross_site(nginx, tmp_path):
    """A protected site over https, and its IdP at another site: `cross_site("lax", idp)`."""
    made = []

    def start(same_site: str = "lax", idp: Idp | None = None, sp: str = "") -> tuple[Nginx, IdpSite]:
        tls = rsa_credential("tls")
        made.append(IdpSite(idp or Idp(), tls, tmp_path))
        files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem}
        files["idp.xml"] = made[-1].idp.metadata()
        return nginx(CROSS_SITE, files=files, SAME_SITE=same_site, SP=sp), made[-1]

    yield start
    for idp_site in made:
        idp_site.stop()


@pytest.fixture
def chromium(tmp_path):
    made = Chromium(tmp_path, "--ignore-certificate-errors")
    yield made
    made.quit()


@pytest.fixture
def logout_sp(nginx):
    """Starts an SP for an IdP of others' make: the SP, and the metadata that the IdP shall trust."""

    def start(idp, binding: str = "redirect") -> tuple[Nginx, str]:
        server = nginx(LOGOUT, files={"idp.xml": idp.metadata()}, BINDING=binding)
        return server, Browser().read(server.url("/saml/metadata")).text

    return start


@pytest.fixture
def memcacheds(scratch):
    """Starts memcached nodes: `memcacheds(3)`."""
    made = []

    def start(count: int = 1, unix: bool = False) -> list[Memcached]:
        nodes = [Memcached(scratch if unix else None).start() for _ in range(count)]
        made.extend(nodes)
        return nodes

    yield start
    for node in made:
        node.kill()


@pytest.fixture
def upstreams():
    """An application for each protocol that nginx speaks upstream, by its name."""
    made = {protocol: Upstream(protocol) for protocol in PROTOCOLS}
    yield made
    for upstream in made.values():
        upstream.stop()


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture(scope="session")
def simplesamlphp(session_scratch):
    if not SIMPLESAMLPHP.exists():
        pytest.skip(f"no {SIMPLESAMLPHP}")
    idp = SimpleSamlPhp(session_scratch / "simplesamlphp").start()
    yield idp
    idp.stop()


@pytest.fixture(scope="session")
def keycloak(session_scratch):
    idp = Keycloak(session_scratch / "keycloak")
    try:
        idp.start()
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield idp
    idp.stop()


@pytest.fixture
def debian(session_scratch, request):
    """A Debian with nothing in it; services do not start by themselves there."""
    try:
        root = DebianRoot(session_scratch / "debian", f"{request.node.path.stem}-{request.node.name}", request.config.getoption("--debian"))
    except NoDebian as reason:
        pytest.skip(str(reason))
    yield root
    root.end()


@pytest.fixture
def debian_packages(session_scratch, request) -> list[Path]:
    """The packages for that Debian."""
    try:
        return made_in(request.config.getoption("--debian"), session_scratch / "debian")
    except NoDebian as reason:
        pytest.skip(str(reason))


@pytest.fixture
def pysaml2_idp(tmp_path):
    from harness.pysaml2_idp import Pysaml2Idp  # takes a second, which most runs can save

    idp = Pysaml2Idp(tmp_path / "pysaml2").start()
    yield idp
    idp.stop()
