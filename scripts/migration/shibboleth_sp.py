"""Shibboleth's ApplicationDefaults and ApplicationOverride: an SP."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from .mistake import Mistake, Place
from .nginx_conf import Block
from .parties import Parties, alias_of
from .shibboleth_answers import ANSWERS
from .shibboleth_lines import APPLICATION, LOGOUT, NAME_ID, SESSIONS, SSO, contact, explain
from .shibboleth_metadata import providers
from .xml_tree import Element

HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


class ShibbolethParties(Parties):
    """Finds attributes by the ids of attribute-map.xml."""

    def __init__(self, name: str, base_url: str, mapped: dict[str, list[tuple[str, Place]]]):
        super().__init__(name, base_url)
        self.mapped = mapped
        self.handler = "/Shibboleth.sso"
        self.default_idp: str | None = None
        self.status: tuple[str, list[str], Place] | None = None
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
        if not parties.discovery and federated and not parties.default_idp:
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
