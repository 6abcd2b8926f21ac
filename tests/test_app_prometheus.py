"""nginx-conf/apps/prometheus.conf in front of Prometheus and Alertmanager themselves."""

import shutil

import pytest

from harness.app_site import detours, lies
from harness.members import log_in
from harness.nginx import free_ports, wait_for_port
from harness.response import Attribute
from harness.wire import ask, cookie_header

# 375 MB, so that no script of ours installs them.
pytestmark = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("prometheus-alertmanager")),
    reason="apt-get install prometheus prometheus-alertmanager",
)
ALERTMANAGER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@pytest.fixture
def server(app_site, tmp_path, run):
    ports = free_ports(2)
    (tmp_path / "prometheus.yml").write_text("scrape_configs: []\n")
    (tmp_path / "alertmanager.yml").write_text(ALERTMANAGER)
    public = "http://127.0.0.1"
    started = [
        run("prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
            f"--web.external-url={public}/prometheus/", f"--web.listen-address=127.0.0.1:{ports[0]}",
            "--web.enable-lifecycle", "--web.enable-admin-api"),
        run("prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/alerts",
            f"--web.external-url={public}/alertmanager/", f"--web.listen-address=127.0.0.1:{ports[1]}",
            "--cluster.listen-address="),
    ]  # fmt: skip
    for port, process in zip(ports, started, strict=True):
        wait_for_port(port, process, 60)
    changes = {r"proxy_pass http://127\.0\.0\.1:9090": f"proxy_pass http://127.0.0.1:{ports[0]}",
               r"proxy_pass http://127\.0\.0\.1:9093": f"proxy_pass http://127.0.0.1:{ports[1]}"}  # fmt: skip
    yield app_site("prometheus.conf", "/prometheus/graph", changes)
    for process in started:
        assert process.poll() is None, "somebody has ended it"


def test_both(server, idp):
    operator = cookie_header(log_in(server, idp, attributes=[Attribute("groups", ["operators"])]))
    server.wait_for(lambda: ask(server, "/prometheus/api/v1/query?query=1", operator).status == 200, "Prometheus", 60)
    server.wait_for(lambda: ask(server, "/alertmanager/api/v2/status", operator).status == 200, "Alertmanager", 60)
    assert '"success"' in ask(server, "/prometheus/api/v1/query?query=1", operator).text
    assert "Prometheus" in ask(server, "/prometheus/classic/graph", operator).text
    for switch in ("/prometheus/-/quit", "/prometheus//-/quit", "/prometheus/./-/quit", "/prometheus/%2d/quit",
                   "/prometheus/-%2fquit", "/prometheus/x/%2e%2e/-/quit", "/prometheus/api/v1/admin/tsdb/snapshot"):  # fmt: skip
        assert ask(server, switch, operator, method="POST").status == 404, switch
    for outsider in ([], [cookie_header(log_in(server, idp, attributes=[Attribute("groups", ["staff"])]))]):
        for path in [*detours("/prometheus/graph"), *detours("/alertmanager/api/v2/status")]:
            answer = ask(server, path, *outsider, *lies(["groups"]))
            assert answer.status in (301, 302, 400, 401, 403, 404), path
            assert "versionInfo" not in answer.text and "Prometheus" not in answer.text, path
