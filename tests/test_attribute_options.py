"""`attribute … OPTION…`, `attribute_filter`, `on_group_overage`: what a session keeps, and who hears of the rest."""

import json

from harness.browser import Browser
from harness.pysaml2_idp import Pysaml2Idp
from harness.refusal import assert_refused
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    keys=False,
    sp="@SP@",
    location="""
        proxy_set_header X-Joined $saml_attr_@NAME@;
        proxy_set_header X-Count $saml_attr_@NAME@_count;
        proxy_set_header X-All $saml_attrs_json;
        proxy_pass @BACKEND@;
    """,
)
GROUPS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
LINK = "http://schemas.microsoft.com/claims/groups.link"


def serve(nginx, backend, sp: str = "", name: str = "groups"):
    return nginx(CONF, SP=sp, NAME=name, BACKEND=backend.url)


def seen(browser, server, backend) -> dict[str, str]:
    """The headers of a page's request, as octets that are UTF-8."""
    assert browser.get(server.url("/")).status == 200
    headers = backend.asked[-1].headers
    return {name: value.encode("latin-1").decode() for name, value in headers.items()}


def known(server, idp, backend, attributes: list[Attribute]) -> dict[str, str]:
    browser = Browser()
    assert idp.login(browser, server.url("/"), Answer(attributes=attributes)).status == 303
    return seen(browser, server, backend)


def lines(server, word: str) -> list[str]:
    return [line for line in server.error_log().splitlines() if word in line]


def test_two_thousand_groups_become_three(nginx, idp, backend):
    sp = f"""
        max_message_size 1m;
        attribute groups {GROUPS} "match=~*^CN=([^,]{{1,64}})," replace=$1 lower only=~^app- only=vpn max=3;
        attribute mail mail;
        attribute_filter on;
    """
    server = serve(nginx, backend, sp)
    names = [f"CN=Hidden-{n},OU=Groups,DC=corp" for n in range(2000)]
    names[1000:1000] = ["CN=APP-One,OU=x", "VPN", "vpn-users", "app-Two"]
    names.append("app-four")
    secret = Attribute("phone", ["Hidden-phone"])
    headers = known(server, idp, backend, [Attribute(GROUPS, names), secret])
    assert headers["X-Joined"] == "app-one;vpn;app-two"
    assert headers["X-Count"] == "3"
    assert json.loads(headers["X-All"]) == {GROUPS: ["app-one", "vpn", "app-two"]}
    (line,) = lines(server, "attribute_filter")
    assert "[notice]" in line and f'keeps 3 of 2005 values of "{GROUPS}"' in line, line
    assert 'without 1 attributes ("phone")' in line and "_" in line, line
    assert "Hidden" not in server.error_log()


def test_what_stays_whole_is_not_told(nginx, idp, backend):
    server = serve(nginx, backend, "attribute groups groups lower;")
    headers = known(server, idp, backend, [Attribute("groups", ["Staff", "VPN"])])
    assert headers["X-Joined"] == "staff;vpn"
    assert lines(server, "values of") == []


def test_a_list_in_one_value_comes_apart(nginx, idp, backend):
    server = serve(nginx, backend, 'attribute groups memberOf isMemberOf "split=;";')
    headers = known(server, idp, backend, [Attribute("isMemberOf", ["a; b;;c\t", "d"])])
    assert (headers["X-Joined"], headers["X-Count"]) == ("a;b;c;d", "4")


def test_a_reload_leaves_the_sessions_that_there_are(nginx, idp, backend):
    server = serve(nginx, backend)
    browser = Browser()
    answer = Answer(attributes=[Attribute("groups", ["a", "b"])])
    idp.login(browser, server.url("/"), answer)
    server.values = {**server.values, "SP": "attribute groups groups only=b;"}
    server.configure(CONF)
    server.reload()
    assert seen(browser, server, backend)["X-Joined"] == "a;b"
    other = Browser()
    idp.login(other, server.url("/"), answer)
    assert seen(other, server, backend)["X-Joined"] == "b"


def test_too_many_groups_for_entra_id(nginx, idp, backend):
    link = Attribute(LINK, ["https://graph.windows.net/tenant/users/6f1c-hidden/getMemberObjects"])
    server = serve(nginx, backend)
    known(server, idp, backend, [link])
    (line,) = lines(server, "groups_overage")
    assert "[warn]" in line and LINK in line and "6f1c-hidden" not in line, line

    server = serve(nginx, backend, "on_group_overage refuse;")
    browser = Browser()
    page = idp.login(browser, server.url("/"), Answer(attributes=[link]))
    assert page.status == 403
    assert_refused(server, page, "group_overage")
    assert "6f1c-hidden" not in page.text + server.error_log()
    assert browser.get(server.url("/")).status != 200, "no session"
    known(server, idp, backend, [Attribute(GROUPS, ["a"])])


def test_attributes_as_pysaml2_sends_them(nginx, pysaml2_idp: Pysaml2Idp, browser, backend):
    conf = CONF.replace("metadata idp.xml", "metadata pysaml2.xml")
    sp = """
        certificate sp.crt;
        certificate_key sp.key;
        attribute who eduPersonAffiliation lower only=~^st;
        attribute_filter on;
    """
    server = nginx(
        conf,
        files={"pysaml2.xml": pysaml2_idp.metadata()},
        SP=sp, NAME="who", BACKEND=backend.url,
    )  # fmt: skip
    pysaml2_idp.trust(Browser().read(server.url("/saml/metadata")).text)
    pysaml2_idp.identity = {
        "mail": ["alice@example.org"],
        "eduPersonAffiliation": ["STAFF", "member", "student"],
    }
    assert browser.open(server.url("/")).status == 200
    headers = seen(browser, server, backend)
    assert set(headers["X-Joined"].split(";")) == {"staff", "student"}
    assert len(json.loads(headers["X-All"])) == 1
