"""The metrics in the documentation, on the dashboard and in the alerts are those that there are."""

import json
import re
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from harness.nginx import ROOT
from harness.site import site
from harness.wire import ask

#: Of a histogram, or of a counter.
SUFFIXES = ("_bucket", "_count", "_sum")


@pytest.fixture
def known(nginx) -> set[str]:
    server = nginx(site(server="location = /status { saml_status; }"))
    families = list(parse(ask(server, "/status?format=openmetrics").text))
    return {one.name + ("_total" if one.type == "counter" else "") for one in families}


def names(text: str) -> set[str]:
    found = set(re.findall(r"\bsaml_[a-z_]+\b", text))
    for suffix in SUFFIXES:
        found = {name.removesuffix(suffix) for name in found}
    return found


def test_the_table_has_all_of_them_and_no_others(known):
    page = (ROOT / "docs/operations.md").read_text()
    rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `saml_")]
    assert names(" ".join(rows)) == known


def test_dashboard_and_alerts_ask_for_what_there_is(known):
    dashboard = json.loads((ROOT / "docs/grafana.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 10 and names(" ".join(asked)) <= known
    alerts = (ROOT / "docs/alerts.yml").read_text()
    asked = re.findall(r"^\s+expr: (.+)$", alerts, re.M)
    assert len(asked) > 5 and names(" ".join(asked)) <= known
    reasons = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/reasons.md").read_text(), re.M))
    assert set(re.findall(r'reason!~"([\w|]+)"', alerts)[0].split("|")) <= reasons


def test_prometheus_reads_the_alerts():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool (Debian: prometheus)")
    checked = subprocess.run([promtool, "check", "rules", ROOT / "docs/alerts.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
