"""Shibboleth's ApplicationDefaults and ApplicationOverride: an SP."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from .mistake import Mistake, Place
from .nginx_conf import Block
from .parties import Parties, alias_of
from .shibboleth_answers import ANSWERS
from .shibboleth_metadata import providers
from .xml_tree import Element

NAME_ID = re.compile(r"urn:oasis:names:tc:SAML:[\d.]+:nameid-format:|urn:mace:shibboleth:1\.0:nameIdentifier")
HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BINDINGS = {"HTTP-POST": "post", "HTTP-Redirect": "redirect", "SOAP": "soap"}


class ShibbolethParties(Parties):
    """Finds attributes by the ids of attribute-map.xml."""

    def __init__(self, name: str, base_url: str, mapped: dict[str, list[tuple[str, Place]]]):
        super().__init__(name, base_url)
        self.mapped = mapped
        self.in_locations: list[tuple[str, list[str], Place, str]] = []
        for identifier, names in mapped.items():
            for attribute, place in names:
                if not NAME_ID.match(attribute):
                    self.alias(identifier, attribute, place, f"Attribute {identifier}")

    def attribute(self, identifier: str, place: Place) -> str:
        alias = alias_of(identifier)
        return alias if alias in self.aliases else self.alias(identifier, identifier, place, "a rule names it; attribute-map.xml does not")


class Application:
    """The elements of one SP: an override's own come before the defaults'."""

    def __init__(self, parties: ShibbolethParties, chain: list[Element], root: Path, todo: list[str]):
        self.parties, self.chain, self.root, self.todo = parties, chain, root, todo

    def all(self, *names: str) -> list[Element]:
        for element in self.chain:
            if found := element.children(*names):
                return found
        return []

    def first(self, name: str) -> Element | None:
        found = self.all(name)
        return found[0] if found else None

    def write(self) -> None:
        sp = self.parties.sp
        said = {}
        for element in reversed(self.chain):
            said |= {name: (value, element.place) for name, value in element.attributes.items()}
        self.lines(sp, "ApplicationDefaults", said, APPLICATION)
        sessions = self.first("Sessions")
        if sessions is not None:
            self.lines(sp, "Sessions", attributes(sessions), SESSIONS)
            self.handlers(sessions)
        sso = sessions.children("SSO")[0] if sessions is not None and sessions.children("SSO") else None
        wanted = ("entityID" in sso.attributes and (sso.attributes["entityID"], sso.place)) if sso is not None else None
        providers(self.parties, self.all("MetadataProvider"), self.root, wanted or None, self.todo)
        self.discovery()
        for element in [child for part in self.chain for child in part.content]:
            if element.name not in ("Sessions", "MetadataProvider", "ApplicationOverride"):
                self.other(element)
        self.credentials(self.all("CredentialResolver"))

    def lines(self, block: Block, element: str, said: dict[str, tuple[str, Place]], rules: dict) -> None:
        for name, (value, place) in said.items():
            rule = rules.get(name)
            if rule:
                rule(self, block, value, place)
            elif name not in ("type", "Location") and not (name == "id" and len(self.chain) > 1):
                explain(block, f"{element}/@{name}", value, place)

    def discovery(self) -> None:
        parties = self.parties
        federated = len(parties.idps) > 1 or any(("entity_id *;") == part[0] for block in parties.idps for part in block.content if isinstance(part, tuple))
        if not parties.discovery and federated and not parties.__dict__.get("default_idp"):
            parties.discovery = "builtin"
        if parties.discovery:
            parties.endpoints.append(("saml_discovery", f"{parties.handler}/Discovery", "new: people choose their IdP here, or come back here from the discovery service"))

    def handlers(self, sessions: Element) -> None:
        parties = self.parties
        parties.handler = "/" + urlsplit(sessions.attributes.get("handlerURL", "/Shibboleth.sso")).path.strip("/")
        path = parties.handler
        acs, login, logout, slo = "/SAML2/POST", "/Login", None, None
        for element in sessions.content:
            where = element.attributes.get("Location", "")
            if element.name == "SSO":
                self.sso(element)
            elif element.name == "SessionInitiator":
                login = where or login
                parties.sp.note(f"{element.place}: SessionInitiator {where}: saml_login; of its own settings see docs/migration.md, SSO")
            elif element.name == "Logout":
                logout = "/Logout"
                slo = "/SLO/Redirect" if "SAML2" in element.words() else None
                self.lines(parties.sp, "Logout", attributes(element), LOGOUT)
            elif element.name == "LogoutInitiator" and element.attributes.get("type") != "Admin":
                logout = where or logout
                explain(parties.sp, "LogoutInitiator", where, element.place)
            elif element.name == "AssertionConsumerService":
                if element.attributes.get("Binding") == HTTP_POST:
                    acs = where
                else:
                    parties.sp.note(f"{element.place}: AssertionConsumerService {where}: saml_acs takes what comes by other bindings; the IdP needs the new metadata")
            elif element.name == "SingleLogoutService":
                slo = slo or where
                parties.sp.note(f"{element.place}: SingleLogoutService {where}: saml_sls is one URL for all bindings; the IdP needs the new metadata")
            elif element.name == "Handler":
                self.handler(element, path + where)
            else:
                explain(parties.sp, element.name, " ".join(element.attributes.values()), element.place)
        parties.endpoints[:0] = [
            ("saml_acs", path + acs, "as before"),
            ("saml_login", path + login, "in links target= becomes return=, entityID= becomes idp="),
        ]
        if logout:
            parties.endpoints.append(("saml_logout", path + logout, "as before, return= too"))
        if slo:
            parties.endpoints.append(("saml_sls", path + slo, "one URL for all bindings: give the IdP the new metadata"))
        if not any(handler == "saml_metadata" for handler, _, _ in parties.endpoints):
            parties.endpoints.append(("saml_metadata", f"{path}/Metadata", "for the IdP"))

    def sso(self, element: Element) -> None:
        words = element.words()
        if words and "SAML2" not in words:
            raise Mistake(element.place, "SSO without SAML2: this module speaks SAML 2.0 alone")
        if "SAML1" in words:
            self.parties.sp.note(f"{element.place}: SSO SAML1: not there: SAML 2.0 alone")
        self.parties.default_idp = element.attributes.get("entityID")
        self.lines(self.parties.sp, "SSO", attributes(element), SSO)

    def handler(self, element: Element, path: str) -> None:
        kind = element.attributes.get("type", "")
        if kind == "MetadataGenerator":
            self.parties.endpoints.append(("saml_metadata", path, "Handler MetadataGenerator, as before"))
        elif kind == "Session":
            self.parties.endpoints.append(("saml_session", path, "Handler Session: other names in its JSON"))
        elif kind == "Status":
            self.parties.status = (path, element.attributes.get("acl", "127.0.0.1 ::1").split(), element.place)
        elif kind == "AttributeChecker" and element.attributes.get("attributes"):
            for name in element.attributes["attributes"].split():
                rule = ("auth_saml_require_attribute", [self.parties.attribute(name, element.place)], element.place, "Handler AttributeChecker")
                self.parties.in_locations.append(rule)
        else:
            explain(self.parties.sp, f"Handler {kind}", path, element.place)

    def credentials(self, elements: list[Element]) -> None:
        for element in elements:
            if element.attributes.get("type") == "Chaining":
                self.credentials(element.children("CredentialResolver"))
                continue
            key, certificate = element.attributes.get("key"), element.attributes.get("certificate")
            if not key or not certificate:
                raise Mistake(element.place, "a CredentialResolver without key and certificate: name both files")
            where = f"CredentialResolver File {element.attributes.get('use', '')}".strip()
            self.parties.sp.add("certificate", os.path.normpath(self.root / certificate), place=element.place, why=where)
            self.parties.sp.add("certificate_key", os.path.normpath(self.root / key), place=element.place, why=where)
            if "password" in element.attributes:
                self.parties.sp.note(f"{element.place}: CredentialResolver/@password: put it into a file and name that by certificate_key_password_file")
                self.todo.append("put the key's password into a file, and name it by certificate_key_password_file")

    def other(self, element: Element) -> None:
        sp, kind = self.parties.sp, element.attributes.get("type", "")
        if element.name == "Errors":
            explain(sp, "Errors", "", element.place)
            self.lines(sp, "Errors", attributes(element), {"supportContact": contact})
        elif element.name == "Audience":
            sp.note(f"{element.place}: Audience {element.text.strip()}: entity_id alone is an audience; another saml_sp has another")
        elif element.name == "AttributeFilter":
            sp.note(f"{element.place}: AttributeFilter: check_scope auto has the rule on scopes; attribute_filter on keeps what attribute lines name, only= and match= of attribute have rules on values")
        elif element.name == "AttributeExtractor" and kind == "XML":
            if not self.parties.mapped:
                self.todo.append(f"name {element.attributes.get('path', 'attribute-map.xml')} on the command line, too: without it attributes have no aliases")
            sp.note(f"{element.place}: AttributeExtractor XML: is the attribute lines")
        elif element.name != "CredentialResolver":
            known = element.name if element.name in ANSWERS else f"{element.name} {kind}"
            explain(sp, known, " ".join(element.attributes.values()), element.place)


def attributes(element: Element) -> dict[str, tuple[str, Place]]:
    return {name: (value, element.place) for name, value in element.attributes.items()}


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
