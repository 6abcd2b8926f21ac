"""The common site: one SP, one IdP, every page behind the login. A test shows its difference."""

import textwrap

KEYS = "certificate sp.crt;\ncertificate_key sp.key;"


def site(
    *,
    main: str = "",
    http: str = "",
    idp: str = "",
    sp: str = "",
    server: str = "",
    location: str = "",
    metadata: str = "idp.xml",
    listen: str = "",
    keys: bool = True,
) -> str:
    """An nginx.conf; each argument is what its block has besides.

    `main` stands outside of all blocks, `location` in `location /`. `metadata` is the file with the
    IdP's, `listen` has the parameters of that directive. `keys=False`: an SP that signs nothing.
    """
    return f"""
{lines(main, 0)}events {{}}
http {{
{lines(http, 4)}    saml_idp corp {{ {words(f"metadata {metadata};", idp)} }}
    saml_sp app {{
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
{lines(KEYS if keys else "", 8)}        idp corp;
{lines(sp, 8)}    }}
    server {{
        listen {words("127.0.0.1:@PORT@", listen)};
        include saml-endpoints.conf;
        location / {{ {words("auth_saml app;", location, "root html;")} }}
{lines(server, 8)}    }}
}}
"""


def lines(text: str, indent: int) -> str:
    text = textwrap.dedent(text).strip()
    return textwrap.indent(f"{text}\n", " " * indent) if text else ""


def words(*parts: str) -> str:
    return " ".join(part for part in parts if part)


CROSS_SITE = """
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
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@ ssl;
        ssl_certificate tls.crt;
        ssl_certificate_key tls.key;
        include saml-endpoints.conf;
        location / { auth_saml app; root html; }
    }
}
"""

# What SPs have who log out with IdPs of others' make.
LOGOUT = site(
    main="worker_processes 2;",
    idp="slo_binding @BINDING@;",
    sp="logout_redirect /bye.html;",
    server="location = /bye.html { return 200 bye; }",
)
