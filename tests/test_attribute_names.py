"""Two attributes under one variable name: which one counts, and that somebody hears of it."""

import pytest

from harness.browser import Browser
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    keys=False,
    sp="@SP@",
    location='add_header X-Mail "[$saml_attr_mail]"; add_header X-Upper "[$saml_attr_MAIL]";',
)
UPPER = Attribute("MAIL", ["upper"])
CAPITAL = Attribute("Mail", ["capital"])
EXACT = Attribute("mail", ["exact"])
FRIENDLY = Attribute("urn:oid:0.9.2342.19200300.100.1.3", ["friendly"], "mail")
SHOUTING = Attribute("urn:x:1", ["shouting"], "MAIL")
TAIL = Attribute("https://claims.example.org/mail", ["tail"])
CASES = {
    "exact Name": ([UPPER, FRIENDLY, EXACT, CAPITAL, TAIL], "exact"),
    "exact FriendlyName": ([UPPER, CAPITAL, TAIL, FRIENDLY], "friendly"),
    "Name in another case": ([SHOUTING, TAIL, CAPITAL, UPPER], "capital"),
    "end of a URI": ([SHOUTING, TAIL], "tail"),
    "one": ([SHOUTING], "shouting"),
}


def warnings(server) -> list[str]:
    lines = server.error_log().splitlines()
    return [line for line in lines if "[warn]" in line and "$saml_attr_" in line]


@pytest.mark.parametrize("name", CASES)
def test_which_one_counts(nginx, idp, name):
    attributes, value = CASES[name]
    server = nginx(CONF, SP="")
    for order in (attributes, attributes[::-1]):
        browser = Browser()
        if name == "Name in another case":
            order = attributes  # the first of two of a kind
        idp.login(browser, server.url("/page.html"), Answer(attributes=order))
        page = browser.get(server.url("/page.html"))
        assert (page.headers["X-Mail"], page.headers["X-Upper"]) == (f"[{value}]", f"[{value}]")
    assert bool(warnings(server)) == (name != "one")


def test_a_doubt_is_said_once(nginx, idp):
    server = nginx(CONF, SP="")
    for _ in range(3):
        browser = Browser()
        idp.login(browser, server.url("/page.html"), Answer(attributes=[UPPER, EXACT]))
        for _ in range(3):
            assert browser.get(server.url("/page.html")).headers["X-Mail"] == "[exact]"
    (line,) = warnings(server)
    assert '"mail"' in line and '"MAIL"' in line and '"attribute"' in line, line


def test_an_alias_ends_the_doubt(nginx, idp, browser):
    server = nginx(CONF, SP="attribute mail MAIL;")
    idp.login(browser, server.url("/page.html"), Answer(attributes=[UPPER, EXACT]))
    assert browser.get(server.url("/page.html")).headers["X-Mail"] == "[upper]"
    assert warnings(server) == []
