"""A login, a form and a logout in a real browser that speaks HTTP/3 alone with the SP, through an IdP of another site."""

import pytest

from harness.chromium import Chromium, by_http3, trusting
from harness.http3 import LISTEN
from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential

NAME = "app.localhost"
CONF = f"""
events {{}}
http {{
    saml_idp corp {{ metadata idp.xml; }}
    saml_sp app {{
        base_url https://{NAME}:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        logout_redirect /bye.html;
    }}
    log_format version '$server_protocol $request_method $uri $status';
    server {{{LISTEN}
        access_log version.log version;
        default_type text/html;
        include saml-endpoints.conf;
        location / {{
            auth_saml app;
            auth_saml_preserve_post 100k;
            root html;
        }}
        location = /form.html {{ auth_saml off; add_header Referrer-Policy no-referrer; root html; }}
        location = /bye.html {{ return 200 bye; }}
        location = /echo {{
            auth_saml app;
            auth_saml_preserve_post 100k;
            proxy_pass http://127.0.0.1:@PORT2@;
        }}
    }}
    server {{
        listen 127.0.0.1:@PORT2@;
        default_type text/html;
        location / {{ return 200 "$request_method of $content_length octets"; }}
    }}
}}
"""
FILES = {
    "tls.crt": rsa_credential("tls").certificate_pem,
    "tls.key": rsa_credential("tls").key_pem,
    "html/form.html": "<form method=post action=/echo><input name=a value=b><button>send</button></form>",
}

pytestmark = [pytest.mark.smoke, pytest.mark.slow]


@pytest.fixture
def idp_site(tmp_path):
    site = IdpSite(Idp(), rsa_credential("tls"), tmp_path)
    yield site
    site.stop()


@pytest.fixture
def server(http3, nginx, idp_site):
    return nginx(CONF, files={**FILES, "idp.xml": idp_site.idp.metadata()})


@pytest.fixture
def chromium(server, tmp_path):
    made = Chromium(tmp_path, *by_http3(server, NAME), trusting(rsa_credential("tls")))
    yield made
    made.quit()


def versions(server) -> set[str]:
    return {line.split()[0] for line in (server.directory / "version.log").read_text().splitlines()}


def test_a_login_and_a_logout(server, chromium):
    page = f"https://{NAME}:{server.port}/page.html"
    chromium.open(page)
    chromium.wait_for(page)
    assert chromium.text() == "a page", server.error_log()
    assert "__Host-saml_session" in chromium.cookies()
    assert chromium.run("return performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h3"
    statuses = "return Promise.all([...Array(30)].map(() => fetch('/page.html').then(r => r.status)))"
    assert set(chromium.run(statuses)) == {200}
    chromium.open(f"https://{NAME}:{server.port}/saml/logout")
    chromium.wait_for(f"https://{NAME}:{server.port}/bye.html")
    assert "__Host-saml_session" not in chromium.cookies()
    assert chromium.run("return fetch('/page.html').then(r => r.status)") == 401
    assert versions(server) == {"HTTP/3.0"}


def test_a_form_is_kept_over_the_login(server, chromium):
    """Its page does not tell where it comes from: the browser says `Origin: null`, and that the site is the same."""
    chromium.open(f"https://{NAME}:{server.port}/form.html")
    chromium.click("button")
    chromium.wait_for(f"https://{NAME}:{server.port}/echo")
    assert chromium.text() == "POST of 3 octets", server.error_log()
    assert versions(server) == {"HTTP/3.0"}
