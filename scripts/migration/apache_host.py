"""Virtual hosts of Apache: what nginx has to know of them, and the locations that a module protects."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .apache import Directive, Section
from .mistake import Mistake, Place
from .nginx_conf import Block, Variable

HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
#: Lines of a section that replace all such lines around it, instead of coming on top of them.
REPLACED = ({"require"}, {"mellonrequire", "melloncond"}, {"mellonauthncontextclassref"})
TRANSPARENT = ("IfModule", "IfVersion")


@dataclass
class Area:
    """A location, or the host itself (no path), and its lines."""

    kind: str  # "host", "path" or "regex"
    path: str
    place: Place
    lines: list[Directive] = field(default_factory=list)

    def holds(self, other: "Area") -> bool:
        """Whether this one's lines count in the other: Apache merges by prefix."""
        if self is other or self.kind == "host":
            return True
        if self.kind != "path":
            return False
        prefix, begins = self.path.rstrip("/"), other.begins()
        return begins.rstrip("/") == prefix or begins.startswith(prefix + "/")

    def begins(self) -> str:
        """What all its paths begin with, as far as an expression tells."""
        if self.kind != "regex":
            return self.path
        found = re.match(r"\^((?:/[A-Za-z0-9_-]+)*/?)", self.path)
        literal = found[1] if found else ""
        # What a quantifier or an alternative follows is not certain.
        return literal.rpartition("/")[0] + "/" if literal and "|" not in self.path else "/"


@dataclass
class Host:
    place: Place
    port: str = ""
    areas: list[Area] = field(default_factory=list)
    root: str | None = None

    def lines(self) -> list[Directive]:
        return self.areas[0].lines

    def last(self, name: str) -> Directive | None:
        found = [line for line in self.lines() if line.is_called(name) and line.words]
        return found[-1] if found else None

    def effective(self, area: Area) -> list[Directive]:
        """The lines that count there, the more special ones last."""
        holding = [other for other in self.areas if other.holds(area)]
        holding.sort(key=lambda other: (other is area, len(other.path)))
        lines = [(other, line) for other in holding for line in other.lines]
        for names in REPLACED:
            last = [other for other, line in lines if line.name.lower() in names][-1:]
            lines = [(other, line) for other, line in lines if line.name.lower() not in names or other in last]
        return [line for _, line in lines]


def hosts(tree: list, is_ours) -> tuple[list[Host], list[str]]:
    """The hosts in which something is `is_ours`, and what was left out."""
    left_out: list[str] = []
    top = Host(Place("", 0), areas=[Area("host", "", Place("", 0))])
    found: list[Host] = []
    gather(top, tree, is_ours, left_out, found)
    used = [host for host in found if any(is_ours(line) for area in host.areas for line in area.lines)]
    if not used and any(is_ours(line) for area in top.areas for line in area.lines):
        used = [top]
    elif top.lines() or len(top.areas) > 1:
        for host in used:
            host.areas[0].lines[:0] = top.lines()
            host.areas[1:1] = top.areas[1:]
    for host in used:
        settle(host, is_ours, left_out)
    for host in found:
        if host not in used:
            left_out.append(f"{host.place}: a VirtualHost without anything of this SP: it is not here")
    return used, left_out


def settle(host: Host, is_ours, left_out: list[str]) -> None:
    """Has a location for each ProxyPass, and none by expression that would take paths from a stricter one: nginx
    asks one location alone, where Apache puts together all that fit."""
    for area in list(host.areas):
        for line in area.lines:
            own_path = line.is_called("ProxyPass") and len(line.words) > 1 and line.words[0].startswith("/")
            if own_path and all(other.path.rstrip("/") != line.words[0].rstrip("/") or other.kind != "path" for other in host.areas):
                host.areas.append(Area("path", line.words[0], line.place))
    expressions = [area for area in host.areas if area.kind == "regex"]
    for area in expressions:
        if not any(is_ours(line) for line in area.lines):
            host.areas.remove(area)
            left_out.append(f"{area.place}: a section for {area.path}: is not here, a location by expression would take its paths from the others")
            continue
        for other in host.areas[1:]:
            overlaps = other.begins().startswith(area.begins()) or area.begins().startswith(other.begins())
            concerned = other.kind == "regex" or any(is_ours(line) or line.is_called("Require") for line in other.lines)
            if other is not area and overlaps and concerned and not (other.holds(area) and host.areas.index(other) < host.areas.index(area)):
                raise Mistake(
                    area.place,
                    f"{area.path} may have paths of the section at {other.place}, too: Apache puts both together, nginx takes one. "
                    "Write them as <Location> with paths",
                )


def gather(host: Host, content: list, is_ours, left_out: list[str], found: list[Host]) -> None:
    for part in content:
        if isinstance(part, Directive):
            host.lines().append(part)
        elif part.is_called(*TRANSPARENT) and not (part.words and part.words[0].startswith("!")):
            gather(host, part.content, is_ours, left_out, found)
        elif part.is_called("VirtualHost"):
            port = part.words[0].rpartition(":")[2] if part.words and ":" in part.words[0] else ""
            made = Host(part.place, port, [Area("host", "", part.place)])
            found.append(made)
            gather(made, part.content, is_ours, left_out, found)
        else:
            section(host, part, is_ours, left_out)


def section(host: Host, part: Section, is_ours, left_out: list[str]) -> None:
    about_us = any(is_ours(line) for line in inside(part))
    if part.is_called("Location", "LocationMatch", "Directory", "DirectoryMatch", "Proxy"):
        area = place_of(host, part, about_us)
        if area is not None:
            for line in inside(part, about_us):
                area.lines.append(line)
            host.areas.append(area)
            return
    if about_us:
        raise Mistake(
            part.place,
            f"<{part.name}> with lines of this SP in it is more than can be carried over safely: "
            "put the lines into a <Location> and run this again",
        )
    left_out.append(f"{part.place}: <{part.name} {' '.join(part.words)}>: is not here, nginx has its own way to say it")


def inside(part: Section, strict: bool = False):
    """The directives of a section. What is in a condition cannot be told from here."""
    for line in part.content:
        if isinstance(line, Directive):
            yield line
        elif line.is_called(*TRANSPARENT):
            yield from inside(line, strict)
        elif strict:
            raise Mistake(line.place, f"<{line.name}> inside of a protected section: write it as a <Location> of its own")
        else:
            yield from inside(line)


def place_of(host: Host, part: Section, about_us: bool) -> Area | None:
    words = list(part.words)
    if part.is_called("LocationMatch", "DirectoryMatch") or (words and words[0] == "~"):
        expression = words[-1] if words else ""
        if part.is_called("DirectoryMatch") or part.is_called("Directory"):
            return None
        return Area("regex", expression, part.place)
    if len(words) != 1:
        raise Mistake(part.place, f"<{part.name}> needs one path")
    path = words[0]
    if part.is_called("Directory"):
        root = host.last("DocumentRoot")
        base = root.words[0].rstrip("/") if root else None
        if base is None or not (path.rstrip("/") + "/").startswith(base + "/"):
            return None
        path = path[len(base) :] or "/"
    if not path.startswith("/") or re.search(r"[*?\[]", path):
        if about_us:
            raise Mistake(part.place, f"{path} is a pattern: write the paths one by one, or as a <LocationMatch>")
        return None
    return Area("path", path, part.place)


def base_url(host: Host, given: str | None) -> str:
    """Where browsers see it."""
    if given:
        return origin(given, "--base-url")
    name = host.last("ServerName")
    if name is None:
        raise Mistake(host.place, "no ServerName, so nobody knows the host: say --base-url https://…")
    scheme, _, rest = name.words[0].rpartition("://")
    host_name, _, port = rest.partition(":")
    if not HOST_NAME.fullmatch(host_name) or (port and not port.isdigit()):
        raise Mistake(name.place, f"{name.words[0]!r} is no name of a host")
    engine = host.last("SSLEngine")
    tls = (engine and engine.words[0].lower() == "on") or "443" in (host.port, port)
    scheme = scheme or ("https" if tls else "http")
    port = port or (host.port if host.port.isdigit() else "")
    usual = {"https": "443", "http": "80"}.get(scheme)
    return f"{scheme}://{host_name.lower()}" + (f":{port}" if port and port != usual else "")


def origin(url: str, place: Place | str) -> str:
    """Scheme, host and port of a URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Mistake(place, f"{url!r} is no URL") from None
    if parts.scheme not in ("http", "https") or not HOST_NAME.fullmatch(parts.hostname or "") or parts.username:
        raise Mistake(place, f"{url!r} is no http:// or https:// URL of a host")
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")


def server(conf: Block, host: Host, url: str) -> Block:
    """The server block, with what Apache said of TLS, names and files."""
    parts = urlsplit(url)
    made = conf.block("server", place=host.place)
    certificate, key = host.last("SSLCertificateFile"), host.last("SSLCertificateKeyFile")
    if parts.scheme == "https" and certificate:
        made.add("listen", str(parts.port or 443), "ssl")
    else:
        made.add("listen", str(parts.port or 80), why="behind a proxy that does TLS" if parts.scheme == "https" else "")
    names = [parts.hostname or ""]
    for alias in [word for line in host.lines() if line.is_called("ServerAlias") for word in line.words]:
        if HOST_NAME.fullmatch(alias.removeprefix("*.")):
            names.append(alias)
    made.add("server_name", *dict.fromkeys(names), why="of several names base_url is the one for logins; see base_url" if len(names) > 1 else "")
    if parts.scheme == "https" and certificate:
        made.add("ssl_certificate", certificate.words[0], place=certificate.place)
        chosen = key or certificate
        made.add("ssl_certificate_key", chosen.words[0], place=chosen.place)
    root = host.last("DocumentRoot")
    if root:
        made.add("root", root.words[0], place=root.place)
    return made


def proxied(host: Host, area: Area) -> tuple[Directive, str, str] | None:
    """The ProxyPass that counts there, the path that it is for, and where that leads."""
    best = None
    for other in host.areas:
        for line in other.lines if other.holds(area) else []:
            if not line.is_called("ProxyPass") or not line.words:
                continue
            own_path = line.words[0].startswith("/") and len(line.words) > 1
            at, target = (line.words[0], line.words[1]) if own_path else (other.path or "/", line.words[0])
            below = (area.path.rstrip("/") + "/").startswith(at.rstrip("/") + "/")
            if below and (best is None or len(at) >= len(best[1])):
                best = line, at, target
    return best


def pass_on(location: Block, path: str, line: Directive, at: str, target: str) -> None:
    """proxy_pass, with the path mapped as Apache maps it."""
    if target == "!":
        return
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https"):
        location.note(f"{line.place}: ProxyPass {target}: only http and https are carried over")
        return
    url = origin(target, line.place)
    mapped = parts.path.rstrip("/") + path[len(at.rstrip("/")) :]
    if mapped.rstrip("/") != path.rstrip("/"):
        url += mapped or "/"
    location.add("proxy_pass", url, place=line.place, why="ProxyPass")
    location.add("proxy_set_header", "Host", Variable("$host"))
