"""What others made and the module is linked with: names, versions, licences and their texts, to stdout.

Fails when a licence is none of those that deny.toml allows; cargo-deny, where it is installed, looks at more.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OBJECTS = ("ngx_http_auth_saml_module", "ngx_http_auth_saml_xmlsec1")
LICENCE_FILE = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)([.-].*)?", re.I)
WORD = re.compile(r"[()]|[^\s()]+")

HEAD = """\
The module is linked with the crates below; the licences they are under, and the texts they come with, follow.
Besides, Rust's standard library is in it: MIT OR Apache-2.0, by the Rust project's developers.
"""


class Mistake(Exception):
    """Why nothing is written."""


def main() -> int:
    try:
        allowed = tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"]
        crates = linked(metadata())
        refuse_others(crates, allowed)
        print(text(crates), end="")
    except Mistake as mistake:
        print(f"third-party: {mistake}", file=sys.stderr)
        return 1
    return 0


def metadata() -> dict:
    host = re.search(r"^host: (.+)$", output("rustc", "-vV"), re.M).group(1)
    return json.loads(output("cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={host}"))


def output(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Mistake(f"{' '.join(command)} failed")
    return done.stdout


def linked(found: dict) -> list[dict]:
    """The crates of others that are in the objects: what is needed at run time, proc macros left out."""
    packages = {package["id"]: package for package in found["packages"]}
    needs = {
        node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
        for node in found["resolve"]["nodes"]
    }
    ahead = [id for id, package in packages.items() if package["name"] in OBJECTS and package["source"] is None]
    if len(ahead) != len(OBJECTS):
        raise Mistake(f"cargo does not know {', '.join(OBJECTS)}")
    reached = set()
    while ahead:
        id = ahead.pop()
        if id not in reached and not is_macro(packages[id]):
            reached.add(id)
            ahead += needs[id]
    others = [packages[id] for id in reached if packages[id]["source"] is not None]
    return sorted(others, key=lambda package: (package["name"], package["version"]))


def is_macro(package: dict) -> bool:
    return any("proc-macro" in target["kind"] for target in package["targets"])


def refuse_others(crates: list[dict], allowed: list[str]) -> None:
    for crate in crates:
        licence = crate["license"]
        if not licence or not allows(licence, set(allowed)):
            raise Mistake(f"{crate['name']} {crate['version']}: deny.toml does not allow the licence {licence!r}")


def allows(expression: str, allowed: set[str]) -> bool:
    """Is there a way to take an SPDX expression by allowed licences alone? An exception is part of a name."""
    words = WORD.findall(re.sub(r"\s+WITH\s+", "-WITH-", expression.replace("/", " OR ")))

    def any_of() -> bool:
        found = all_of()
        while words and words[0] == "OR":
            words.pop(0)
            found = all_of() or found
        return found

    def all_of() -> bool:
        found = one()
        while words and words[0] == "AND":
            words.pop(0)
            found = one() and found
        return found

    def one() -> bool:
        word = next_word()
        if word != "(":
            return word in allowed
        found = any_of()
        if next_word() != ")":
            raise mistake
        return found

    def next_word() -> str:
        if not words:
            raise mistake
        return words.pop(0)

    mistake = Mistake(f"{expression!r} is no SPDX expression")
    found = any_of()
    if words:
        raise mistake
    return found


def text(crates: list[dict]) -> str:
    """Each text once, with all whose it is."""
    table = [f"{crate['name']} {crate['version']}: {crate['license']}; {', '.join(crate['authors']) or crate['repository'] or ''}".rstrip("; ") for crate in crates]
    owners: dict[str, list[str]] = {}
    for crate in crates:
        for content in licence_texts(Path(crate["manifest_path"]).parent):
            owners.setdefault(content, []).append(f"{crate['name']} {crate['version']}")
    parts = [HEAD, "\n".join(table) + "\n"]
    for content, names in owners.items():
        parts.append(f"{'=' * 100}\n{', '.join(names)}\n{'-' * 100}\n{content}\n")
    return "\n".join(parts)


def licence_texts(folder: Path) -> list[str]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and LICENCE_FILE.fullmatch(path.name))
    return [path.read_text(errors="replace").strip("\n").replace("\r\n", "\n") for path in files]


if __name__ == "__main__":
    sys.exit(main())
