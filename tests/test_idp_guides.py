"""docs/idps/*.md: what a guide says to type is what the SP's own page says, field by field."""

import re
from pathlib import Path

import lxml.html
import pytest

from harness.examples import examples, whole
from harness.keys import rsa_credential
from harness.nginx import ROOT

GUIDES = sorted((ROOT / "docs/idps").glob("*.md"))
HTML = {"Accept": "text/html", "Host": "app.example.com"}


def title(guide: Path) -> str:
    return guide.read_text().splitlines()[0].removeprefix("# ")


def typed(guide: Path) -> dict[str, list[str]]:
    """The table of a guide, by field."""
    section = guide.read_text().split("## What to type\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.M)
    assert rows[0] == ("field", "value"), guide
    return {field: value.replace("`", "") for field, value in rows[1:]}


@pytest.fixture
def shown(nginx):
    """What the page shows for the configuration of a guide: name, how to get there, fields."""

    def shown(guide: Path, browser) -> dict[str, tuple[str, dict[str, str]]]:
        (example,) = examples(guide.read_text())
        conf = whole(example).replace("http://127.0.0.1:@PORT@", "https://app.example.com", 1)
        conf = conf.replace("http://127.0.0.1/me", "https://app.example.com/saml/metadata")
        sp, tls = rsa_credential("sp"), rsa_credential("tls")
        files = {"saml/sp.crt": sp.certificate_pem, "saml/sp.key": sp.key_pem,
                 "tls.crt": tls.certificate_pem, "tls.key": tls.key_pem}  # fmt: skip
        server = nginx(conf.replace("saml/idp.xml", "idp.xml"), files=files)
        # A guide may need a server that speaks TLS.
        scheme = "https" if "ssl;" in conf else "http"
        page = browser.get(server.url("/saml/metadata", scheme), headers=HTML, verify=False)
        assert page.status == 200, page.text
        forms = {}
        for form in lxml.html.fromstring(page.text).iter("details"):
            name = form.findtext("summary")
            fields: dict[str, str] = {}
            for element in form.iter("dt", "dd"):
                if element.tag == "dt":
                    label = element.text_content()
                else:
                    fields[label] = element.text_content().strip()
            forms[name] = (form.findtext("p") or "", fields)
        return forms

    return shown


@pytest.mark.parametrize("guide", GUIDES, ids=lambda g: g.stem)
def test_the_guide_and_the_page_agree(shown, browser, guide):
    where, fields = shown(guide, browser)[title(guide)]
    assert typed(guide) == fields
    assert where in guide.read_text()


def test_each_form_has_a_guide(shown, browser):
    forms = {name for name, (_, fields) in shown(ROOT / "docs/idps/okta.md", browser).items() if fields}
    named = {title(guide) for guide in GUIDES}
    assert forms == named


def test_the_index_has_them_all():
    index = (ROOT / "docs/idps.md").read_text()
    assert re.findall(r"\]\(idps/([\w-]+)\.md\)", index) == [g.stem for g in sorted(GUIDES, key=lambda g: title(g).lower())]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda g: g.stem)
def test_each_says_whether_it_was_tried(guide):
    text = guide.read_text()
    assert re.search(r"^\[All guides\]\(\.\./idps\.md\) · \*\*(Tried here|Not tried)", text, re.M)
    assert re.findall(r"^## (.+)$", text, re.M) == ["What to type", "In nginx", "What it sends", "Logout", "Pitfalls"]
