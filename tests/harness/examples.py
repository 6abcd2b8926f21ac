"""The documentation's examples of nginx.conf, made whole."""

import re

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)


def examples(text: str) -> list[str]:
    """Those in a page, or in a part of one."""
    return [found[3] for found in FENCE.finditer(text) if found[2] == "nginx"]


# What stands around an example that is only a part of a configuration.
HTTP = """
events {{}}
http {{
    {idp}
    {http}
    {sp}
    server {{
        listen 127.0.0.1:@PORT@;
        {server}
        include saml-endpoints.conf;
        location / {{ auth_saml app; proxy_pass http://127.0.0.1:3000; {location} }}
    }}
}}
"""
IDP = "saml_idp corp { metadata idp.xml; }"
SP = "base_url http://127.0.0.1:@PORT@; entity_id http://127.0.0.1/me; idp corp;"


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


def whole(example: str) -> str:
    """The example as a configuration that nginx can load here."""
    # A "# …" or "…" stands for what every saml_sp has; names of an internal network are nobody's.
    example = re.sub(r"(# )?…", SP, example)
    example = re.sub(r"\bmc(\d)\.internal\b", r"127.0.0.\1", example)
    example = re.sub(r"listen +443 ssl", "listen 127.0.0.1:@PORT@ ssl", example)
    parts: dict[str, list[str]] = {"http": [], "sp": [], "server": [], "location": []}
    for statement in statements(example):
        word = statement.split(maxsplit=1)[0]
        if word == "load_module":
            continue  # the harness does that
        if word in ("events", "http"):
            return "\n".join(s for s in statements(example) if not s.startswith("load_module"))
        home = {"saml_sp": "sp", "location": "server"}.get(word, "http")
        parts["location" if word.startswith("proxy_") else home].append(statement)
    if not parts["sp"]:
        stores = re.findall(r"saml_session_store (\w+)", example)
        uses = "".join(f"session_store {store};" for store in stores)
        parts["sp"].append(f"saml_sp app {{ {SP} {uses} }}")
    idp = "" if re.search(r"^saml_idp corp\b", example, re.M) else IDP
    return HTTP.format(idp=idp, **{part: "\n".join(lines) for part, lines in parts.items()})
