"""Headless Chromium, driven by its chromedriver over the WebDriver protocol."""

import base64
import hashlib
import subprocess
import time
from pathlib import Path

import requests
from cryptography.hazmat.primitives import serialization

from harness.keys import Credential
from harness.nginx import Nginx, free_ports, wait_for_port

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1000,900",
]
BY_HTTP3 = "--origin-to-force-quic-on"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def trusting(credential: Credential) -> str:
    """The argument by which a browser takes this certificate as any other good one. (A browser that
    ignores certificate errors knows that there are some, and caches nothing.)"""
    key = credential.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"--ignore-certificate-errors-spki-list={pin}"


def by_http3(server: Nginx, name: str) -> list[str]:
    """Arguments by which a browser asks this server by HTTP/3 alone, and does not wait to be told that it may. Of a name's
    addresses it would try the first only, which may be ::1."""
    return [f"{BY_HTTP3}={name}:{server.port}", f"--host-resolver-rules=MAP {name} {server.address}"]


class Chromium:
    """One browser with a fresh profile in `directory`."""

    def __init__(self, directory: Path, *arguments: str):
        port = free_ports(1)[0]
        with open(directory / "chromedriver.log", "wb") as log:
            self.driver = subprocess.Popen(
                ["chromedriver", f"--port={port}"], stdout=log, stderr=log
            )
        wait_for_port(port, self.driver)
        self.http = requests.Session()
        self.http.trust_env = False
        self.base = f"http://127.0.0.1:{port}/session"
        speaks = any(argument.startswith(BY_HTTP3) for argument in arguments)
        usual = [argument for argument in ARGUMENTS if not (speaks and argument == "--disable-quic")]
        options = {"args": [*usual, f"--user-data-dir={directory}/profile", *arguments]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        answer = self.call("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self.base += f"/{answer['sessionId']}"

    def call(self, method: str, path: str, body=None):
        json = {} if method == "POST" and body is None else body
        answer = self.http.request(method, self.base + path, json=json, timeout=60)
        value = answer.json()["value"]
        assert answer.ok, value
        return value

    def open(self, url: str) -> None:
        self.call("POST", "/url", {"url": url})

    @property
    def url(self) -> str:
        return self.call("GET", "/url")

    def wait_for(self, url: str, seconds: float = 15) -> None:
        """Until the browser is at `url`: forms that submit themselves take a moment."""
        deadline = time.monotonic() + seconds
        while self.url != url or self.run("return document.readyState") != "complete":
            assert time.monotonic() < deadline, f"at {self.url}, not at {url}"
            time.sleep(0.1)

    def run(self, script: str):
        """The value that `script` returns in the page."""
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def find(self, css: str) -> str:
        found = self.call("POST", "/element", {"using": "css selector", "value": css})
        return f"/element/{found[ELEMENT]}"

    def fill(self, css: str, text: str) -> None:
        self.call("POST", f"{self.find(css)}/value", {"text": text})

    def click(self, css: str) -> None:
        self.call("POST", f"{self.find(css)}/click")

    def text(self, css: str = "body") -> str:
        return self.call("GET", f"{self.find(css)}/text")

    def cookies(self) -> dict[str, dict]:
        return {cookie["name"]: cookie for cookie in self.call("GET", "/cookie")}

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def quit(self) -> None:
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(10)


def emulate(chromium: Chromium, width: int, height: int, scheme: str) -> None:
    """A screen of that size, on which people like it `light` or `dark`."""

    def devtools(method: str, **parameters):
        body = {"cmd": method, "params": parameters}
        chromium.call("POST", "/goog/cdp/execute", body)

    devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
    devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])  # fmt: skip
