"""The RPM spec, built for Debian's nginx: what is in the packages, and that rpm installs and erases them.

No Fedora is at hand: its macros, %post's systemctl and its nginx are not tried.
"""

import shutil
import subprocess

import pytest

from harness.nginx import ROOT
from harness.package import made

pytestmark = pytest.mark.slow

NAME = "nginx-mod-http-auth-saml"
MODULE = "usr/lib64/nginx/modules/ngx_http_auth_saml_module.so"
CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app { base_url http://127.0.0.1:@PORT@; idp corp; }
    server { listen 127.0.0.1:@PORT@; include saml-endpoints.conf; auth_saml app; root html; }
}
"""


@pytest.fixture
def packages() -> dict:
    if shutil.which("rpmbuild") is None:
        pytest.skip("no rpmbuild")
    found = made("rpm")
    return {query(path, "%{name}"): path for path in found}


def query(package, form: str) -> str:
    return rpm("--query", "--package", "--queryformat", form, package)


def rpm(*words) -> str:
    done = subprocess.run(["rpm", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_in_them(packages):
    assert set(packages) == {NAME, f"{NAME}-xmlsec1", f"{NAME}-symbols", "nginx-auth-saml-tools"}
    requires = query(packages[NAME], "[%{requires} %{requireversion}\n]")
    assert "nginx(abi) 1." in requires and "libssl.so.3()(64bit)" in requires and "libxml" not in requires
    assert "libxmlsec1-openssl.so" in query(packages[f"{NAME}-xmlsec1"], "[%{requires}\n]")
    flags = dict(line.split(" ") for line in query(packages[NAME], "[%{filenames} %{fileflags:fflags}\n]").splitlines() if "/etc/" in line)
    snippets = [path.name for path in (ROOT / "nginx-conf").glob("saml-*.conf")]
    assert flags == {f"/etc/nginx/{name}": "cn" for name in snippets}  # %config(noreplace)
    subprocess.run(["sh", "-n"], input=query(packages[NAME], "%{postin}"), text=True, check=True)


def test_installed_and_erased(packages, prepared, tmp_path):
    """Their files; scripts would need a whole system there, and what they require is no package of rpm's here."""
    there = ["--root", tmp_path, "--nodeps", "--noscripts"]
    rpm(*there, "--install", *packages.values())
    server = prepared(CONF, MODULE=str(tmp_path / MODULE))
    good, said = server.test()
    assert good, said
    changed, same = tmp_path / "etc/nginx/saml-proxy.conf", tmp_path / "etc/nginx/saml-grpc.conf"
    changed.write_text("# mine\n")
    inode = (tmp_path / MODULE).stat().st_ino
    rpm(*there, "--upgrade", "--force", packages[NAME])
    assert changed.read_text() == "# mine\n" and same.exists()
    assert (tmp_path / MODULE).stat().st_ino != inode  # as a running nginx has the old one mapped
    rpm(*there, "--erase", *packages)
    left = [path for path in tmp_path.rglob("*saml*") if path.is_file()]
    assert [path.name for path in left] == ["saml-proxy.conf.rpmsave"]
