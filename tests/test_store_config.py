"""Mistakes around memcached and logout that `nginx -t` finds; and what it warns of."""

import re

import pytest

from harness.idp import Idp
from harness.keys import rsa_credential

CONF = """
events {}
http {
    saml_session_store shared {
        @STORE@
    }
    saml_idp corp { metadata @METADATA@; @IDP@ }
    saml_sp app {
        base_url https://app.example.com;
        entity_id https://app.example.com/saml/metadata;
        @KEY@
        idp corp;
        session_store shared;
        @SP@
    }
    server {
        listen 127.0.0.1:@PORT@;
        location = /saml/acs { saml_acs app; }
        location = /saml/sls { saml_sls app; }
        location = /saml/logout { saml_logout app; }
        location / { auth_saml app; }
        @SERVER@
    }
}
"""
MEMCACHED = "memcached 127.0.0.1:11211 unix:/run/memcached.sock; secret session.key;"
BLANK = {
    "STORE": MEMCACHED,
    "METADATA": "idp.xml",
    "IDP": "",
    "SP": "",
    "SERVER": "",
    "KEY": "certificate sp.crt; certificate_key sp.key;",
}
FILES = {
    "session.key": "0123456789abcdef" * 4,
    "idp.xml": Idp(slo=("HTTP-Redirect",)).metadata(),
    "no-slo.xml": Idp().metadata(),
    "artifact-slo.xml": Idp(slo=("HTTP-Artifact",)).metadata(),
    "encryption.xml": Idp(slo=("HTTP-POST",), encryption=rsa_credential("encryption")).metadata(),
}


def memcached(words: str, more: str = "") -> dict[str, str]:
    return {"STORE": f"memcached {words}; secret session.key; {more}"}


# What stands where; which words nginx must say.
MISTAKES = {
    "no node": ({"STORE": "memcached tls;"}, '"memcached"', "address"),
    "node twice": (memcached("127.0.0.1:11211 127.0.0.1:11211"), "127.0.0.1:11211", "once"),
    "node without host": (memcached(":11211"), '"memcached"', '":11211"'),
    "bad port": (memcached("127.0.0.1:99999"), '"memcached"', "99999"),
    "replicas without nodes": (memcached("127.0.0.1:11211", "replicas 2;"), '"replicas"', "add nodes"),
    "no replicas": (memcached("127.0.0.1:11211", "replicas 0;"), '"replicas"', "1"),
    "bad timeout": (memcached("127.0.0.1:11211", "memcached_timeout never;"), '"memcached_timeout"', "500ms"),
    "bad prefix": (memcached("127.0.0.1:11211", 'key_prefix "a b";'), '"key_prefix"', "a b"),
    "long prefix": (memcached("127.0.0.1:11211", f"key_prefix {'x' * 300};"), '"key_prefix"', ""),
    "replicas without memcached": ({"STORE": "replicas 2;"}, '"replicas"', "memcached"),
    "cache_valid without memcached": ({"STORE": "cache_valid 1s;"}, '"cache_valid"', "memcached"),
    "tls settings without tls": (memcached("127.0.0.1:11211", "memcached_ssl_name x;"), '"memcached_ssl_name"', "tls"),
    "no such trusted certificate": (memcached("127.0.0.1:11211 tls", "memcached_ssl_trusted_certificate no.crt;"), "no.crt", ""),
    "sls twice": ({"SERVER": "location = /sls2 { saml_sls app; }"}, "/sls2", "leave one"),
    "sls in a prefix location": ({"SERVER": "location /sls2 { saml_sls app; }"}, '"saml_sls"', "location ="),
    "sls of nobody": ({"SERVER": "location = /sls2 { saml_sls nobody; }"}, '"nobody"', "saml_sp"),
    "binding that is not offered": ({"IDP": "slo_binding soap;"}, '"slo_binding"', "SingleLogoutService"),
    "bad binding": ({"IDP": "slo_binding artifact;"}, '"slo_binding"', "soap"),
    "slo_url that is none": ({"METADATA": "no-slo.xml", "IDP": "slo_url logout;"}, '"slo_url"', "https://"),
    "signed without key": ({"KEY": "", "IDP": "sign_logout on;"}, '"sign_logout on"', "certificate"),
    "encrypted without key": ({"IDP": "name_id_encrypted on;"}, '"name_id_encrypted on"', "encrypt"),
    "notify that is no path": ({"SP": "logout_notify https://app.example.com/;"}, '"logout_notify"', "/"),
    "flag": ({"IDP": "require_signed_logout maybe;"}, '"require_signed_logout"', '"on" or "off"'),
}  # fmt: skip


def check(prepared, parts: dict) -> tuple[bool, str]:
    return prepared(CONF, files=FILES, **{**BLANK, **parts}).test()


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"STORE": "zone sessions 1m;"},
        memcached("127.0.0.1 unix:/run/memcached.sock [::1]:11211", "replicas 3; memcached_timeout 100ms; "
                  "cache_valid 0s; stale 30s; cache_size 1000; key_prefix app; zone z 4m;"),
        memcached("127.0.0.1:11211 tls", "memcached_ssl_trusted_certificate sp.crt; memcached_ssl_name cache;"),
        {"METADATA": "no-slo.xml"},
        {"METADATA": "artifact-slo.xml"},
        {"METADATA": "encryption.xml", "IDP": "name_id_encrypted on; slo_binding post; sign_logout on;"},
        {"METADATA": "no-slo.xml", "IDP": "slo_url https://i/slo; slo_response_url https://i/answer; slo_binding post;"},
        {"SP": "logout_notify /notify; sign_logout off;", "SERVER": "location = /notify { internal; }"},
    ],
)  # fmt: skip
def test_good(prepared, parts):
    good, output = check(prepared, parts)
    assert good, output
    assert "[warn]" not in output, output


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(prepared, name):
    parts, subject, advice = MISTAKES[name]
    good, output = check(prepared, parts)
    assert not good, output
    (line,) = [line for line in output.splitlines() if "[emerg]" in line]
    assert re.search(r"nginx\.conf:\d+", line), line
    assert subject in line, line
    assert advice in line, line


WARNINGS = {
    "no secret": ({"STORE": "memcached 127.0.0.1:11211;"}, "secret"),
    "unsigned logout": ({"IDP": "require_signed_logout off;"}, "require_signed_logout"),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_warning(prepared, name):
    parts, words = WARNINGS[name]
    good, output = check(prepared, parts)
    assert good, output
    assert re.search(rf"\[warn\].*{words}.*nginx\.conf:\d+", output), output
