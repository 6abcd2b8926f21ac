"""scripts/migrate: from the command line to nginx.conf."""

import argparse
import sys
from pathlib import Path

from . import mellon, nginx_saml, shibboleth
from .mistake import Mistake
from .nginx_conf import Block, one_line

PEERS = {"mellon": mellon.migrate, "shibboleth": shibboleth.migrate, "nginx-saml": nginx_saml.migrate}
#: As the package calls it, or as the sources do.
PROGRAM = "saml-migrate" if Path(sys.argv[0]).name == "saml-migrate" else "scripts/migrate"
ABOUT = """\
Reads another SP's configuration and writes that of ngx_http_auth_saml_module.

  mellon      Apache's files with Mellon directives; Include is followed
  shibboleth  shibboleth2.xml, attribute-map.xml, and Apache's files, in any order
  nginx-saml  saml_sp_configuration.conf and other files with its maps

Every line says what it comes from. What has no counterpart is a comment that says what to do, and a rule that
has none closes its location. See docs/migration.md."""


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write FOLDER/saml.conf instead of stdout")
    parser.add_argument("--root", type=Path, metavar="FOLDER", help="where relative names start; default: the first FILE's folder")
    parser.add_argument("--base-url", metavar="URL", help="scheme and host as browsers see them, when the files do not say it")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    options = arguments(sys.argv[1:] if words is None else words)
    try:
        conf, todo = PEERS[options.peer](options.files, options.root, options.base_url)
        text = written(options, conf, todo)
        if options.output is None:
            print(text, end="")
        else:
            put(options.output / "saml.conf", text)
    except Mistake as mistake:
        print(f"{PROGRAM}: {mistake}", file=sys.stderr)
        return 1
    for line in todo:
        print(f"to do: {one_line(line)}", file=sys.stderr)
    return 0


def written(options: argparse.Namespace, conf: Block, todo: list[str]) -> str:
    head = [
        f"# Made of {one_line(', '.join(options.files))} by {PROGRAM} {options.peer}.",
        "# Read every line before it counts: put this into http { } of nginx.conf by include, run nginx -t,",
        "# and give the IdP the new metadata where an endpoint has changed. docs/migration.md has all settings.",
    ]
    if todo:
        head += ["#", "# To do:"] + [f"#   {one_line(line)}" for line in todo]
    return "\n".join([*head, "", *conf.inner(), ""])


def put(path: Path, text: str) -> None:
    """Nothing that is there is written over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Mistake(str(path), "is there already, and is not written over") from None
    print(f"{path} is written", file=sys.stderr)
