"""The package on a Debian that has nothing else: from an empty system to a login, a new version, and back."""

import pytest

from harness.browser import Browser
from harness.installed import BESIDE, INSIDE, STORE, Load, log, running_commit, wait_for, write_sp
from harness.nginx import free_ports
from harness.package import NAME, another_version, commit_of, field, of

pytestmark = pytest.mark.slow

SITE = "/etc/nginx/sites-available/default"
MODULE = "/usr/lib/nginx/modules/ngx_http_auth_saml_module.so"
LINK = "/etc/nginx/modules-enabled/50-mod-http-auth-saml.conf"


@pytest.fixture
def packages(debian_packages):
    return debian_packages


def install(debian, package) -> str:
    return debian.apt("install", *debian.put(package))


def configure(debian, idp_metadata: str, beside: str = BESIDE, **values: int) -> str:
    """Debian's site at a port of ours, and the six lines; where it is."""
    [port] = free_ports(1)
    write_sp(debian, idp_metadata, beside, port=port, **values)
    debian.run(f"sed -i -e 's/listen 80 /listen 127.0.0.1:{port} /' -e '/listen \\[::\\]/d' {SITE}")
    site = (debian.path / SITE.lstrip("/")).read_text()
    debian.write(SITE, site.replace("\tserver_name _;\n", f"\tserver_name _;\n{INSIDE}"))
    return f"http://127.0.0.1:{port}"


def start(debian) -> None:
    """From now on packages may reload it, as where there is systemd."""
    debian.run("sed -i s/101/0/ /usr/sbin/policy-rc.d && service nginx start")


def test_from_an_empty_debian_to_a_login_and_back(debian, packages, simplesamlphp):
    debian.apt("install", "nginx")
    before = debian.files()
    said = install(debian, of(packages, NAME))
    assert debian.run(f"readlink {LINK}").strip() == "/usr/share/nginx/modules-available/mod-http-auth-saml.conf"
    assert "successful" in debian.run("nginx -t")
    assert "goes on with the module of before" not in said

    url = configure(debian, simplesamlphp.metadata())
    assert len((BESIDE + INSIDE).splitlines()) == 6
    start(debian)
    browser = Browser()
    simplesamlphp.trust(browser.read(f"{url}/saml/metadata").text)
    page = simplesamlphp.log_in(browser, f"{url}/")
    assert page.status == 200 and "Welcome to nginx!" in page.text
    assert Browser().get(f"{url}/").status == 302

    said = debian.apt("remove", NAME)
    assert "without the module nginx -t does not take the configuration" in said
    # Who runs goes on, protected: nothing is opened.
    assert browser.get(f"{url}/").status == 200 and Browser().get(f"{url}/").status == 302
    debian.run("service nginx stop && rm -r /etc/nginx/conf.d/saml.conf /etc/nginx/saml")
    debian.apt("purge", NAME)
    debian.apt("autoremove")
    assert sorted(debian.files() - before - run_time()) == []


def test_the_six_lines_and_keycloak(debian, packages, keycloak):
    debian.apt("install", "nginx")
    install(debian, of(packages, NAME))
    url = configure(debian, keycloak.metadata())
    start(debian)
    browser = Browser()
    keycloak.trust(browser.read(f"{url}/saml/metadata").text)
    page = keycloak.log_in(browser, f"{url}/")
    assert page.status == 200 and "Welcome to nginx!" in page.text


def run_time() -> set[str]:
    """What nginx makes itself while it runs."""
    return {f"/var/lib/nginx/{name}" for name in ("body", "fastcgi", "proxy", "scgi", "uwsgi")}


def test_nginx_comes_with_it(debian, packages):
    """As apt does what is recommended is left out here; nginx comes because the module is for one."""
    install(debian, of(packages, NAME))
    assert "successful" in debian.run("nginx -t")
    assert field(of(packages, NAME), "Depends").startswith("nginx-abi-")


def test_the_second_object_and_the_tools(debian, packages, idp):
    debian.apt("install", *debian.put(of(packages, NAME), of(packages, f"{NAME}-xmlsec1"), of(packages, "nginx-auth-saml-tools")))
    debian.write("/root/idp.xml", idp.metadata())
    said = debian.run("saml-sp-init --host app.example.com --upstream http://127.0.0.1:3000 --idp-metadata /root/idp.xml")
    assert "nginx takes it. Next: nginx -s reload, then saml-sp-init --check" in said
    debian.run("sed -i 's/^saml_sp app {/&\\n    second_verifier xmlsec1;/' /etc/nginx/conf.d/saml-app.conf")
    assert "successful" in debian.run("nginx -t")
    assert "usage: saml-migrate" in debian.run("saml-migrate --help")
    debian.apt("remove", f"{NAME}-xmlsec1")
    assert "ngx_http_auth_saml_xmlsec1.so" in debian.run("nginx -t", check=False)


def test_a_new_version_under_load(debian, packages, idp, memcacheds, tmp_path):
    """Nobody is cut off: neither by the package, whose reload keeps the old code, nor by the step to the new."""
    [memcached] = memcacheds(1)
    package = of(packages, NAME)
    install(debian, package)
    beside = STORE + BESIDE.replace("idp corp;\n", "idp corp;\n    session_store shared;\n")
    url = configure(debian, idp.metadata(), beside, memcached=memcached.port)
    # Which code runs is said at `notice`; Debian's log has errors alone.
    debian.run("sed -i 's/error.log;/error.log notice;/' /etc/nginx/nginx.conf")
    start(debian)
    browser = Browser()
    assert idp.login(browser, f"{url}/").status == 303
    module = debian.path / MODULE.lstrip("/")
    old, inode = commit_of(module), module.stat().st_ino

    later = another_version(package, tmp_path, "9.0", "b" * 40)
    with Load(url, browser) as load:
        said = install(debian, later)
        assert "goes on with the module of before" in said and "service nginx upgrade" in said
        assert module.stat().st_ino != inode and commit_of(module) == "b" * 40
        wait_for(lambda: "has changed since nginx was started" in log(debian), "the reload")
        assert running_commit(debian) == old
        load.go_on()
        debian.run("service nginx upgrade")
        wait_for(lambda: running_commit(debian) == "b" * 40, "the new code")
        load.go_on()
    assert load.lost == [] and load.answered > 200


def test_a_new_version_that_does_not_take_the_configuration(debian, packages, idp, tmp_path):
    """It is said, and nginx goes on as it was."""
    package = of(packages, NAME)
    install(debian, package)
    url = configure(debian, idp.metadata())
    start(debian)
    debian.write("/etc/nginx/conf.d/mistake.conf", "saml_sp other { base_url nonsense; }\n")
    said = install(debian, another_version(package, tmp_path, "9.0", "b" * 40))
    assert "nginx -t does not take the configuration" in said and "mistake.conf:1" in said
    browser = Browser()
    assert idp.login(browser, f"{url}/").status == 303 and browser.get(f"{url}/").status == 200


def test_what_the_administrator_changed_stays(debian, packages, tmp_path):
    package = of(packages, NAME)
    install(debian, package)
    debian.write("/etc/nginx/saml-proxy.conf", "# mine\n")
    debian.run(f"rm {LINK}")
    install(debian, another_version(package, tmp_path, "9.0", "b" * 40))
    assert (debian.path / "etc/nginx/saml-proxy.conf").read_text() == "# mine\n"
    assert debian.run(f"ls {LINK}", check=False).startswith("ls: cannot access")
