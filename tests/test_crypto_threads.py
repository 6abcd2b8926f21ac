"""`saml_crypto_threads`: keys are used in nginx's threads while the event loop goes on, and nothing else changes."""

import asyncio
import concurrent.futures
import signal
import socket
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.browser import Browser
from harness.diagnosis import ADMINISTRATORS, STATUS, stories, whats
from harness.encrypt import encrypt
from harness.hang_up import HOW, asking
from harness.idp import Idp
from harness.keys import certified, ec_credential, rsa_credential
from harness.logout import LogoutRequest, assert_success, received, send
from harness.members import PAGE, is_in, log_in
from harness.message import NS, verify_enveloped, verify_redirect
from harness.nginx import TROUBLE, ends_within
from harness.refusal import assert_refused
from harness.response import Answer
from harness.site import site
from harness.wire import cookie_header

THREADS = "saml_crypto_threads @POOL@;"
NAMED = "thread_pool saml threads=2;"
ONE = "worker_processes 1; thread_pool saml threads=1;"
SP, IDP = rsa_credential("sp"), Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))
SLOW = certified(rsa.generate_private_key(65537, 4096), "slow")
SLOW_FILES = {"sp.crt": SLOW.certificate_pem, "sp.key": SLOW.key_pem}
FILES = {"idp.xml": IDP.metadata()}
OPEN = "location = /open { return 204; }"


def threads_worked(server) -> list[int]:
    """Nanoseconds that each thread beside the event loop's has worked."""
    worked = []
    for pid in server.workers():
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                worked.append(int((task / "schedstat").read_text().split()[0]))
    return worked


def seal(credential=SP):
    def after_signing(document) -> None:
        encrypt(document.find("saml:Assertion", NS), credential)

    return after_signing


def ask_often(server, count: int, path: str = PAGE) -> list[int]:
    """The statuses of so many new browsers that come at once."""
    with concurrent.futures.ThreadPoolExecutor(count) as crowd:
        return list(crowd.map(lambda _: Browser().get(server.url(path)).status, range(count)))


@pytest.mark.smoke
@pytest.mark.parametrize("pool", ["default", "saml"])
def test_the_pools(nginx, pool):
    main = NAMED if pool == "saml" else ""
    server = nginx(site(main=main, http=THREADS), POOL=pool, files=FILES | SLOW_FILES)
    assert ask_often(server, 20) == [302] * 20
    worked = threads_worked(server)
    assert len(worked) == {"default": 32, "saml": 2}[pool]
    assert sum(worked) > 20e6, "a signature takes more than a millisecond"


def test_off_there_is_no_thread(nginx):
    for line in ["", "saml_crypto_threads off;"]:
        server = nginx(site(http=line), files=FILES)
        assert ask_often(server, 5) == [302] * 5
        assert threads_worked(server) == []


@pytest.mark.smoke
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_logins_and_logouts(nginx, browser, binding):
    by = {"redirect": "HTTP-Redirect", "post": "HTTP-POST"}[binding]
    idp = Idp(binding=by, slo=(by,))
    conf = site(main=NAMED, http=THREADS, idp="sign_requests on;")
    server = nginx(conf, POOL="saml", files={"idp.xml": idp.metadata()})
    for path in [PAGE, "/saml/login"]:
        page = browser.get(server.url(path))
        request = idp.asked(page)
        if binding == "post":
            verify_enveloped(request.xml, SP.certificate)
        else:
            verify_redirect(page.location, SP.certificate)
    member = log_in(server, idp, after_signing=seal())
    assert member.get(server.url(PAGE)).text == "a page\n"
    request = received(member.get(server.url("/saml/logout")))
    assert (request.kind, request.binding) == ("LogoutRequest", binding)
    request.verify(SP.certificate)
    assert member.get(server.url(PAGE)).text != "a page\n"


@pytest.mark.parametrize("binding", ["redirect", "post", "soap"])
def test_the_idp_logs_out(nginx, binding):
    server = nginx(site(main=NAMED, http=THREADS), POOL="saml", files=FILES)
    member = log_in(server, IDP)
    client = None if binding == "soap" else member
    request = LogoutRequest(encrypt_for=SP)
    answer = send(IDP, server.url("/saml/sls"), request, binding, client)
    assert_success(answer, SP.certificate)
    assert not is_in(server, member)


def test_a_story_is_whole(nginx, idp):
    conf = site(main=NAMED, http=THREADS + "saml_debug 127.0.0.2;", server=STATUS)
    server = nginx(conf, POOL="saml", files=ADMINISTRATORS)
    browser = Browser().at("127.0.0.2")
    page = idp.login(browser, server.url(PAGE), Answer(after_signing=seal()))
    assert page.status == 303, page.text
    [story] = stories(server)
    steps = ["request", "authn_request", "answer", "request", "response", "session", "answer"]
    assert whats(story) == steps
    [response] = [entry for entry in story["entries"] if entry["what"] == "response"]
    assert len(response["documents"]) == 2, "what was decrypted is there"


@pytest.mark.parametrize("how", ["JWT", "P-256", "passive", "satisfy any"])
def test_what_else_signs(nginx, idp, browser, how):
    ec = ec_credential("sp")
    parts, files = {
        "JWT": ({"location": "add_header X-Jwt $saml_jwt;"}, {}),
        "P-256": ({}, {"sp.crt": ec.certificate_pem, "sp.key": ec.key_pem}),
        "passive": ({"location": "auth_saml_mode passive;"}, {}),
        "satisfy any": ({"location": "satisfy any; deny all;"}, {}),
    }[how]
    server = nginx(site(main=NAMED, http=THREADS, **parts), POOL="saml", files=files)
    page = browser.get(server.url(PAGE))
    if how == "passive":
        page = browser.get(page.location)
    assert page.status == 302
    request = idp.asked(page)
    page = browser.post(request.acs_url, idp.form(request))
    assert page.status == 303, page.text
    page = browser.get(server.url(PAGE))
    assert page.status == 200
    assert how != "JWT" or page.headers["X-Jwt"].count(".") == 2


def test_wrong_answers_are_refused_as_ever(nginx, idp, browser):
    """From the thread comes the same reason, and the budget of what strangers may ask for is kept."""
    server = nginx(site(main=ONE, http=THREADS), POOL="saml")
    wrong = Answer(audience="https://other.example.org", after_signing=seal())
    assert_refused(server, idp.login(browser, server.url(PAGE), wrong), "audience_mismatch")
    stranger = Answer(sign=None, after_signing=seal(rsa_credential("stranger")))

    def is_tried() -> bool:
        return "decryption_failed" in idp.login(Browser(), server.url(PAGE), stranger).text

    assert all(is_tried() for _ in range(19)), "and the one before"
    assert not all(is_tried() for _ in range(40)), "one a second"


def visitors(server, count: int) -> list[socket.socket]:
    """So many who have asked for the page, whose requests nginx has read."""
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    for client in clients:
        client.sendall(b"GET /page.html HTTP/1.0\r\nAccept: text/html\r\n\r\n")
    # The event loop takes what comes in its order.
    assert Browser().get(server.url("/open")).status == 204
    return clients


def answers(clients: list[socket.socket]) -> list[bytes]:
    return [b"".join(iter(lambda: client.recv(65536), b"")) for client in clients]


def test_others_go_on_while_keys_are_used(nginx):
    """A crowd asks for signatures by a key of 4096 bits, and who comes last does not wait for them."""
    server = nginx(site(main=ONE, http=THREADS, server=OPEN), POOL="saml", files=SLOW_FILES)
    assert all(answer.startswith(b"HTTP/1.1 302") for answer in answers(visitors(server, 100)))
    order = [line.split()[2] for line in server.access_log().splitlines()]
    assert order.index("204") < 80, order


@pytest.mark.smoke
@pytest.mark.parametrize("how", HOW)
def test_clients_leave_meanwhile(nginx, how):
    listens = """
        listen 127.0.0.1:@PORT2@ ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
    """
    tls = rsa_credential("tls")
    files = FILES | SLOW_FILES | {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem}
    server = nginx(site(main=ONE, http=THREADS, server=listens), POOL="saml", files=files)

    def leave(number: int) -> None:
        path = PAGE if number % 2 else "/saml/login"
        with asking(server, how, "GET", path, {"Accept": "text/html"}):
            pass

    with concurrent.futures.ThreadPoolExecutor(20) as crowd:
        list(crowd.map(leave, range(60)))
    assert ask_often(server, 5) == [302] * 5
    assert is_in(server, log_in(server, IDP, after_signing=seal(SLOW)))


def test_a_response_whose_client_leaves_is_judged(nginx, idp, browser):
    """An errand goes on: the session begins, although nobody hears of it."""
    http = THREADS + "saml_audit_log audit.log;"
    server = nginx(site(main=ONE, http=http), POOL="saml", files=SLOW_FILES)
    request = idp.asked(browser.get(server.url(PAGE)))
    body = urlencode(idp.form(request, Answer(after_signing=seal(SLOW)))).encode()
    headers = dict([cookie_header(browser), ("Content-Type", "application/x-www-form-urlencoded")])
    with asking(server, "close", "POST", "/saml/acs", headers, body):
        pass
    log = server.directory / "audit.log"
    server.wait_for(lambda: '"event":"login"' in log.read_text(), "a login")


def test_more_than_may_wait(nginx):
    """What does not find a place among those that wait is done at once."""
    server = nginx(site(main=ONE, http=THREADS), POOL="saml", files=SLOW_FILES)
    assert ask_often(server, 200) == [302] * 200


def test_a_queue_that_is_full(nginx):
    main = "worker_processes 1; thread_pool saml threads=1 max_queue=2;"
    server = nginx(site(main=main, http=THREADS), POOL="saml", files=SLOW_FILES)
    server.expected = "queue overflow"
    assert ask_often(server, 50) == [302] * 50


def test_reloads_meanwhile(nginx):
    server = nginx(site(main=ONE, http=THREADS), POOL="saml", files=FILES | SLOW_FILES)
    with concurrent.futures.ThreadPoolExecutor(1) as aside:
        for _ in range(3):
            asked = aside.submit(ask_often, server, 40)
            server.reload()
            assert asked.result() == [302] * 40


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGTERM])
def test_an_end_meanwhile(prepared, how):
    """nginx ends in order; who waits is answered first, but where it is told to be quick."""
    conf = site(main=ONE, http=THREADS, server=OPEN)
    server = prepared(conf, POOL="saml", files=SLOW_FILES).start()
    clients = visitors(server, 40)
    server.process.send_signal(how)
    if how == signal.SIGQUIT:
        assert all(answer.startswith(b"HTTP/1.1 302") for answer in answers(clients))
    assert ends_within(server.process, 10)
    assert not TROUBLE.search(server.error_log()), server.error_log()


def test_http2(nginx, idp):
    tls = rsa_credential("tls")
    files = SLOW_FILES | {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem}
    server = nginx(
        site(
            main=ONE,
            http=THREADS,
            server="listen 127.0.0.1:@PORT2@ ssl http2; ssl_certificate tls.crt; ssl_certificate_key tls.key;",
        ),
        POOL="saml",
        files=files,
    )

    async def journey():
        async with httpx.AsyncClient(http2=True, http1=False, verify=False, trust_env=False) as client:
            url = f"https://127.0.0.1:{server.ports[1]}/page.html"
            asked = [client.get(url, headers={"Accept": "text/html"}) for _ in range(50)]
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(journey()) == [302] * 50


def test_subrequests_never_pass(nginx, idp):
    """A guard that asks a protected location gets its 401 while logins are signed all around."""
    guard = "location /guarded { auth_request /page.html; alias html; }"
    server = nginx(site(main=ONE, http=THREADS, server=guard), POOL="saml", files=SLOW_FILES)
    with concurrent.futures.ThreadPoolExecutor(40) as crowd:
        paths = ["/page.html", "/guarded/page.html"] * 20
        pages = crowd.map(lambda path: (path, Browser().get(server.url(path))), paths)
        for path, page in pages:
            assert page.status == (302 if path == PAGE else 401), path
            assert "a page" not in page.text


MISTAKES = {
    "saml_crypto_threads nobody;": 'unknown thread pool "nobody"',
    "saml_crypto_threads default saml;": 'invalid number of arguments in "saml_crypto_threads"',
    "saml_crypto_threads;": 'invalid number of arguments in "saml_crypto_threads"',
    'saml_crypto_threads "";': '"saml_crypto_threads" must not be empty',
    "saml_crypto_threads off; saml_crypto_threads default;": '"saml_crypto_threads" directive is duplicate',
}


@pytest.mark.smoke
@pytest.mark.parametrize("line", MISTAKES)
def test_mistakes(prepared, line):
    good, said = prepared(site(http=line)).test()
    assert not good and MISTAKES[line] in said, said
    assert "nginx.conf:" in said
