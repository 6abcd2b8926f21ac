"""Every directive has one table line, one entry in the reference, and stands in full.conf."""

import re

from harness.nginx import ROOT

SOURCES = ["crates/settings/src/raw.rs", "crates/settings/src/location.rs"]


def in_the_tables() -> set[str]:
    text = "".join((ROOT / source).read_text() for source in SOURCES)
    names = set(re.findall(r'^    (?:one|many)\(\s*"([a-z_0-9]+)"', text, re.M))
    return names | set(
        re.findall(r'block\(ngx_string!\("(\w+)"\)\)', (ROOT / "src/lib.rs").read_text())
    )


def in_the_reference() -> set[str]:
    text = (ROOT / "docs/directives.md").read_text()
    headings = re.findall(r"^#{2,3} ([a-z_0-9, ]+)$", text, re.M)
    return {name for heading in headings for name in heading.split(", ")}


def in_full_conf() -> set[str]:
    text = "".join(
        (ROOT / f"nginx-conf/{name}").read_text() for name in ("full.conf", "saml-endpoints.conf")
    )
    return set(re.findall(r"(?:^|[{#;])\s*([a-z_0-9]+)\s", text, re.M))


def test_the_tables_are_read():
    assert {"auth_saml", "saml_acs", "saml_sp", "base_url", "zone", "allow_weak"} <= in_the_tables()


def test_reference():
    assert in_the_tables() == in_the_reference()


def test_full_conf():
    assert in_the_tables() <= in_full_conf()


def test_location_directives_are_registered():
    """nginx's own command table and ours name the same directives."""
    registered = set(
        re.findall(r'location\(ngx_string!\("(\w+)"\)', (ROOT / "src/lib.rs").read_text())
    )
    text = (ROOT / "crates/settings/src/location.rs").read_text()
    assert registered == set(re.findall(r'^    (?:one|many)\(\s*"([a-z_0-9]+)"', text, re.M))
