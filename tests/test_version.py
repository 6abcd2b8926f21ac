"""Which version runs: in error.log at each start and reload, in the metadata's ETag, and beside the module its symbols."""

import re
import subprocess

from harness.nginx import ROOT

CONF = """
worker_processes 2;
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        idp corp;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""
VERSION = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M).group(1)
LINE = re.compile(rf"\[notice\] .*ngx_http_auth_saml_module/{re.escape(VERSION)} \(built for nginx/")


def test_in_the_log(nginx):
    """Once for the master, not for each worker, and not at `nginx -t`."""
    server = nginx(CONF, SP="")
    assert len(LINE.findall(server.error_log())) == 1
    server.test()
    assert len(LINE.findall(server.error_log())) == 1
    server.reload()
    assert len(LINE.findall(server.error_log())) == 2


def test_in_the_etag(nginx, browser):
    server = nginx(CONF, SP="")
    etags = {browser.read(server.url("/saml/metadata")).headers["ETag"] for _ in range(3)}
    assert all(re.fullmatch(rf'"{re.escape(VERSION)}-[0-9a-f]{{16}}"', etag) for etag in etags)
    other = nginx(CONF, SP="entity_id https://other.example.org;")
    assert browser.read(other.url("/saml/metadata")).headers["ETag"] not in etags


def test_symbols_are_beside_the_module(build):
    module, _ = build

    def sections(path: str) -> str:
        return subprocess.run(
            ["readelf", "--sections", "--wide", path], capture_output=True, text=True, check=True
        ).stdout

    assert ".debug_line" not in sections(module) and ".symtab" not in sections(module)
    assert ".gnu_debuglink" in sections(module)
    assert ".debug_line" in sections(f"{module}.debug")
    symbols = subprocess.run(["nm", f"{module}.debug"], capture_output=True, text=True, check=True)
    assert "access_handler" in symbols.stdout
