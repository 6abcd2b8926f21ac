"""One corpus of text that wants to be more than text, from every source and through every outlet: pages,
headers, JSON, tokens, messages, cookies and logs. Parsers of others say what came of it."""

import base64
import http.client
import re
import socket
from urllib.parse import quote
from xml.sax.saxutils import escape

import jwt
import lxml.html
import pytest
from lxml import etree

from harness.browser import Browser, Page
from harness.idp import Idp
from harness.injection import (
    CORPUS,
    HARMLESS,
    cc,
    check,
    content,
    forged_lines,
    in_xml,
    octets,
    parts,
    read_json,
)
from harness.keys import rsa_credential
from harness.message import NS, redirected
from harness.response import Answer, Attribute
from harness.upstream import passing_to

CONF = """
worker_processes 1;
events {}
http {
    large_client_header_buffers 8 32k;
    client_max_body_size 1m;
    saml_idp corp { metadata idp.xml; }
    @IDPS@
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        @USE@
        session_attributes all;
        jwt_claim list value array;
        jwt_key sp.key;
        cookie_same_site @SAME_SITE@;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location = /saml/status { saml_status; }
        location = /saml/sessions { saml_sessions; }
        proxy_buffers 8 64k;
        proxy_buffer_size 64k;
        location / {
            auth_saml app;
            proxy_set_header X-User $saml_user;
            proxy_set_header X-Name-Id $saml_name_id;
            proxy_set_header X-Idp $saml_idp;
            proxy_set_header X-Context $saml_authn_context;
            proxy_set_header X-Index $saml_session_index;
            proxy_set_header X-Value $saml_attr_value;
            proxy_set_header X-Value64 $saml_attr64_value;
            proxy_set_header X-Valueu $saml_attru_value;
            proxy_set_header X-Valuej $saml_attrj_value;
            proxy_set_header X-All $saml_attrs_json;
            proxy_set_header X-Jwt $saml_jwt;
            proxy_set_header X-Remote-User $remote_user;
            add_header X-Echo "$saml_user$saml_attr_value$saml_session_index" always;
            @PROXY@
        }
    }
}
"""
TEXTS = [text for text in CORPUS if in_xml(text)]


@pytest.fixture
def serve(nginx, upstreams):
    """Starts one; at the end its logs have no line that nobody wrote."""
    started = []

    def serve(idps: str = "", use: str = "", files=(), same_site: str = "lax"):
        proxy = passing_to(upstreams)["PROXY"]
        values = {"IDPS": idps, "USE": use, "PROXY": proxy, "SAME_SITE": same_site}
        started.append(nginx(CONF, files=files, **values))
        return started[-1]

    yield serve
    for server in started:
        assert forged_lines(server.error_log()) == []
        lines = server.access_log().split("\n")[:-1]
        assert [line for line in lines if not re.match(r"[A-Z-]+ |\S* \S* \d{3} \[", line)] == []


# What an IdP says of a person.


def answer_with(source: str, text: str) -> Answer:
    if source == "value":
        return Answer(attributes=[Attribute("value", [text, "b"])])
    if source == "name":
        return Answer(attributes=[Attribute(text, ["v"], text), Attribute("value", ["v"])])
    return Answer(**{source: text}, attributes=[Attribute("value", ["v"])])


def told(server, upstreams, browser) -> dict[str, str]:
    """What the application gets; no name comes twice."""
    asked = len(upstreams["proxy"].asked)
    page = browser.get(server.url("/page"))
    assert page.status == 200 and len(upstreams["proxy"].asked) == asked + 1
    check(page)
    return {name: octets(value) for name, value in upstreams["proxy"].last().items()}


def normal(text: str) -> str:
    """As XML reads it, without what stands around a name."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("source", ["value", "name", "name_id", "session_index", "authn_context"])
def test_what_is_said_of_a_person(serve, upstreams, source):
    idp = Idp(slo=("HTTP-Redirect",))
    server = serve(files={"idp.xml": idp.metadata()})
    usual, pages, done = None, set(), 0
    for text in [*HARMLESS, *TEXTS]:
        browser = Browser()
        page = idp.login(browser, server.url("/page"), answer_with(source, text))
        check(page)
        if page.status != 303:
            assert text not in HARMLESS, page.text
            continue
        done += 1
        headers = told(server, upstreams, browser)
        usual = usual or set(headers)
        assert set(headers) <= usual | {"HTTP_X_VALUE", "HTTP_X_INDEX"}, set(headers) - usual
        for name, value in headers.items():
            assert not cc(value), (name, value)
        attributes = read_json(headers["HTTP_X_ALL"])
        # What would not fit a header is none, and the log says so.
        is_long = "HTTP_X_JWT" not in headers
        assert not is_long or len(text) > 1000 and "$saml_jwt is empty" in server.error_log()
        claims = {} if is_long else token(server, headers["HTTP_X_JWT"])
        if source == "value":
            values = [normal(text), "b"]
            assert attributes == {"value": values} and (is_long or claims["list"] == values)
            assert read_json(headers["HTTP_X_VALUEJ"]) == values
            assert base64.b64decode(headers["HTTP_X_VALUE64"]).decode() == headers["HTTP_X_VALUE"]
        if source == "name":
            assert attributes == {text: ["v"], "value": ["v"]}
        if source == "name_id":
            user = headers["HTTP_X_USER"]
            assert user == headers["HTTP_X_REMOTE_USER"] == claims.get("sub", user)
        shown = [browser.get(server.url(f"/saml/session{query}")) for query in ("", "?format=json")]
        pages |= set().union(*map(content, shown)) if text in HARMLESS else set()
        for page in shown:
            assert page.status == 200
            check(page, pages)
        assert read_json(shown[1].text)["attributes"] == attributes
        check_logout(server, browser, idp, source, text)
    assert done >= len(HARMLESS) + 20, done


def token(server, text: str) -> dict:
    (key,) = jwt.PyJWKSet.from_json(Browser().read(server.url("/saml/jwks")).text).keys
    return jwt.decode(text, key, algorithms=["RS256"], audience=server.url("").rstrip("/"))


def check_logout(server, browser, idp, source: str, text: str) -> None:
    """Our LogoutRequest repeats name and index, and nothing else has come into it."""
    page = browser.get(server.url("/saml/logout"))
    check(page)
    message = redirected(page.location, "SAMLRequest")[0]
    tags = [etree.QName(element).localname for element in message.iter(etree.Element)]
    assert tags == ["LogoutRequest", "Issuer", "NameID", "SessionIndex"], tags
    if source == "name_id":
        assert message.findtext("saml:NameID", namespaces=NS) == normal(text).strip()
    if source == "session_index":
        assert normal(text).split() == message.findtext("samlp:SessionIndex", namespaces=NS).split()


# What an IdP says of itself.

UI = """<md:Extensions xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:UIInfo>
<mdui:DisplayName xml:lang="en">{0}</mdui:DisplayName><mdui:Description xml:lang="en">{0}</mdui:Description>
<mdui:Keywords xml:lang="en">{0}</mdui:Keywords><mdui:Logo height="1" width="1">data:image/png;base64,{0}</mdui:Logo>
</mdui:UIInfo></md:Extensions>"""


def self_described(number: int, text: str) -> str:
    """By its entityID, too, where that can be one."""
    name = text if len(text) < 900 and not re.search(r"\s", text) else "x"
    credential = rsa_credential("other")
    idp = Idp(f"https://{number}.example.org/{name}", f"https://{number}.example.org/sso", credential=credential)
    return re.sub(r"(<md:IDPSSODescriptor[^>]*>)", lambda found: found[1] + UI.format(escape(text)), idp.metadata())


def test_what_is_said_of_an_idp(serve):
    """On the page where people choose theirs."""

    def shown(texts: list[str]):
        files = {f"{number}.xml": self_described(number, text) for number, text in enumerate(texts)}
        idps = "".join(f"saml_idp i{number} {{ metadata {number}.xml; }}\n" for number in range(len(texts)))
        use = "".join(f"idp i{number};\n" for number in range(len(texts))) + "discovery builtin;"
        server = serve(idps, use, files)
        pages = [Browser().get(server.url(f"/saml/discovery{query}")) for query in ("", "?q=a", "?q=zzz")]
        assert {page.status for page in pages} == {200}
        return pages

    usual = set().union(*(parts(page.text) for page in shown(HARMLESS)))
    usual |= {("scheme", "src", "data:")}
    pages = shown(TEXTS)
    for page in pages:
        check(page, usual)
    # They are all there, under a name, and no two letters change places unseen.
    assert pages[0].text.count('name="idp"') == len(TEXTS) + 1
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", pages[0].text)


# What messages say that are refused.

STATUS = "urn:oasis:names:tc:SAML:2.0:status:Responder"


def with_message(text: str):
    def add(document) -> None:
        message = etree.SubElement(document.find("samlp:Status", NS), f"{{{NS['samlp']}}}StatusMessage")
        message.text = text

    return Answer(status=STATUS, with_assertion=False, sign="response", before_signing=add)


def refused_answers(text: str) -> dict[str, Answer]:
    fields = ("audience", "issuer", "response_issuer", "recipient", "destination", "in_response_to")
    return {
        "message": with_message(text),
        "status": Answer(status=text, with_assertion=False, sign="response"),
        "sub_status": Answer(status=STATUS, sub_status=text, with_assertion=False, sign="response"),
        **{field: Answer(**{field: text}) for field in fields},
    }


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_refused_messages_say(serve, idp, accept):
    server = serve()

    def refused(text: str):
        for source, answer in refused_answers(text).items():
            browser = Browser()
            request = idp.asked(browser.get(server.url("/page")))
            page = browser.post(request.acs_url, idp.form(request, answer), headers={"Accept": accept})
            assert 400 <= page.status < 600, (source, text)
            assert accept in page.headers["Content-Type"]
            yield source, page

    usual = set()
    for text in HARMLESS:
        for _, page in refused(text):
            usual |= content(page)
    for text in TEXTS:
        for source, page in refused(text):
            check(page, usual)
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", page.text)
            if (source, accept) == ("message", "text/html"):
                # Signed, and for people to read.
                assert lxml.html.document_fromstring(page.text).find(".//q") is not None or not text.strip()
                continue
            assert text not in page.text or len(text) < 4, (source, text)


# What a stranger sends.

PLACES = {
    "path": lambda text: (f"/{text}", {}),
    "query": lambda text: (f"/page?x={text}", {}),
    "idp": lambda text: (f"/saml/login?idp={text}", {}),
    "hint": lambda text: (f"/saml/login?idp=corp&login_hint={text}", {}),
    "context": lambda text: (f"/saml/login?authn_context={text}", {}),
    "comparison": lambda text: (f"/saml/login?authn_context=x&comparison={text}", {}),
    "return of login": lambda text: (f"/saml/login?return=/{text}", {}),
    "return of logout": lambda text: (f"/saml/logout?return=/{text}", {}),
    "search": lambda text: (f"/saml/discovery?q={text}", {}),
    "choice": lambda text: (f"/saml/discovery?idp={text}&return=/{text}", {}),
    "message": lambda text: (f"/saml/acs?SAMLResponse={text}&RelayState={text}", {}),
    "artifact": lambda text: (f"/saml/acs?SAMLart={text}", {}),
    "logout message": lambda text: (f"/saml/sls?SAMLRequest={text}&SigAlg={text}&Signature={text}", {}),
    "session": lambda text: (f"/saml/session?{text}", {"Origin": text}),
    "told": lambda text: (f"/saml/session?tell={text}&format={text}", {}),
    "metadata": lambda text: (f"/saml/metadata?{text}", {"X-Forwarded-Host": text}),
    "keys": lambda text: (f"/saml/jwks?{text}", {"If-None-Match": text}),
    "status": lambda text: (f"/saml/status?format=html&{text}={text}", {}),
    "status asked": lambda text: (f"/saml/status?format={text}", {}),
    **{
        f"{name} of sessions": lambda text, name=name: (f"/saml/sessions?format=html&{name}={text}", {})
        for name in ("sp", "idp", "name_id", "older_than", "cursor", "limit")
    },
    "argument": lambda text: (f"/saml/login?{text}={text}", {}),
    **{
        name: lambda text, name=name: ("/page", {name: text})
        for name in ("Host", "Referer", "User-Agent", "Origin", "Accept", "Accept-Language", "X-Forwarded-For", "Authorization", "X-Requested-With")
    },
    "cookie": lambda text: ("/page", {"Cookie": f"saml_session={text}; {text}={text}"}),
    "referer of logout": lambda text: ("/saml/logout", {"Referer": text}),
    "host of login": lambda text: ("/saml/login", {"Host": text}),
}  # fmt: skip


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("place", PLACES)
def test_what_a_stranger_sends(serve, place, accept):
    server = serve()
    usual = set()
    for text in [*HARMLESS, "\\", ""]:
        for spelled in spellings(text):
            page = visit(server, *PLACES[place](spelled), accept)
            usual |= content(page)
    for text in CORPUS:
        for spelled in spellings(text):
            page = visit(server, *PLACES[place](spelled), accept)
            is_nginx_own = "<hr><center>nginx" in page.text
            check(page, None if is_nginx_own else usual | LINK)


# A redirect has no page, but nginx gives it one; a page may offer to start again or not.
LINK = {("tag", "a"), ("attribute", "a", "href"), ("scheme", "href", ""), ("scheme", "href", "http:"), ("lxml", "a", ""), ("lxml", "a", "href")}  # fmt: skip


def spellings(text: str) -> set[str]:
    """Encoded, and as it stands but for what ends a line or a word of one."""
    return {quote(text, safe=""), re.sub(r"[\r\n\0 ]", lambda found: quote(found[0]), text)}


def visit(server, target: str, fields: dict[str, str], accept: str) -> Page:
    """One request with octets as they are."""
    usual = {"Host": f"127.0.0.1:{server.port}", "Accept": accept, "Connection": "close"}
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in {**usual, **fields}.items())]
    with socket.create_connection((server.address, server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = http.client.HTTPResponse(connection, method="GET")
        answer.begin()
        text = answer.read().decode(errors="replace")
    headers = dict(answer.getheaders())
    cookies = answer.headers.get_all("Set-Cookie", [])
    return Page(server.url(), answer.status, headers, text, cookies)


@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_where_a_login_leads(serve, idp, same_site):
    """By Location, or by a page of ours, from `return` and from the page that was asked for."""
    server = serve(same_site=same_site)
    usual = set()
    for text in [*HARMLESS, *CORPUS]:
        for path in (f"/saml/login?idp=corp&return=/{quote(text)}", f"/{quote(text)}"):
            browser = Browser()
            page = browser.get(server.url(path))
            if page.status != 302:
                assert page.status == 400 and text not in HARMLESS, page.text
                check(page)
                continue
            check(page)
            request = idp.asked(page)
            page = browser.post(request.acs_url, idp.form(request))
            assert page.status == (200 if same_site == "strict" else 303), page.text
            if text in HARMLESS:
                usual |= content(page)
            check(page, usual)


@pytest.mark.parametrize("relay", ["answered", "unknown"])
def test_relay_state(serve, idp, relay):
    server, usual = serve(), set()
    for text in [*HARMLESS, *CORPUS]:
        browser = Browser()
        request = idp.asked(browser.get(server.url("/page")))
        fields = idp.form(request) | {"RelayState": text}
        page = (browser if relay == "answered" else Browser()).post(request.acs_url, fields)
        usual |= content(page) if text in HARMLESS else set()
        check(page, usual)
        if relay == "answered":
            assert (page.status, page.location) == (303, server.url("/page"))
