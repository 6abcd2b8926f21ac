"""Shibboleth SP: shibboleth2.xml, attribute-map.xml and Apache's lines."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from .apache import Directive, Reader
from .apache_host import HOST_NAME, Host, base_url, hosts, origin, pass_on, proxied, server
from .apache_require import other_lines
from .mistake import Mistake, Place
from .nginx_conf import Block
from .shibboleth_access import Area, of_apache, of_request_map, write_rules
from .shibboleth_answers import ANSWERS
from .shibboleth_lines import NAME_ID, explain
from .shibboleth_sp import Application, ShibbolethParties
from .xml_tree import Element, read

SETTINGS_DONE = {
    "authType", "requireSession", "applicationId", "isPassive", "forceAuthn", "authnContextClassRef",
    "authnContextComparison", "entityID", "disabled",
}  # fmt: skip


def migrate(files: list[str], root: Path | None, given_url: str | None) -> tuple[Block, list[str]]:
    return Migration(files, root, given_url).write()


def is_shibboleth(line: Directive) -> bool:
    words = [word.lower() for word in line.words]
    return (
        line.name.lower().startswith("shib")
        or (line.is_called("AuthType") and words == ["shibboleth"])
        or (line.is_called("Require") and bool(words) and words[0].startswith("shib"))
    )


class Migration:
    def __init__(self, files: list[str], root: Path | None, given_url: str | None):
        self.root = root or Path(files[0]).resolve().parent
        self.url = origin(given_url, "--base-url") if given_url else None
        self.conf, self.todo = Block("http"), []
        self.config: Element | None = None
        self.mapped: dict[str, list[tuple[str, Place]]] = {}
        self.applications: dict[str, ShibbolethParties] = {}
        self.chains: dict[str, list[Element]] = {}
        self.sites: list[Block] = []
        reader = Reader(self.root)
        tree = []
        for path in files:
            if is_xml(path):
                self.xml(read(path))
            else:
                tree += reader.read(path)
        if self.config is None:
            raise Mistake(files[0], "no SPConfig: name shibboleth2.xml as well")
        self.apache, left_out = hosts(tree, is_shibboleth)
        self.left_out = reader.left_out + left_out

    def xml(self, root: Element) -> None:
        if root.name == "SPConfig":
            self.config = root
        elif root.name == "Attributes":
            self.attribute_map(root)
        else:
            raise Mistake(root.place, f"{root.name} is neither SPConfig nor Attributes")

    def attribute_map(self, root: Element) -> None:
        for element in root.content:
            name, identifier = element.attributes.get("name"), element.attributes.get("id")
            if element.name != "Attribute" or not name or not identifier:
                explain(self.conf, element.name, " ".join(element.attributes.values()), element.place)
                continue
            for one in [identifier, *element.attributes.get("aliases", "").split()]:
                self.mapped.setdefault(one, []).append((name, element.place))
            for decoder in element.children("AttributeDecoder"):
                kind = decoder.attributes.get("type", "").rpartition(":")[2]
                if kind not in ("StringAttributeDecoder", "ScopedAttributeDecoder"):
                    explain(self.conf, "AttributeDecoder", f"{identifier} {kind}", decoder.place)
            if NAME_ID.match(name):
                self.conf.note(f"{element.place}: Attribute {identifier}: a NameID, which $saml_name_id has")

    def write(self) -> tuple[Block, list[str]]:
        config = self.config
        assert config is not None
        found = config.children("ApplicationDefaults")
        if not found:
            raise Mistake(config.place, "no ApplicationDefaults in it")
        self.chains["default"] = [found[0]]
        for override in found[0].children("ApplicationOverride"):
            self.chains[override.attributes.get("id", "")] = [override, found[0]]
        self.of_all(config)
        self.request_map(config)
        for host in self.apache:
            self.apache_site(host)
        if not self.sites:
            self.nothing_protected()
        for parties in self.applications.values():
            parties.write(self.conf)
        self.conf.content += self.sites
        unused = [name for name in self.chains if name not in self.applications and name != "default"]
        for name in unused:
            self.conf.note(f"{self.chains[name][0].place}: ApplicationOverride {name}: saml_sp: no Host or location has this applicationId")
        for line in self.left_out:
            self.conf.note(line)
        return self.conf, self.todo

    def of_all(self, config: Element) -> None:
        for name, value in config.attributes.items():
            if name not in ("clockSkew", "schemaLocation"):
                explain(self.conf, f"SPConfig/@{name}", value, config.place)
        for element in config.content:
            if element.name in ("ApplicationDefaults", "RequestMapper"):
                continue
            explain(self.conf, element.name, " ".join(element.attributes.values()), element.place)
            for name, value in element.attributes.items():
                if f"{element.name}/@{name}" in ANSWERS:
                    explain(self.conf, f"{element.name}/@{name}", value, element.place)
            for child in element.content:
                explain(self.conf, child.name, " ".join(child.attributes.values()), child.place)

    def application(self, name: str, url: str, place: Place) -> ShibbolethParties:
        name = name or "default"
        if name not in self.chains:
            raise Mistake(place, f"no ApplicationOverride has the id {name!r}")
        if name not in self.applications:
            title = "app" if name == "default" else "app_" + re.sub(r"[^A-Za-z0-9_]", "_", name)
            parties = ShibbolethParties(title, url, self.mapped)
            skew = self.config.attributes.get("clockSkew", "180")
            if not skew.isdecimal() or len(skew) > 9:
                raise Mistake(self.config.place, "clockSkew wants seconds")
            parties.sp.add("clock_skew", f"{min(int(skew), 600)}s", place=self.config.place, why="SPConfig/@clockSkew")
            self.applications[name] = parties
            Application(parties, self.chains[name], self.root, self.todo).write()
        parties = self.applications[name]
        if url != parties.base_url and url not in parties.more_urls:
            parties.more_urls.append(url)
        return parties

    def request_map(self, config: Element) -> None:
        for mapper in config.children("RequestMapper"):
            for request_map in mapper.children("RequestMap"):
                top = of_request_map(request_map, Area("host", "", request_map.place), "host", "")
                for host in request_map.content:
                    if host.name == "Host":
                        self.host(host, top)
                    elif host.name == "HostRegex":
                        raise Mistake(host.place, f"HostRegex: {ANSWERS['HostRegex'].note}")

    def host(self, element: Element, top: Area) -> None:
        name, scheme, port = (element.attributes.get(key, "") for key in ("name", "scheme", "port"))
        if not HOST_NAME.fullmatch(name) or (port and not port.isdecimal()) or scheme not in ("", "http", "https"):
            raise Mistake(element.place, f"{scheme}://{name}:{port} is no http or https host")
        url = f"{scheme or 'https'}://{name.lower()}" + (f":{port}" if port and port not in ("80", "443") else "")
        areas: list[Area] = []
        self.paths(element, of_request_map(element, top, "path", "/"), areas)
        if not any(area.is_on("requireSession") or area.says("authType") for area in areas):
            self.conf.note(f"{element.place}: Host {name}: nothing in it needs a session")
            return
        made = Block("server", why=str(element.place))
        parts = urlsplit(url)
        made.add("listen", str(parts.port or (443 if parts.scheme == "https" else 80)), why="your own server block has more: TLS, root, names")
        made.add("server_name", name.lower())
        if parts.scheme == "https":
            self.todo.append(f"give the server of {name} ssl_certificate, ssl_certificate_key and listen 443 ssl, or put it behind what does TLS")
        used = {}
        for area in areas:
            parties = self.application(area.says("applicationId"), self.url or url, element.place)
            used[parties.name] = parties
            # A Path counts before a PathRegex.
            outweighs = area.path != "/" and any(other.kind == "regex" for other in areas)
            head = ("~*", area.path) if area.kind == "regex" else ("^~", area.path) if outweighs else (area.path,)
            self.protect(made.block("location", *head, place=area.place), parties, area)
        self.finish_site(made, used)

    def paths(self, element: Element, area: Area, areas: list[Area]) -> None:
        areas.append(area)
        for child in element.content:
            if child.name == "Path":
                path = area.path.rstrip("/") + "/" + child.attributes.get("name", "").strip("/")
                self.paths(child, of_request_map(child, area, "path", path), areas)
            elif child.name == "PathRegex":
                if area.path != "/":
                    raise Mistake(child.place, "a PathRegex inside of a Path: write its paths as Path")
                expression = child.attributes.get("regex", "").removeprefix("^")
                areas.append(of_request_map(child, area, "regex", f"^{re.escape(area.path.rstrip('/'))}/(?:{expression})"))

    def apache_site(self, host: Host) -> None:
        url = self.url or base_url(host, None)
        holder = Block("http")
        made = server(holder, host, url)
        if not any(area.path == "/" for area in host.areas):
            host.areas.append(type(host.areas[0])("path", "/", host.place))
        used = {}
        for area in host.areas[1:]:
            lines = host.effective(area)
            secured = of_apache(lines, area.kind, area.path, area.place)
            parties = self.application(secured.says("applicationId"), url, area.place)
            used[parties.name] = parties
            head = ("~", area.path) if area.kind == "regex" else (area.path,)
            location = made.block("location", *head, place=area.place)
            self.protect(location, parties, secured)
            for line in area.lines:
                if line.name.lower() in ("shibuseheaders", "shibuseenvironment", "shibcompatvaliduser", "shibrequireall"):
                    proper = next(name for name in ANSWERS if name.lower() == line.name.lower())
                    explain(location, proper, " ".join(line.words), line.place)
            proxy = proxied(host, area) if area.kind == "path" else None
            if proxy:
                pass_on(location, area.path, *proxy)
            other_lines(location, area.lines, is_shibboleth, parties, "")
        self.finish_site(made, used)

    def protect(self, location: Block, parties: ShibbolethParties, area: Area) -> None:
        if area.is_on("disabled"):
            location.add("auth_saml", "off", place=area.settings["disabled"][1], why="ShibDisable")
            return
        shibboleth = area.says("authType").lower() == "shibboleth"
        needed = area.is_on("requireSession")
        if not (needed or shibboleth or area.rules and any(r.name for r in area.rules)):
            location.note(f"{area.place}: nothing here needs a session")
            return
        words = [parties.name]
        why = ", ".join(f"{name} {area.says(name)}" for name in ("authType", "requireSession", "applicationId") if area.says(name))
        if area.says("entityID"):
            words.append(f"idp={area.says('entityID')}")
        location.add("auth_saml", *words, place=area.place, why=why)
        lazy = not needed and not area.rules
        if area.is_on("isPassive"):
            location.add("auth_saml_mode", "passive", place=area.place, why="isPassive")
        elif lazy:
            location.add("auth_saml_mode", "optional", place=area.place, why="a session is not required; the application looks at the variables")
        if not lazy:
            self.options(location, parties, area)
        write_rules(self.conf, location, parties, area)
        for name, (value, place) in area.settings.items():
            if name not in SETTINGS_DONE:
                explain(location, f"setting {name}", value, place)

    def options(self, location: Block, parties: ShibbolethParties, area: Area) -> None:
        ruled = any(rule.name == "authnContextClassRef" for rule in area.rules)
        if area.says("authnContextClassRef") and not ruled:
            words = area.says("authnContextClassRef").split()
            if area.says("authnContextComparison"):
                words.append(f"comparison={area.says('authnContextComparison')}")
            location.add("auth_saml_authn_context", *words, place=area.place, why="authnContextClassRef, authnContextComparison")
        if area.says("forceAuthn"):
            location.add("auth_saml_force_authn", "on" if area.is_on("forceAuthn") else "off", place=area.place, why="forceAuthn")
        for directive, words, place, why in parties.in_locations:
            if not (directive != "auth_saml_require_attribute" and location.says(directive)):
                location.add(directive, *words, place=place, why=why)

    def nothing_protected(self) -> None:
        """Nobody says what is protected, so everything is."""
        entity = self.chains["default"][0]
        url = self.url
        if url is None:
            url = origin(entity.attributes.get("entityID", ""), entity.place)
            self.conf.note(f"{entity.place}: base_url is that of entityID, since no Host and no ServerName is there: --base-url says another")
        parties = self.application("default", url, entity.place)
        made = Block("server")
        made.add("listen", str(urlsplit(url).port or (443 if url.startswith("https") else 80)), why="your own server block has more: TLS, root, names")
        made.add("server_name", urlsplit(url).hostname or "")
        location = made.block("location", "/", why="nothing in these files says what is protected, so everything is")
        location.add("auth_saml", parties.name)
        self.options(location, parties, Area("path", "/", entity.place))
        self.finish_site(made, {parties.name: parties})

    def finish_site(self, made: Block, used: dict[str, ShibbolethParties]) -> None:
        for parties in used.values():
            parties.write_endpoints(made)
            if parties.status:
                path, acl, place = parties.status
                location = made.block("location", "=", path, place=place, why="Handler Status")
                location.add("saml_status")
                for address in acl:
                    location.add("allow", address, place=place)
                location.add("deny", "all")
                parties.status = None
        self.sites.append(made)


def is_xml(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            begin = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise Mistake(path, f"cannot be read: {error.strerror}") from None
    return begin.startswith(b"<?xml") or (begin.startswith(b"<") and b"xmlns" in begin) or begin.startswith((b"<!--", b"<SPConfig", b"<Attributes", b"<!DOCTYPE"))
