"""The archive for another nginx: it fits that one, and INSTALL's steps lead to a login."""

import subprocess
import tarfile
from pathlib import Path

import pytest

from harness.browser import Browser
from harness.package import commit_of, made

pytestmark = pytest.mark.smoke

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app { base_url http://127.0.0.1:@PORT@; idp corp; }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""


@pytest.fixture
def unpacked(request, tmp_path) -> Path:
    if request.config.getoption("--nginx") != "vendored":
        pytest.skip("is made for the nginx of nginx-src: --nginx vendored")
    [archive] = made("tarball")
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, members[0].mtime)}
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", tmp_path], check=True)
    [folder] = tmp_path.iterdir()
    assert archive.name == f"{folder.name}.tar.gz"
    return folder


def test_it_fits_the_nginx_that_it_names(unpacked, build, nginx, idp):
    version = subprocess.run([build[1], "-v"], capture_output=True, text=True, check=True).stderr.strip().rpartition("/")[2]
    assert f"-nginx-{version}-linux-" in unpacked.name
    install = (unpacked / "INSTALL").read_text()
    module = unpacked / "modules/ngx_http_auth_saml_module.so"
    assert f"for nginx {version} on Linux" in install and commit_of(module) in install and "@" not in install
    server = nginx(CONF, MODULE=str(module))
    browser = Browser()
    assert idp.login(browser, server.url("/page.html")).status == 303
    assert browser.get(server.url("/page.html")).text == "a page\n"


def test_what_install_names_is_there(unpacked):
    for name in ["README.md", "LICENSE", "THIRD-PARTY", "docs/directives.md", "docs/upgrade.md", "nginx-conf/minimal.conf"]:
        assert (unpacked / name).is_file(), name
    for name in ["ngx_http_auth_saml_module", "ngx_http_auth_saml_xmlsec1"]:
        assert (unpacked / f"modules/{name}.so").is_file() and (unpacked / f"symbols/{name}.so.debug").is_file()
    for tool in ["sp-init", "migrate"]:
        done = subprocess.run([unpacked / "scripts" / tool, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and f"usage: scripts/{tool}" in done.stdout, done.stderr
