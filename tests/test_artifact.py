"""HTTP-Artifact: nginx itself fetches the Response, over TLS or not, whatever comes back."""

import socket
import threading
import time
from dataclasses import replace

import pytest

from harness.artifact_idp import ArtifactIdp
from harness.browser import Browser
from harness.keys import rsa_credential
from harness.listener import Listener
from harness.logout import RESPONDER, enveloped
from harness.members import PAGE, is_in, log_in
from harness.message import NS, verify_enveloped
from harness.response import Answer, Attribute
from harness.site import site
from harness.soap_answers import FAULT, HTML, flood, octets, reset
from harness.soap_idp import header, http

CONF = site(
    main="worker_processes 1;",
    idp="response_binding artifact; @IDP@",
    sp="max_message_size 64k;",
    server="location /open { alias html; }",
)
SP = rsa_credential("sp")
TLS = rsa_credential("artifact endpoint")
TRUSTED = "artifact_ssl_trusted_certificate trusted.crt;"
SHOWN = f"{TRUSTED} artifact_ssl_certificate sp.crt; artifact_ssl_certificate_key sp.key;"
DEADLINE = 10  # seconds
UNSIGNED = Answer(sign=None)


@pytest.fixture
def artifact_idp(tmp_path):
    """`artifact_idp()`, or over TLS `artifact_idp(TLS)`."""
    made = []

    def make(tls=None, **options) -> ArtifactIdp:
        made.append(ArtifactIdp(tls, tmp_path, **options))
        return made[-1]

    yield make
    for idp in made:
        idp.stop()


def serve(nginx, idp: ArtifactIdp, settings: str = "", trusted=TLS):
    files = {"idp.xml": idp.idp.metadata(), "trusted.crt": trusted.certificate_pem}
    return nginx(CONF, files=files, IDP=settings)


def assert_in(server, idp: ArtifactIdp, answer: Answer = Answer()) -> Browser:
    browser = Browser()
    page = idp.login(browser, server.url(PAGE), answer)
    assert (page.status, page.location) == (303, server.url(PAGE)), page.text
    assert is_in(server, browser)
    return browser


def assert_refused(server, idp: ArtifactIdp, *reasons: str, answer: Answer = Answer()) -> None:
    """The page says so, the log says why, and nobody is in."""
    browser = Browser()
    page = idp.login(browser, server.url(PAGE), answer)
    assert page.status >= 400
    assert any(reason in page.text for reason in reasons), page.text
    assert any(f" saml: {reason}: " in server.error_log() for reason in reasons)
    assert "saml_session" not in browser.session.cookies
    assert not is_in(server, browser)


@pytest.mark.smoke
def test_https(nginx, artifact_idp):
    """Its own CA, the name in its certificate; the request as HTTP and SOAP want it."""
    idp = artifact_idp(TLS)
    server = serve(nginx, idp, TRUSTED)
    browser = Browser()
    asked = idp.idp.asked(browser.get(server.url(PAGE)))
    assert asked.xml.get("ProtocolBinding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
    assert_in(server, idp)
    assert idp.names == ["localhost"]
    (request,) = idp.requests
    verify_enveloped(request, SP.certificate)
    assert request.get("Destination") == idp.url
    assert request.findtext("saml:Issuer", namespaces=NS) == server.url("/saml/metadata")
    (head,) = idp.heads
    assert head.startswith("POST /artifact HTTP/1.1\r\n")
    assert header(head, "Host") == idp.authority
    assert header(head, "Content-Type") == "text/xml; charset=utf-8"
    assert header(head, "SOAPAction") == '"http://www.oasis-open.org/committees/security"'
    assert "no-store" in header(head, "Cache-Control")
    assert header(head, "Cookie") is None


def test_the_metadata_offers_it(nginx, artifact_idp):
    server = serve(nginx, artifact_idp())
    metadata = Browser().read(server.url("/saml/metadata")).text
    assert 'bindings:HTTP-Artifact" Location="' + server.url("/saml/acs") + '" index="1"/>' in metadata
    assert 'bindings:HTTP-POST" Location="' + server.url("/saml/acs") + '" index="0"' in metadata


@pytest.mark.parametrize("sign", ["assertion", "response", "both", None])
@pytest.mark.parametrize("around", [True, False])
def test_who_signs(nginx, artifact_idp, sign, around):
    """One signature of the three is enough, the channel is none."""
    idp = artifact_idp()
    idp.resolves = lambda resolution: replace(resolution, sign=around)
    server = serve(nginx, idp)
    if sign or around:
        assert_in(server, idp, Answer(sign=sign))
    else:
        assert_refused(server, idp, "signature_missing", answer=UNSIGNED)


def test_a_form(nginx, artifact_idp):
    idp = artifact_idp()
    server = serve(nginx, idp)
    browser = Browser()
    url, query = idp.begin(browser, server.url(PAGE)).split("?")
    fields = dict(pair.split("=") for pair in query.split("&"))
    fields["SAMLart"] = fields["SAMLart"].replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
    assert browser.post(url, fields).location == server.url(PAGE)


def test_it_is_fetched_once(nginx, artifact_idp):
    """The Back button of the browser goes to its page, anybody else gets nothing; nobody asks again."""
    idp = artifact_idp()
    server = serve(nginx, idp)
    browser, thief = Browser(), Browser()
    url = idp.begin(browser, server.url(PAGE))
    thief.session.cookies.update(browser.session.cookies)
    assert browser.get(url).status == 303
    assert browser.get(url).location == server.url(PAGE)
    page = thief.get(url)
    assert page.status == 400 and "artifact_used" in page.text
    assert len(idp.requests) == 1


def test_a_zone_that_is_full(nginx, artifact_idp):
    """Artifacts, which anybody can bring, take no room there; the IdP hands a message out once."""
    idp = artifact_idp()
    conf = CONF.replace("saml_idp corp", "saml_session_store small { zone small 256k; }\nsaml_idp corp")
    conf = conf.replace("max_message_size", "session_store small; max_message_size")
    server = nginx(conf, files={"idp.xml": idp.idp.metadata()}, IDP="")
    large = {"attributes": [Attribute("urn:x:large", ["x" * 2000])]}
    members = [log_in(server, idp.idp, name_id=f"member-{n}", **large) for n in range(120)]
    assert not is_in(server, members[0]), "there is room for all"
    browser, thief = Browser(), Browser()
    url = idp.begin(browser, server.url(PAGE))
    thief.session.cookies.update(browser.session.cookies)
    assert browser.get(url).status == 303 and is_in(server, browser)
    page = thief.get(url)
    assert page.status == 403 and "artifact_unknown" in page.text


def test_strangers_make_nobody_connect(nginx, artifact_idp):
    idp = artifact_idp()
    server = serve(nginx, idp)
    artifact = idp.artifact().replace("+", "%2B")
    stranger = Browser()
    page = stranger.get(server.url(f"/saml/acs?SAMLart={artifact}"))
    assert page.status == 400 and "request_unknown" in page.text
    elsewhere = idp.begin(Browser(), server.url(PAGE))
    assert stranger.get(elsewhere).status == 400
    assert idp.connections == 0


def test_an_endpoint_that_is_not_known(nginx, artifact_idp):
    """EndpointIndex and SourceID lead to what the metadata says, or nowhere."""
    idp = artifact_idp()
    server = serve(nginx, idp)
    for artifact, reason in [
        ({"index": 1}, "artifact_endpoint_unknown"),
        ({"entity_id": "https://nobody.example.org"}, "idp_unknown"),
    ]:
        browser = Browser()
        page = browser.get(idp.begin(browser, server.url(PAGE), **artifact))
        assert reason in page.text, page.text
    assert idp.connections == 0


def test_by_the_index(nginx, artifact_idp):
    """Of several endpoints the one whose number the artifact names."""
    first, second = artifact_idp(), artifact_idp()
    second.idp = replace(second.idp, artifact_urls=(first.url, second.url))
    server = serve(nginx, second)
    browser = Browser()
    assert browser.get(second.begin(browser, server.url(PAGE), index=1)).status == 303
    assert (len(first.requests), len(second.requests)) == (0, 1)


def test_by_hand(nginx, artifact_idp):
    idp = artifact_idp()
    idp.idp = replace(idp.idp, artifact_urls=())
    server = serve(nginx, idp, f"artifact_url {idp.url};")
    browser = Browser()
    assert browser.get(idp.begin(browser, server.url(PAGE), index=7)).status == 303


def test_an_idp_that_has_none(prepared, artifact_idp):
    """In its own block it is a mistake; as a default of the SP the others are asked for HTTP-POST."""
    idp = replace(artifact_idp().idp, artifact_urls=())
    files = {"idp.xml": idp.metadata()}
    good, output = prepared(CONF, files=files, IDP="").test()
    assert not good and '"response_binding artifact" needs' in output, output
    conf = CONF.replace("response_binding artifact;", "").replace("max_m", "response_binding artifact; max_m")
    server = prepared(conf, files=files, IDP="")
    assert server.test()[0]
    server.start()
    browser = Browser()
    assert idp.login(browser, server.url(PAGE)).status == 303


STRANGERS = {
    "signed by nobody we know": {"trusted": rsa_credential("another")},
    "not among the system's CAs": {"settings": ""},
    "for another name": {"host": "127.0.0.1"},
}


@pytest.mark.parametrize("which", STRANGERS)
def test_a_stranger_in_its_place(nginx, artifact_idp, which):
    """Nothing is said to a server that cannot show who it is."""
    options = {"settings": TRUSTED, **STRANGERS[which]}
    idp = artifact_idp(TLS, host=options.pop("host", ""))
    server = serve(nginx, idp, **options)
    server.expected = "certificate verify failed"
    assert_refused(server, idp, "idp_unreachable")
    assert idp.connections == 1 and idp.heads == []


def test_mutual_tls(nginx, artifact_idp):
    """This host shows its certificate to who asks for one."""
    idp = artifact_idp(TLS, shown_to=SP)
    assert_in(serve(nginx, idp, SHOWN), idp)


def test_mutual_tls_without_a_certificate(nginx, artifact_idp):
    idp = artifact_idp(TLS, shown_to=SP)
    server = serve(nginx, idp, TRUSTED)
    assert_refused(server, idp, "idp_unreachable")
    assert idp.heads == []


def test_mutual_tls_with_another_certificate(nginx, artifact_idp):
    idp = artifact_idp(TLS, shown_to=rsa_credential("another client"))
    assert_refused(serve(nginx, idp, SHOWN), idp, "idp_unreachable")
    assert idp.heads == []


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (SHOWN.replace("sp.key", "trusted.crt"), "artifact_ssl_certificate"),
        (SHOWN.replace("certificate sp.crt", "certificate nothing.crt"), "cannot read"),
        (SHOWN.replace("artifact_ssl_certificate sp.crt;", ""), "go together"),
        (TRUSTED.replace("trusted.crt", "sp.key"), "artifact_ssl_trusted_certificate"),
    ],
)
def test_files_that_do_not_do(prepared, artifact_idp, settings, word):
    idp = artifact_idp(TLS)
    files = {"idp.xml": idp.idp.metadata(), "trusted.crt": TLS.certificate_pem}
    good, output = prepared(CONF, files=files, IDP=settings).test()
    assert not good and "[emerg]" in output and word in output and "nginx.conf:" in output, output


def test_nobody_there(nginx, artifact_idp):
    idp = artifact_idp()
    server = serve(nginx, idp)
    idp.stop()
    assert_refused(server, idp, "idp_unreachable")
    assert "Connection refused" in server.error_log()


# What the ArtifactResponse says wrongly, and the reason; signed or not.
LIES = {
    "to another request": ({"in_response_to": "_another"}, "in_response_to_mismatch"),
    "to no request": ({"in_response_to": None}, "in_response_to_missing"),
    "for another address": ({"destination": "https://elsewhere.example.org/"}, "destination_mismatch"),
    "by another": ({"issuer": "https://nobody.example.org"}, "issuer_mismatch"),
    "old": ({"issue_instant": -3600}, "artifact_response_stale"),
    "early": ({"issue_instant": 3600}, "issue_instant_future"),
    "failed": ({"status": RESPONDER, "message": b""}, "artifact_not_resolved"),
    "empty": ({"message": b""}, "artifact_unknown"),
}


@pytest.mark.parametrize("sign", [True, False])
@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_answer(nginx, artifact_idp, lie, sign):
    changes, reason = LIES[lie]
    idp = artifact_idp()
    idp.resolves = lambda resolution: replace(resolution, sign=sign, **changes)
    assert_refused(serve(nginx, idp), idp, reason)


def test_a_strangers_signature(nginx, artifact_idp):
    idp = artifact_idp()
    stranger = rsa_credential("stranger")
    idp.resolves = lambda resolution: replace(resolution, sign=True, credential=stranger)
    server = serve(nginx, idp)
    assert_refused(server, idp, "signature_invalid")
    assert_refused(server, idp, "signature_invalid", answer=UNSIGNED)


def test_what_was_changed_under_its_signature(nginx, artifact_idp):
    idp = artifact_idp()
    idp.resolves = lambda resolution: replace(
        resolution, sign=True, after_signing=lambda xml: xml.replace(b"alice@", b"admin@")
    )
    assert_refused(serve(nginx, idp), idp, "digest_mismatch", answer=UNSIGNED)


def test_the_response_is_judged_as_any_other(nginx, artifact_idp):
    idp = artifact_idp()
    idp.resolves = lambda resolution: replace(resolution, sign=True)
    server = serve(nginx, idp)
    for changes, reason in [
        ({"audience": "https://other.example.org"}, "audience_mismatch"),
        ({"in_response_to": "_other"}, "request_unknown"),
        ({"recipient": "https://other.example.org/acs"}, "recipient_mismatch"),
        ({"response_issuer": "https://other.example.org"}, "issuer_mismatch"),
        ({"issuer": "https://other.example.org"}, "issuer_mismatch"),
        ({"status": RESPONDER, "with_assertion": False}, "status_not_success"),
    ]:
        assert_refused(server, idp, reason, answer=Answer(sign=None, **changes))


# What is sent instead of an ArtifactResponse by HTTP, and the reason.
HOSTILE = {
    "status 500 with a fault": (octets(http(FAULT, "500 Oops")), "soap_fault"),
    "status 500": (octets(http(HTML, "500 Oops")), "artifact_not_resolved"),
    "the right body, the wrong status": (
        lambda envelope, _: http(envelope, "403 Forbidden"),
        "artifact_not_resolved",
    ),
    "a fault with status 200": (octets(http(FAULT)), "soap_fault"),
    "an HTML page": (octets(http(HTML)), "xml_doctype"),
    "an empty body": (octets(http(b"")), "xml_malformed"),
    "an empty envelope": (octets(http(enveloped(b""))), "soap_invalid"),
    "garbage": (octets(b"\x00\xff" * 1000), "idp_unreachable"),
    "closed at once": (octets(b""), "idp_unreachable"),
    "closed in the body": (lambda envelope, _: http(envelope)[:-1], "idp_unreachable"),
    "reset": (reset, "idp_unreachable"),
    "too large": (lambda e, _: http(e + b" " * (1 << 16)), "idp_unreachable"),
    "a large body announced": (
        octets(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 40)),
        "idp_unreachable",
    ),
    "endless headers": (flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "idp_unreachable"),
    "an endless body": (flood(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 1000), "idp_unreachable"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_answer(nginx, artifact_idp, what):
    """Long before the deadline."""
    idp = artifact_idp()
    idp.sends, reason = HOSTILE[what]
    server = serve(nginx, idp)
    begun = time.monotonic()
    assert_refused(server, idp, reason)
    assert time.monotonic() - begun < DEADLINE / 2


def test_a_redirect_is_not_followed(nginx, artifact_idp):
    elsewhere, idp = Listener(), artifact_idp()
    location = f"Location: {elsewhere.url}/"
    idp.sends = lambda envelope, connection: http(envelope, "307 Temporary Redirect", location)
    assert_refused(serve(nginx, idp), idp, "artifact_not_resolved")
    assert elsewhere.hits == [] and idp.connections == 1
    elsewhere.stop()


def half_a_head(envelope: bytes, connection) -> None:
    connection.sendall(b"HTTP/1.1 2")
    time.sleep(3 * DEADLINE)


def trickle(envelope: bytes, connection) -> None:
    """Never silent for long, never done."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(envelope))
    while True:
        connection.sendall(b" ")
        time.sleep(0.3)


SLOW = [lambda envelope, connection: time.sleep(3 * DEADLINE), half_a_head, trickle]


@pytest.mark.parametrize("tls", [None, TLS], ids=["http", "https"])
def test_an_idp_that_never_answers(nginx, artifact_idp, tls):
    """One deadline for everything, whatever comes meanwhile; nobody else waits."""
    idp = artifact_idp(tls)
    server = serve(nginx, idp, TRUSTED if tls else "")
    ways = [*SLOW, None] if tls else SLOW  # None: not even a handshake
    took = []

    def come(browser, url):
        begun = time.monotonic()
        page = browser.get(url)
        assert page.status == 503 and "idp_unreachable" in page.text, page.text
        took.append(time.monotonic() - begun)

    threads = []
    for way in ways:
        browser = Browser()
        url = idp.begin(browser, server.url(PAGE))
        idp.sends = way
        idp.greets = (lambda connection: None) if way else (lambda connection: time.sleep(3 * DEADLINE))
        threads.append(threading.Thread(target=come, args=(browser, url)))
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


def test_an_idp_that_does_not_take_the_connection(nginx, artifact_idp):
    """Its backlog is full: connecting takes as long as everything may."""
    idp = artifact_idp()
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    address = full.getsockname()
    waiting = [socket.socket() for _ in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(address)
    idp.idp = replace(idp.idp, artifact_urls=(f"http://127.0.0.1:{address[1]}/artifact",))
    server = serve(nginx, idp)
    begun = time.monotonic()
    assert_refused(server, idp, "idp_unreachable")
    assert DEADLINE - 1 < time.monotonic() - begun < DEADLINE + 2
    assert "connecting takes longer than" in server.error_log()
    for one in [full, *waiting]:
        one.close()


def test_a_browser_that_leaves(nginx, artifact_idp):
    """The login goes on to its end; the artifact is used, and nothing is left behind."""
    idp = artifact_idp()
    idp.greets = lambda connection: time.sleep(1)
    server = serve(nginx, idp)
    browser = Browser()
    path = idp.begin(browser, server.url(PAGE)).removeprefix(server.url(""))
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.session.cookies)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n".encode())
        server.wait_for(lambda: idp.connections == 1, "the connection")
    server.wait_for(lambda: idp.heads, "the request")
    server.wait_for(lambda: "GET /saml/acs" in server.access_log(), "the end of the request")
    assert "artifact_used" in browser.get(server.url(path)).text


def test_reload_while_waiting(nginx, artifact_idp):
    """The old worker ends only when everybody has their answer."""
    idp = artifact_idp(TLS)
    server = serve(nginx, idp, TRUSTED)
    idp.greets = lambda connection: time.sleep(1.5)
    browser, pages = Browser(), []
    url = idp.begin(browser, server.url(PAGE))
    thread = threading.Thread(target=lambda: pages.append(browser.get(url)))
    thread.start()
    server.wait_for(lambda: idp.connections == 1, "the connection")
    server.reload()
    thread.join()
    assert [page.location for page in pages] == [server.url(PAGE)]
    idp.greets = lambda connection: None
    assert_in(server, idp)
