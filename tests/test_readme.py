"""The README is of one screen, and its figures are the measured ones."""

import re

import pytest

from harness.nginx import ROOT

README = (ROOT / "README.md").read_text()
#: A column of its table, and the row of docs/bench.md.
MEASURED = {
    "this module": "shared memory, 5 attributes, two variables",
    "mod_auth_mellon": "Apache, mod_auth_mellon",
    "Shibboleth SP": "Apache, mod_shib",
}
#: That of docs/bench.md.
ADDED = "adds to its own server, µs"


def cells(row: str) -> list[str]:
    return [cell.strip().replace("*", "") for cell in row.strip("|\n").split("|")]


def table(page: str, first: str) -> dict[str, dict[str, str]]:
    """The table whose head begins so: of each row, by its first cell, the cells by their columns."""
    head, _, *rows = page[page.index(first) :].split("\n\n")[0].splitlines()
    names = cells(head)
    return {cells(row)[0]: dict(zip(names, cells(row), strict=True)) for row in rows}


def test_it_is_of_one_screen():
    assert 50 <= len(README.splitlines()) <= 80
    assert max(map(len, README.splitlines())) < 700


def test_its_picture_is_small():
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert 10_000 < (ROOT / picture).stat().st_size < 150_000


@pytest.mark.parametrize("column", MEASURED)
def test_a_figure_is_the_measured_one(column):
    beside = table(README, "| | this module")
    (row,) = [row for name, row in beside.items() if name.startswith("adds to a request")]
    measured = table((ROOT / "docs/bench.md").read_text(), "|  | requests/s | ratio")
    assert row[column] == measured[MEASURED[column]][ADDED]


def test_the_versions_are_those_that_were_measured():
    said = re.search(r"measured on (\S+) beside mod_auth_mellon (\S+), mod_shib and shibd (\S+)\.", README)
    section = (ROOT / "docs/bench.md").read_text().split("\n## A request\n")[1].split("\n## ")[0]
    (line,) = [line for line in section.splitlines() if line.startswith("20") and "mod_auth_mellon" in line]
    assert line.startswith(f"{said[1]}, ") and f"mod_auth_mellon {said[2]}, mod_shib and shibd {said[3]}." in line
