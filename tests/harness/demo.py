"""The demo: nginx with nginx-conf/demo.conf, SimpleSAMLphp, and a page behind the login."""

import argparse
import html
import json
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

import lxml.html

from harness.browser import Browser
from harness.keys import rsa_credential
from harness.nginx import ROOT, Nginx, free_ports
from harness.simplesamlphp import USERS, SimpleSamlPhp

CONF = "events {}\nhttp {\n    include /etc/nginx/mime.types;\n    include demo.conf;\n}\n"


class Demo:
    """Both servers, configured for each other."""

    def __init__(self, directory: Path, module: str, binary: str, port: int, idp_port: int):
        self.idp = SimpleSamlPhp(directory / "simplesamlphp", idp_port)
        self.nginx = Nginx(directory / "nginx", binary, module, CONF)
        self.nginx.port = port
        self.url = f"http://127.0.0.1:{port}/"
        shipped = (ROOT / "nginx-conf/demo.conf").read_text()
        self.nginx.write("demo.conf", shipped.replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
        self.nginx.write("sp.crt", rsa_credential("demo SP").certificate_pem)
        self.nginx.write("sp.key", rsa_credential("demo SP").key_pem)

    def start(self) -> None:
        """The IdP first, because nginx reads its metadata; then the IdP learns the SP's."""
        self.idp.start()
        self.nginx.write("idp.xml", self.idp.metadata().encode())
        self.nginx.start()
        self.idp.trust(Browser().read(f"{self.url}saml/metadata").text)

    def stop(self) -> None:
        self.nginx.stop()
        self.idp.stop()

    def check(self) -> None:
        """Logs in as alice and compares what the page shows."""
        user = USERS["alice:secret"]
        page = self.idp.log_in(Browser(), self.url)
        if page.url != self.url or page.status != 200:
            raise AssertionError(f"ended at {page.url} with status {page.status}:\n{page.text}")
        shown = {
            cell.get("id"): cell.text_content()
            for cell in lxml.html.fromstring(page.text).iter("td")
        }
        expect("name-id", shown["name-id"], "alice@example.org")
        expect("mail", shown["mail"], user["mail"][0])
        expect(
            "department",
            shown["department"],
            user["https://schemas.example.org/claims/department"][0],
        )
        expect("idp", shown["idp"], self.idp.entity_id)
        attributes = json.loads(shown["attributes"])
        for name, values in user.items():
            expect(name, attributes.get(name), values)
        if html.escape(user["displayName"][0]) not in page.text:
            raise AssertionError(f"the page does not greet {user['displayName'][0]}")


def expect(what: str, shown, wanted) -> None:
    if shown != wanted:
        raise AssertionError(f"{what}: the page shows {shown!r}, not {wanted!r}")


def port_or_free(port: int) -> int:
    """`port`, or a free one when somebody has it."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return free_ports(1)[0]
    return port


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("module", help=argparse.SUPPRESS)
    parser.add_argument("nginx", help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="log in by script, then stop")
    parser.add_argument("--port", type=int, default=8080, help="of the page (8080)")
    parser.add_argument("--idp-port", type=int, default=8081, help="of the IdP (8081)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    ports = port_or_free(options.port), port_or_free(options.idp_port)
    directory = fresh_directory(ports[0])
    demo = Demo(directory, options.module, options.nginx, *ports)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda *_: sys.exit(0))
    try:
        demo.start()
        if options.check:
            demo.check()
            print(f"OK: alice logged in at {demo.url} through SimpleSAMLphp")
            return 0
        print(f"\n  Open      {demo.url}\n  User      alice\n  Password  secret\n")
        print(f"  Files and logs are in {directory}; Ctrl-C stops everything.", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        return 0
    except AssertionError as failure:
        print(f"FAILED: {failure}\n{demo.nginx.error_log()}", file=sys.stderr)
        return 1
    finally:
        demo.stop()


def fresh_directory(port: int) -> Path:
    """`.cache/demo-PORT`, or a temporary directory when nginx's workers could not get there."""
    directory = ROOT / f".cache/demo-{port}"
    if any(not parent.stat().st_mode & 0o001 for parent in ROOT.parents):
        directory = Path(tempfile.mkdtemp(prefix="auth-saml-demo-"))
        directory.chmod(0o755)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


if __name__ == "__main__":
    sys.exit(main())
