"""The configurations in nginx-conf/ are good as they stand, and full.conf shows every directive."""

import re

import pytest

from harness import tables
from harness.keys import rsa_credential
from harness.nginx import ROOT

TLS = rsa_credential("tls")


@pytest.mark.parametrize("name", ["minimal.conf", "full.conf", "demo.conf"])
def test_nginx_takes_it(prepared, idp, name):
    conf = f"events {{}}\nhttp {{\n    include {name};\n}}\n"
    standard = {
        "sp.crt": rsa_credential("sp").certificate_pem,
        "sp.key": rsa_credential("sp").key_pem,
    }
    files = {f"saml/{key}": value for key, value in standard.items()}
    files |= {"saml/idp.xml": idp.metadata(), "saml/session.key": "0123456789abcdef" * 4}
    files |= {"tls.crt": TLS.certificate_pem, "tls.key": TLS.key_pem}
    server = prepared(conf, files=files)
    path = server.directory / name
    path.write_text(re.sub(r"listen +443", f"listen 127.0.0.1:{server.port}", path.read_text()))
    good, output = server.test()
    assert good, output
    assert "[emerg]" not in output
    if name != "demo.conf":
        # minimal.conf waits for the IdP's metadata, and says so.
        warnings = [line for line in output.splitlines() if "[warn]" in line]
        assert len(warnings) == (name == "minimal.conf"), output


def test_full_conf_shows_every_directive():
    """The tables in crates/settings are the list."""
    directives = tables.directives()
    assert len(directives) > 40
    shown = set(
        re.findall(r"^[\s#]*([a-z_0-9]+)\b", (ROOT / "nginx-conf/full.conf").read_text(), re.M)
    )
    shown |= set(re.findall(r"[{;]\s*([a-z_0-9]+)\b", (ROOT / "nginx-conf/full.conf").read_text()))
    shown |= set(
        re.findall(r"[{;]\s*([a-z_0-9]+)\b", (ROOT / "nginx-conf/saml-endpoints.conf").read_text())
    )
    assert directives - shown == set()
