"""A reload every second under load: failed requests and lost sessions."""

import http.client
import threading
import time
from dataclasses import dataclass, field

from harness.bench.hosts import PAGE, Bench, memcached
from harness.bench.members import Members
from harness.crowd import FORM, unique
from harness.nginx import Nginx

#: A connection of its own for each request: what a kept one must send again is HTTP's business.
CLOSE = {"Connection": "close"}


@dataclass
class Reloaded:
    reloads: int = 0
    requests: int = 0
    logins: int = 0
    failures: list[str] = field(default_factory=list)
    lost: int = 0


def measure(bench: Bench, seconds: int) -> dict[str, Reloaded]:
    nodes = bench.node(), bench.node()
    hosts = {
        "shared memory": bench.host(zone="64m", workers=2),
        "memcached, 2 nodes, replicas 2, cache_valid 0": bench.host(
            memcached(*nodes, cache_valid="0s", more="replicas 2;"), "64m", workers=2
        ),
    }
    return {name: under_load(server, seconds) for name, server in hosts.items()}


def under_load(server: Nginx, seconds: int) -> Reloaded:
    result, cookies, stop = Reloaded(), [], threading.Event()
    works = (reader, reader, member)
    threads = [
        threading.Thread(target=work, args=(server, result, cookies, stop)) for work in works
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        server.reload()
        result.reloads += 1
        time.sleep(max(0.0, 1 - (time.monotonic() - begun)))
    stop.set()
    for thread in threads:
        thread.join()
    result.lost = sum(status(server, cookie) != 200 for cookie in cookies)
    return result


def reader(server: Nginx, result: Reloaded, cookies: list[str], stop: threading.Event) -> None:
    """Asks for pages with one session."""
    cookie = Members(server, 5).cookie(unique())
    cookies.append(cookie)
    while not stop.is_set():
        try:
            answer = status(server, cookie)
            if answer != 200:
                result.failures.append(f"a page: {answer}")
        except OSError as error:
            result.failures.append(f"a page: {error!r}")
        result.requests += 1


def member(server: Nginx, result: Reloaded, cookies: list[str], stop: threading.Event) -> None:
    """Logs people in."""
    members = Members(server, 5)
    while not stop.is_set():
        form = members.login_form(unique(), unique())
        try:
            answer, cookie, _ = members.ask("POST", "/saml/acs", form, {**FORM, **CLOSE})
            if answer == 303 and cookie:
                cookies.append(cookie.removeprefix("saml_session="))
            else:
                result.failures.append(f"a login: {answer}")
        except OSError as error:
            result.failures.append(f"a login: {error!r}")
        result.logins += 1


def status(server: Nginx, cookie: str) -> int:
    connection = http.client.HTTPConnection(server.address, server.port, timeout=10)
    headers = {"Cookie": f"saml_session={cookie}", **CLOSE}
    connection.request("GET", f"/protected/{PAGE}", headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status
