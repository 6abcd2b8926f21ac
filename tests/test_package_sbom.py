"""The SBOM has all that is linked, and is of the commit."""

import json
import re

import pytest

from harness.nginx import ROOT
from harness.package import made
from test_package_licences import third_party

pytestmark = pytest.mark.slow


@pytest.fixture
def documents() -> dict[str, dict]:
    if not (ROOT / ".cache/cargo-cyclonedx/bin/cargo-cyclonedx").exists():
        pytest.skip("NOT CHECKED: `scripts/package sbom` installs cargo-cyclonedx, which takes minutes")
    return {path.name: json.loads(path.read_text()) for path in made("sbom")}


def test_all_that_is_linked_is_in_one_of_them(documents):
    assert set(documents) == {"ngx_http_auth_saml_module.cdx.json", "ngx_http_auth_saml_xmlsec1.cdx.json"}
    components = {(c["name"], c["version"]) for document in documents.values() for c in document["components"]}
    linked = {(crate["name"], crate["version"]) for crate in third_party.linked(third_party.metadata())}
    assert linked <= components
    assert "nginx-src" not in {name for name, _ in components}  # for tests alone


def test_they_say_the_commit_and_no_folder(documents):
    for name, document in documents.items():
        assert document["bomFormat"] == "CycloneDX" and "serialNumber" not in document
        [commit] = [p["value"] for p in document["metadata"]["properties"] if p["name"] == "commit"]
        assert re.fullmatch(r"[0-9a-f]{40}(-changed)?", commit)
        assert str(ROOT) not in json.dumps(document) and "/work." not in json.dumps(document), name
