"""The site that tests share: what a test adds stands in the block it names. No nginx here."""

from harness.site import site

WHOLE = """
worker_processes 2;
events {}
http {
    charset utf-8;
    saml_idp corp { metadata other.xml; allow_unsolicited on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        login_redirect /in;
        logout_redirect /out;
    }
    server {
        listen 127.0.0.1:@PORT@ reuseport;
        include saml-endpoints.conf;
        location / { auth_saml app; expires 1h; root html; }
        root html;
    }
}
"""


def test_everything_has_its_place():
    made = site(
        main="worker_processes 2;",
        http="charset utf-8;",
        metadata="other.xml",
        idp="allow_unsolicited on;",
        sp="""
            login_redirect /in;
            logout_redirect /out;
        """,
        listen="reuseport",
        location="expires 1h;",
        server="root html;",
    )
    assert made == WHOLE


def test_nothing_is_left_where_nothing_is_added():
    bare = site(keys=False)
    assert "certificate" not in bare
    assert "    saml_idp corp { metadata idp.xml; }\n" in bare
    assert not any(line.strip() == "" for line in bare.splitlines()[1:])
