"""nginx-saml, NGINX's implementation in njs: its maps, zones and locations."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from .apache_host import HOST_NAME, origin
from .mistake import Mistake, Place
from .nginx_conf import Block, Variable
from .nginx_reader import Reader, Statement
from .nginx_saml_answers import ANSWERS
from .nginx_saml_sp import AS_BEFORE, Values, write_sp
from .parties import Parties

#: What the njs does in a location, and so who takes its place.
FUNCTIONS = {
    "handleSingleSignOn": "saml_acs", "handleSingleLogout": "saml_sls",
    "initiateSingleSignOn": "auth_saml", "initiateSingleLogout": "saml_logout",
}  # fmt: skip
NOT_NEEDED_SETS = {"$saml_request_id", "$saml_response_id", "$internal_error_message", "$cookie_auth_token"}


def migrate(files: list[str], root: Path | None, given_url: str | None) -> tuple[Block, list[str]]:
    conf, todo = Block("http"), []
    reader = Reader(root or Path(files[0]).resolve().parent)
    tree = [part for path in files for part in flat(reader.read(path))]
    if not any(part.name == "map" and part.words[-1].startswith("$saml_") for part in tree):
        raise Mistake(files[0], "no map of nginx-saml's ($saml_sp_entity_id and others) is in it")
    maps = read_maps(conf, tree)
    zones(conf, tree, maps)
    sps = {}
    servers = [part for part in tree if part.name == "server"]
    hosts = list(dict.fromkeys(host for values in maps.values() for host in values if host != "default"))
    everybody = all("default" in maps.get(name, {}) for name in ("$saml_sp_entity_id", "$saml_sp_acs_url"))
    if everybody or not hosts:
        hosts.append("default")
    for host in hosts:
        name = "app" if host == "default" else "app_" + re.sub(r"[^a-z0-9]", "_", host)
        values = Values(host, maps)
        acs, place = values.needed("$saml_sp_acs_url")
        url = origin(given_url, "--base-url") if given_url else origin(acs, place)
        sps[host] = write_sp(Parties(name, url), values, logout_path(servers), todo)
        sps[host].write(conf)
    # Before the servers: a log_format has to be known where it is used.
    for part in tree:
        if part.name == "map" and part.words[-1] not in ANSWERS and not part.words[-1].startswith("$saml_"):
            copy(conf, part)
        elif part.name not in ("map", "keyval_zone", "keyval", "server", "js_import"):
            copy(conf, part)
    owned = shared_out(servers, list(sps))
    for host, parties in sps.items():
        write_server(conf, owned[host], parties, maps)
    for server in owned[""]:
        copy(conf, server)
    for line in reader.left_out:
        conf.note(line)
    return conf, todo


def flat(tree: list[Statement]) -> list[Statement]:
    """What stands in http { }, or in a file that it includes."""
    return [inner for part in tree for inner in (flat(part.content) if part.name == "http" and part.content else [part])]


def read_maps(conf: Block, tree: list[Statement]) -> dict[str, dict[str, tuple[str, Place]]]:
    """variable → host → value."""
    found: dict[str, dict[str, tuple[str, Place]]] = {}
    for part in tree:
        if part.name != "map" or part.content is None or len(part.words) != 3:
            continue
        source, variable = part.words[1:]
        answer = ANSWERS.get(variable)
        if answer is None:
            if variable.startswith("$saml_"):
                conf.note(f"{part.place}: map {source} {variable}: not known to this script, look it up in docs/migration.md")
        elif variable not in AS_BEFORE:
            conf.note(f"{part.place}: map {variable}: {answer.kind}: {answer.note}")
        elif source not in ("$host", "$http_host", "$server_name") and variable != "$saml_cookie_flags":
            only_default(part, variable)
            found[variable] = {"default": (part.content[0].words[-1], part.content[0].place)}
        else:
            found[variable] = dict(entries(conf, part, variable))
    return found


def only_default(part: Statement, variable: str) -> None:
    values = {tuple(line.words[1:]) for line in part.content or []}
    if len(values) != 1:
        raise Mistake(part.place, f"{variable} depends on {part.words[1]}; only $host can choose an SP here: write a map of $host")


def entries(conf: Block, part: Statement, variable: str):
    for line in part.content or []:
        if line.words == ["hostnames"] or line.words == ["volatile"]:
            continue
        if len(line.words) != 2 or line.content is not None:
            raise Mistake(line.place, "a map has lines of a value and what it becomes")
        host, value = line.words
        if "$" in value:
            raise Mistake(line.place, f"{value!r} has a variable in it: write its value")
        if variable == "$saml_cookie_flags":
            # By scheme: the one of https is what counts for people.
            host = "default" if host in ("https", "default") else "http"
            if host == "http":
                continue
        elif host != "default" and not HOST_NAME.fullmatch(host):
            raise Mistake(line.place, f"{host!r}: only whole host names can choose an SP: write one line for each")
        yield host, (value, line.place)


def zones(conf: Block, tree: list[Statement], maps: dict) -> None:
    for part in tree:
        if part.name == "keyval_zone" and "zone=saml_session_access" in " ".join(part.words):
            found = [word[8:] for word in part.words if word.startswith("timeout=")]
            if found and re.fullmatch(r"\d{1,9}[smhd]?", found[0]):
                maps["keyval_zone"] = {"default": (found[0], part.place)}
                continue
        if part.name in ("keyval_zone", "keyval", "js_import"):
            answer = ANSWERS[part.name]
            what = " ".join(part.words)
            conf.note(f"{part.place}: {what}: {answer.kind if answer.kind != 'ours' else 'not needed'}: {answer.note}")


def write_server(conf: Block, chosen: list[Statement], parties: Parties, maps: dict) -> None:
    """The servers of this host; without one in the files, one with what is needed."""
    url = urlsplit(parties.base_url)
    if not chosen:
        made = conf.block("server")
        made.add("listen", str(url.port or (443 if url.scheme == "https" else 80)), why="your own server block has more: put auth_saml and the endpoints there")
        made.add("server_name", url.hostname or "")
        made.block("location", "/").add("auth_saml", parties.name)
        parties.write_endpoints(made)
    for server in chosen:
        made = conf.block("server", place=server.place)
        carry_over(made, server, parties, maps)
        if not any(part.name == "server_name" for part in server.content or []):
            made.add("server_name", url.hostname or "", why="the host of base_url")
        parties.write_endpoints(made)


def shared_out(servers: list[Statement], hosts: list[str]) -> dict[str, list[Statement]]:
    """Whose server is whose; "" are those that have nothing to do with it."""
    found: dict[str, list[Statement]] = {host: [] for host in [*hosts, ""]}
    for server in servers:
        if not concerned(server):
            found[""].append(server)
            continue
        names = [word for part in server.content or [] if part.name == "server_name" for word in part.words[1:]]
        named = [host for host in hosts if host in names]
        if len(named) > 1:
            raise Mistake(server.place, f"{' and '.join(named)} are two SPs: write a server for each")
        if not named and "default" not in hosts:
            raise Mistake(server.place, "no map has a value for its server_name, so nobody knows which SP it is of")
        found[named[0] if named else "default"].append(server)
    return found


def concerned(block: Statement) -> bool:
    return any(
        taken_by(part) or part.name == "if" and any("$saml_access_granted" in word for word in part.words) or concerned(part)
        for part in block.content or []
    )


def carry_over(made: Block, block: Statement, parties: Parties, maps: dict) -> None:
    for part in block.content or []:
        taker = taken_by(part)
        if taker:
            made.note(f"{part.place}: location {part.words[-1]}: {taker} takes its place")
        elif part.name == "if" and any("$saml_access_granted" in word for word in part.words):
            guard(part)
            made.add("auth_saml", parties.name, place=part.place, why="instead of the if on $saml_access_granted")
            force_authn(made, parties, maps)
        elif part.name == "error_page" and "@do_samlsp_flow" in part.words or part.name == "status_zone":
            made.note(f"{part.place}: {' '.join(part.words)}: not needed")
        elif part.name in ("js_var", "set") and part.words[1] in NOT_NEEDED_SETS | {"$internal_error_details"}:
            made.note(f"{part.place}: {part.name} {part.words[1]}: not needed")
        elif part.name == "js_content" and part.words[-1].rpartition(".")[2] in FUNCTIONS:
            made.note(f"{part.place}: {' '.join(part.words)}: not needed")
        elif part.content is not None:
            carry_over(made.block(part.name, *map(renamed, part.words[1:]), place=part.place), part, parties, maps)
        else:
            copy(made, part)


def taken_by(part: Statement) -> str:
    """Who takes the place of a location of saml_sp.server_conf."""
    if part.name != "location":
        return ""
    for line in part.content or []:
        function = line.words[-1].rpartition(".")[2]
        if line.name == "js_content" and function in FUNCTIONS:
            return FUNCTIONS[function]
        if line.name == "api":
            return "saml_sessions"
    return "a built-in page" if part.words[-1] in ("/_logout", "@saml_error") else ""


def guard(part: Statement) -> None:
    """Only the shape that lets in who is signed in has auth_saml for a counterpart."""
    condition = " ".join(part.words[1:]).replace(" ", "")
    lines = [line.words for line in part.content or []]
    if condition not in ("($saml_access_granted!=1)", "($saml_access_granted!=\"1\")") or lines != [["return", "401"]]:
        raise Mistake(part.place, "another if on $saml_access_granted than != \"1\" with return 401: say by auth_saml what it means, and take it out")


def copy(made: Block, part: Statement) -> None:
    """nginx's own line, with the module's names of variables."""
    words = list(map(renamed, part.words[1:]))
    if part.content is None:
        made.add(part.name, *words, place=part.place, why="as before")
        return
    block = made.block(part.name, *words, place=part.place, why="as before")
    for line in part.content:
        copy(block, line)


def logout_path(servers: list[Statement]) -> str:
    for server in servers:
        for part in server.content or []:
            if taken_by(part) == "saml_logout":
                return part.words[-1]
    return "/logout"


def force_authn(made: Block, parties: Parties, maps: dict) -> None:
    values = maps.get("$saml_sp_force_authn", {})
    value, place = values.get(getattr(parties, "host", "default")) or values.get("default") or ("false", "")
    if value.lower() == "true":
        made.add("auth_saml_force_authn", "on", place=place, why="$saml_sp_force_authn")


def renamed(text: str) -> Variable:
    text = re.sub(r"\$(\{?)saml_attrib_", r"$\1saml_attr_", text)
    text = re.sub(r"\$(\{?)saml_authn_context_class_ref\b", r"$\1saml_authn_context", text)
    return Variable(re.sub(r"\$(\{?)saml_access_granted\b", r"$\1saml_authenticated", text))
