"""`saml_core_dump`: what a crash or a debugger writes of nginx holds no key and no session."""

import base64
import secrets
import signal

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from harness import core
from harness.browser import Browser
from harness.encrypt import encrypt
from harness.idp import Idp
from harness.keys import Credential, certified
from harness.message import NS
from harness.nginx import Nginx
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    main=core.SETTINGS + "thread_pool saml threads=2;",
    http="@SETTING@ saml_session_store main { zone saml 4m; secret session.secret; @STORE@ }",
    idp="sign_requests on;",
    sp="session_store main;",
    location="add_header X-User $saml_name_id;",
)
PRIVATE, FULL = "", "saml_core_dump full;"
THREADS = "saml_crypto_threads saml;"
PIECE = 16  # bytes of a secret that are looked for


class Secrets:
    """What nobody shall find, by what it is; made anew for each test."""

    def __init__(self):
        self.known = {}
        self.file = secrets.token_bytes(48)
        self.add("secret", self.file)
        self.credential = certified(rsa.generate_private_key(65537, 2048), "sp")
        self.add_key(self.credential)

    def add(self, what: str, octets: bytes) -> None:
        """Its beginning and its end, in which no text is that stands elsewhere too."""
        self.known[f"{what}, begin"] = octets[:PIECE]
        self.known[f"{what}, end"] = octets[-PIECE:]

    def add_key(self, credential) -> None:
        numbers = credential.key.private_numbers()
        for name in ["p", "q", "d", "dmp1", "dmq1", "iqmp"]:
            number = getattr(numbers, name)
            octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
            self.add(f"{name}, big-endian", octets)
            self.add(f"{name}, little-endian", octets[::-1])
        for place, line in enumerate(credential.key_pem.splitlines()[5:-2]):
            self.add(f"line {place} of PEM", line)

    def add_member(self, browser: Browser, name_id: str, attribute: str) -> None:
        self.add(f"NameID {name_id}", name_id.encode())
        for shift in range(3):
            text = base64.b64encode(bytes(shift) + name_id.encode())
            self.add(f"base64 of {name_id}, {shift}", text[4:-4])
        self.add(f"attribute {attribute[:8]}", attribute.encode())
        [cookie] = [c.value for c in browser.session.cookies if c.name == "saml_session"]
        self.add(f"cookie of {name_id}", cookie.encode())
        self.add(f"token of {name_id}", base64.urlsafe_b64decode(cookie + "="))

    def found(self, octets: bytes) -> list[str]:
        return [what for what, piece in self.known.items() if piece in octets]


@pytest.fixture
def hidden() -> Secrets:
    return Secrets()


@pytest.fixture
def start(prepared, hidden):
    """Starts a server with those secrets: `start(PRIVATE)`."""
    started = []

    def start(setting: str, store: str = "") -> Nginx:
        files = {
            "session.secret": hidden.file,
            "sp.crt": hidden.credential.certificate_pem,
            "sp.key": hidden.credential.key_pem,
        }
        server = prepared(CONF, files=files, SETTING=setting, STORE=store)
        core.make_room(server)
        started.append(server.start())
        return server

    yield start
    for server in started:
        server.finish()


def seal(credential: Credential):
    def after_signing(document: etree._Element) -> None:
        encrypt(document.find("saml:Assertion", NS), credential)

    return after_signing


def log_in(server: Nginx, idp: Idp, hidden: Secrets, is_sealed: bool, size: int = 1) -> Browser:
    """A member who has looked at some pages."""
    name_id = f"{secrets.token_hex(16)}@example.org"
    values = [secrets.token_hex(32) for _ in range(size)]
    change = {"after_signing": seal(hidden.credential)} if is_sealed else {}
    answer = Answer(name_id=name_id, attributes=[Attribute("mail", values)], **change)
    browser = Browser()
    assert idp.login(browser, server.url("/page.html"), answer).status == 303
    hidden.add_member(browser, name_id, values[-1])
    for _ in range(3):
        assert browser.get(server.url("/page.html")).headers["X-User"] == name_id
    return browser


def members(server: Nginx, idp: Idp, hidden: Secrets) -> list[Browser]:
    return [log_in(server, idp, hidden, is_sealed) for is_sealed in [False, True, False, True]]


@pytest.mark.smoke
@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGABRT])
def test_a_crash(start, idp, hidden, how):
    server = start(PRIVATE)
    members(server, idp, hidden)
    dump = core.crash(server, how)
    assert hidden.found(dump.read_bytes()) == []
    told = core.backtrace(server, dump)
    assert "epoll_wait (" in told and "ngx_process_events_and_timers (" in told
    assert "ngx_http_auth_saml_module.so" in told, "in which object a function is"


@pytest.mark.smoke
def test_the_instrument(start, idp, hidden):
    """With all memory in the dump, all of it is found."""
    server = start(FULL)
    members(server, idp, hidden)
    for dump in [core.attach(server, server.workers()[0]), core.crash(server)]:
        found = hidden.found(dump.read_bytes())
        for what in ["secret, begin", "d, little-endian, end", "p, little-endian, begin"]:
            assert what in found
        for what in ["NameID", "attribute", "cookie", "token"]:
            assert any(name.startswith(what) for name in found), f"{what} in {found}"


def test_threads_that_use_keys(start, idp, hidden):
    """What they have copied last stays in their registers, which each dump has."""
    server = start(PRIVATE + THREADS)
    members(server, idp, hidden)
    assert_debuggers_find_nothing(server, hidden)
    members(server, idp, hidden)
    dump = core.crash(server)
    assert hidden.found(dump.read_bytes()) == []
    assert "epoll_wait (" in core.backtrace(server, dump)


def assert_debuggers_find_nothing(server: Nginx, hidden: Secrets) -> None:
    """In memory, registers are none; soon, for a worker sweeps a second after a request."""
    for pid in [server.process.pid, *server.workers()]:
        server.wait_for(
            lambda pid=pid: not hidden.found(core.memory(core.attach(server, pid))),
            "a dump without secrets",
        )


@pytest.mark.smoke
def test_a_debugger(start, idp, hidden):
    """It sends no signal, and has what was marked before."""
    server = start(PRIVATE)
    members(server, idp, hidden)
    assert_debuggers_find_nothing(server, hidden)
    for pid in [server.process.pid, *server.workers()]:
        assert "main (" in core.backtrace(server, core.attach(server, pid))


def test_sessions_of_memcached(start, idp, hidden, memcacheds):
    """They come sealed, and are opened by a key of secret and token."""
    [node] = memcacheds()
    server = start(PRIVATE, f"memcached 127.0.0.1:{node.port}; cache_valid 0; cache_size 64;")
    members(server, idp, hidden)
    assert_debuggers_find_nothing(server, hidden)
    assert hidden.found(core.crash(server).read_bytes()) == []


def test_memory_that_comes_later(start, idp, hidden):
    """The heap grows with the sessions; a crash and a debugger see none of them."""
    server = start(PRIVATE)
    before = heap(server)
    for number in range(1, 150):
        log_in(server, idp, hidden, is_sealed=number % 2 == 1, size=number)
    assert heap(server) > before + (256 << 10)
    assert_debuggers_find_nothing(server, hidden)
    assert hidden.found(core.crash(server).read_bytes()) == []


def heap(server: Nginx) -> int:
    """Bytes that brk has given to the worker."""
    maps = core.maps(server.workers()[0])
    return sum(end - start for start, end, name in maps if name == "[heap]")


def test_a_reload_settles_it_anew(start, idp, hidden):
    server = start(FULL)
    members(server, idp, hidden)
    server.values["SETTING"] = PRIVATE
    server.configure(CONF)
    server.reload()
    members(server, idp, hidden)
    assert_debuggers_find_nothing(server, hidden)
    server.values["SETTING"] = FULL
    server.configure(CONF)
    server.reload()
    members(server, idp, hidden)
    for pid in [server.process.pid, *server.workers()]:
        assert "q, little-endian, end" in hidden.found(core.attach(server, pid).read_bytes())
    assert hidden.found(core.crash(server).read_bytes())


def test_a_secret_is_wiped_with_its_configuration(start, idp, hidden):
    """From memory itself: nothing is left out here."""
    server = start(FULL)
    members(server, idp, hidden)
    processes = lambda: [server.process.pid, *server.workers()]  # noqa: E731
    for pid in processes():
        assert "secret, begin" in hidden.found(core.attach(server, pid).read_bytes())
    server.write("session.secret", secrets.token_bytes(48))
    server.reload()
    for pid in processes():
        found = hidden.found(core.attach(server, pid).read_bytes())
        assert not [what for what in found if what.startswith("secret")]
