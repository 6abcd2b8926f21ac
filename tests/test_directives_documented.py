"""Every directive has one table row, one entry in the reference, and stands in full.conf."""

import re

import pytest

from harness.nginx import ROOT
from harness.tables import block_directives, directives, location_directives, operator_pages

CONF = """
events {}
http {
    server {
        listen 127.0.0.1:@PORT@;
        location / { @DIRECTIVE@; }
    }
}
"""


def in_the_reference() -> set[str]:
    text = (ROOT / "docs/directives.md").read_text()
    headings = re.findall(r"^#{2,3} ([a-z_0-9, ]+)$", text, re.M)
    return {name for heading in headings for name in heading.split(", ")}


def in_full_conf() -> set[str]:
    text = "".join(
        (ROOT / f"nginx-conf/{name}").read_text() for name in ("full.conf", "saml-endpoints.conf")
    )
    return set(re.findall(r"(?:^|[{#;])\s*([a-z_0-9]+)[\s;]", text, re.M))


def test_the_tables_are_read():
    assert {"auth_saml", "saml_acs", "saml_sp", "base_url", "zone", "allow_weak"} <= directives()
    assert {"auth_saml", "saml_acs"} <= location_directives()
    assert {"saml_sp"} <= block_directives()


def test_reference():
    assert directives() == in_the_reference()


def test_full_conf():
    assert directives() <= in_full_conf()


# It takes any number of arguments.
@pytest.mark.parametrize("name", sorted(location_directives() - {"saml_auth"}))
def test_location_directives_are_registered(prepared, name):
    """nginx's own command table and ours name the same directives: it knows them all."""
    wrong = f"{name} x" if name in operator_pages() else name
    good, output = prepared(CONF, DIRECTIVE=wrong).test()
    assert not good
    assert f'invalid number of arguments in "{name}"' in output
