"""Require, RequestHeader and the rest of a location in Apache's configuration."""

import re

from .apache import Directive
from .mistake import Mistake
from .nginx_conf import Block, Variable
from .parties import Parties, closed

HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")
ENVIRONMENT = re.compile(r"%\{([^{}]+)\}[es]")
#: Said elsewhere, or without a meaning for nginx.
SILENT = {
    "servername", "serveralias", "documentroot", "sslengine", "sslcertificatefile", "sslcertificatekeyfile",
    "proxypass", "proxypassreverse", "authtype", "require", "listen", "loadmodule",
}  # fmt: skip


def required_users(conf: Block, made: Block, lines: list[Directive]) -> None:
    """`Require`: several are alternatives in Apache, and nothing that is not understood opens a location."""
    asked = [line for line in lines if line.is_called("Require")]
    kinds = {line.words[0].lower() if line.words else "" for line in asked}
    if not asked or "valid-user" in kinds or kinds == {"shib-session"}:
        if kinds - {"valid-user", "user", "shib-session"}:
            made.note(f"{asked[0].place}: Require: of several one was enough in Apache; here auth_saml and all rules must hold")
        return
    if kinds == {"all"} and all(line.words[1:] == ["granted"] for line in asked):
        return
    if kinds == {"user"}:
        users = [word for line in asked for word in line.words[1:]]
        if all(re.fullmatch(r"[A-Za-z0-9@._+-]{1,200}", user) for user in users):
            number = count(conf, "map")
            variable = f"saml_user_{number + 1}"
            table = conf.block("map", Variable("$saml_user"), f"${variable}", place=asked[0].place, why="Require user")
            table.add("default", "0")
            for user in users:
                table.entry(f"~^{re.escape(user)}$", "1")
            made.add("auth_saml_require", f"${variable}", place=asked[0].place, why="Require user")
            return
    what = "; ".join(f"Require {' '.join(line.words)}" for line in asked)
    closed(conf, made, count(conf, "map") + 1, asked[0].place, f"{what}: allow and deny, auth_saml_require or auth_saml_require_attribute can say it")


def count(conf: Block, name: str) -> int:
    return sum(isinstance(part, Block) and part.head[0] == name for part in conf.content)


def other_lines(made: Block, lines: list[Directive], is_ours, parties: Parties | None = None, prefix: str = "") -> None:
    """What is not the SP's: headers are carried over, of the rest a comment remains."""
    for line in lines:
        if is_ours(line) or line.name.lower() in SILENT:
            continue
        if line.is_called("RequestHeader") and parties is not None:
            header(made, line, parties, prefix)
        elif not line.is_called("RequestHeader"):
            made.note(f"{line.place}: {line.name} {' '.join(line.words)}: not of the SP, and not carried over: nginx has its own way to say it")


def header(made: Block, line: Directive, parties: Parties, prefix: str) -> None:
    """RequestHeader set NAME "%{MELLON_mail}e"."""
    action, name, *rest = [*line.words, "", ""]
    if not HEADER_NAME.fullmatch(name):
        raise Mistake(line.place, "RequestHeader has no name of a header")
    if action.lower() == "unset":
        made.add("proxy_set_header", name, "", place=line.place, why="RequestHeader unset")
        return
    value = rest[0]
    found = ENVIRONMENT.fullmatch(value)
    known = found and variable(found[1], parties, prefix)
    if action.lower() == "set" and known:
        made.add("proxy_set_header", name, Variable(known), place=line.place, why=f"RequestHeader {value}")
    elif action.lower() == "set" and not re.search(r"[%$]", value):
        made.add("proxy_set_header", name, value, place=line.place, why="RequestHeader")
    else:
        made.note(f"{line.place}: RequestHeader {' '.join(line.words)}: write it with a variable of docs/variables.md; until then clients' own header is taken away")
        made.add("proxy_set_header", name, "")


def variable(name: str, parties: Parties, prefix: str) -> str | None:
    """Our variable for one of the environment."""
    if name == "REMOTE_USER":
        return "$saml_user"
    if not name.startswith(prefix):
        return None
    rest = re.sub(r"_0$", "", name[len(prefix) :]) or name
    if rest.upper() == "NAME_ID":
        return "$saml_name_id"
    if rest.upper() in ("IDP", "SHIB-IDENTITY-PROVIDER"):
        return "$saml_idp"
    alias = re.sub(r"[^a-z0-9_]", "_", rest.lower())
    if alias not in parties.aliases and not re.fullmatch(r"[A-Za-z0-9_.:/-]+", rest):
        return None
    return f"$saml_attr_{alias}"
