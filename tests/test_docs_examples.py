"""What the documentation shows as code is good: nginx takes its configurations, and the rest can be read."""

import ast
import configparser
import json
import re
import shutil
import subprocess

import pytest
import yaml
from lxml import etree

from harness.examples import FENCE, examples, files, whole
from harness.nginx import ROOT
from harness.tables import directives

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = [
    pytest.param(example, id=f"{page.relative_to(ROOT)}-{count}")
    for page in PAGES
    for count, example in enumerate(examples(page.read_text()))
]
#: Of another program than nginx, by the language of the block.
OTHERS = [
    pytest.param(found[2], re.sub(rf"^{found[1]}", "", found[3], flags=re.M), id=f"{page.relative_to(ROOT)}-{count}")
    for page in PAGES
    for count, found in enumerate(FENCE.finditer(page.read_text()))
    if found[2] not in ("nginx", "html", "")
]
#: What nginx says of an example that shows what is refused.
REFUSED = {"allow_experimental ml-dsa;": '"allow_experimental ml-dsa" cannot be had'}


def test_examples_are_found():
    assert len(EXAMPLES) >= 150
    assert {language for language, _ in (parameter.values for parameter in OTHERS)} <= set(READERS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_nginx_takes_the_example(prepared, example):
    good, output = prepared(whole(example), files=files()).test()
    refusal = next((said for line, said in REFUSED.items() if line in example), None)
    assert (not good and refusal in output) if refusal else good, output


def test_nginx_takes_the_template(prepared):
    (template,) = [found[3] for found in FENCE.finditer((ROOT / "docs/pages.md").read_text()) if found[2] == "html"]
    pages = {"saml/pages/forbidden.html": template, "saml/pages/help_desk.html": "<p>Ask.</p>"}
    conf = whole("saml_sp app {\n    …\n    page_dir saml/pages;\n}\n")
    good, output = prepared(conf, files=files() | pages).test()
    assert good and "saml/pages" not in output, output


def entries() -> dict[tuple[str, ...], str]:
    """Of the reference: the text below each heading that names directives."""
    page = (ROOT / "docs/directives.md").read_text()
    pieces = re.split(r"^#{2,3} (.+)\n", page, flags=re.M)
    found: dict[tuple[str, ...], str] = {}
    for heading, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if re.fullmatch(r"[a-z_0-9, ]+", heading):
            found[tuple(heading.split(", "))] = text
    return found


def shown(example: str) -> set[str]:
    """The directives that an example uses."""
    return set(re.findall(r"(?:^|[{;])\s*([a-z_0-9]+)(?=[\s;])", re.sub(r"(^|\s)#.*", "", example), re.M))


def test_each_directive_has_an_example_in_its_entry():
    known = entries()
    assert {name for names in known for name in names} == directives()
    without = [name for names, text in known.items() for name in names if name not in shown("\n".join(examples(text)))]
    assert without == []


def test_a_word_in_a_comment_is_no_example():
    assert shown("saml_sp app { # stale 1s;\n    replicas 2; zone x; }") == {"saml_sp", "replicas", "zone"}


def read_ini(text: str) -> None:
    configparser.ConfigParser(interpolation=None, strict=True).read_string(text)


def read_shell(text: str) -> None:
    run = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert run.returncode == 0 and not run.stderr, run.stderr


def read_script(text: str) -> None:
    if shutil.which("node") is None:
        pytest.skip("no node, which reads JavaScript")
    run = subprocess.run(["node", "--check", "-"], input=text, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def read_dockerfile(text: str) -> None:
    lines = re.sub(r"\\\n", " ", text).splitlines()
    words = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    assert words[0] == "FROM" and set(words) <= {"FROM", "RUN", "COPY", "ENTRYPOINT", "CMD", "ENV", "USER", "EXPOSE"}


def read_diagram(text: str) -> None:
    """What is known to break one; tests/test_site_chromium.py has it drawn."""
    kind = text.splitlines()[0].strip()
    assert re.match(r"(sequenceDiagram|stateDiagram-v2|flowchart|graph) ?(LR|TB|TD)?$", kind)
    # Of a sequence diagram a semicolon ends the statement; #59; is one to be shown.
    assert kind != "sequenceDiagram" or ";" not in text.replace("#59;", "")


def read_caddyfile(text: str) -> None:
    if (caddy := shutil.which("caddy")) is None:
        pytest.skip("apt-get install caddy")
    command = [caddy, "adapt", "--adapter", "caddyfile", "--config", "/dev/stdin"]
    read = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert read.returncode == 0, read.stderr


READERS = {
    "caddyfile": read_caddyfile,
    "dockerfile": read_dockerfile,
    "ini": read_ini,
    "js": read_script,
    "json": json.loads,
    "mermaid": read_diagram,
    "python": ast.parse,
    "sh": read_shell,
    # A part of a file, which has the namespace at its root.
    "xml": lambda text: etree.fromstring(f'<part xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{text}</part>'),
    "yaml": lambda text: list(yaml.safe_load_all(text)),
}


@pytest.mark.parametrize(("language", "text"), OTHERS)
def test_it_can_be_read(language, text):
    READERS[language](text)


@pytest.mark.parametrize(("language", "broken"), [
    ("caddyfile", "a.example {\n    forward {\n"),
    ("dockerfile", "RUN true\n"),
    ("ini", "[a]\nx = 1\nx = 2\n"),
    ("js", "function ("),
    ("json", "{,}"),
    ("mermaid", "sequencediagram\n"),
    ("mermaid", "sequenceDiagram\n    A->>B: first; second\n"),
    ("python", "def x(:\n"),
    ("sh", "if true; then\n"),
    ("xml", "<a><b></a>"),
    ("yaml", "a: [1\n"),
])  # fmt: skip
def test_what_is_broken_is_noticed(language, broken):
    with pytest.raises((AssertionError, ValueError, SyntaxError, configparser.Error, yaml.YAMLError)):
        READERS[language](broken)
