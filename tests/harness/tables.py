"""The directives that the module's tables name, read from its source."""

import re

from .nginx import ROOT


def directives() -> set[str]:
    """All of them."""
    rows = [path.read_text() for path in (ROOT / "crates/settings/src/raw").glob("*.rs")]
    return set().union(*map(_rows, rows)) | block_directives() | _endpoints()


def location_directives() -> set[str]:
    """Those that stand in `http`, `server` or `location`."""
    return _rows((ROOT / "crates/settings/src/raw/location.rs").read_text()) | _endpoints()


def block_directives() -> set[str]:
    """Those that begin a block."""
    text = (ROOT / "crates/settings/src/block.rs").read_text()
    return set(re.findall(r'const KIND: &\'static str = "(\w+)"', text))


def _rows(text: str) -> set[str]:
    rows = re.findall(r'^    (?:once|sets|each|words) \w+: [^=;]+ = "([a-z_0-9]+)"', text, re.M)
    return set(rows) | set(re.findall(r', or "([a-z_0-9]+)"', text))


def _endpoints() -> set[str]:
    text = (ROOT / "crates/sp/src/endpoint_kind.rs").read_text()
    return set(re.findall(r'^    \w+ = "(saml_\w+)"', text, re.M)) | operator_pages() | {"saml_auth"}


def operator_pages() -> set[str]:
    """Those that take no argument."""
    text = (ROOT / "crates/settings/src/raw/operator.rs").read_text()
    return set(re.findall(r'Self::\w+ => "(saml_\w+)"', text))
