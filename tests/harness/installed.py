"""An nginx that a package has brought: what its administrator writes, what it logs, and who asks while it is replaced."""

import http.client
import threading
import time

from harness.browser import Browser
from harness.debian_root import DebianRoot
from harness.keys import rsa_credential

#: What an administrator writes: the first four into conf.d, the others into the server of the site that is there.
BESIDE = """\
saml_idp corp { metadata saml/idp.xml; }
saml_sp app {
    base_url http://127.0.0.1:{port}; certificate saml/sp.crt; certificate_key saml/sp.key; idp corp;
}
"""
INSIDE = "    include saml-endpoints.conf;\n    auth_saml app;\n"
STORE = """\
saml_session_store shared { secret saml/session.key; memcached 127.0.0.1:{memcached}; }
"""


def write_sp(debian: DebianRoot, idp_metadata: str, beside: str = BESIDE, **values: int) -> None:
    """Its keys, what it knows of its IdP, and the lines outside of the server, which conf.d has."""
    credential = rsa_credential("sp")
    debian.write("/etc/nginx/saml/sp.crt", credential.certificate_pem)
    debian.write("/etc/nginx/saml/sp.key", credential.key_pem)
    debian.write("/etc/nginx/saml/session.key", "5a" * 32)
    debian.run("chmod 600 /etc/nginx/saml/*.key")
    debian.write("/etc/nginx/saml/idp.xml", idp_metadata)
    for name, value in values.items():
        beside = beside.replace(f"{{{name}}}", str(value))
    debian.write("/etc/nginx/conf.d/saml.conf", beside)


def log(debian: DebianRoot) -> str:
    return (debian.path / "var/log/nginx/error.log").read_text()


def running_commit(debian: DebianRoot) -> str:
    """What the log says of the code that took the last configuration."""
    return log(debian).rpartition(", commit ")[2].partition(")")[0]


def wait_for(condition, what: str, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class Load:
    """Two clients that ask for the protected page again and again, each time by a connection of its own."""

    def __init__(self, url: str, browser: Browser):
        self.host = url.removeprefix("http://")
        self.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.session.cookies)
        self.lost: list[str] = []
        self.answered = 0
        self.over = threading.Event()
        self.clients = [threading.Thread(target=self.ask) for _ in range(2)]

    def __enter__(self) -> "Load":
        for client in self.clients:
            client.start()
        self.go_on()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        for client in self.clients:
            client.join()

    def go_on(self, more: int = 50) -> None:
        """Until so many more have been answered, or one was not."""
        aim = self.answered + more
        wait_for(lambda: self.answered >= aim or self.lost, "answers")

    def ask(self) -> None:
        while not self.over.is_set():
            connection = http.client.HTTPConnection(self.host, timeout=20)
            try:
                connection.request("GET", "/", headers={"Cookie": self.cookie})
                answer = connection.getresponse()
                if answer.status != 200 or b"Welcome to nginx!" not in answer.read():
                    self.lost.append(f"{answer.status} {answer.getheader('Location')}")
                self.answered += 1
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
            finally:
                connection.close()
