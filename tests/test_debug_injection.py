"""What IdPs and strangers say is in a story of `saml_debug` as text, in its page and as JSON, and is nothing more."""

from harness.browser import Browser
from harness.diagnosis import ADMINISTRATORS, PATH, STATUS, facts, look
from harness.injection import CORPUS, HARMLESS, check, content, in_xml, read_json
from harness.response import Answer, Attribute
from harness.site import site

TEXTS = [text for text in CORPUS if in_xml(text)]


def test_a_story_holds_text_alone(nginx, idp):
    server = nginx(site(http="saml_debug 127.0.0.2;", server=STATUS), files=ADMINISTRATORS)
    administrator = Browser()
    administrator.session.auth = ("root", "root")
    seen = set()

    def tell(text: str) -> tuple:
        browser = Browser().at("127.0.0.2")
        attributes = [Attribute("value", [text, "b"]), Attribute(text or "x", ["v"], text)]
        refused = Answer(audience=text, attributes=attributes)
        idp.login(browser, server.url("/page.html"), refused)
        idp.login(browser, server.url("/page.html"), Answer(name_id=text or "x", attributes=attributes))
        [new] = {one["id"] for one in look(server)["stories"]} - seen
        seen.add(new)
        page = administrator.get(server.url(f"{PATH}?debug={new}"))
        json = administrator.read(server.url(f"{PATH}?debug={new}&format=json"))
        assert (page.status, json.status) == (200, 200)
        return page, json

    usual = set()
    for text in HARMLESS:
        usual |= content(tell(text)[0])
    for text in TEXTS:
        page, json = tell(text)
        check(page, usual)
        story = read_json(json.text)
        [session] = [facts(one) for one in story["entries"] if one["what"] == "session"] or [{}]
        if session:
            told = session["NameID"].removesuffix("…").split()
            assert told == text[:2000].split() or told == ["x"]


def test_what_strangers_send_is_told_as_text(nginx):
    server = nginx(site(http="saml_debug 127.0.0.2;", server=STATUS), files=ADMINISTRATORS)
    administrator = Browser()
    administrator.session.auth = ("root", "root")
    usual = set()
    for text in [*HARMLESS, *CORPUS]:
        if not text.isprintable() or not text.isascii() or text != text.strip():
            continue
        browser = Browser().at("127.0.0.2")
        fields = {name: text for name in ("User-Agent", "Origin", "Referer")}
        browser.get(server.url("/page.html?x=1"), headers=fields)
        browser.post(server.url("/saml/acs"), {"SAMLResponse": text, "RelayState": text}, headers=fields)
        for one in look(server)["stories"]:
            page = administrator.get(server.url(f"{PATH}?debug={one['id']}"))
            if text in HARMLESS:
                usual |= content(page)
            else:
                check(page, usual)
