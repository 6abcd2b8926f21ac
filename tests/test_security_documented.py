"""The threats and the published faults in docs/security.md each have tests, and these exist."""

import ast
import re

import pytest

from harness.nginx import ROOT

PAGE = ROOT / "docs/security.md"
NAMED = re.compile(r"`([\w./-]+\.(?:py|rs)):(\w+)`")
FAULTS = "## Faults of others"
# Files of tests for what happened to others: each is named in the matrix.
FOR_OTHERS_FAULTS = [
    "test_artifact_of_another_idp.py",
    "test_key_descriptor_use.py",
    "test_logout_borrowed_signature.py",
    "test_lookalike_names.py",
    "test_names_written_again.py",
    "test_parameter_without_value.py",
    "test_processing_instructions.py",
    "test_redirect_second_equals.py",
    "test_sign_in_alone.py",
    "test_store_hostile_ids.py",
    "test_xsi_type.py",
]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of its tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[-1] not in ("tests", "tests here")]


def functions(path: str) -> set[str]:
    """Of a file in tests/, or of a crate's."""
    if path.endswith(".rs"):
        return set(re.findall(r"\bfn (\w+)", (ROOT / "crates" / path).read_text()))
    tree = ast.parse((ROOT / "tests" / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_named_test_exists():
    named = NAMED.findall(PAGE.read_text())
    assert len(named) > 100, len(named)
    for path, name in named:
        assert name in functions(path), f"{path}:{name}"
        assert path.endswith(".rs") or name.startswith("test_"), f"{path}:{name}"


def test_each_threat_and_fault_has_its_tests():
    for row in rows(PAGE.read_text()):
        assert len(row) == 3, row
        assert NAMED.findall(row[2]), row
        assert NAMED.sub("", row[2]).strip() == "", f"more than tests: {row[2]}"


@pytest.mark.parametrize("name", FOR_OTHERS_FAULTS)
def test_what_is_for_others_faults_is_in_the_matrix(name):
    """And says itself whose fault it is for."""
    matrix = PAGE.read_text().partition(FAULTS)[2]
    named = {function for path, function in NAMED.findall(matrix) if path == name}
    assert named, name
    assert re.search(r"CVE-20|issue \d|Fragile Lock", (ROOT / "tests" / name).read_text().split('"""')[1]), name


def test_no_fault_stands_twice():
    matrix = rows(PAGE.read_text().partition(FAULTS)[2])
    faults = [fault for row in matrix for fault in re.findall(r"CVE-\d+-\d+", row[0])]
    assert len(faults) > 50 and len(set(faults)) == len(faults), sorted(f for f in faults if faults.count(f) > 1)
