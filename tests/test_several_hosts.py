"""One SP at several hosts: whoever is at one stays there, and is a stranger at the others."""

import socket

import httpx
import pytest
from lxml import etree

from harness.browser import Browser, Towards
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.logout import LogoutRequest, assert_success, send
from harness.message import NS, read_redirect
from harness.refusal import assert_refused
from harness.response import Answer
from harness.simplesamlphp import SimpleSamlPhp

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; @IDP@ }
    saml_sp app {
        base_url http://a.example:@PORT@ http://b.example:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        logout_redirect /bye.html;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        server_name a.example;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
        location = /bye.html { return 200 "bye $host"; }
    }
    server {
        listen 127.0.0.1:@PORT@;
        server_name b.example c.example;
        include saml-endpoints.conf;
        location / { auth_saml app; add_header X-User $saml_name_id; root html; }
        location /public/ { auth_saml app; auth_saml_mode optional; try_files /page.html =404; }
        location = /who { return 200 "$saml_authenticated $saml_error"; }
        location /checked/ { auth_request /guard; try_files /page.html =404; }
        location = /guard { auth_saml app; return 204; }
        location = /bye.html { return 200 "bye $host"; }
    }
}
"""
A, B, C = "a.example", "b.example", "c.example"


class Host:
    """One of the names of a server."""

    def __init__(self, server, name: str):
        self.server = server
        self.origin = f"http://{name}:{server.port}"

    def url(self, path: str = "/page.html") -> str:
        return self.origin + path


@pytest.fixture
def start(nginx):
    def start(metadata: str | None = None, **values: str):
        files = {"idp.xml": metadata} if metadata else {}
        server = nginx(CONF, files=files, **{"IDP": "", "SP": "", **values})
        return [Host(server, name) for name in (A, B, C)]

    return start


@pytest.fixture
def hosts(start):
    return start()


@pytest.fixture
def browser(hosts):
    return visitor(hosts)


def visitor(hosts) -> Browser:
    """A browser for which all of the names are this server."""
    browser = Browser()
    for host in hosts:
        browser.session.mount(host.origin, Towards("127.0.0.1"))
    return browser


def is_in(browser, host) -> bool:
    page = browser.get(host.url())
    assert page.status in (200, 302), page.text
    return page.status == 200


def cookie_hosts(browser, name: str) -> set[str]:
    return {cookie.domain for cookie in browser.session.cookies if cookie.name.startswith(name)}


@pytest.mark.smoke
def test_a_login_stays_at_its_host(hosts, idp, browser):
    for here, other in ((hosts[1], hosts[0]), (hosts[0], hosts[1])):
        browser = visitor(hosts)
        page = browser.get(here.url("/page.html?x=1"))
        request = idp.asked(page)
        assert request.acs_url == here.url("/saml/acs")
        assert request.issuer == "https://sp.example.org/entity"
        answer = browser.post(request.acs_url, idp.form(request))
        assert (answer.status, answer.location) == (303, here.url("/page.html?x=1"))
        assert {f"http://{domain}:{here.server.port}" for domain in cookie_hosts(browser, "")} == {
            here.origin
        }
        assert is_in(browser, here) and not is_in(browser, other)


def test_the_session_of_one_host_is_none_at_another(hosts, idp, browser):
    """Its cookie, copied by hand."""
    a, b, _ = hosts
    assert idp.login(browser, b.url()).status == 303
    (token,) = [c.value for c in browser.session.cookies if c.name == "saml_session"]
    sent = {"Cookie": f"saml_session={token}"}
    assert visitor(hosts).get(b.url(), headers=sent).status == 200
    assert visitor(hosts).get(a.url(), headers=sent).status == 302


def test_a_login_of_one_host_is_answered_there_alone(hosts, idp, browser):
    """The Response for a goes to b, with the cookies of a and with those of b."""
    a, b, _ = hosts
    request = idp.asked(browser.get(a.url()))
    page = browser.post(b.url("/saml/acs"), idp.form(request))
    assert_refused(b.server, page, "request_unknown")
    stolen = "; ".join(f"{c.name}={c.value}" for c in browser.session.cookies)
    page = browser.post(b.url("/saml/acs"), idp.form(request), headers={"Cookie": stolen})
    assert_refused(b.server, page, "request_unknown")
    assert not is_in(browser, b)


@pytest.mark.parametrize(
    "answer, code",
    [("destination", "destination_mismatch"), ("recipient", "recipient_mismatch")],
)
def test_a_response_for_another_host(hosts, idp, browser, answer, code):
    a, b, _ = hosts
    request = idp.asked(browser.get(b.url()))
    wrong = Answer(sign="both", **{answer: a.url("/saml/acs")})
    page = browser.post(b.url("/saml/acs"), idp.form(request, wrong))
    line = assert_refused(b.server, page, code)
    assert a.url("/saml/acs") in line and b.url("/saml/acs") in line
    assert not is_in(browser, b)


def test_an_assertion_for_both_hosts_is_used_once(start, idp):
    """Two SubjectConfirmations: the second Recipient is the other host's ACS."""
    hosts = start(IDP="allow_unsolicited on;")
    a, b, _ = hosts
    request = idp.asked(visitor(hosts).get(a.url()))

    def for_both(document):
        confirmation = document.find(".//saml:SubjectConfirmation", NS)
        copy = etree.fromstring(etree.tostring(confirmation))
        copy.find("saml:SubjectConfirmationData", NS).set("Recipient", b.url("/saml/acs"))
        confirmation.addnext(copy)

    answer = Answer(in_response_to=None, destination=None, before_signing=for_both)
    form = idp.form(request, answer)
    assert visitor(hosts).post(a.url("/saml/acs"), form).status == 303
    page = visitor(hosts).post(b.url("/saml/acs"), form)
    assert_refused(b.server, page, "assertion_replayed")


def test_a_host_that_is_none_of_them(hosts, idp, browser):
    a, b, c = hosts
    page = browser.get(c.url())
    line = assert_refused(c.server, page, "host_unknown")
    assert page.status == 421 and page.location is None and not page.set_cookie
    assert c.origin.removeprefix("http://") in line
    assert a.origin in line and b.origin in line
    assert a.origin not in page.text and b.origin not in page.text


def test_a_scanner_there_is_no_error(hosts, browser):
    """A person's browser is: somebody has led it there."""
    server, c = hosts[2].server, hosts[2]
    for headers, level in (({"Sec-Fetch-Mode": None, "Accept": "*/*"}, "warn"), ({}, "error")):
        page = browser.get(c.url(), headers=headers)
        assert f"[{level}]" in assert_refused(server, page, "host_unknown")


def test_no_session_gets_in_there(hosts, idp, browser):
    _, b, c = hosts
    idp.login(browser, b.url())
    cookies = "; ".join(f"{x.name}={x.value}" for x in browser.session.cookies)
    sent = {"Cookie": cookies}
    assert visitor(hosts).get(b.url("/checked/"), headers=sent).status == 200
    for path in ("/page.html", "/public/", "/checked/", "/guard"):
        page = visitor(hosts).get(c.url(path), headers=sent)
        assert page.status in (421, 500) and "a page" not in page.text, path
    assert visitor(hosts).get(c.url("/who"), headers=sent).text == "0 "


@pytest.mark.parametrize("path", ["acs", "sls", "login", "logout", "discovery", "session"])
def test_nothing_begins_or_ends_there(hosts, browser, path):
    page = browser.get(hosts[2].url(f"/saml/{path}"))
    assert_refused(hosts[2].server, page, "host_unknown")


def test_the_metadata_names_all_hosts_and_is_the_same_everywhere(hosts, browser):
    a, b, _ = hosts
    documents = {browser.read(host.url("/saml/metadata")).text for host in hosts}
    (text,) = documents
    role = etree.fromstring(text.encode()).find("md:SPSSODescriptor", NS_MD)
    services = [
        (s.get("Location"), s.get("index"), s.get("isDefault"))
        for s in role.findall("md:AssertionConsumerService", NS_MD)
    ]
    assert services == [
        (a.url("/saml/acs"), "0", "true"),
        (b.url("/saml/acs"), "10", None),
    ]
    slo = [s.get("Location") for s in role.findall("md:SingleLogoutService", NS_MD)]
    assert slo == [a.url("/saml/sls")] * 3 + [b.url("/saml/sls")] * 3
    page = browser.get(b.url("/saml/metadata"))
    assert a.url("/saml/acs") in page.text and b.url("/saml/acs") in page.text
    assert len({browser.read(host.url("/saml/jwks")).text for host in hosts}) == 1


NS_MD = {"md": "urn:oasis:names:tc:SAML:2.0:metadata"}


def test_people_may_be_led_to_another_host_of_the_sp(hosts, idp, browser):
    a, b, c = hosts
    request = idp.asked(browser.get(a.url(f"/saml/login?return={b.url('/page.html')}")))
    assert request.relay_state == request.id, "the page is not of this host"
    answer = browser.post(request.acs_url, idp.form(request))
    assert (answer.status, answer.location) == (303, b.url())
    page = browser.get(a.url(f"/saml/login?return={c.url('/page.html')}"))
    assert_refused(a.server, page, "return_url_refused")


def test_a_program_hears_of_the_login_at_its_host(hosts, browser):
    for host in hosts[:2]:
        page = browser.read(host.url())
        assert page.status == 401
        assert page.headers["WWW-Authenticate"] == f'SAML realm="{host.origin}"'
        assert host.url("/saml/login") in page.text


@pytest.mark.parametrize("to", [0, 1])
def test_the_idp_logs_out_of_all_hosts(start, to):
    idp = Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP"))
    hosts = start(idp.metadata())
    browser, other = visitor(hosts), visitor(hosts)
    for host in hosts[:2]:
        assert idp.login(browser, host.url()).status == 303
    idp.login(other, hosts[1].url(), Answer(session_index="_other", authn_instant=-60))
    request = LogoutRequest(session_index=("_session-1",))
    page = send(idp, hosts[to].url("/saml/sls"), request, "soap", visitor(hosts))
    assert_success(page)
    assert not is_in(browser, hosts[0]) and not is_in(browser, hosts[1])
    assert is_in(other, hosts[1])


@pytest.fixture
def php(tmp_path):
    idp = SimpleSamlPhp(tmp_path / "simplesamlphp").start()
    yield idp
    idp.stop()


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("at", [0, 1])
def test_with_simplesamlphp(start, php, binding, at):
    """It answers every logout at the first host; the person ends where they began."""
    hosts = start(php.metadata(), IDP=f"slo_binding {binding};")
    a, b, _ = hosts
    browser = visitor(hosts)
    imported = php.trust(browser.read(b.url("/saml/metadata")).text)
    assert a.url("/saml/acs") in imported and b.url("/saml/acs") in imported
    assert php.log_in(browser, a.url()).text == "a page\n"
    page = browser.open(b.url())
    assert (page.url, page.text) == (b.url(), "a page\n"), "by the IdP's session"
    page = browser.open(hosts[at].url("/saml/logout"))
    name = (A, B)[at]
    assert (page.url, page.text) == (hosts[at].url("/bye.html"), f"bye {name}"), page.text
    assert not is_in(browser, a) and not is_in(browser, b)
    assert not php.knows(browser)


def test_from_simplesamlphp(start, php):
    hosts = start(php.metadata())
    a, b, _ = hosts
    browser = visitor(hosts)
    php.trust(browser.read(a.url("/saml/metadata")).text)
    php.log_in(browser, b.url())
    browser.open(a.url())
    assert is_in(browser, a) and is_in(browser, b)
    assert php.log_out(browser).url == php.signed_out
    assert not is_in(browser, a) and not is_in(browser, b)


def test_with_pysaml2(start, pysaml2_idp):
    hosts = start(pysaml2_idp.metadata(), IDP="slo_binding post;")
    a, b, _ = hosts
    browser = visitor(hosts)
    pysaml2_idp.trust(browser.read(a.url("/saml/metadata")).text)
    for host in (b, a):
        page = browser.open(host.url())
        assert pysaml2_idp.refused is None
        assert (page.url, page.text) == (host.url(), "a page\n")
    page = browser.open(b.url("/saml/logout"))
    assert pysaml2_idp.refused is None
    assert (page.url, page.text) == (b.url("/bye.html"), f"bye {B}"), page.text
    assert not is_in(browser, b)


def test_a_shared_domain_has_one_session(nginx, idp):
    server = nginx(
        CONF.replace("a.example", "a.example.org").replace("b.example", "b.example.org"),
        IDP="",
        SP="cookie_domain example.org;",
    )
    hosts = [Host(server, name) for name in ("a.example.org", "b.example.org")]
    browser = visitor(hosts)
    assert idp.login(browser, hosts[1].url()).status == 303
    assert is_in(browser, hosts[0]) and is_in(browser, hosts[1])
    browser.get(hosts[0].url("/saml/logout"))
    assert not is_in(browser, hosts[1])


def raw(server, target: str, *fields: str, version: str = "HTTP/1.1") -> tuple[int, str]:
    """Status and Location of a request as it is written here."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        lines = [f"GET {target} {version}", *fields, "Accept: text/html", "Connection: close"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = connection.makefile("rb").read().decode()
    head = answer.split("\r\n\r\n")[0].splitlines()
    location = next((x.split(": ", 1)[1] for x in head if x.startswith("Location: ")), "")
    return int(head[0].split()[1]), location


def test_how_hosts_are_written(hosts):
    """As nginx itself reads them; but a port that is another one is another origin."""
    server, port = hosts[0].server, hosts[0].server.port
    for host, name in [
        (f"A.Example:{port}", A),
        (f"a.example.:{port}", A),
        (f"B.EXAMPLE.:{port}", B),
        # As from a proxy that leaves the port away.
        ("b.example", B),
        ("b.example:", B),
    ]:
        status, location = raw(server, "/page.html", f"Host: {host}")
        assert status == 302, host
        assert read_redirect(location).acs_url == f"http://{name}:{port}/saml/acs", host
    for host in ["a.example:1", "b.example:80", "xa.example", "x.b.example", "127.0.0.1", "[::1]"]:
        assert raw(server, "/page.html", f"Host: {host}")[0] == 421, host


def test_the_host_of_the_request_line_counts(hosts):
    server, port = hosts[0].server, hosts[0].server.port
    status, location = raw(server, f"http://{B}:{port}/page.html", f"Host: {A}:{port}")
    assert status == 302
    assert read_redirect(location).acs_url == f"http://{B}:{port}/saml/acs"
    assert raw(server, f"http://{C}:{port}/page.html", f"Host: {B}:{port}")[0] == 421


def test_headers_of_proxies_say_nothing(hosts, idp, browser):
    a, b, c = hosts
    claims = {
        "X-Forwarded-Host": a.origin.removeprefix("http://"),
        "Forwarded": f"host={A}",
        "X-Host": A,
        "Origin": a.origin,
    }
    request = idp.asked(browser.get(b.url(), headers=claims))
    assert request.acs_url == b.url("/saml/acs")
    assert browser.get(c.url(), headers=claims).status == 421


def test_a_request_without_a_host(hosts):
    assert raw(hosts[0].server, "/page.html", version="HTTP/1.0") == (421, "")


TLS = {"tls.crt": rsa_credential("tls").certificate_pem, "tls.key": rsa_credential("tls").key_pem}


def test_the_authority_of_http2(nginx):
    conf = CONF.replace("http://", "https://").replace(
        "listen 127.0.0.1:@PORT@;",
        "listen 127.0.0.1:@PORT@ ssl http2; ssl_certificate tls.crt; ssl_certificate_key tls.key;",
    )
    server = nginx(conf, files=TLS, IDP="", SP="")
    with httpx.Client(http2=True, http1=False, verify=False, trust_env=False) as client:
        url, navigate = server.url("/page.html", "https"), {"Accept": "text/html"}
        for name in (A, B):
            host = {"Host": f"{name}:{server.port}", "Sec-Fetch-Mode": "navigate"}
            answer = client.get(url, headers=navigate | host)
            assert (answer.http_version, answer.status_code) == ("HTTP/2", 302)
            acs = read_redirect(answer.headers["Location"]).acs_url
            assert acs == f"https://{name}:{server.port}/saml/acs"
            (cookie,) = answer.headers.get_list("Set-Cookie")
            assert cookie.startswith("__Host-") and "Secure" in cookie
        answer = client.get(url, headers=navigate | {"Host": f"{C}:{server.port}"})
        assert answer.status_code == 421
