"""Every variable has a row in docs/variables.md, and the other way round."""

import re

from harness.nginx import ROOT


def in_the_code() -> set[str]:
    text = (ROOT / "src/variables.rs").read_text()
    return set(re.findall(r'ngx_string!\("(saml_\w+)"\)', text))


def in_the_reference() -> set[str]:
    text = (ROOT / "docs/variables.md").read_text()
    rows = set(re.findall(r"^\| `\$(saml_\w+)` \|", text, re.M))
    # One prefix in the code: an attribute's values, and how many.
    assert {"saml_attr_NAME", "saml_attr_NAME_count"} <= rows
    return {row.removesuffix("NAME") for row in rows - {"saml_attr_NAME_count"}}


def test_the_code_is_read():
    assert {"saml_name_id", "saml_attr_", "saml_error"} <= in_the_code()


def test_reference():
    assert in_the_code() == in_the_reference()
