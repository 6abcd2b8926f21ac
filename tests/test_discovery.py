"""`discovery builtin`: people choose their IdP on a page of the SP's own, without scripts."""

import html
from urllib.parse import parse_qs, quote, urlsplit

import lxml.html
import pytest

from harness.browser import Browser
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.message import NS
from harness.refusal import assert_refused

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_idp "lund & co" { metadata lund.xml; }
    saml_idp evil { metadata evil.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        idp "lund & co";
        idp evil;
        discovery builtin;
    }
    server {
        listen 127.0.0.1:@PORT@;
        root html;
        include saml-endpoints.conf;
        location / { auth_saml app; }
        location /mfa {
            auth_saml app;
            auth_saml_authn_context https://refeds.org/profile/mfa;
            auth_saml_force_authn on;
        }
    }
}
"""
UI = """<md:Extensions xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:UIInfo>{}</mdui:UIInfo></md:Extensions>"""
LOGO = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'&\u202e'


def name(text: str, lang: str = "en") -> str:
    return f'<mdui:DisplayName xml:lang="{lang}">{html.escape(text)}</mdui:DisplayName>'


def described(idp: Idp, content: str) -> str:
    """The IdP's metadata, with a UIInfo."""
    before, role, after = idp.metadata().partition("<md:IDPSSODescriptor")
    start, closing, rest = after.partition(">")
    return before + role + start + closing + UI.format(content) + rest


def idp_named(label: str) -> Idp:
    site = f"https://{label}.example.org"
    return Idp(site, f"{site}/sso", credential=rsa_credential("lund"))


LUND, MALLORY = idp_named("lund"), idp_named("evil")
FILES = {
    "lund.xml": described(
        LUND,
        name("Lund University")
        + name("Lunds universitet", "sv")
        + '<mdui:Description xml:lang="en">In Scania, Sk&#229;ne</mdui:Description>'
        + '<mdui:Keywords xml:lang="sv">Skåne</mdui:Keywords>'
        + '<mdui:Logo height="1" width="1">https://evil.example/spy.png</mdui:Logo>'
        + f'<mdui:Logo height="1" width="1">{LOGO}</mdui:Logo>',
    ),
    "evil.xml": described(
        MALLORY,
        name(EVIL)
        + f'<mdui:Description xml:lang="en">{html.escape(EVIL)}</mdui:Description>'
        + '<mdui:Logo height="1" width="1">data:image/png;base64,"onerror=alert(1)</mdui:Logo>',
    ),
}


@pytest.fixture
def server(nginx):
    return nginx(CONF, files=FILES)


def choices(page) -> dict[str, str]:
    """The buttons of the page: what they are called, by what they choose."""
    document = lxml.html.fromstring(page.text)
    return {button.get("value"): button.text_content() for button in document.xpath("//button[@name='idp']")}  # fmt: skip


def choose(browser: Browser, page, value: str, **fields: str):
    """Presses a button of the page's form, as a browser without scripts does."""
    (form,) = page.forms
    pairs = [(k, v) for k, v in form_pairs(page) if k != "q"]
    pairs += [*fields.items(), ("idp", value)]
    query = "&".join(f"{quote(k)}={quote(v)}" for k, v in pairs)
    return browser.get(f"{form.action}?{query}")


def form_pairs(page) -> list[tuple[str, str]]:
    (form,) = lxml.html.fromstring(page.text).forms
    return [(k, v or "") for k, v in form.form_values()]


def at_page(browser, server, path: str = "/page.html", **headers):
    """Where somebody without a session is led to."""
    redirect = browser.get(server.url(path))
    assert redirect.status == 302 and redirect.location.startswith(server.url("/saml/discovery?"))
    return browser.get(redirect.location, headers=headers)


def test_a_login_from_the_page_to_the_page(server, browser):
    page = at_page(browser, server, "/page.html?x=1")
    assert page.status == 200 and page.set_cookie == []
    request = LUND.asked(choose(browser, page, "lund & co"))
    landed = browser.post(request.acs_url, LUND.form(request))
    assert (landed.status, landed.location) == (303, server.url("/page.html?x=1"))
    assert browser.get(landed.location).status == 200
    assert server.error_log().count("[error]") == 0


def test_what_a_location_wants_survives_the_choice(server, browser):
    page = at_page(browser, server, "/mfa")
    request = LUND.asked(choose(browser, page, "lund & co"))
    assert request.xml.get("ForceAuthn") == "true"
    (asked,) = request.xml.findall(".//saml:AuthnContextClassRef", NS)
    assert asked.text == "https://refeds.org/profile/mfa"


@pytest.mark.parametrize(
    ("languages", "expected"),
    [("sv-SE, en;q=0.5", "Lunds universitet"), ("de", "Lund University"), ("", "Lund University")],
)
def test_names_are_in_the_language_of_the_browser(server, browser, languages, expected):
    shown = choices(at_page(browser, server, **{"Accept-Language": languages}))
    assert list(shown) == ["evil", "corp", "lund & co"], "by name"
    assert shown["lund & co"].startswith(expected)
    assert shown["corp"] == "https://idp.example.org/metadata", "who has no name is called so"


def test_a_page_stands_alone(server, browser):
    page = at_page(browser, server)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "img-src data:;" in policy
    assert "frame-ancestors 'none'" in policy and "script-src" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    document = lxml.html.fromstring(page.text)
    assert [image.get("src") for image in document.iter("img")] == [LOGO]
    assert [image.get("alt") for image in document.iter("img")] == [""]
    assert not list(document.iter("script", "link", "iframe"))
    assert "evil.example/spy" not in page.text


def test_what_an_idp_says_is_text(server, browser):
    page = at_page(browser, server)
    document = lxml.html.fromstring(page.text)
    assert not document.xpath("//*[@onerror] | //script")
    assert "alert(1)" in choices(page)["evil"], "it is shown, and does nothing"
    assert "\u202e" not in page.text


@pytest.mark.parametrize(
    ("searched", "found"),
    [("LUND", ["lund & co"]), ("skane", ["lund & co"]), ("universität lünd", []),
     ("idp.example.org", ["corp"]), ("nothing such", [])],
)  # fmt: skip
def test_search(server, browser, searched, found):
    page = browser.get(server.url(f"/saml/discovery?return=/page.html&q={quote(searched)}"))
    assert list(choices(page)) == found
    assert ("return", "/page.html") in form_pairs(page), "the way back is not lost"
    assert dict(form_pairs(page))["q"] == searched


def test_a_search_is_text_too(server, browser):
    page = browser.get(server.url(f"/saml/discovery?q={quote(EVIL)}"))
    assert not lxml.html.fromstring(page.text).xpath("//script | //*[@onerror]")


def test_choices_are_remembered(server, browser):
    choose(browser, at_page(browser, server), "lund & co")
    page = at_page(browser, server)
    assert list(choices(page)) == ["lund & co", "evil", "corp"]
    assert "Chosen before" in page.text
    started = choose(browser, page, "lund & co", remember="1")
    assert any("_idps_" in c and "SameSite=Lax" in c and "HttpOnly" in c for c in started.set_cookie)  # fmt: skip
    LUND.asked(browser.get(server.url("/page.html")))
    page = browser.get(server.url("/saml/discovery"))
    assert page.status == 200, "here they choose anew"
    assert ("remember", "1") in form_pairs(page), "ticked as it was"
    browser.get(server.url("/saml/discovery?idp=corp"))
    at_page(browser, server)


@pytest.mark.parametrize("value", ["i=nobody&a=1", "a=1", "i=%00%ff&a=1", "x" * 3000, '"<script>"'])
def test_a_forged_cookie_leads_nowhere(server, browser, value):
    choose(browser, at_page(browser, server), "corp")
    (cookie,) = [name for name in browser.cookie_names() if "_idps_" in name]
    other = Browser()
    page = other.get(server.url("/page.html"), headers={"Cookie": f"{cookie}={value}"})
    assert page.status == 302 and page.location.startswith(server.url("/saml/discovery?"))
    page = other.get(page.location, headers={"Cookie": f"{cookie}={value}"})
    assert set(choices(page)) == {"corp", "evil", "lund & co"} and "<script" not in page.text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("return=https://evil.example/", "return_url_refused"),
        ("return=%2F%2Fevil.example/&idp=corp", "return_url_refused"),
        ("return=/saml/logout&idp=corp", "return_url_refused"),
        ("idp=nobody", "argument_invalid"),
        ("idp=https://evil.example/idp", "argument_invalid"),
        ("saml_choice=AAAA&entityID=https://lund.example.org", "argument_invalid"),
    ],
)
def test_nobody_is_led_elsewhere(server, browser, query, code):
    assert_refused(server, browser.get(server.url(f"/saml/discovery?{query}")), code)


def test_a_login_that_another_browser_began_signs_nobody_in(server, browser):
    """Login CSRF: the answer to the attacker's choice does not fit the victim."""
    attacker = Browser()
    request = LUND.asked(choose(attacker, at_page(attacker, server), "lund & co"))
    assert_refused(server, browser.post(request.acs_url, LUND.form(request)), "request_unknown")


SERVICE = "https://wayf.example.org/ds"


def test_a_discovery_service(nginx, browser):
    server = nginx(CONF.replace("discovery builtin", f"discovery {SERVICE}"), files=FILES)
    metadata = browser.read(server.url("/saml/metadata")).text
    assert "idpdisco:DiscoveryResponse" in metadata and server.url("/saml/discovery") in metadata
    asked = browser.get(server.url("/page.html?x=1"))
    url = urlsplit(asked.location)
    assert url._replace(query="").geturl() == SERVICE
    told = {key: values[0] for key, values in parse_qs(url.query).items()}
    assert told["entityID"] == server.url("/saml/metadata")
    back = f"{told['return']}&{told['returnIDParam']}="
    assert "page" not in told["return"]
    for chosen, code in [
        ("https://evil.example/", "idp_not_offered"),
        ("lund%20%26%20co", "idp_not_offered"),
        ("", "idp_not_chosen"),
    ]:
        assert_refused(server, browser.get(back + chosen), code)
    request = LUND.asked(browser.get(back + LUND.entity_id))
    landed = browser.post(request.acs_url, LUND.form(request))
    assert (landed.status, landed.location) == (303, server.url("/page.html?x=1"))


def test_a_disabled_idp_is_not_offered(nginx, browser):
    server = nginx(CONF.replace("metadata evil.xml;", "metadata evil.xml; disabled on; domain evil.org;"), files=FILES)
    page = at_page(browser, server)
    assert list(choices(page)) == ["corp", "lund & co"]
    assert not choices(browser.get(server.url("/saml/discovery?q=evil")))
    for query in ("idp=evil", f"idp={quote(MALLORY.entity_id)}&remember=1"):
        assert_refused(server, browser.get(server.url(f"/saml/discovery?{query}")), "idp_disabled")
    led = browser.get(server.url("/saml/login?login_hint=jane%40evil.org"))
    assert led.location.startswith(server.url("/saml/discovery?")), "nor does a domain lead there"


@pytest.mark.parametrize("kind", ["builtin", "service"])
def test_hints_reach_the_idp_that_is_chosen(nginx, browser, kind):
    settings = "metadata lund.xml; subject_hint on; extra_request_args login_hint domain_hint whr=$host;"
    conf = CONF.replace("metadata lund.xml;", settings)
    if kind == "service":
        conf = conf.replace("discovery builtin", f"discovery {SERVICE}")
    server = nginx(conf, files=FILES)
    link = "/saml/login?return=/page.html&login_hint=a%2Bb%40x.org&domain_hint=x.org&other=1"
    led = browser.get(server.url(link))
    if kind == "builtin":
        begun = choose(browser, browser.get(led.location), "lund & co")
    else:
        assert "x.org" not in led.location, "they are sealed"
        (back,) = parse_qs(urlsplit(led.location).query)["return"]
        begun = browser.get(f"{back}&entityID={quote(LUND.entity_id)}")
    request = LUND.asked(begun)
    assert request.xml.findtext(".//saml:NameID", namespaces=NS) == "a+b@x.org"
    arguments = parse_qs(urlsplit(begun.location).query)
    told = {name: arguments.get(name) for name in ("login_hint", "domain_hint", "whr", "other")}
    assert told == {"login_hint": ["a+b@x.org"], "domain_hint": ["x.org"], "whr": ["127.0.0.1"], "other": None}
