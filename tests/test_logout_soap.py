"""nginx itself asks the IdP by SOAP, while the browser waits: over TLS, and whatever comes back."""

import socket
import threading
import time
from dataclasses import replace

import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.listener import Listener
from harness.logout import PARTIAL_LOGOUT, RESPONDER, enveloped
from harness.members import is_in, log_in
from harness.message import verify_enveloped
from harness.site import site
from harness.soap_answers import FAULT, HTML, flood, octets, reset
from harness.soap_idp import SoapIdp, header, http

CONF = site(
    main="worker_processes 1;",
    idp="@IDP@",
    sp="""
        logout_redirect /bye.html;
        max_message_size 64k;
    """,
    server="location /open { alias html; }",
)
SP = rsa_credential("sp").certificate
TLS = rsa_credential("soap endpoint")
TRUSTED = "slo_ssl_trusted_certificate trusted.crt;"
DEADLINE = 10  # seconds


@pytest.fixture
def soap_idp(tmp_path):
    """`soap_idp()`, or over TLS `soap_idp(TLS)`."""
    made = []

    def make(tls=None, host: str = "") -> SoapIdp:
        made.append(SoapIdp(tls, tmp_path, host))
        return made[-1]

    yield make
    for idp in made:
        idp.stop()


def serve(nginx, idp: Idp, settings: str = "", trusted=TLS):
    files = {"idp.xml": idp.metadata(), "trusted.crt": trusted.certificate_pem}
    return nginx(CONF, files=files, IDP=settings)


def log_out(server, member):
    return member.get(server.url("/saml/logout"))


def assert_out_everywhere(server, member) -> None:
    page = log_out(server, member)
    assert (page.status, page.location) == (303, server.url("/bye.html")), page.text
    assert not is_in(server, member)


def assert_out_here_only(server, member, *reasons: str) -> None:
    """The page says so, and where to go; the log says why."""
    thief = Browser()
    thief.session.cookies.update(member.session.cookies)
    page = log_out(server, member)
    assert page.status >= 400
    assert "signed out here only" in page.text and f'href="{server.url("/bye.html")}"' in page.text
    assert any(reason in page.text for reason in reasons), page.text
    assert any(f" saml: {reason}: " in server.error_log() for reason in reasons)
    assert "saml_session" not in member.session.cookies
    assert not is_in(server, thief)


@pytest.mark.smoke
def test_https(nginx, soap_idp):
    """Its own CA, the name in its certificate; the request as HTTP and SOAP want it."""
    idp = soap_idp(TLS)
    server = serve(nginx, idp.idp, TRUSTED)
    assert_out_everywhere(server, log_in(server, idp.idp))
    assert idp.names == ["localhost"]
    (request,) = idp.requests
    verify_enveloped(request, SP)
    assert request.get("Destination") == idp.idp.slo_url
    (head,) = idp.heads
    assert head.startswith("POST /slo/soap?a=b HTTP/1.1\r\n")
    assert header(head, "Host") == idp.authority
    assert header(head, "Connection") == "close"
    assert header(head, "Content-Type") == "text/xml; charset=utf-8"
    assert header(head, "SOAPAction") == '"http://www.oasis-open.org/committees/security"'
    assert "no-store" in header(head, "Cache-Control")
    assert header(head, "Cookie") is None


def test_trust_for_all_idps(nginx, soap_idp):
    """As a default in the saml_sp."""
    idp = soap_idp(TLS)
    conf = CONF.replace("max_message_size", f"{TRUSTED} max_message_size")
    files = {"idp.xml": idp.idp.metadata(), "trusted.crt": TLS.certificate_pem}
    server = nginx(conf, files=files, IDP="")
    assert_out_everywhere(server, log_in(server, idp.idp))


STRANGERS = {
    "signed by nobody we know": {"trusted": rsa_credential("another")},
    "not among the system's CAs": {"settings": ""},
    "for another name": {"host": "127.0.0.1"},
}


@pytest.mark.parametrize("which", STRANGERS)
def test_a_stranger_in_its_place(nginx, soap_idp, which):
    """Nothing is said to a server that cannot show who it is."""
    host = STRANGERS[which].get("host", "")
    idp = soap_idp(TLS, host)
    options = {name: value for name, value in STRANGERS[which].items() if name != "host"}
    server = serve(nginx, idp.idp, **{"settings": TRUSTED, **options})
    server.expected = "certificate verify failed"
    assert_out_here_only(server, log_in(server, idp.idp), "idp_unreachable")
    assert idp.connections == 1 and idp.heads == []
    assert f"{idp.authority}: its certificate is not accepted" in server.error_log()


def test_nobody_there(nginx, soap_idp):
    idp = soap_idp()
    server = serve(nginx, idp.idp)
    member = log_in(server, idp.idp)
    idp.stop()
    assert_out_here_only(server, member, "idp_unreachable")
    assert "Connection refused" in server.error_log()


def test_no_tls_there(nginx, soap_idp):
    idp = soap_idp()
    https = replace(idp.idp, slo_url=idp.idp.slo_url.replace("http:", "https:"))
    server = serve(nginx, https, TRUSTED)
    assert_out_here_only(server, log_in(server, https), "idp_unreachable")


def test_partly(nginx, soap_idp):
    idp = soap_idp()
    idp.says = lambda answer: replace(answer, sub_status=PARTIAL_LOGOUT)
    server = serve(nginx, idp.idp)
    page = log_out(server, log_in(server, idp.idp))
    assert page.status == 200 and "not everywhere" in page.text


def chunked(octets: bytes, size: int) -> bytes:
    pieces = [octets[at : at + size] for at in range(0, len(octets), size)]
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nA: b\r\n\r\n"


def drip(envelope: bytes, connection) -> None:
    for octet in http(envelope):
        connection.sendall(bytes([octet]))
        time.sleep(0.0001)


def wait(envelope: bytes, connection) -> bytes:
    """And stays connected afterwards: the length says that it was all."""
    connection.sendall(http(envelope))
    connection.recv(1)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
WELL = {
    "chunked": lambda envelope, connection: CHUNKED + chunked(envelope, 1000),
    "until it is closed": lambda envelope, connection: b"HTTP/1.0 200 OK\r\n\r\n" + envelope,
    "after an interim answer": lambda envelope, connection: b"HTTP/1.1 100 Continue\r\n\r\n" + http(envelope),
    "octet by octet": drip,
    "kept open": wait,
}  # fmt: skip


@pytest.mark.parametrize("tls", [None, TLS], ids=["http", "https"])
@pytest.mark.parametrize("how", WELL)
def test_ways_to_answer(nginx, soap_idp, how, tls):
    idp = soap_idp(tls)
    idp.sends = WELL[how]
    server = serve(nginx, idp.idp, TRUSTED if tls else "")
    begun = time.monotonic()
    assert_out_everywhere(server, log_in(server, idp.idp))
    assert time.monotonic() - begun < DEADLINE / 2


# What the LogoutResponse says wrongly, and the reason.
LIES = {
    "unsigned": ({"sign": False}, "logout_response_unsigned"),
    "a stranger's key": ({"credential": rsa_credential("stranger")}, "signature_invalid"),
    "to another request": ({"in_response_to": "_another"}, "in_response_to_mismatch"),
    "to no request": ({"in_response_to": None}, "in_response_to_missing"),
    "for another address": ({"destination": "https://elsewhere.example.org/"}, "destination_mismatch"),
    "by another": ({"issuer": "https://nobody.example.org"}, "issuer_mismatch"),
    "old": ({"issue_instant": -3600}, "logout_response_stale"),
    "failed": ({"status": RESPONDER}, "logout_failed"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_response(nginx, soap_idp, lie):
    changes, reason = LIES[lie]
    idp = soap_idp()
    idp.says = lambda answer: replace(answer, **changes)
    server = serve(nginx, idp.idp)
    assert_out_here_only(server, log_in(server, idp.idp), reason)


def test_the_destination_of_the_response(nginx, soap_idp):
    """It need not have one; when it has, it is our saml_sls."""
    idp = soap_idp()
    server = serve(nginx, idp.idp)
    idp.says = lambda answer: replace(answer, destination=server.url("/saml/sls"))
    assert_out_everywhere(server, log_in(server, idp.idp))


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
# What is sent instead of a LogoutResponse by HTTP, and the reason.
HOSTILE = {
    "status 500 with a fault": (octets(http(FAULT, "500 Oops")), "soap_fault"),
    "status 500": (octets(http(HTML, "500 Oops")), "logout_failed"),
    "status 404": (octets(http(b"", "404 Not Found")), "logout_failed"),
    "no content": (octets(b"HTTP/1.1 204 No Content\r\n\r\n"), "logout_failed"),
    "the right body, the wrong status": (lambda envelope, _: http(envelope, "403 Forbidden"), "logout_failed"),
    "a fault with status 200": (octets(http(FAULT)), "soap_fault"),
    "an HTML page": (octets(http(HTML)), "xml_"),
    "an empty body": (octets(http(b"")), "xml_"),
    "an empty envelope": (octets(http(enveloped(b""))), "soap_invalid"),
    "garbage": (octets(b"\x00\xff" * 1000), "idp_unreachable"),
    "no HTTP": (lambda envelope, _: envelope, "idp_unreachable"),
    "closed at once": (octets(b""), "idp_unreachable"),
    "closed in the head": (octets(b"HTTP/1.1 200 OK\r\nConte"), "idp_unreachable"),
    "closed in the body": (lambda envelope, _: http(envelope)[:-1], "idp_unreachable"),
    "closed in a chunk": (lambda envelope, _: CHUNKED + chunked(envelope, 1000)[:-30], "idp_unreachable"),
    "reset": (reset, "idp_unreachable"),
    "two lengths": (lambda envelope, _: http(envelope, "200 OK", "Content-Length: 5"), "idp_unreachable"),
    "length and chunks": (lambda e, _: http(e, "200 OK", "Transfer-Encoding: chunked"), "idp_unreachable"),
    "compressed": (lambda envelope, _: http(envelope, "200 OK", "Content-Encoding: gzip"), "idp_unreachable"),
    "a large body announced": (octets(SIZED % (1 << 40)), "idp_unreachable"),
    "an endless head": (flood(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1000), "idp_unreachable"),
    "endless headers": (flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "idp_unreachable"),
    "endless interim answers": (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "idp_unreachable"),
    "an endless body": (flood(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 1000), "idp_unreachable"),
    "endless chunks": (flood(CHUNKED, b"1\r\n \r\n" * 100), "idp_unreachable"),
    "an endless chunk": (flood(CHUNKED + b"ffffffffffffffff\r\n", b" " * 1000), "idp_unreachable"),
    "an endless chunk size": (flood(CHUNKED, b"0"), "idp_unreachable"),
    "an endless chunk extension": (flood(CHUNKED + b"1;", b"x" * 100), "idp_unreachable"),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_answer(nginx, soap_idp, what):
    """Long before the deadline."""
    idp = soap_idp()
    idp.sends, reason = HOSTILE[what]
    server = serve(nginx, idp.idp)
    member = log_in(server, idp.idp)
    if reason == "xml_":
        reason = "xml_malformed", "xml_doctype"
    begun = time.monotonic()
    assert_out_here_only(server, member, *([reason] if isinstance(reason, str) else reason))
    assert time.monotonic() - begun < DEADLINE / 2


# An error page that does not come whole, or is none: what the log must say all the same.
UNFINISHED = {
    "closed in the body": octets(http(HTML, "502 Bad Gateway")[:-5]),
    "closed in the head": octets(b"HTTP/1.1 502 Bad Gateway\r\nConte"),
    "compressed": octets(http(HTML, "502 Bad Gateway", "Content-Encoding: gzip")),
    "larger than any message": octets(SIZED.replace(b"200 OK", b"502 Bad Gateway") % (1 << 40)),
}


@pytest.mark.parametrize("what", UNFINISHED)
def test_the_status_of_an_answer_that_ends_early(nginx, soap_idp, what):
    idp = soap_idp()
    idp.sends = UNFINISHED[what]
    server = serve(nginx, idp.idp)
    assert_out_here_only(server, log_in(server, idp.idp), "idp_unreachable")
    assert "(its HTTP status is 502)" in server.error_log()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent"])
def test_a_redirect_is_not_followed(nginx, soap_idp, status):
    elsewhere, idp = Listener(), soap_idp()
    idp.sends = lambda envelope, connection: http(envelope, status, f"Location: {elsewhere.url}/")
    server = serve(nginx, idp.idp)
    assert_out_here_only(server, log_in(server, idp.idp), "logout_failed")
    assert elsewhere.hits == [] and idp.connections == 1
    elsewhere.stop()


def trickle(envelope: bytes, connection) -> None:
    """Never silent for long, never done."""
    connection.sendall(SIZED % len(envelope))
    while True:
        connection.sendall(b" ")
        time.sleep(0.3)


def half_a_head(envelope: bytes, connection) -> None:
    connection.sendall(b"HTTP/1.1 2")
    time.sleep(3 * DEADLINE)


SLOW = {
    "silent": lambda envelope, connection: time.sleep(3 * DEADLINE),
    "half a head": half_a_head,
    "trickling": trickle,
}


@pytest.mark.parametrize("tls", [None, TLS], ids=["http", "https"])
def test_an_idp_that_never_answers(nginx, soap_idp, tls):
    """One deadline for everything, whatever comes meanwhile; nobody else waits."""
    idp = soap_idp(tls)
    server = serve(nginx, idp.idp, TRUSTED if tls else "")
    members = [log_in(server, idp.idp, f"_{n}") for n in range(4)]
    ways = list(SLOW.values())
    if tls:
        ways.append(None)  # not even a handshake
    took = []

    def leave(member):
        begun = time.monotonic()
        assert_out_here_only(server, member, "idp_unreachable")
        took.append(time.monotonic() - begun)

    threads = []
    for way, member in zip(ways, members):
        idp.sends = way
        idp.greets = (lambda connection: None) if way else (lambda connection: time.sleep(3 * DEADLINE))
        threads.append(threading.Thread(target=leave, args=(member,)))
        threads[-1].start()
        server.wait_for(lambda: idp.connections == len(threads), "the request")
        time.sleep(0.2)
    slowest = 0.0
    while any(thread.is_alive() for thread in threads):
        begun = time.monotonic()
        assert Browser().get(server.url("/open/page.html")).status == 200
        slowest = max(slowest, time.monotonic() - begun)
    for thread in threads:
        thread.join()
    assert len(took) == len(ways), "somebody was not told"
    assert all(DEADLINE - 1 < seconds < DEADLINE + 2 for seconds in took), took
    assert slowest < 0.5
    stages = ["the answer", "the answer", "the body of the answer", "the TLS handshake"][: len(ways)]
    log = server.error_log()
    assert all(f"{idp.authority}: {stage} takes longer than 10000 ms" in log for stage in stages)


def delayed(seconds: float):
    def send(envelope, connection):
        time.sleep(seconds)
        return http(envelope)

    return send


def in_background(server, idp: SoapIdp, count: int = 3):
    """Members who wait for the IdP, and the list that their pages come to."""
    pages = []
    members = [log_in(server, idp.idp, f"_{n}") for n in range(count)]
    threads = [
        threading.Thread(target=lambda member=member: pages.append(log_out(server, member)))
        for member in members
    ]
    for thread in threads:
        thread.start()
    server.wait_for(lambda: len(idp.heads) == count, "the requests")
    return threads, pages


@pytest.mark.parametrize("tls", [None, TLS], ids=["http", "https"])
def test_reload_while_waiting(nginx, soap_idp, tls):
    """The old worker ends only when everybody has their answer."""
    idp = soap_idp(tls)
    idp.sends = delayed(1.5)
    server = serve(nginx, idp.idp, TRUSTED if tls else "")
    threads, pages = in_background(server, idp)
    server.reload()
    for thread in threads:
        thread.join()
    assert [page.location for page in pages] == [server.url("/bye.html")] * 3
    idp.sends = delayed(0)
    assert_out_everywhere(server, log_in(server, idp.idp))


def test_quit_while_waiting(nginx, soap_idp):
    idp = soap_idp()
    idp.sends = delayed(1.5)
    server = serve(nginx, idp.idp)
    threads, pages = in_background(server, idp)
    server.process.send_signal(3)
    server.process.wait(8)
    for thread in threads:
        thread.join()
    assert [page.location for page in pages] == [server.url("/bye.html")] * 3
    assert "open socket" not in server.error_log()
    server.start()


def test_worker_shutdown_timeout(nginx, soap_idp):
    """nginx's own limit holds for what nginx asks, too."""
    idp = soap_idp(TLS)
    idp.sends = delayed(DEADLINE)
    files = {"idp.xml": idp.idp.metadata(), "trusted.crt": TLS.certificate_pem}
    server = nginx(f"worker_shutdown_timeout 1s; {CONF}", files=files, IDP=TRUSTED)
    member = log_in(server, idp.idp)
    cookie = f"saml_session={member.session.cookies['saml_session']}"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(f"GET /saml/logout HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        server.wait_for(lambda: idp.heads, "the request")
        server.process.send_signal(3)
        server.process.wait(DEADLINE / 2)
    assert "nginx is shutting down" in server.error_log()
    server.start()


def test_a_browser_that_leaves(nginx, soap_idp):
    """The IdP is asked all the same; nothing is left behind."""
    idp = soap_idp(TLS)
    idp.greets = lambda connection: time.sleep(1)
    server = serve(nginx, idp.idp, TRUSTED)
    member = log_in(server, idp.idp)
    cookie = f"saml_session={member.session.cookies['saml_session']}"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(f"GET /saml/logout HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        server.wait_for(lambda: idp.connections == 1, "the connection")
    assert idp.heads == []
    server.wait_for(lambda: idp.heads, "the request")
    server.wait_for(lambda: "GET /saml/logout 303" in server.access_log(), "the end of the request")
    assert not is_in(server, member)


@pytest.mark.parametrize("given", ["slo_binding soap;", "slo_url https://idp.invalid/soap; slo_binding soap;", ""])
def test_an_endpoint_without_an_address(prepared, given):
    """`nginx -t` knows, and says where the endpoint comes from."""
    idp = Idp(slo=("SOAP",), slo_url="https://idp.invalid/slo")
    server = prepared(CONF, files={"idp.xml": idp.metadata()}, IDP=given)
    good, output = server.test()
    assert not good
    for words in ("[emerg]", "https://idp.invalid", '"corp"', "slo_binding", "slo_url", "nginx.conf:"):
        assert words in output, output


def test_an_endpoint_that_is_not_chosen(prepared):
    """Nobody looks up its name."""
    idp = Idp(slo=("HTTP-Redirect", "SOAP"), slo_url="https://idp.invalid/slo")
    server = prepared(CONF, files={"idp.xml": idp.metadata()}, IDP="")
    assert server.test()[0]


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_that_is_no_certificate(prepared, content):
    idp = Idp(slo=("SOAP",), slo_url="https://localhost/slo")
    files = {"idp.xml": idp.metadata()}
    if content is not None:
        files["trusted.crt"] = content
    good, output = prepared(CONF, files=files, IDP=TRUSTED).test()
    assert not good
    assert "slo_ssl_trusted_certificate" in output and "nginx.conf:" in output, output


@pytest.mark.parametrize("url", ["http://127.0.0.1/slo", None])
def test_trust_of_no_use(prepared, url):
    idp = Idp(slo=("SOAP",), slo_url=url) if url else Idp()
    files = {"idp.xml": idp.metadata(), "trusted.crt": TLS.certificate_pem}
    good, output = prepared(CONF, files=files, IDP=TRUSTED).test()
    assert good
    assert "[warn]" in output and "slo_ssl_trusted_certificate" in output, output
