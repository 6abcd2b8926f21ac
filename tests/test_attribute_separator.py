"""$saml_attr_…: whatever the values hold, they come apart at a backend as the IdP sent them."""

import pytest

from harness.browser import Browser
from harness.response import Answer, Attribute

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        idp corp;
        attribute_separator "@SEPARATOR@";
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / {
            auth_saml app;
            proxy_set_header X-Groups $saml_attr_groups;
            proxy_set_header X-Other $saml_attr_other;
            proxy_pass @BACKEND@;
        }
    }
}
"""
PAIRS = [
    (["a\\", "b"], ["a;b"]),
    (["a;b"], ["a", "b"]),
    (["a\\;b"], ["a\\", "b"]),
    (["a\\\\", "b"], ["a\\;b"]),
    (["a", "b"], ["a\\u{3b}b"]),
    (["a\tb"], ["a b"]),
    (["a", "\N{NO-BREAK SPACE}"], ["a", ""]),
    (["a\nb"], ["a\\u{a}b"]),
]
SEPARATORS = [";", "|", ", ", " "]


def taken_apart(text: str, separator: str) -> list[str]:
    """As docs/variables.md says."""
    values, place = [""], 0
    while place < len(text):
        if text.startswith("\\u{", place):
            end = text.index("}", place)
            values[-1] += chr(int(text[place + 3 : end], 16))
            place = end + 1
        elif text[place] == "\\":
            values[-1] += text[place + 1]
            place += 2
        elif text.startswith(separator, place):
            values.append("")
            place += len(separator)
        else:
            values[-1] += text[place]
            place += 1
    return values


@pytest.mark.parametrize("separator", SEPARATORS)
def test_no_two_lists_read_the_same(nginx, idp, backend, separator):
    server = nginx(CONF, SEPARATOR=separator, BACKEND=backend.url)
    for groups, other in PAIRS:
        browser = Browser()
        attributes = [Attribute("groups", groups), Attribute("other", other)]
        idp.login(browser, server.url("/saml/login"), Answer(attributes=attributes))
        assert browser.get(server.url("/")).status == 200
        headers = {
            name: value.encode("latin-1").decode()
            for name, value in backend.asked[-1].headers.items()
        }
        assert headers["X-Groups"] != headers["X-Other"]
        assert taken_apart(headers["X-Groups"], separator) == groups
        assert taken_apart(headers["X-Other"], separator) == other


# In nginx.conf's spelling: `\\\\` is one backslash.
@pytest.mark.parametrize("separator", [";;", "aba", " | ", "\\\\", ";\\\\", "\t", "a\\n", "u{"])
def test_a_separator_that_leaves_a_doubt_is_refused(prepared, separator):
    good, output = prepared(CONF, SEPARATOR=separator, BACKEND="http://127.0.0.1:1").test()
    assert not good, output
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert '"attribute_separator"' in line and "nginx.conf:" in line and "try" in line, line
