"""Configurations of nginx-saml (njs) migrate, load and let people log in."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.response import Answer, Attribute


def maps(host: str = "$host", **values: str) -> str:
    """nginx-saml's maps with one value each, in its own order and quotes."""
    said = {
        "saml_sp_entity_id": '"http://sp.example.com"',
        "saml_sp_acs_url": '"http://sp.example.com:8010/saml/acs"',
        "saml_sp_request_binding": "'HTTP-Redirect'",
        "saml_sp_sign_authn": '"true"',
        "saml_sp_signing_key": '"old/sp.key"',
        "saml_sp_decryption_key": '""',
        "saml_sp_force_authn": '"false"',
        "saml_sp_nameid_format": '"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"',
        "saml_sp_relay_state": '""',
        "saml_sp_want_signed_response": '"false"',
        "saml_sp_want_signed_assertion": '"true"',
        "saml_sp_want_encrypted_assertion": '"false"',
        "saml_idp_entity_id": '"https://idp.example.org/metadata"',
        "saml_idp_sso_url": '"https://idp.example.org/sso"',
        "saml_idp_verification_certificate": '"old/part-idp.spki"',
        "saml_sp_slo_url": '"http://sp.example.com:8010/saml/sls"',
        "saml_sp_slo_binding": "'HTTP-POST'",
        "saml_sp_sign_slo": '"true"',
        "saml_idp_slo_url": '"https://idp.example.org/slo"',
        "saml_sp_want_signed_slo": '"true"',
        "saml_logout_landing_page": '"/_logout"',
    } | {name: f'"{value}"' for name, value in values.items()}  # fmt: skip
    return "\n".join(f"map {host} ${name} {{\n    # what it is\n    default {value};\n}}" for name, value in said.items())


REST = """
map $proto $saml_cookie_flags {
    http  "Path=/; SameSite=lax;";
    https "Path=/; SameSite=lax; HttpOnly; Secure;";
}
map $http_x_forwarded_proto $proto { "" $scheme; default $http_x_forwarded_proto; }
keyval_zone zone=saml_session_access:1M state=/var/lib/nginx/state/saml_session_access.json timeout=2h;
keyval_zone zone=saml_name_id:1M state=/var/lib/nginx/state/saml_name_id.json timeout=1h;
keyval $cookie_auth_token $saml_access_granted zone=saml_session_access;
keyval $cookie_auth_token $saml_name_id zone=saml_name_id;
keyval $cookie_auth_token $saml_attrib_uid zone=saml_attrib_uid;
js_import samlsp from conf.d/saml_sp.js;
"""
FRONTEND = """
upstream my_backend {
    zone my_backend 64k;
    server 127.0.0.1:@BACKEND@;
}
log_format saml_sso '$remote_addr - $saml_name_id [$time_local] "$request" '
                    '$status "$http_user_agent"';
server {
    include part-server.conf;
    listen 8010;
    location / {
        error_page 401 = @do_samlsp_flow;
        if ($saml_access_granted != "1") {
            return 401;
        }
        proxy_set_header username $saml_name_id;
        proxy_set_header uid $saml_attrib_uid;
        proxy_pass http://my_backend;
        access_log @DIR@/sso.log saml_sso;
    }
    location /public { return 200 "open to all"; }
}
"""
SERVER_CONF = """
set $saml_request_id "";
js_var $internal_error_details;
client_max_body_size 64k;
location = /saml/acs { js_content samlsp.handleSingleSignOn; error_page 500 @saml_error; status_zone "SAMLSSO ACS"; }
location = /saml/sls { js_content samlsp.handleSingleLogout; }
location @do_samlsp_flow { js_content samlsp.initiateSingleSignOn; set $cookie_auth_token ""; }
location = /logout { js_content samlsp.initiateSingleLogout; }
location = /_logout { default_type text/plain; return 200 "Logged out\\n"; }
location @saml_error { return 500 "$internal_error_message $internal_error_details"; }
location /api/ { api write=on; allow 127.0.0.1; deny all; }
"""


@pytest.fixture
def migrated(migrated_site, idp, backend):
    backend.answer = lambda asked: (200, "text/plain", b"from the application")
    key = idp.credential.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    port = backend.url.rpartition(":")[2]

    def start(files):
        return migrated_site("nginx-saml", {"part-server.conf": SERVER_CONF, "part-idp.spki": key} | files, BACKEND=port)

    return start


def test_as_it_is_shipped(migrated, backend):
    site = migrated({"saml_sp_configuration.conf": maps() + REST, "frontend.conf": FRONTEND})
    person = site.log_in("http://sp.example.com:8010/x", "sp.example.com", attributes=[Attribute("uid", ["al"])])
    assert person.get("http://sp.example.com:8010/x").text == "from the application"
    assert (backend.asked[-1].headers["username"], backend.asked[-1].headers["uid"]) == ("alice@example.org", "al")
    assert person.get("http://sp.example.com:8010/public").text == "open to all"
    assert "alice@example.org" in (site.server.directory / "sso.log").read_text()
    assert 'session_lifetime 2h' in site.conf
    out = person.get("http://sp.example.com:8010/logout")
    assert out.saml_form is not None and out.saml_form.action == "https://idp.example.org/slo"


def test_two_hosts(migrated):
    two = maps().replace('default "http://sp.example.com";', 'one.example.com "urn:one"; two.example.com "urn:two";')
    two = two.replace('default "http://sp.example.com:8010/saml/acs";',
                      'one.example.com "http://one.example.com/saml/acs"; two.example.com "http://two.example.com/saml/acs";')  # fmt: skip
    server = FRONTEND[FRONTEND.index("server {\n    include") :].replace("access_log @DIR@/sso.log saml_sso;", "")
    server = server.replace("http://my_backend", "http://127.0.0.1:@BACKEND@")
    servers = "".join(
        server.replace("listen 8010;", f"listen 80; server_name {name}.example.com;") for name in ("one", "two")
    )
    site = migrated({"saml.conf": two + REST + servers})
    for name in ("one", "two"):
        url = f"http://{name}.example.com/"
        person = site.log_in(url, f"{name}.example.com")
        assert person.get(url).text == "from the application"
        assert f'entityID="urn:{name}"' in person.read(f"{url}saml/metadata").text


def test_both_signatures_forced_and_other_paths(migrated):
    text = maps(
        saml_sp_acs_url="http://sp.example.com:8010/sso/consume", saml_sp_slo_url="http://sp.example.com:8010/sso/out",
        saml_sp_want_signed_response="TRUE", saml_sp_force_authn="true", saml_sp_relay_state="/home", saml_idp_slo_url="",
        saml_logout_landing_page="/bye", saml_allowed_clock_skew="30",
        saml_sp_nameid_format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    )  # fmt: skip
    locations = SERVER_CONF.replace("/saml/", "/sso/").replace("= /sso/acs", "= /sso/consume").replace("/sso/sls", "/sso/out").replace("= /logout", "= /quit")
    site = migrated({"saml.conf": text + REST + FRONTEND, "part-server.conf": locations})
    url = "http://sp.example.com:8010/x"
    person = site.log_in(url, "sp.example.com", sign="both")
    assert person.get(url).text == "from the application"
    assert person.get("http://sp.example.com:8010/quit").location.endswith("/bye")
    assert site.idp.asked(person.get(url)).xml.get("ForceAuthn") == "true"
    assert site.idp.login(person, url, Answer(sign="assertion")).status == 403
