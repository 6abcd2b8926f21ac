"""mod_auth_mellon: its directives in Apache's configuration."""

import math
from pathlib import Path

from .answer import Answer
from .apache import Directive, Reader
from .apache_host import Area, Host, base_url, hosts, pass_on, proxied, server
from .apache_require import other_lines, required_users
from .mellon_answers import ANSWERS
from .mellon_condition import conditions
from .mellon_sp import RULES, finish
from .mistake import Mistake
from .nginx_conf import Block
from .parties import Parties

BY_NAME = {name.lower(): name for name in ANSWERS}
#: Of a location; all others are of the SP.
OF_LOCATION = {
    "MellonEnable", "MellonRequire", "MellonCond", "MellonAuthnContextClassRef", "MellonAuthnContextComparisonType",
    "MellonSendCacheControlHeader", "MellonPostReplay",
}  # fmt: skip
#: Of Apache as a whole.
OF_ALL = {"MellonCacheSize"}


def migrate(files: list[str], root: Path | None, given_url: str | None) -> tuple[Block, list[str]]:
    """The configuration, and what is left to do."""
    conf, todo = Block("http"), []
    reader = Reader(root or Path(files[0]).resolve().parent)
    tree = [part for path in files for part in reader.read(path)]
    found, left_out = hosts(tree, is_mellon)
    if not found:
        raise Mistake(files[0], "nothing of mod_auth_mellon is in it")
    store(conf, found)
    for host in found:
        Site(conf, reader, host, base_url(host, given_url), todo).write()
    for line in reader.left_out + left_out:
        conf.note(line)
    return conf, todo


def is_mellon(line: Directive) -> bool:
    return line.name.lower().startswith("mellon")


def store(conf: Block, found: list[Host]) -> None:
    lines = [line for host in found for line in host.lines() if canonical(line) == "MellonCacheSize"]
    if not lines:
        return
    size = whole_number(lines[-1])
    zone = conf.block("saml_session_store", "sessions", place=lines[-1].place)
    zone.add("zone", "saml_sessions", f"{max(16, math.ceil(size / 600))}m", place=lines[-1].place, why="MellonCacheSize: room for as many and more")


def canonical(line: Directive) -> str | None:
    return BY_NAME.get(line.name.lower())


def whole_number(line: Directive) -> int:
    if len(line.words) != 1 or not line.words[0].lstrip("-").isdecimal() or len(line.words[0]) > 9:
        raise Mistake(line.place, f"{line.name} wants one whole number")
    return int(line.words[0])


class Site:
    """A virtual host: its SPs, one for each MellonEndpointPath, and its locations."""

    def __init__(self, conf: Block, reader: Reader, host: Host, url: str, todo: list[str]):
        self.conf, self.reader, self.host, self.url, self.todo = conf, reader, host, url, todo
        self.parties: dict[str, Parties] = {}
        self.seen: set[tuple] = set()

    def write(self) -> None:
        for area in self.host.areas:
            if any(is_mellon(line) for line in area.lines):
                self.sp_lines(area)
        for parties in self.parties.values():
            finish(parties, self.reader, self.todo)
        # The locations first: their rules name attributes of the SP.
        site = Block("http")
        block = server(site, self.host, self.url)
        if self.url.startswith("https") and not block.says("ssl_certificate"):
            self.todo.append("put nginx behind what does TLS, or give the server ssl_certificate, ssl_certificate_key and listen 443 ssl")
        if not any(area.path == "/" for area in self.host.areas):
            self.host.areas.append(Area("path", "/", self.host.place))
        for area in self.host.areas[1:]:
            self.location(block, area)
        for parties in self.parties.values():
            parties.write(self.conf)
            parties.write_endpoints(block)
        other_lines(block, self.host.lines(), is_mellon)
        self.conf.content += site.content

    def of(self, area: Area) -> Parties:
        path = "/mellon"
        for line in self.host.effective(area):
            if canonical(line) == "MellonEndpointPath":
                path = one_word(line).rstrip("/")
                if not path.startswith("/"):
                    raise Mistake(line.place, "MellonEndpointPath begins with a slash")
        if path not in self.parties:
            total = sum(1 for block in self.conf.content if isinstance(block, Block) and block.head[0] == "saml_sp")
            number = total + len(self.parties) + 1
            made = Parties("app" if number == 1 else f"app{number}", self.url)
            made.endpoints = [
                ("saml_acs", f"{path}/postResponse", "as before"),
                ("saml_sls", f"{path}/logout", "as before, for the IdP; people log out at the next one"),
                ("saml_logout", f"{path}/signout", f"links to {path}/logout?ReturnTo=… become {path}/signout?return=…"),
                ("saml_login", f"{path}/login", "in links ReturnTo= becomes return=, IdP= becomes idp=, IsPassive=true becomes passive=1"),
                ("saml_metadata", f"{path}/metadata", "as before"),
            ]
            if any(canonical(line) == "MellonCacheSize" for line in self.host.lines()):
                made.sp.add("session_store", "sessions")
            self.parties[path] = made
        return self.parties[path]

    def sp_lines(self, area: Area) -> None:
        parties = self.of(area)
        for line in area.lines:
            name = canonical(line)
            key = (parties.name, line.name.lower(), tuple(line.words), line.place)
            if not is_mellon(line) or key in self.seen or name in OF_LOCATION | OF_ALL:
                continue
            self.seen.add(key)
            if name is None:
                parties.sp.note(f"{line.place}: {line.name}: not known to this script; look it up in docs/migration.md")
            elif name in RULES and line.words:
                RULES[name](parties, line, self.reader)
            else:
                self.explain(parties.sp, line, ANSWERS[name])

    def explain(self, block: Block, line: Directive, answer: Answer) -> None:
        block.note(f"{line.place}: {line.name} {' '.join(line.words)}: {answer.kind}: {answer.note}")

    def location(self, block: Block, area: Area) -> None:
        lines = self.host.effective(area)
        head = ("~", area.path) if area.kind == "regex" else (area.path,)
        made = block.block("location", *head, place=area.place)
        self.protect(made, area, lines)
        proxy = proxied(self.host, area) if area.kind == "path" else None
        if proxy:
            pass_on(made, area.path, *proxy)
        other_lines(made, lines if proxy else area.lines, is_mellon, self.of(area), self.prefix(lines))

    def prefix(self, lines: list[Directive]) -> str:
        found = [line.words[0] for line in lines if canonical(line) == "MellonEnvPrefix" and line.words]
        return found[-1] if found else "MELLON_"

    def protect(self, made: Block, area: Area, lines: list[Directive]) -> None:
        enable = last(lines, "MellonEnable")
        mode = one_word(enable).lower() if enable else "off"
        if mode not in ("auth", "info", "off"):
            raise Mistake(enable.place, "MellonEnable is off, info or auth")
        rules = [line for line in lines if canonical(line) in ("MellonRequire", "MellonCond")]
        if mode == "off":
            if enable:
                made.add("auth_saml", "off", place=enable.place, why="MellonEnable off")
            for line in rules:
                made.note(f"{line.place}: {line.name}: without effect where MellonEnable is off, as before")
            return
        parties = self.of(area)
        made.add("auth_saml", parties.name, place=enable.place, why=f"MellonEnable {mode}")
        if mode == "info":
            made.add("auth_saml_mode", "optional", place=enable.place, why="everybody gets in; the variables are there for who is signed in")
            for line in rules:
                made.note(f"{line.place}: {line.name}: without effect where MellonEnable is info, as before")
        else:
            conditions(self.conf, made, parties, rules)
            required_users(self.conf, made, lines)
        self.options(made, lines)

    def options(self, made: Block, lines: list[Directive]) -> None:
        classes = [line for line in lines if canonical(line) == "MellonAuthnContextClassRef"]
        comparison = last(lines, "MellonAuthnContextComparisonType")
        if classes:
            words = list(dict.fromkeys(one_word(line) for line in classes))
            if comparison:
                words.append(f"comparison={one_word(comparison).lower()}")
            made.add("auth_saml_authn_context", *words, place=classes[0].place, why="MellonAuthnContextClassRef, MellonAuthnContextComparisonType")
        elif comparison:
            made.note(f"{comparison.place}: MellonAuthnContextComparisonType: auth_saml_authn_context has it, where a class is named")
        cache = last(lines, "MellonSendCacheControlHeader")
        if cache:
            value = "on" if one_word(cache).lower() == "on" else "off"
            made.add("auth_saml_cache_control", value, place=cache.place, why="MellonSendCacheControlHeader")
        replay = last(lines, "MellonPostReplay")
        if replay and one_word(replay).lower() == "on":
            size = last(lines, "MellonPostSize")
            most = min(whole_number(size) if size else 64 * 1024, 500 * 1024)
            why = "MellonPostReplay" + (", MellonPostSize" if size else "; mellon keeps 1 MB, here 500k are the most")
            made.add("auth_saml_preserve_post", str(max(most, 1)), place=replay.place, why=why)
        elif replay:
            made.add("auth_saml_preserve_post", "off", place=replay.place, why="MellonPostReplay")


def last(lines: list[Directive], name: str) -> Directive | None:
    found = [line for line in lines if canonical(line) == name]
    return found[-1] if found else None


def one_word(line: Directive) -> str:
    if len(line.words) != 1:
        raise Mistake(line.place, f"{line.name} wants one value")
    return line.words[0]
