"""scripts/sp-init: arguments and questions, then files or checks."""

import argparse
import subprocess
import sys
from pathlib import Path

from .outside import Fault, checks
from .site import Refused, Site

#: As the package calls it, or as the sources do.
PROGRAM = "saml-sp-init" if Path(sys.argv[0]).name == "saml-sp-init" else "scripts/sp-init"

ABOUT = """\
Makes an SP: key, certificate and configuration, checked by nginx -t; prints what to give the IdP. What is not said
is asked for, at a terminal. Nothing that is there is written over.

  {program} --host app.example.com --idp-metadata https://idp.example.com/metadata \\
      --upstream http://127.0.0.1:3000 --tls-certificate tls.crt --tls-key tls.key

With --check it makes nothing: it looks from outside at a page that auth_saml protects.

  {program} --check https://app.example.com/"""


def arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=ABOUT.format(program=PROGRAM), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", help="as browsers know the site: app.example.com")
    parser.add_argument("--idp-metadata", metavar="FILE|URL", help="of the IdP; without it the SP waits for it")
    parser.add_argument("--name", default="app", help="of the saml_sp (app)")
    parser.add_argument("--entity-id", metavar="URI", help="default: https://HOST/saml/metadata")
    parser.add_argument("--upstream", metavar="URL", help="the application")
    parser.add_argument("--tls-certificate", metavar="FILE", default="", help="the site's; without it TLS is done in front of nginx")
    parser.add_argument("--tls-key", metavar="FILE", default="")
    parser.add_argument("--folder", type=Path, default=Path("/etc/nginx"), help="nginx's own (/etc/nginx)")
    parser.add_argument("--nginx", default="nginx", help="the program for nginx -t")
    parser.add_argument("--check", metavar="URL", help="a protected page, to look at from outside")
    parser.add_argument("--metadata", metavar="URL", help="of the SP, for --check; default: /saml/metadata")
    parser.add_argument("--ca", metavar="FILE", help="for --check: trust this CA")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    options = arguments(words)
    if options.check:
        return look(options)
    try:
        site = asked(options)
        site.make()
    except (Refused, OSError) as refused:
        print(f"{PROGRAM}: {refused}", file=sys.stderr)
        return 1
    print(f"{site.conf} is written.\n\n{site.to_tell()}")
    return judge(options, site)


def asked(options: argparse.Namespace) -> Site:
    host = options.host or question("Host, as browsers know it", "--host")
    metadata = options.idp_metadata
    if metadata is None:
        metadata = question("The IdP's metadata, a file or https:// URL (empty: later)", "") if sys.stdin.isatty() else ""
    upstream = options.upstream or question("The application's URL", "--upstream")
    entity_id = options.entity_id or f"https://{host}/saml/metadata"
    return Site(options.folder, options.name, host, metadata, entity_id, upstream, options.tls_certificate, options.tls_key)


def question(text: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise Refused(f"{option} is not said, and there is no terminal to ask at")
    return input(f"{text}: ").strip()


def judge(options: argparse.Namespace, site: Site) -> int:
    # Without -p: modules/ is where this nginx has it.
    command = [options.nginx, "-t", "-c", str(site.folder / "nginx.conf")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        print(f"{PROGRAM}: {' '.join(command)}: {error}; the files are there, but not tried", file=sys.stderr)
        return 1
    print(done.stderr, end="", file=sys.stderr)
    if done.returncode != 0:
        print(f"{PROGRAM}: nginx -t does not take it: mend what it says, the files stay. Is load_module in nginx.conf, and does http include conf.d/*.conf?", file=sys.stderr)
        return 1
    print(f"nginx takes it. Next: nginx -s reload, then {PROGRAM} --check {site.base_url}/")
    return 0


def look(options: argparse.Namespace) -> int:
    bad = 0
    for name, found in checks(options.check, options.metadata, options.ca):
        bad += isinstance(found, Fault)
        print(f"{'BAD' if isinstance(found, Fault) else 'ok ':<4} {name:<9} {found}")
    return 1 if bad else 0
