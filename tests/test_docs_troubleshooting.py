"""docs/troubleshooting.md names reasons, directives and variables that there are, and every reason that this side must mend."""

import re

from harness.examples import FENCE
from harness.nginx import ROOT
from harness.tables import directives

PAGE = (ROOT / "docs/troubleshooting.md").read_text()
#: Names of nginx's own.
NGINX = {
    "add_header", "auth_basic", "client_max_body_size", "large_client_header_buffers", "load_module", "log_format",
    "proxy_buffer_size", "proxy_buffers", "proxy_cache", "proxy_cookie_domain", "proxy_set_header",
    "remote_user", "set_real_ip_from",
}  # fmt: skip
#: Of a log line, an answer, SELinux.
OTHERS = {"user_missing", "login_url", "httpd_can_network_memcache"}


def reasons() -> dict[str, str]:
    """Who can mend it, by code."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/reasons.md").read_text(), re.M)
    return dict(rows)


def variables() -> set[str]:
    return set(re.findall(r"\$(saml_\w+)", (ROOT / "docs/variables.md").read_text()))


def named(text: str) -> set[str]:
    """What stands as code and looks like a name of ours."""
    codes = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    return {name for code in codes for name in re.findall(r"(?<![\w/.-])[a-z]+(?:_[a-z0-9]+)+(?![\w/.-])", code)}


def listed(text: str) -> set[str]:
    """What a section says to be its codes."""
    lines = re.findall(r"^Codes?: (.+)$", text, re.M)
    return {code for line in lines for code in re.findall(r"`(\w+)`", line)}


def test_each_code_is_one():
    codes = listed(PAGE)
    assert len(codes) > 50
    assert codes - set(reasons()) == set()


def test_each_name_is_known():
    assert named(PAGE) - set(reasons()) - directives() - variables() - NGINX - OTHERS == set()


def test_what_this_side_must_mend_is_here():
    ours = {code for code, who in reasons().items() if who in ("SP", "server")}
    assert len(ours) > 10
    assert ours - named(PAGE) == set()


def test_what_the_log_says_is_in_the_code():
    """Log lines that are no reason."""
    said = ["was repaired", "in doubt dropped", "it does not answer in time", "cannot be fetched from", "cannot be used", "user_missing"]
    source = "".join(path.read_text() for folder in ("src", "crates") for path in (ROOT / folder).rglob("*.rs"))
    for words in said:
        assert words in PAGE and words in source, words


def test_names_are_found():
    assert named("`log_in_again on` and `/a_b/` and `$saml_attr_x`") == {"log_in_again", "saml_attr_x"}
