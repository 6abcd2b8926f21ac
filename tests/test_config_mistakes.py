"""Mistakes that `nginx -t` finds: it names the directive, file and line, and says what to do."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.idp import Idp
from harness.keys import certified, ec_credential, ed25519_credential, rsa_credential

CONF = """
events {}
http {
    @HTTP@
    saml_idp corp {
        metadata idp.xml;
        @IDP@
    }
    saml_sp app {
        base_url https://app.example.com;
        entity_id https://app.example.com/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        location = /saml/acs { saml_acs app; }
        location = /saml/login { saml_login app; }
        location / { auth_saml app; @LOCATION@ }
        @SERVER@
    }
}
"""
BLANK = {"HTTP": "", "IDP": "", "SP": "", "LOCATION": "", "SERVER": ""}


def short_key():
    return certified(rsa.generate_private_key(65537, 1024), "short")


NO_ENDPOINT = re.sub(r"<md:SingleSignOnService.*?/>", "", Idp().metadata(), flags=re.S)
NO_KEY = re.sub(r"<md:KeyDescriptor.*?</md:KeyDescriptor>", "", Idp().metadata(), flags=re.S)
ARTIFACT_ONLY = Idp().metadata().replace("HTTP-Redirect", "HTTP-Artifact")
AN_SP = Idp().metadata().replace("IDPSSODescriptor", "SPSSODescriptor")
EXPIRED = certified(rsa_credential("old").key, "old", -20, -10)
FILES = {
    "no-endpoint.xml": NO_ENDPOINT,
    "no-key.xml": NO_KEY,
    "artifact.xml": ARTIFACT_ONLY,
    "an-sp.xml": AN_SP,
    "broken.xml": "<md:EntityDescriptor",
    "doctype.xml": "<!DOCTYPE x []>" + Idp().metadata(),
    "empty.xml": "",
    "html.xml": "<html><body>Log in</body></html>",
    "aggregate.xml": f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">'
    f"{Idp().metadata()}{Idp('https://second.example.org').metadata()}</md:EntitiesDescriptor>",
    "short-key.xml": Idp(credential=short_key()).metadata(),
    "other.crt": rsa_credential("other").certificate_pem,
    "ec.crt": ec_credential("ec").certificate_pem,
    "ec.key": ec_credential("ec").key_pem,
    "ed25519.crt": ed25519_credential("ed25519").certificate_pem,
    "ed25519.key": ed25519_credential("ed25519").key_pem,
    "short.secret": "abc",
    "open.pem": rsa_credential("other").key_pem,
    "secret.txt": "0123456789abcdef" * 4,
    "old.crt": EXPIRED.certificate_pem,
    "old.key": EXPIRED.key_pem,
}

# What stands where; which words nginx must say.
MISTAKES = {
    # unknown names
    "unknown sp": ({"LOCATION": "} location /x { auth_saml nobody;"}, 'unknown SP "nobody"', "saml_sp nobody"),
    "unknown sp of a handler": ({"SERVER": "location = /m { saml_metadata nobody; }"}, "nobody", "saml_sp"),
    "unknown idp": ({"SP": "idp nobody;"}, 'unknown IdP "nobody"', "saml_idp nobody"),
    "unknown idp of a location": ({"LOCATION": "} location /x { auth_saml app idp=nobody;"}, '"nobody"', "corp"),
    "unknown store": ({"SP": "session_store nobody;"}, 'unknown session store "nobody"', "saml_session_store"),
    "unknown directive in idp": ({"IDP": "metadatum x;"}, '"metadatum" in "saml_idp"', 'did you mean "metadata"?'),
    "unknown directive in sp": ({"SP": "entityid x;"}, '"entityid" in "saml_sp"', 'did you mean "entity_id"?'),
    "unknown directive in store": ({"HTTP": "saml_session_store s { zones x 1m; }"}, '"zones" in "saml_session_store"', 'did you mean "zone"?'),
    "directive of the idp in sp": ({"SP": "metadata x;"}, '"metadata"', 'it belongs into "saml_idp"'),
    "directive of the sp in idp": ({"IDP": "session_lifetime 1h;"}, '"session_lifetime"', 'it belongs into "saml_sp"'),
    "directive of both in store": ({"HTTP": "saml_session_store s { clock_skew 1m; }"}, '"clock_skew"', 'it belongs into "saml_sp" or "saml_idp"'),
    "directive of a location in sp": ({"SP": "auth_saml_mode optional;"}, '"auth_saml_mode"', 'it belongs into "location"'),
    "slip of a directive of another block": ({"IDP": "sesion_lifetime 1h;"}, '"sesion_lifetime"', 'did you mean "session_lifetime" of "saml_sp"?'),
    "nothing like it": ({"SP": "proxy_pass http://x;"}, '"proxy_pass"', "docs/directives.md"),
    # duplicates and arity
    "directive twice": ({"SP": "base_url https://b.example.com;"}, '"base_url"', "duplicate"),
    "block twice": ({"HTTP": "saml_idp corp { metadata idp.xml; }"}, '"saml_idp corp"', "defined already"),
    "auth twice": ({"LOCATION": "auth_saml app;"}, '"auth_saml"', "duplicate"),
    "two handlers in one location": ({"SERVER": "location = /b { saml_login app; saml_metadata app; }"}, '"saml_metadata"', "own location"),
    "too many words": ({"SP": "request_lifetime 1m 2m;"}, '"request_lifetime"', "number of arguments"),
    "no word": ({"SP": "login_redirect;"}, '"login_redirect"', "number of arguments"),
    "same idp twice": ({"SP": "idp twin;", "HTTP": "saml_idp twin { metadata idp.xml; }"}, "twin", "same entity"),
    # values
    "bad time": ({"SP": "session_lifetime soon;"}, '"session_lifetime"', "8h"),
    "zero time": ({"SP": "session_lifetime 0;"}, '"session_lifetime"', "1s"),
    "bad size": ({"SP": "max_message_size many;"}, '"max_message_size"', "64k"),
    "huge size": ({"SP": "max_message_size 1g;"}, '"max_message_size"', "16m"),
    "bad flag": ({"IDP": "want_assertion_signed yes;"}, '"want_assertion_signed"', '"on" or "off"'),
    "bad encryption": ({"IDP": "encryption on;"}, '"encryption"', '"offer" or "require" or "off"'),
    "encryption by both its names": ({"IDP": "encryption offer; want_encrypted off;"}, '"want_encrypted', "leave one"),
    "the same, the other way": ({"IDP": "want_encrypted off; encryption offer;"}, '"encryption"', "leave one"),
    "encryption for an ed25519 key": (
        {"HTTP": "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; encryption offer; certificate ed25519.crt; certificate_key ed25519.key; }", "SERVER": "location = /b { saml_acs b; }"},
        '"encryption"',
        "RSA, EC, X25519 or X448",
    ),
    "bad binding": ({"IDP": "sso_binding soap;"}, '"sso_binding"', '"redirect" or "post"'),
    "bad algorithm": ({"SP": "signature_algorithm rsa-sha1;"}, '"signature_algorithm"', "rsa-sha256"),
    "algorithm of another key": ({"SP": "signature_algorithm ecdsa-sha256;"}, '"signature_algorithm"', "RSA key"),
    "bad digest": ({"SP": "digest_algorithm sha1;"}, '"digest_algorithm"', "sha3-256"),
    "ed25519 of an rsa key": ({"SP": "signature_algorithm ed25519;"}, '"signature_algorithm"', "RSA key"),
    "ml-dsa": ({"SP": "allow_experimental ml-dsa;"}, '"allow_experimental ml-dsa"', "OpenSSL 3."),
    "bad experiment": ({"IDP": "allow_experimental x;"}, '"allow_experimental"', '"ml-dsa"'),
    "bad weakness": ({"IDP": "allow_weak md5;"}, '"allow_weak"', '"sha1"'),
    "bad mode": ({"LOCATION": "auth_saml_mode maybe;"}, '"auth_saml_mode"', '"optional"'),
    "bad parameter": ({"LOCATION": "} location /x { auth_saml app idp;"}, '"idp"', "idp=NAME"),
    "bad cookie name": ({"SP": 'cookie_name "a b";'}, '"cookie_name"', '"a b"'),
    "bad cookie path": ({"SP": "cookie_path x;"}, '"cookie_path"', '"/"'),
    "foreign cookie domain": ({"SP": "cookie_domain example.org;"}, '"cookie_domain"', "base_url"),
    "slip of a name id format": ({"SP": "name_id_format email;"}, '"name_id_format" "email"', "persistent"),
    "name id format in other letters": ({"IDP": "name_id_format Persistent;"}, '"Persistent"', 'did you mean "persistent"?'),
    "memcached with commas": ({"HTTP": "saml_session_store s { memcached 10.0.0.1:11211,10.0.0.2:11211; }"}, '"memcached"', "blank between"),
    "memcached without blanks": ({"HTTP": "saml_session_store s { memcached unix:/a.sockunix:/b.sock; }"}, '"memcached"', "blank between"),
    "memcached in quotes": ({"HTTP": 'saml_session_store s { memcached "10.0.0.1 10.0.0.2"; }'}, '"memcached"', "blank between"),
    "bad contact": ({"SP": "contact boss boss@example.org;"}, '"contact"', "technical"),
    "foreign logout_redirect": ({"SP": "logout_redirect https://x.example.org/;"}, '"logout_redirect"', "return_hosts"),
    "tiny zone": ({"HTTP": "saml_session_store s { zone z 8k; }"}, '"zone"', "256k"),
    "short secret": ({"HTTP": "saml_session_store s { secret short.secret; }"}, '"secret"', "short.secret"),
    # files
    "no metadata file": ({"HTTP": "saml_idp b { metadata nothing.xml; }", "SP": "idp b;"}, "nothing.xml", "no such file"),
    "metadata is a directory": ({"HTTP": "saml_idp b { metadata html; }", "SP": "idp b;"}, '"metadata"', "it is a directory"),
    "metadata by http": ({"HTTP": "saml_idp b { metadata http://x.example.org/; }", "SP": "idp b;"}, '"metadata"', "use https"),
    "metadata is cut off": ({"HTTP": "saml_idp b { metadata broken.xml; }", "SP": "idp b;"}, "broken.xml", ""),
    "metadata with doctype": ({"HTTP": "saml_idp b { metadata doctype.xml; }", "SP": "idp b;"}, "doctype.xml", "DOCTYPE"),
    "metadata is empty": ({"HTTP": "saml_idp b { metadata empty.xml; }", "SP": "idp b;"}, "empty.xml", "empty"),
    "metadata is html": ({"HTTP": "saml_idp b { metadata html.xml; }", "SP": "idp b;"}, "html.xml", "EntityDescriptor"),
    "metadata of an sp": ({"HTTP": "saml_idp b { metadata an-sp.xml; }", "SP": "idp b;"}, "an-sp.xml", "IDPSSODescriptor"),
    "metadata without endpoint": ({"HTTP": "saml_idp b { metadata no-endpoint.xml; }", "SP": "idp b;"}, "no-endpoint.xml|\"b\"", "SingleSignOnService"),
    "metadata without usable binding": ({"HTTP": "saml_idp b { metadata artifact.xml; }", "SP": "idp b;"}, "artifact.xml|\"b\"", "SingleSignOnService"),
    "metadata without key": ({"HTTP": "saml_idp b { metadata no-key.xml; }", "SP": "idp b;"}, "no-key.xml", "signing_certificate"),
    "metadata of several": ({"HTTP": "saml_idp b { metadata aggregate.xml; }", "SP": "idp b;"}, "aggregate.xml", "entity_id"),
    "metadata with a short key": ({"HTTP": "saml_idp b { metadata short-key.xml; }", "SP": "idp b;"}, '"b"', "2048"),
    "wanted binding is not offered": ({"IDP": "sso_binding post;"}, '"sso_binding"', "SingleSignOnService"),
    "certificate that is none": ({"SP": "certificate idp.xml; certificate_key sp.key;"}, '"certificate"', "idp.xml"),
    "key that is none": ({"SP": "certificate sp.crt; certificate_key sp.crt;"}, '"certificate_key"', "sp.crt"),
    "key of another certificate": ({"SP": "certificate other.crt; certificate_key sp.key;"}, '"certificate_key"', "other.crt"),
    "certificate without key": ({"SP": "certificate other.crt;"}, "certificate_key", "one key for each"),
    # what is missing
    "idp by hand without url": ({"HTTP": "saml_idp b { entity_id b; signing_certificate sp.crt; }", "SP": "idp b;"}, '"sso_url"', "metadata"),
    "idp by hand without key": ({"HTTP": "saml_idp b { entity_id b; sso_url https://b/; }", "SP": "idp b;"}, '"signing_certificate"', "metadata"),
    "idp url is none": ({"HTTP": "saml_idp b { entity_id b; sso_url b; signing_certificate sp.crt; }", "SP": "idp b;"}, '"sso_url"', "https://"),
    "sp without anything": ({"HTTP": "saml_sp b { }"}, '"b"', '"base_url"'),
    "sp without acs": ({"HTTP": "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; }"}, '"b"', "saml_acs b"),
    "acs at two paths": ({"SERVER": "location = /acs2 { saml_acs app; }"}, "/acs2", "leave one"),
    "acs in a prefix location": ({"SERVER": "location /acs2 { saml_acs app; }"}, '"saml_acs"', "location ="),
    "base_url with a path": ({"HTTP": "saml_sp b { base_url https://b.example.com/app; }"}, '"base_url"', "https://app.example.com"),
    "base_url without scheme": ({"HTTP": "saml_sp b { base_url b.example.com; }"}, '"base_url"', "https://app.example.com"),
    "logins of everybody": ({"SERVER": "saml_debug all;"}, '"saml_debug all" would record the logins of everybody', "name the addresses"),
    "logins of everybody by a network": ({"SERVER": "saml_debug 192.0.2.7 ::/0;"}, '"saml_debug ::/0" would record the logins of everybody', 'or say "link"'),
    "cookie none over http": ({"HTTP": "saml_sp b { base_url http://b.example.com; entity_id b; idp corp; cookie_same_site none; }", "SERVER": "location = /b { saml_acs b; }"}, '"cookie_same_site none"', "https"),
}  # fmt: skip


def check(prepared, parts: dict) -> tuple[bool, str]:
    server = prepared(CONF, files=FILES, **{**BLANK, **parts})
    return server.test()


def test_the_frame_is_good(prepared):
    good, output = check(prepared, {})
    assert good, output
    assert "[warn]" not in output


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(prepared, name):
    parts, subject, advice = MISTAKES[name]
    good, output = check(prepared, parts)
    assert not good, output
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert re.search(r"nginx\.conf:\d+", line), line
    assert any(word in line for word in subject.split("|")), line
    assert advice in line, line


# What works, but should not stay so.
WARNINGS = {
    "host of another server": ({"SERVER": "server_name www.example.com *.example.org;"}, '"server_name" does not take "app.example.com"'),
    "location outside of the cookie's path": ({"SP": "cookie_path /app;"}, 'location "/" .*"cookie_path" "/app"'),
    "exact location outside of the cookie's path": (
        {"SP": "cookie_path /;", "HTTP": "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; cookie_path /b; }",
         "SERVER": "location = /b/acs { saml_acs b; } location = /c { auth_saml b; }"},
        'location "/c" .*"cookie_path" "/b"',
    ),
    "nothing protected": (
        {"HTTP": "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; }", "SERVER": "location = /b { saml_acs b; }"},
        'saml_sp "b" protects nothing',
    ),
    "key for everybody": ({"SP": "certificate other.crt; certificate_key open.pem;"}, r'"certificate_key" "\S+open.pem" can be read by every user'),
    "secret for everybody": ({"HTTP": "saml_session_store s { secret secret.txt; }"}, r'"secret" "\S+secret.txt" can be read by every user'),
    "expired certificate": ({"SP": "certificate old.crt; certificate_key old.key;"}, "expired"),
    "logins are recorded": ({"SERVER": "saml_debug link; location = /s { saml_status; }"}, '"saml_debug" shows administrators .* take it away'),
    "logins are recorded for nobody": ({"SERVER": "saml_debug 192.0.2.0/24;"}, '"saml_debug" is of no use without a location that has "saml_status"'),
    "plain http": (
        {
            "HTTP": "saml_sp b { base_url http://b.example.com; entity_id b; idp corp; }",
            "SERVER": "location = /b { saml_acs b; }",
        },
        "plain http",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
def test_warning(prepared, name):
    parts, words = WARNINGS[name]
    good, output = check(prepared, parts)
    assert good, output
    assert re.search(rf"\[warn\].*{words}.*nginx\.conf:\d+", output), output


FITTING = {
    "exact name": {"SERVER": "server_name www.example.com app.example.com;"},
    "wildcards": {"SERVER": "server_name *.example.com;"},
    "regular expression": {"SERVER": r"server_name ~^app\.;"},
    "catch-all": {"SERVER": "server_name _;"},
    "handlers in a second server": {
        "SERVER": "server_name www.example.com; } server { listen 127.0.0.1:@PORT2@; server_name app.example.com; "
        "location = /saml/acs { saml_acs app; }"
    },
    "locations below the cookie's path": {
        "HTTP": "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; cookie_path /b; }",
        "SERVER": "location = /b/acs { saml_acs b; } location /b { auth_saml b; } location /b/c/ { auth_saml b; } "
        "location ~ /c { auth_saml b; }",
    },
    "an sp that only a limit_except uses": {
        "HTTP": "saml_sp b { base_url https://b.example.com; entity_id b; idp corp; }",
        "SERVER": "location = /b { saml_acs b; } location /c { limit_except GET { auth_saml b; } }",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", FITTING)
def test_no_warning(prepared, name):
    good, output = check(prepared, FITTING[name])
    assert good, output
    assert "[warn]" not in output, output


def test_a_worker_never_needs_to_read_keys(nginx):
    """Keys are read by the master: 0600 and owned by root is enough."""
    server = nginx(CONF, files=FILES, **BLANK)
    (server.directory / "sp.key").chmod(0o600)
    server.reload()
