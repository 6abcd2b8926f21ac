"""`auth_saml_mode passive` in Chromium: the page that was opened is the page that is seen, once."""

import pytest

from harness.idp import Idp
from harness.idp_site import IdpSite
from harness.keys import rsa_credential
from harness.response import Answer

pytestmark = pytest.mark.slow

CONF = """
events {}
http {
    saml_idp corp { metadata idp.xml; }
    saml_sp app {
        base_url https://app.localhost:@PORT@;
        entity_id https://sp.example.org/entity;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        cookie_same_site @SAME_SITE@;
        keep_fragment @KEEP_FRAGMENT@;
    }
    server {
        listen 127.0.0.1:@PORT@ ssl;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        root html;
        location / {
            auth_saml app;
            auth_saml_mode passive;
            ssi on;
        }
    }
}
"""
PAGE = 'user: <!--#echo var="saml_name_id" default="nobody" -->'
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
NO_PASSIVE = Answer(
    status=f"{STATUS}Responder", sub_status=f"{STATUS}NoPassive", with_assertion=False, sign="response"
)


@pytest.fixture
def start(nginx, tmp_path):
    sites = []

    def start_with(answer: Answer, same_site: str = "lax", keep_fragment: str = "off", binding="HTTP-Redirect"):
        tls = rsa_credential("tls")
        sites.append(IdpSite(Idp(binding=binding), tls, tmp_path))
        sites[-1].answer = answer
        files = {"tls.crt": tls.certificate_pem, "tls.key": tls.key_pem, "html/page.html": PAGE}
        files["idp.xml"] = sites[-1].idp.metadata()
        return nginx(CONF, files=files, SAME_SITE=same_site, KEEP_FRAGMENT=keep_fragment)

    yield start_with
    for site in sites:
        site.stop()


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
@pytest.mark.parametrize("keep_fragment", ["on", "off"])
@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_who_is_known(start, chromium, same_site, keep_fragment, binding):
    server = start(Answer(), same_site, keep_fragment, binding)
    page = f"https://app.localhost:{server.port}/page.html?x=1"
    wanted = page + ("#part" if keep_fragment == "on" else "")
    chromium.open(wanted)
    chromium.wait_for(wanted)
    assert chromium.text() == "user: alice@example.org"
    chromium.open(page)
    chromium.wait_for(page)
    assert server.access_log().count("POST /saml/acs") == 1


@pytest.mark.parametrize("keep_fragment", ["on", "off"])
@pytest.mark.parametrize("same_site", ["lax", "strict"])
def test_who_is_not(start, chromium, same_site, keep_fragment):
    server = start(NO_PASSIVE, same_site, keep_fragment)
    page = f"https://app.localhost:{server.port}/page.html?x=1"
    wanted = page + ("#part" if keep_fragment == "on" else "")
    for _ in range(3):
        chromium.open(wanted)
        chromium.wait_for(wanted)
        assert chromium.text() == "user: nobody"
    assert server.access_log().count("POST /saml/acs") == 1


def test_without_cookies_nobody_goes_round_in_circles(nginx, start, tmp_path):
    from harness.chromium import Chromium

    server = start(Answer())
    profile = tmp_path / "profile/Default"
    profile.mkdir(parents=True)
    # The setting "block all cookies".
    (profile / "Preferences").write_text(
        '{"profile": {"default_content_setting_values": {"cookies": 2}}}'
    )
    browser = Chromium(tmp_path, "--ignore-certificate-errors")
    try:
        page = f"https://app.localhost:{server.port}/page.html"
        browser.open(page)
        browser.wait_for(f"{page}?saml_passive=1")
        assert browser.text() == "user: nobody"
        assert "saml/acs" not in server.access_log()
    finally:
        browser.quit()
