"""The package for nginx.org's nginx, on a Debian that has nothing else: from an empty system to a login, a new version,
and back."""

from types import SimpleNamespace

import pytest

from harness import nginx_org
from harness.browser import Browser
from harness.http3 import browser_over_http3
from harness.installed import BESIDE, INSIDE, STORE, Load, log, running_commit, wait_for, write_sp
from harness.keys import rsa_credential
from harness.nginx import free_ports
from harness.package import another_version, commit_of, field, made, of

pytestmark = pytest.mark.slow

NAME = "nginx-module-http-auth-saml"
SITE = "/etc/nginx/conf.d/default.conf"
MODULE = "/usr/lib/nginx/modules/ngx_http_auth_saml_module.so"
LOAD_MODULE = "load_module modules/ngx_http_auth_saml_module.so;"
TLS = "listen 127.0.0.1:{tls} ssl; listen 127.0.0.1:{tls} quic reuseport; ssl_certificate saml/tls.crt; ssl_certificate_key saml/tls.key;"


@pytest.fixture
def packages():
    return made("deb-nginx-org")


@pytest.fixture
def nginx_package(tmp_path):
    return nginx_org.package(tmp_path)


def install(debian, *packages) -> str:
    return debian.apt("install", *debian.put(*packages))


def load_module(debian) -> None:
    debian.run(f"sed -i '1i {LOAD_MODULE}' /etc/nginx/nginx.conf")


def configure(debian, idp_metadata: str, beside: str = BESIDE, **values: int) -> str:
    """nginx.org's site at a port of ours, the line for the module, and the six lines; where it is."""
    [port] = free_ports(1)
    load_module(debian)
    write_sp(debian, idp_metadata, beside, port=port, **values)
    debian.run(f"sed -i 's/listen  *80;/listen 127.0.0.1:{port};/' {SITE}")
    site = (debian.path / SITE.lstrip("/")).read_text()
    debian.write(SITE, site.replace("    server_name  localhost;\n", f"    server_name  localhost;\n{INSIDE}"))
    return f"http://127.0.0.1:{port}"


def test_from_an_empty_debian_to_a_login_and_back(debian, packages, nginx_package, simplesamlphp):
    install(debian, nginx_package)
    before = debian.files()
    said = install(debian, of(packages, NAME))
    assert f"    {LOAD_MODULE}\n" in said and "nginx -s reload" in said
    assert LOAD_MODULE not in debian.run("cat /etc/nginx/nginx.conf"), "that is the administrator's"

    url = configure(debian, simplesamlphp.metadata())
    assert "successful" in debian.run("nginx -t")
    debian.run("service nginx start")
    browser = Browser()
    simplesamlphp.trust(browser.read(f"{url}/saml/metadata").text)
    page = simplesamlphp.log_in(browser, f"{url}/")
    assert page.status == 200 and "Welcome to nginx!" in page.text
    assert Browser().get(f"{url}/").status == 302

    said = debian.apt("remove", NAME)
    assert f"{NAME}: without the module nginx -t does not take the configuration" in said
    # Who runs goes on, protected: nothing is opened.
    assert browser.get(f"{url}/").status == 200 and Browser().get(f"{url}/").status == 302
    debian.run("service nginx stop; rm -r /etc/nginx/conf.d/saml.conf /etc/nginx/saml")
    debian.apt("purge", NAME)
    debian.apt("autoremove")
    assert sorted(debian.files() - before - run_time()) == []


def run_time() -> set[str]:
    """What nginx makes itself while it runs."""
    return {f"/var/cache/nginx/{name}_temp" for name in ("client", "fastcgi", "proxy", "scgi", "uwsgi")} | {"/run/nginx.pid"}


def test_it_fits_one_version_of_nginx(debian, packages, tmp_path):
    """apt says so before nginx would."""
    version = nginx_org.version()
    assert f"nginx-r{version}" in field(of(packages, NAME), "Depends").split(", ")
    assert field(of(packages, NAME), "Version").startswith(f"{version}+")
    install(debian, nginx_org.package(tmp_path, f"{version}9"))
    [there] = debian.put(of(packages, NAME))
    said = debian.run(f"apt-get --yes --no-install-recommends install {there}", check=False)
    assert f"Depends: nginx-r{version}" in said and not (debian.path / MODULE.lstrip("/")).exists()
    assert field(of(packages, NAME), "Provides") == f"{NAME}-r{version}"


def test_a_login_by_http3(debian, packages, nginx_package, idp):
    install(debian, nginx_package, of(packages, NAME))
    [tls] = free_ports(1)
    beside = BESIDE.replace("http://127.0.0.1:{port}", "https://127.0.0.1:{tls}")
    configure(debian, idp.metadata(), beside, tls=tls)
    credential = rsa_credential("tls")
    debian.write("/etc/nginx/saml/tls.crt", credential.certificate_pem)
    debian.write("/etc/nginx/saml/tls.key", credential.key_pem)
    debian.run(f"sed -i 's|^server {{|&\\n    {TLS.format(tls=tls)}|' {SITE}")
    debian.run("service nginx start")
    browser = browser_over_http3(SimpleNamespace(address="127.0.0.1", port=tls))
    assert idp.login(browser, f"https://127.0.0.1:{tls}/").status == 303
    page = browser.get(f"https://127.0.0.1:{tls}/")
    assert page.status == 200 and "Welcome to nginx!" in page.text
    browser.session.close()


def test_the_second_object(debian, packages, nginx_package, idp):
    install(debian, nginx_package, of(packages, NAME), of(packages, f"{NAME}-xmlsec1"))
    configure(debian, idp.metadata(), BESIDE.replace("idp corp;\n", "idp corp;\n    second_verifier xmlsec1;\n"))
    assert "successful" in debian.run("nginx -t")
    debian.apt("remove", f"{NAME}-xmlsec1")
    assert "ngx_http_auth_saml_xmlsec1.so" in debian.run("nginx -t", check=False)


def test_the_tools(debian, packages, nginx_package, idp):
    """Of Debian's packages, with this nginx."""
    tools = of(made("deb"), "nginx-auth-saml-tools")
    install(debian, nginx_package, of(packages, NAME), tools)
    load_module(debian)
    debian.write("/root/idp.xml", idp.metadata())
    said = debian.run("saml-sp-init --host app.example.com --upstream http://127.0.0.1:3000 --idp-metadata /root/idp.xml")
    assert "nginx takes it. Next: nginx -s reload, then saml-sp-init --check" in said


def test_a_new_version_under_load(debian, packages, nginx_package, idp, memcacheds, tmp_path):
    """Nobody is cut off: neither by the package nor by the step to the new code, as it says it."""
    [memcached] = memcacheds(1)
    package = of(packages, NAME)
    install(debian, nginx_package, package)
    beside = STORE + BESIDE.replace("idp corp;\n", "idp corp;\n    session_store shared;\n")
    url = configure(debian, idp.metadata(), beside, memcached=memcached.port)
    debian.write("/etc/nginx/saml-proxy.conf", "# mine\n")
    debian.run("service nginx start")
    browser = Browser()
    assert idp.login(browser, f"{url}/").status == 303
    module = debian.path / MODULE.lstrip("/")
    old, inode = commit_of(module), module.stat().st_ino
    mapped = module.read_bytes()

    with open(module, "rb") as held:
        with Load(url, browser) as load:
            said = install(debian, another_version(package, tmp_path, f"{nginx_org.version()}+9.0", "b" * 40))
            assert f"{NAME}: the nginx that runs goes on with the module of before" in said
            assert "to load the module" not in said
            assert module.stat().st_ino != inode and commit_of(module) == "b" * 40
            assert held.read() == mapped, "what is mapped was not written to"
            load.go_on()
            debian.run("nginx -s reload")
            wait_for(lambda: "has changed since nginx was started" in log(debian), "the reload")
            assert running_commit(debian) == old
            assert "service nginx upgrade" in said
            debian.run("service nginx upgrade")
            wait_for(lambda: running_commit(debian) == "b" * 40, "the new code")
            load.go_on()
        assert load.lost == [] and load.answered > 200
    assert (debian.path / "etc/nginx/saml-proxy.conf").read_text() == "# mine\n"
