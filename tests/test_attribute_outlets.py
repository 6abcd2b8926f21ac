"""`$saml_attr64_…`, `$saml_attru_…`, `$saml_attrj_…`: other letters for applications, and what stands in them."""

import base64
import json
import re
import urllib.parse

from harness.browser import Browser
from harness.response import Answer, Attribute
from harness.site import site

CONF = site(
    keys=False,
    location="""
        proxy_set_header X-Joined $saml_attr_@NAME@;
        proxy_set_header X-Count $saml_attr_@NAME@_count;
        proxy_set_header X-Base64 $saml_attr64_@NAME@;
        proxy_set_header X-Percent $saml_attru_@NAME@;
        proxy_set_header X-Json $saml_attrj_@NAME@;
        proxy_set_header X-All $saml_attrs_json;
        proxy_pass @BACKEND@;
    """,
)


def serve(nginx, backend, conf: str = CONF, name: str = "groups"):
    return nginx(conf, NAME=name, BACKEND=backend.url)


def known(server, idp, backend, attributes: list[Attribute]) -> dict[str, str]:
    """The headers that the application gets of somebody with these, as octets that are UTF-8."""
    browser = Browser()
    assert idp.login(browser, server.url("/"), Answer(attributes=attributes)).status == 303
    assert browser.get(server.url("/")).status == 200
    headers = backend.asked[-1].headers
    return {name: value.encode("latin-1").decode() for name, value in headers.items()}


HOSTILE = [
    ["a\r\nX-Admin: 1", "b\0c".replace("\0", "\N{SYMBOL FOR NULL}")],
    ["a;b", "c\\", "d"],
    ["\"'<script>", "${jndi:x}", "$saml_name_id"],
    ["\N{RIGHT-TO-LEFT OVERRIDE}nimda", "\N{RIGHT-TO-LEFT MARK}", "admin\N{ZERO WIDTH SPACE}"],
    ["\N{NO-BREAK SPACE}admin", "\x85", "\N{LINE SEPARATOR}", "Führung", "読者"],
    ["a&b=c", "a+b c", "100%", "%0d%0a", "?#/"],
    ["=?utf-8?q?x?=", "a,b", "a b"],
    ["x" * 30_000],
    [""],
    ["", ""],
]


def taken_apart(text: str) -> list[str]:
    """As docs/variables.md says, for the separator `;`."""
    parts = re.findall(r"\\u\{[0-9a-f]+\}|\\.|;|[^\\;]+", text)
    values = [""]
    for part in parts:
        if part == ";":
            values.append("")
        elif part.startswith("\\u{"):
            values[-1] += chr(int(part[3:-1], 16))
        else:
            values[-1] += part.removeprefix("\\") if part.startswith("\\") else part
    return values


def test_every_outlet_carries_what_was_sent_and_no_more(nginx, idp, backend):
    server = serve(nginx, backend)
    for values in HOSTILE:
        headers = known(server, idp, backend, [Attribute("groups", values)])
        # XML makes one line break of two.
        values = [value.replace("\r\n", "\n") for value in values]
        assert "X-Admin" not in headers
        if values == [""]:
            # nginx sends no header whose value is empty.
            assert not {"X-Joined", "X-Base64", "X-Percent"} & set(headers)
        else:
            joined = headers["X-Joined"]
            # Who reads headers takes off what stands at the end; a separator is none of it.
            assert taken_apart(joined) == values
            assert base64.b64decode(headers["X-Base64"], validate=True).decode() == joined
            assert urllib.parse.unquote(headers["X-Percent"], errors="strict") == joined
            assert re.fullmatch(r"[A-Za-z0-9*._%-]+", headers["X-Percent"])
        assert json.loads(headers["X-Json"]) == values
        assert json.loads(headers["X-All"]) == {"groups": values}
        assert "<" not in headers["X-Json"] and headers["X-Count"] == str(len(values))


def test_who_has_none(nginx, idp, backend):
    server = serve(nginx, backend)
    headers = known(server, idp, backend, [Attribute("groups", [])])
    assert headers["X-Json"] == "[]"
    headers = known(server, idp, backend, [Attribute("other", ["x"])])
    assert not {"X-Joined", "X-Base64", "X-Percent", "X-Json"} & set(headers)
    assert headers["X-Count"] == "0"


def test_an_attribute_may_be_called_as_a_variable_is(nginx, idp, backend):
    """`$saml_attr_64_x` and `$saml_attr64_x` are two, and only the plain ones have a number beside them."""
    conf = CONF.replace("X-Joined $saml_attr_@NAME@", "X-Joined $saml_attr_64_x").replace(
        "X-Count $saml_attr_@NAME@_count", "X-Count $saml_attrj_x_count"
    )
    server = serve(nginx, backend, conf, "x")
    attributes = [Attribute("64_x", ["joined"]), Attribute("x", ["plain"])]
    headers = known(server, idp, backend, attributes)
    assert headers["X-Joined"] == "joined"
    assert base64.b64decode(headers["X-Base64"]) == b"plain"
    assert "X-Count" not in headers


def test_a_doubt_is_said_for_the_new_ones_too(nginx, idp, backend):
    conf = site(keys=False, location="proxy_set_header X $saml_attrj_mail; proxy_pass @BACKEND@;")
    server = serve(nginx, backend, conf)
    known(server, idp, backend, [Attribute("MAIL", ["a"]), Attribute("mail", ["b"])])
    assert server.error_log().count("could be") == 1
