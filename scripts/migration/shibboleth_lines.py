"""What single attributes of shibboleth2.xml become: a line of the SP, or a comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .mistake import Mistake, Place
from .nginx_conf import Block
from .parties import alias_of
from .shibboleth_answers import ANSWERS

if TYPE_CHECKING:
    from .shibboleth_sp import Application

NAME_ID = re.compile(r"urn:oasis:names:tc:SAML:[\d.]+:nameid-format:|urn:mace:shibboleth:1\.0:nameIdentifier")
BINDINGS = {"HTTP-POST": "post", "HTTP-Redirect": "redirect", "SOAP": "soap"}


def explain(block: Block, name: str, value: str, place: Place) -> None:
    answer = ANSWERS.get(name)
    what = f"{answer.kind}: {answer.note}" if answer else "not known to this script: look it up in docs/migration.md"
    if answer and answer.ours:
        what = f"{', '.join(answer.ours)}: {answer.note}"
    block.note(f"{place}: {name} {value}: {what}")


def same(directive: str, name: str):
    return lambda app, block, value, place: app.parties.once(directive, value, place=place, why=name)


def seconds(directive: str, name: str, most: int = 365 * 86400):
    def line(app: Application, block: Block, value: str, place: Place) -> None:
        if not value.isdecimal() or len(value) > 10:
            raise Mistake(place, f"{name} wants seconds")
        if int(value) == 0:
            explain(block, name, value, place)
        else:
            app.parties.once(directive, f"{min(int(value), most)}s", place=place, why=name)

    return line


def is_true(value: str) -> bool:
    return value.lower() in ("true", "1", "front", "back", "conditional")


def switch(directives: str, name: str, off: str = "off"):
    def line(app: Application, block: Block, value: str, place: Place) -> None:
        if "name_id_encrypted" in directives and value.lower() == "conditional":
            explain(block, name, value, place)  # where the IdP has no key, on would be an error
            return
        for directive in directives.split():
            app.parties.once(directive, "on" if is_true(value) else off, place=place, why=f"{name} {value}")

    return line


def algorithm(directive: str, name: str):
    def line(app: Application, block: Block, value: str, place: Place) -> None:
        short = value.rpartition("#")[2].lower()
        if not short or "sha1" in short or short == value.lower():
            explain(block, name, value, place)
        else:
            app.parties.once(directive, short, place=place, why=name)

    return line


def remote_user(app: Application, block: Block, value: str, place: Place) -> None:
    sources = []
    for identifier in value.split():
        names = app.parties.mapped.get(identifier, [])
        if any(not NAME_ID.match(name) for name, _ in names):
            sources.append(alias_of(identifier))
        elif names:
            sources.append("name_id")
        else:
            block.note(f"{place}: REMOTE_USER {identifier}: no Attribute of attribute-map.xml has this id, so it is nobody's name")
    if sources:
        app.parties.once("user", *dict.fromkeys(sources), place=place, why="ApplicationDefaults/@REMOTE_USER: $saml_user and $remote_user")
    else:
        block.note(f"{place}: ApplicationDefaults/@REMOTE_USER {value}: user names nothing that is known here; the NameID is the user")


def contexts(app: Application, block: Block, value: str, place: Place) -> None:
    comparisons = [element.attributes["authnContextComparison"] for element in app.chain + app.all("Sessions") if "authnContextComparison" in element.attributes]
    app.parties.once("authn_context", *value.split(), *[f"comparison={one}" for one in comparisons[:1]], place=place, why="authnContextClassRef, authnContextComparison")


def comparison(app: Application, block: Block, value: str, place: Place) -> None:
    block.note(f"{place}: authnContextComparison {value}: is comparison= of authn_context, where a class is named")


def cookie(app: Application, block: Block, value: str, place: Place) -> None:
    flags = {part.strip().lower().partition("=")[0]: part.strip().partition("=")[2] for part in value.split(";")}
    if flags.get("domain"):
        app.parties.once("cookie_domain", flags["domain"].removeprefix("."), place=place, why="Sessions/@cookieProps")
    if flags.get("samesite", "").lower() in ("strict", "none"):
        app.parties.once("cookie_same_site", flags["samesite"].lower(), place=place, why="Sessions/@cookieProps")
    path = flags.get("path", "/")
    if path != "/" and app.parties.handler.startswith(path.rstrip("/") + "/"):
        app.parties.once("cookie_path", path, place=place, why="Sessions/@cookieProps")
    else:
        block.note(f"{place}: Sessions/@cookieProps {value}: cookie_path / holds the endpoints; Secure follows https, HttpOnly goes without saying")


def hosts_of(name: str):
    def line(app: Application, block: Block, value: str, place: Place) -> None:
        hosts = [urlsplit(url).netloc for url in value.split()]
        if hosts and all(re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", host) for host in hosts):
            block.add("return_hosts", *dict.fromkeys(hosts), place=place, why=name)
        else:
            explain(block, name, value, place)

    return line


def bindings(directive: str, name: str):
    def line(app: Application, block: Block, value: str, place: Place) -> None:
        known = [BINDINGS[word.rpartition(":")[2]] for word in value.split() if word.rpartition(":")[2] in BINDINGS]
        if known and not (directive == "sso_binding" and known[0] == "soap"):
            app.parties.once(directive, known[0], place=place, why=name)
        else:
            explain(block, name, value, place)

    return line


def in_locations(directive: str, name: str):
    def line(app: Application, block: Block, value: str, place: Place) -> None:
        if is_true(value):
            app.parties.in_locations.append((directive, ["on"], place, name))
        else:
            block.note(f"{place}: {name} {value}: {directive} off is the default")

    return line


def post(app: Application, block: Block, value: str, place: Place) -> None:
    limits = [element.attributes.get("postLimit", "") for element in app.all("Sessions")]
    size = min(int(limits[0]), 500 * 1024) if limits and limits[0].isdecimal() and len(limits[0]) < 12 else 500 * 1024
    app.parties.in_locations.append(("auth_saml_preserve_post", [str(max(size, 1))], place, "Sessions/@postData, postLimit"))


def discovery(app: Application, block: Block, value: str, place: Place) -> None:
    app.parties.discovery = value
    block.note(f"{place}: SSO/@discoveryURL: is discovery above")


def contact(app: Application, block: Block, value: str, place: Place) -> None:
    if re.fullmatch(r"[^\s@:]+@[^\s@:]+", value):
        app.parties.once("contact", "support", value, place=place, why="Errors/@supportContact")
    else:
        explain(block, "Errors/@supportContact", value, place)


def named(app: Application, block: Block, value: str, place: Place) -> None:
    """Said elsewhere: of the saml_idp, or of the endpoints."""


APPLICATION = {
    "entityID": same("entity_id", "ApplicationDefaults/@entityID"),
    "homeURL": same("login_redirect", "ApplicationDefaults/@homeURL"),
    "REMOTE_USER": remote_user,
    "signing": switch("sign_requests sign_logout", "ApplicationDefaults/@signing", "auto"),
    "encryption": switch("name_id_encrypted", "ApplicationDefaults/@encryption"),
    "signingAlg": algorithm("signature_algorithm", "ApplicationDefaults/@signingAlg"),
    "digestAlg": algorithm("digest_algorithm", "ApplicationDefaults/@digestAlg"),
    "requireSignedAssertions": switch("want_assertion_signed", "ApplicationDefaults/@requireSignedAssertions"),
    "authnContextClassRef": contexts,
    "authnContextComparison": comparison,
    "NameIDFormat": same("name_id_format", "ApplicationDefaults/@NameIDFormat"),
    "SPNameQualifier": same("name_id_sp_qualifier", "ApplicationDefaults/@SPNameQualifier"),
}
SESSIONS = {
    "handlerURL": lambda app, block, value, place: block.note(f"{place}: Sessions/@handlerURL {value}: saml_acs, saml_login and saml_metadata are below it"),
    "cookieName": same("cookie_name", "Sessions/@cookieName"),
    "cookieProps": cookie,
    "lifetime": seconds("session_lifetime", "Sessions/@lifetime"),
    "timeout": seconds("session_idle_timeout", "Sessions/@timeout"),
    "maxTimeSinceAuthn": seconds("max_authn_age", "Sessions/@maxTimeSinceAuthn"),
    "relayStateWhitelist": hosts_of("Sessions/@relayStateWhitelist"),
    "redirectWhitelist": hosts_of("Sessions/@redirectWhitelist"),
    "redirectAllow": hosts_of("Sessions/@redirectAllow"),
    "postData": post,
}
SSO = {
    "entityID": named,
    "discoveryURL": discovery,
    "ECP": in_locations("auth_saml_ecp", "SSO/@ECP"),
    "outgoingBindings": bindings("sso_binding", "SSO/@outgoingBindings"),
    "acsByIndex": lambda app, block, value, place: app.parties.once("acs_index", "0" if is_true(value) else "off", place=place, why="SSO/@acsByIndex"),
    "forceAuthn": in_locations("auth_saml_force_authn", "SSO/@forceAuthn"),
    "authnContextClassRef": contexts,
    "authnContextComparison": comparison,
    "NameIDFormat": same("name_id_format", "SSO/@NameIDFormat"),
    "SPNameQualifier": same("name_id_sp_qualifier", "SSO/@SPNameQualifier"),
    "signing": switch("sign_requests", "SSO/@signing", "auto"),
}
LOGOUT = {
    "outgoingBindings": bindings("slo_binding", "Logout/@outgoingBindings"),
    "signing": switch("sign_logout", "Logout/@signing", "auto"),
    "encryption": switch("name_id_encrypted", "Logout/@encryption"),
}
