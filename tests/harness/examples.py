"""The documentation's examples of nginx.conf, made whole."""

import dataclasses
import re

from harness.idp import Idp
from harness.keys import rsa_credential
from harness.nginx import ROOT
from harness.transmitter import KEYS, jwk, jwks

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)


def examples(text: str) -> list[str]:
    """Those in a page, or in a part of one."""
    return [found[3] for found in FENCE.finditer(text) if found[2] == "nginx"]


# What stands around an example that is only a part of a configuration.
WHOLE = """
{main}
events {{}}
http {{
    resolver 127.0.0.1;
    {http}
    {sp}
    server {{
        listen 127.0.0.1:@PORT@;
        {server}
        {endpoints}
        {root}
    }}
}}
"""
EXTENSIONS = '<e:Extensions xmlns:e="urn:oasis:names:tc:SAML:2.0:{of}" xmlns:x="urn:x"><x:y/></e:Extensions>'
#: `auth_saml app` stands here, unless the example has a `location /` of its own.
LOCATION = "location / {{ auth_saml app; proxy_pass http://127.0.0.1:3000; {location} }}"
ENDPOINTS = (ROOT / "nginx-conf/saml-endpoints.conf").read_text()


def statements(text: str) -> list[str]:
    """The directives and blocks of a configuration, comments left out."""
    text = re.sub(r"(^|\s)#.*", r"\1", text)
    found, start, depth = [], 0, 0
    for at, character in enumerate(text):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0 and character in ";}":
            found.append(text[start : at + 1].strip())
            start = at + 1
    assert text[start:].strip() == "", "the example ends in the middle of a directive"
    return found


def inner(block: str) -> list[str]:
    """The statements in a block; "…" stands for what all such blocks have."""
    return statements(block[block.index("{") + 1 : block.rindex("}")].replace("…", ""))


def whole(example: str) -> str:
    """The example as a configuration that nginx can load here."""
    # Names of an internal network are nobody's.
    example = re.sub(r"\bmc(\d)\.internal\b", r"127.0.0.\1", example)
    example = re.sub(r"listen +443 ssl", "listen 127.0.0.1:@PORT@ ssl", example)
    example = example.replace("# …", "…")
    given = [line for line in statements(example) if word(line) != "load_module"]
    if any(word(line) == "http" and "…" not in line for line in given):
        return "\n".join(given)
    return around(example, given)


def around(example: str, given: list[str]) -> str:
    """A configuration with these statements of an example in it, each in its place."""
    idps = ["corp", *(name for name in re.findall(r"^saml_idp (\w+)", example, re.M) if name != "corp")]
    parts: dict[str, list[str]] = {part: [] for part in ("main", "http", "sp", "server", "location")}
    for home, statement in homes(given):
        parts[home].append(statement.replace("…", elided(statement, idps)))
    if not parts["sp"]:
        stores = re.findall(r"^saml_session_store (\w+)", example, re.M)
        uses = "".join(f"session_store {store};" for store in stores)
        parts["sp"].append(f"saml_sp app {{ {elided('saml_sp', idps)} {uses} }}")
    if not re.search(r"^saml_idp corp\b", example, re.M):
        parts["http"].insert(0, f"saml_idp corp {{ {elided('saml_idp corp', idps)} }}")
    text = {part: "\n".join(lines) for part, lines in parts.items()}
    taken = paths(text["server"])
    included = "include saml-endpoints.conf;" in text["server"]
    endpoints = [line for line in ENDPOINTS.splitlines() if not (included or paths(line) & taken)]
    location = text.pop("location")
    root = "" if "/" in taken else LOCATION.format(location=location)
    return WHOLE.format(root=root, endpoints="\n".join(endpoints), **text)


def homes(given: list[str]) -> list[tuple[str, str]]:
    """Each with the part that it belongs to; an `http`, or a `server` that listens nowhere, is opened."""
    known = {"saml_sp": "sp", "location": "server", "thread_pool": "main"}
    found = []
    for statement in given:
        name = word(statement)
        if name == "http":
            found += homes(inner(statement))
        elif name == "server" and "listen" not in statement:
            found += [("server", line) for line in inner(statement)]
        elif name.startswith(("proxy_", "auth_saml")):
            found.append(("location", statement))
        else:
            found.append((known.get(name, "http"), statement))
    return found


def elided(statement: str, idps: list[str]) -> str:
    """What "…" stands for in a block: what it has besides."""
    if word(statement) == "saml_idp":
        return "metadata idp.xml;" if "saml_idp corp" in statement else "metadata saml/partner.xml;"
    if word(statement) != "saml_sp":
        return ""
    usual = {
        "base_url": "base_url http://127.0.0.1:@PORT@;",
        "entity_id": "entity_id http://127.0.0.1/me;",
        "certificate": "certificate sp.crt; certificate_key sp.key;",
        "idp": " ".join(f"idp {name};" for name in idps),
    }
    return " ".join(line for name, line in usual.items() if not re.search(rf"^\s+{name}\s", statement, re.M))


def word(statement: str) -> str:
    return statement.split(maxsplit=1)[0]


def paths(text: str) -> set[str]:
    """Of the locations in a text, each at the beginning of a line."""
    found = re.findall(r"^location +(.+?) *\{", text, re.M)
    return {" ".join(path.split()) for path in found}


def files() -> dict[str, str | bytes]:
    """What the examples name."""
    sp, tls = rsa_credential("sp"), rsa_credential("tls")
    key = "0123456789abcdef" * 4
    certificates = ("federation.pem", "host.crt", "internal-ca.pem")
    return {
        "idp.xml": everything(Idp()),
        "saml/idp.xml": everything(Idp()),
        "saml/partner.xml": everything(Idp(entity_id="https://partner.example.org/idp")),
        "saml/sp.crt": sp.certificate_pem,
        "saml/sp.key": sp.key_pem,
        "saml/sp.pass": "a passphrase\n",
        "saml/next.crt": tls.certificate_pem,
        "saml/next.key": tls.key_pem,
        "saml/jwt.key": sp.key_pem,
        "saml/partner.crt": sp.certificate_pem,
        "saml/partner.pub": sp.public_pem,
        "saml/transmitter.jwks": jwks(jwk(KEYS["ES256"])),
        "saml/events.secret": f"{key}\n",
        "saml/extensions.xml": EXTENSIONS.format(of="metadata"),
        "saml/request-extensions.xml": EXTENSIONS.format(of="protocol"),
        "saml/pages/layout.html": "{% block content %}{% endblock %}",
        "saml/logo.svg": "<svg/>",
        **{f"saml/{name}": tls.certificate_pem for name in certificates},
        "saml/host.key": tls.key_pem,
        "saml/session.key": key,
        "saml/session.old.key": key[::-1],
        "tls.crt": tls.certificate_pem,
        "tls.key": tls.key_pem,
    }


def everything(idp: Idp) -> str:
    """Its metadata, by which it knows all bindings."""
    slo = ("HTTP-Redirect", "HTTP-POST", "SOAP")
    rich = dataclasses.replace(idp, slo=slo, encryption=rsa_credential("idp"), artifact_urls=("https://idp.example.org/artifact",))
    by_redirect = rich.metadata()
    service = by_redirect[by_redirect.index("<md:SingleSignOnService") : by_redirect.index("</md:IDPSSO")]
    return by_redirect.replace(service, service + service.replace("HTTP-Redirect", "HTTP-POST"))
