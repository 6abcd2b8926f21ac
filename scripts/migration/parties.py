"""An SP and its IdPs on their way into the configuration."""

import re

from .apache import Directive
from .mistake import Mistake, Place
from .nginx_conf import Block

#: A NAME of an attribute line that would be taken for one of its options.
OPTION = re.compile(r"(split|match|replace|only|max)=|lower$")


def alias_of(name: str) -> str:
    """As the module spells a name in a variable."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower()) or "_"


class Parties:
    """`saml_sp NAME` and the `saml_idp` blocks that it names."""

    def __init__(self, name: str, base_url: str):
        self.name = name
        self.base_url = base_url
        self.more_urls: list[str] = []
        self.sp = Block("saml_sp", name)
        self.idps: list[Block] = []
        self.aliases: dict[str, tuple[list[str], list[str]]] = {}  # names, and where they were said
        self.endpoints: list[tuple[str, str, str]] = []  # handler, path, why
        self.discovery = ""
        self.ignored: list[tuple[Directive, list[str]]] = []  # IdPs of the metadata that are not wanted
        self.organization: dict[str, dict[str, tuple[Directive, str]]] = {}  # by language and kind of name

    def idp(self, place: Place | str, why: str = "") -> Block:
        number = len(self.idps) + 1
        name = self.name if number == 1 else f"{self.name}_{number}"
        made = Block("saml_idp", name, why=f"{place}: {why}".rstrip(": "))
        self.idps.append(made)
        return made

    def alias(self, wanted: str, name: str, place: Place, why: str = "") -> str:
        """The alias by which rules and headers find the attribute; one for each spelling."""
        if OPTION.match(name) or not name:
            raise Mistake(place, f"{name!r} cannot be the name of an attribute here")
        alias = alias_of(wanted)
        names, said = self.aliases.setdefault(alias, ([], []))
        if name not in names:
            names.append(name)
            said.append(f"{place}: {why}".rstrip(": "))
        return alias

    def once(self, name: str, *values: str, place: Place | str = "", why: str = "") -> bool:
        """A line of the SP, unless it has one."""
        if self.sp.says(name):
            self.sp.note(f"{place}: {name} {' '.join(values)}: another value for the same SP, and the first one counts")
            return False
        self.sp.add(name, *values, place=place, why=why)
        return True

    def write(self, conf: Block) -> None:
        """The blocks, in the order in which people read them."""
        if not self.idps:
            self.idp("no IdP is named", "until its metadata is here nobody can log in")
        conf.content += self.idps
        whole = conf.block("saml_sp", self.name)
        whole.add("base_url", self.base_url, *self.more_urls, why="as browsers see it, never taken from Host")
        for block in self.idps:
            whole.add("idp", block.head[1])
        if self.discovery:
            whole.add("discovery", self.discovery)
        whole.content += self.sp.content
        for alias, (names, said) in self.aliases.items():
            whole.add("attribute", alias, *names, why="; ".join(said) + f": $saml_attr_{alias}")

    def write_endpoints(self, server: Block) -> None:
        for handler, path, why in self.endpoints:
            location = server.block("location", "=", path, why=why)
            location.add(handler, self.name)


def closed(conf: Block, location: Block, count: int, place: Place | str, what: str) -> None:
    """A rule that has no counterpart: nobody gets in until somebody has thought about it."""
    variable = f"saml_migrate_{count}"
    made = conf.block("map", "$host", f"${variable}", place=place, why=what)
    made.add("default", "0", why="closed; write the rule as docs/authorisation.md shows, or 1 to let in everybody who is signed in")
    location.note(f"{place}: CLOSED: {what}")
    location.add("auth_saml_require", f"${variable}")
