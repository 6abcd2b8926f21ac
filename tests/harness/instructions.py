"""Instructions that an nginx takes for each kind of request, counted by callgrind."""

import argparse
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from harness.bench.report import table
from harness.browser import Browser
from harness.idp import Idp
from harness.crowd_of_idps import aggregate
from harness.keys import rsa_credential
from harness.nginx import Nginx, wait_for_port
from harness.response import Answer, Attribute
from harness.site import site
from harness.wire import cookie_header

FIVE = range(5)
MAPS = "".join(f"map $saml_attr_urn_a{n} $has_{n} {{ default 0; ~^value 1; }}\n" for n in FIVE)
ATTRIBUTE_RULES = "".join(f'auth_saml_require_attribute urn:a{n} x "value {n}"; ' for n in FIVE)
MAP_RULES = "".join(f"auth_saml_require $has_{n}; " for n in FIVE)
VARIABLE_RULES = "".join(f"auth_saml_require $saml_attr_urn_a{n}; " for n in FIVE)
# A worker's sweep, once a second and not for each request, would be counted with whom it meets.
CONF = site(
    main="master_process off;",
    http=f"saml_core_dump full; @FEDERATION@\n{MAPS}",
    sp="@MEMBERS@",
    server=f"""
        access_log off;
        keepalive_requests 1000000;
        location /open/ {{ root html; }}
        location /rules/ {{ auth_saml app; auth_saml_require_idp corp; {ATTRIBUTE_RULES} root html; }}
        location /vary/ {{ auth_saml app; {VARIABLE_RULES} root html; }}
        location /maps/ {{ auth_saml app; {MAP_RULES} root html; }}
        location /named/ {{ auth_saml app; add_header X-User $saml_name_id; root html; }}
        location /signed/ {{ auth_saml app; add_header X-User $saml_jwt; root html; }}
    """,
)
FEDERATION = "saml_idp federation { metadata federation.xml; entity_id *; metadata_refresh off; }"
FOLDERS = ("open", "named", "signed", "rules", "vary", "maps")
WARM_UP, COUNTED = 10, 50
ACCEPTED = 303


def main() -> None:
    options = argparse.ArgumentParser(prog="scripts/instructions --worker")
    options.add_argument("module")
    options.add_argument("nginx")
    options.add_argument("--keep", type=Path, help="folder for callgrind's files, one a row")
    options.add_argument("--idps", type=int, default=0, help="so many more has the SP, of a federation")
    given = options.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="auth-saml-instructions-"))
    scratch.chmod(0o755)
    conf = CONF.replace("@FEDERATION@", FEDERATION if given.idps else "")
    conf = conf.replace("@MEMBERS@", "idp federation;" if given.idps else "")
    server = CountedNginx(scratch, given.nginx, given.module, conf)
    server.write("federation.xml", aggregate(given.idps))
    rows = []
    try:
        server.start()
        for name, requests, status in kinds(server):
            ask(server, requests[:WARM_UP], status)
            server.dump()
            ask(server, requests[WARM_UP:], status)
            keep = given.keep and given.keep / name.replace(" ", "-")
            rows.append([name, f"{server.dump(keep) / COUNTED:.0f}"])
    finally:
        server.kill()
        shutil.rmtree(scratch, ignore_errors=True)
    print(table(["one request", "instructions"], rows))


def kinds(server: Nginx) -> Iterator[tuple[str, list[bytes], int]]:
    """What is counted: its name, so many requests, and the status that each must have."""
    many = WARM_UP + COUNTED
    member = Browser()
    Idp().login(member, server.url("/page.html"), answer(5))
    cookie = cookie_header(member)
    yield "unprotected", [request("GET", "/open/page.html", cookie)] * many, 200
    yield "protected", [request("GET", "/page.html", cookie)] * many, 200
    yield "its user in a header", [request("GET", "/named/page.html", cookie)] * many, 200
    yield "the same, signed", [request("GET", "/signed/page.html", cookie)] * many, 200
    yield "protected, 6 rules", [request("GET", "/rules/page.html", cookie)] * many, 200
    yield "protected, 5 variables", [request("GET", "/vary/page.html", cookie)] * many, 200
    yield "protected, 5 maps", [request("GET", "/maps/page.html", cookie)] * many, 200
    crowd = Browser()
    groups = Attribute("groups", [f"cn=group {n},dc=example,dc=org" for n in range(2000)])
    Idp().login(crowd, server.url("/page.html"), Answer(attributes=[groups]))
    cookie = cookie_header(crowd)
    yield "protected, 2000 groups", [request("GET", "/page.html", cookie)] * many, 200
    yield "redirect to the IdP", [request("GET", "/page.html")] * many, 302
    for attributes in (5, 50):
        name = f"login with {attributes} attributes"
        yield name, [acceptable(server, answer(attributes)) for _ in range(many)], ACCEPTED


def answer(attributes: int) -> Answer:
    return Answer(attributes=[Attribute(f"urn:a{n}", [f"value {n}"]) for n in range(attributes)])


def acceptable(server: Nginx, said: Answer) -> bytes:
    """The POST of a Response that answers a login of a browser of its own."""
    browser, idp = Browser(), Idp()
    asked = idp.asked(browser.get(server.url("/page.html")))
    body = urlencode(idp.form(asked, said)).encode()
    return request("POST", "/saml/acs", cookie_header(browser), body)


def request(method: str, path: str, cookie: tuple[str, str] | None = None, body=b"") -> bytes:
    headers = [
        ("Host", "127.0.0.1"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
        ("Accept", "text/html"),
        *([cookie] if cookie else []),
    ]
    if body:
        headers += [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", str(len(body))),
        ]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ask(server: Nginx, requests: list[bytes], status: int) -> None:
    """One after the other on a kept connection: nginx gets each in as few pieces as can be."""
    with socket.create_connection((server.address, server.port)) as connection:
        answers = connection.makefile("rb")
        for sent in requests:
            connection.sendall(sent)
            head = b"".join(iter(answers.readline, b"\r\n"))
            assert head.split(b" ")[1] == str(status).encode(), head
            length = re.search(rb"^content-length: (\d+)", head, re.I | re.M)
            answers.read(int(length[1]) if length else 0)


class CountedNginx(Nginx):
    """An nginx under callgrind: one process that does it all."""

    def start(self) -> "CountedNginx":
        self.write("sp.crt", rsa_credential("sp").certificate_pem)
        self.write("sp.key", rsa_credential("sp").key_pem)
        self.write("idp.xml", Idp().metadata())
        for folder in ("html", *(f"html/{name}" for name in FOLDERS)):
            self.write(f"{folder}/page.html", "x" * 1024)
        self.process = subprocess.Popen(self.command(), stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process, seconds=300)
        return self

    def command(self, *arguments: str) -> list[str]:
        return [
            "valgrind", "--quiet", "--tool=callgrind",
            f"--callgrind-out-file={self.directory}/counted", *super().command(*arguments),
        ]  # fmt: skip

    def dump(self, keep: Path | None = None) -> int:
        """The instructions since the last dump, which goes into the file `keep`."""
        before = self.dumps()
        subprocess.run(
            ["callgrind_control", "--dump", str(self.process.pid)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        self.wait_for(lambda: self.dumps() > before, "callgrind's file", seconds=60)
        newest = self.directory / f"counted.{before + 1}"
        if keep:
            keep.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(newest, keep)
        return int(re.search(r"^(?:totals|summary): (\d+)", newest.read_text(), re.M)[1])

    def dumps(self) -> int:
        return len(list(self.directory.glob("counted.*")))


if __name__ == "__main__":
    main()
