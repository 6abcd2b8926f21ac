"""Instructions that an nginx takes for each kind of request, counted by callgrind.

`scripts/instructions` prints them; `scripts/budget.txt` says how many they may be.
"""

import argparse
import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from harness.bench.report import table
from harness.browser import Browser
from harness.counted_kind import BATCHES, Counted, Kind, counted_at, pages, request
from harness.counted_look_ups import look_ups
from harness.counted_nginx import CountedBareNginx, CountedNginx
from harness.crowd_of_idps import aggregate
from harness.idp import Idp
from harness.keys import rsa_credential
from harness.nginx import ROOT
from harness.response import Answer, Attribute
from harness.site import site
from harness.wire import cookie_header

FIVE = range(5)
MAPS = "".join(f"map $saml_attr_urn_a{n} $has_{n} {{ default 0; ~^value 1; }}\n" for n in FIVE)
ATTRIBUTE_RULES = "".join(f'auth_saml_require_attribute urn:a{n} x "value {n}"; ' for n in FIVE)
MAP_RULES = "".join(f"auth_saml_require $has_{n}; " for n in FIVE)
VARIABLE_RULES = "".join(f"auth_saml_require $saml_attr_urn_a{n}; " for n in FIVE)
HEADERS = "add_header X-User $saml_name_id; add_header X-Mail $saml_attr_urn_a0;"
# What time it is nginx writes down once a second, and not for each request: here it is always the same.
STILL = "master_process off; timer_resolution 1h;"
# A worker's sweep, once a second too, would be counted with whom it meets.
CONF = site(
    main=STILL,
    idp="clock_skew 5m;",
    http=f"saml_core_dump full; saml_audit_log audit.log; @FEDERATION@\n{MAPS}",
    sp="@MEMBERS@",
    server=f"""
        access_log off;
        keepalive_requests 1000000;
        location /open/ {{ root html; }}
        location /rules/ {{ auth_saml app; auth_saml_require_idp corp; {ATTRIBUTE_RULES} root html; }}
        location /vary/ {{ auth_saml app; {VARIABLE_RULES} root html; }}
        location /maps/ {{ auth_saml app; {MAP_RULES} root html; }}
        location /headers/ {{ auth_saml app; {HEADERS} root html; }}
        location /signed/ {{ auth_saml app; add_header X-User $saml_jwt; root html; }}
    """,
)
FOLDERS = ("open", "headers", "signed", "rules", "vary", "maps")
HANDLERS = ("acs", "login", "discovery", "sls", "logout", "session", "metadata", "jwks")
LOCATIONS = [f"/{name}/" for name in FOLDERS] + [f"= /saml/{name}" for name in HANDLERS]
CONSTANTS = {"/headers/": 'add_header X-User alice@example.org; add_header X-Mail "value 0";'}
# The same locations, so that nginx finds one in as many steps.
BARE_CONF = f"""
{STILL}
events {{}}
http {{
    server {{
        listen 127.0.0.1:@PORT@;
        access_log off;
        keepalive_requests 1000000;
        location / {{ root html; }}
        {" ".join(f"location {name} {{ {CONSTANTS.get(name, '')} root html; }}" for name in LOCATIONS)}
    }}
}}
"""
FEDERATION = "saml_idp federation { metadata federation.xml; entity_id *; metadata_refresh off; }"
FEW = 3
BUDGET = ROOT / "scripts/budget.txt"
#: How much more than its budget a kind may take.
TOLERATED = 0.03


def main() -> None:
    options = argparse.ArgumentParser(prog="scripts/instructions --worker")
    options.add_argument("module")
    options.add_argument("nginx")
    options.add_argument("--keep", type=Path, help="folder for callgrind's files, one a row")
    options.add_argument("--idps", type=int, default=0, help="so many more has the SP, of a federation")
    options.add_argument("--only", default="", help="kinds whose name has this")
    given = options.parse_args()
    counted = count(given.module, given.nginx, given.keep, given.idps, given.only)
    allowed = budgets()
    rows = [
        [
            one.name,
            f"{one.all:,}",
            f"{one.plain:,}" if one.plain else "",
            f"{one.added:,}",
            f"{allowed[one.name]:,}" if one.name in allowed else "",
        ]
        for one in counted
    ]
    print(table(["one request", "instructions", "of nginx alone", "added", "budget"], rows))


def count(
    module: str, binary: str, keep: Path | None = None, idps: int = 0, only: str = ""
) -> list[Counted]:
    """All kinds, and what nginx takes for the same pages without the module."""
    scratch = Path(tempfile.mkdtemp(prefix="auth-saml-instructions-"))
    scratch.chmod(0o755)
    conf = CONF.replace("@FEDERATION@", FEDERATION if idps else "")
    conf = conf.replace("@MEMBERS@", "idp federation;" if idps else "")
    server = CountedNginx(scratch / "with", binary, module, conf)
    bare = CountedBareNginx(scratch / "bare", binary, module, BARE_CONF)
    try:
        for one in (server, bare):
            furnish(one, idps)
            one.start()
        rows = []
        with look_ups(scratch, STILL, binary, module) as asking:
            here = ((server, kind) for kind in all_kinds(server))
            for asked, kind in itertools.chain(here, asking):
                if only not in kind.name:
                    continue
                file = keep and keep / re.sub(r"\W+", "-", kind.name)
                taken = counted_at(asked, kind, file)
                without = file and file.with_name(f"{file.name}-without")
                plain = counted_at(bare, kind, without) if kind.is_page else 0
                rows.append(Counted(kind.name, taken, plain))
        return rows
    finally:
        server.kill()
        bare.kill()
        shutil.rmtree(scratch, ignore_errors=True)


def budgets() -> dict[str, int]:
    """How many instructions each kind may add."""
    lines = [line for line in BUDGET.read_text().splitlines() if line and not line.startswith("#")]
    return {name: int(number) for number, name in (line.split(maxsplit=1) for line in lines)}


def furnish(server: CountedNginx, idps: int) -> None:
    server.write("sp.crt", rsa_credential("sp").certificate_pem)
    server.write("sp.key", rsa_credential("sp").key_pem)
    server.write("idp.xml", Idp(slo=("HTTP-Redirect",)).metadata())
    server.write("federation.xml", aggregate(idps))
    for folder in ("html", *(f"html/{name}" for name in FOLDERS)):
        server.write(f"{folder}/page.html", "x" * 1024)


def all_kinds(server: CountedNginx) -> Iterator[Kind]:
    cookie = member(server, answer(5))
    others = "; ".join(f"_app_{n}={n:0100}" for n in range(10))
    yield Kind("open location", pages("/open/page.html", cookie), 200)
    yield Kind("protected, 5 attributes", pages("/page.html", cookie), 200)
    yield Kind("protected, 50 attributes", pages("/page.html", member(server, answer(50))), 200)
    among_others = ("Cookie", f"{others}; {cookie[1]}")
    yield Kind("protected, 1 KB of other cookies", pages("/page.html", among_others), 200)
    yield Kind("protected, two variables in headers", pages("/headers/page.html", cookie), 200)
    yield Kind("protected, a token in a header", pages("/signed/page.html", cookie), 200)
    yield Kind("protected, 6 rules", pages("/rules/page.html", cookie), 200)
    yield Kind("protected, 5 variables", pages("/vary/page.html", cookie), 200)
    yield Kind("protected, 5 maps", pages("/maps/page.html", cookie), 200)
    groups = Attribute("groups", [f"cn=group {n},dc=example,dc=org" for n in range(2000)])
    crowd = member(server, Answer(attributes=[groups]))
    yield Kind("protected, 2000 groups", pages("/page.html", crowd), 200)
    for name, path in (("metadata", "/saml/metadata"), ("session endpoint", "/saml/session")):
        yield Kind(name, pages(path, cookie), 200, is_page=False)
    many = (BATCHES + 1) * FEW
    asked = [request("GET", "/page.html")] * many
    yield Kind("redirect to the IdP", asked, 302, FEW, is_page=False)
    for attributes in (5, 50):
        sent = [acceptable(server, answer(attributes)) for _ in range(many)]
        yield Kind(f"login with {attributes} attributes", sent, 303, FEW, is_page=False)
    ended = [request("GET", "/saml/logout", member(server, answer(5))) for _ in range(many)]
    yield Kind("logout, redirect to the IdP", ended, 303, FEW, is_page=False)


def member(server: CountedNginx, said: Answer) -> tuple[str, str]:
    """The session's cookie of somebody who has logged in and come to the page, alone."""
    browser = Browser()
    Idp().login(browser, server.url("/page.html"), said)
    assert browser.get(server.url("/page.html")).status == 200
    session = next(c for c in browser.session.cookies if c.name == "saml_session")
    return "Cookie", f"{session.name}={session.value}"


def answer(attributes: int) -> Answer:
    return Answer(attributes=[Attribute(f"urn:a{n}", [f"value {n}"]) for n in range(attributes)])


def acceptable(server: CountedNginx, said: Answer) -> bytes:
    """The POST of a Response that answers a login of a browser of its own."""
    browser, idp = Browser(), Idp()
    asked = idp.asked(browser.get(server.url("/page.html")))
    body = urlencode(idp.form(asked, said)).encode()
    return request("POST", "/saml/acs", cookie_header(browser), body)


if __name__ == "__main__":
    main()
