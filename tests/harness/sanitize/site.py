"""An nginx.conf with all endpoints, both kinds of store behind each other, and most of what can be switched on."""

from harness.artifact_idp import ArtifactIdp
from harness.backend import Backend
from harness.diagnosis import ADMINISTRATORS, STATUS
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.operator import LOCATION as SESSIONS
from harness.site import lines
from harness.transmitter import ISSUER, KEYS, jwk, jwks

CONF = f"""
worker_processes 2;
worker_shutdown_timeout 5s;
events {{ worker_connections 1024; }}
http {{
    client_max_body_size 1m;
    client_body_buffer_size 4k;
    client_body_timeout 5s;
    client_header_timeout 5s;
    keepalive_requests 1000000;
    saml_audit_log audit.log;
    saml_crypto_threads default;
    saml_session_store shared {{
        zone saml_sessions 16m;
        secret session.key;
        memcached @NODES@;
        replicas 2;
        cache_valid 0s;
        cache_size 256k;
    }}
    saml_idp corp {{
        metadata idp.xml;
        metadata_refresh 1s;
        second_verifier @SECOND@;
        events_issuer {ISSUER};
        events_jwks jwks.json;
        allow_weak sha1;
    }}
    saml_idp artifact {{ metadata artifact.xml; response_binding artifact; }}
    saml_sp app {{
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        idp artifact;
        discovery builtin;
        session_store shared;
        session_idle_timeout 1m;
        attribute mail urn:oid:0.9.2342.19200300.100.1.3 emailAddress;
        attribute groups memberOf "match=~*^CN=([^,]+)," replace=$1 lower;
        session_attributes all;
        logout_notify /told;
        logout_redirect /open/;
        return_hosts www.example.com;
        jwt_claim groups memberOf array;
        max_message_size 64k;
    }}
    server {{
        listen 127.0.0.1:@PORT@;
        listen 127.0.0.1:@PORT2@ ssl http2;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        access_log off;
        auth_saml_preserve_post 64k;
        include saml-endpoints.conf;
        location / {{
            auth_saml app idp=corp;
            auth_saml_ecp on;
            saml_debug 127.0.0.3 link;
            add_header X-User $saml_user;
            add_header X-Groups $saml_attr_groups;
            add_header X-Token $saml_jwt;
            root html;
        }}
        location /choose/ {{ auth_saml app; alias html/; }}
        location /artifact/ {{ auth_saml app idp=artifact; alias html/; }}
        location /admins/ {{ auth_saml app idp=corp; auth_saml_require_attribute groups "~^adm"; alias html/; }}
        location /again/ {{ auth_saml app idp=corp; auth_saml_force_authn 1s; alias html/; }}
        location /open/ {{ auth_saml app; auth_saml_mode optional; alias html/; }}
        location /behind/ {{
            auth_saml app idp=corp;
            proxy_set_header X-User $saml_user;
            proxy_set_header Authorization "Bearer $saml_jwt";
            proxy_pass @BACKEND@;
        }}
        location /asked/ {{ auth_request /guard; alias html/; }}
        location = /guard {{ internal; auth_saml app idp=corp; alias html/page.html; }}
        location = /told {{ internal; proxy_pass @BACKEND@/told; proxy_pass_request_headers off; }}
        location = /saml/events {{ saml_events app; }}
{lines(STATUS, 8)}{lines(SESSIONS, 8)}    }}
}}
"""


def files(idp: Idp, artifact_idp: ArtifactIdp) -> dict[str, str | bytes]:
    """What stands beside nginx.conf."""
    tls, sp = rsa_credential("tls"), rsa_credential("sp")
    return {
        **ADMINISTRATORS,
        "tls.crt": tls.certificate_pem,
        "tls.key": tls.key_pem,
        "sp.crt": sp.certificate_pem,
        "sp.key": sp.key_pem,
        "session.key": "0123456789abcdef" * 4,
        "idp.xml": idp.metadata(),
        "artifact.xml": artifact_idp.idp.metadata(),
        "jwks.json": jwks(*(jwk(key, kid=name) for name, key in KEYS.items() if name != "PS384")),
        "html/index.html": "the front page\n",
        "html/page.html": "a page\n",
    }


def values(nodes: list, backend: Backend, second: str) -> dict[str, str]:
    """What its placeholders mean."""
    return {"NODES": " ".join(node.address for node in nodes), "BACKEND": backend.url, "SECOND": second}
