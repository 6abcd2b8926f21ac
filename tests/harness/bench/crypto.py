"""What others wait while keys are used: in the event loop, or in threads (`saml_crypto_threads`)."""

import http.client
import multiprocessing
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from harness.bench.hosts import PAGE, SECRET, Bench
from harness.bench.load import cpu_nanoseconds
from harness.crowd import CROWD_IDP, Crowd, unique
from harness.encrypt import encrypt
from harness.idp import post_body
from harness.keys import Credential, certified
from harness.message import NS
from harness.nginx import Nginx

CONF = """
worker_processes 1;
thread_pool own threads=2;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
    saml_crypto_threads @POOL@;
    saml_session_store sessions { zone saml_sessions 16m; secret session.key; }
    saml_idp corp { metadata idp.xml; allow_unsolicited on; sign_requests on; }
    saml_sp app {
        base_url http://127.0.0.1:@PORT@;
        entity_id http://127.0.0.1:@PORT@/saml/metadata;
        certificate sp.crt;
        certificate_key sp.key;
        idp corp;
        session_store sessions;
    }
    server {
        listen 127.0.0.1:@PORT@;
        include saml-endpoints.conf;
        root html;
        location /protected/ { auth_saml app; }
    }
}
"""
#: Logins a second: each is a redirect to the IdP, signed, and an encrypted Assertion.
PACE = 100
#: What the machine itself makes a member wait: the others log in at another nginx on the same cores.
ELSEWHERE = "logins at another nginx"
#: Connections that log in.
CROWD = 10
#: Pages that a member asks for in a second.
PAGES = 200
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Waited:
    """One server over all rounds."""

    server: Nginx  # of the member
    crowded: Nginx  # where the others log in
    responses: list[str]
    p99_idle: list[float] = field(default_factory=list)  # milliseconds
    p99_meanwhile: list[float] = field(default_factory=list)
    loop_microseconds: list[float] = field(default_factory=list)  # CPU of a login
    all_microseconds: list[float] = field(default_factory=list)


def measure(bench: Bench, rounds: int, seconds: int) -> dict[str, Waited]:
    rows = {}
    for bits in (2048, 4096):
        credential = certified(rsa.generate_private_key(65537, bits), "sp")
        servers = {pool: started(bench, pool, credential) for pool in ("off", "default", "own", ELSEWHERE)}
        for pool, server in servers.items():
            crowd = Crowd(server)
            count = (rounds + 1) * seconds * PACE
            responses = [response(crowd, credential) for _ in range(count)]
            at = servers["own"] if pool == ELSEWHERE else server
            name = pool if pool == ELSEWHERE else f"saml_crypto_threads {pool}"
            rows[f"RSA-{bits}, {name}"] = Waited(at, server, responses)
    for number in range(rounds + 1):
        for row in random.sample(list(rows.values()), len(rows)):
            once(row, seconds, is_counted=number > 0)
    return rows


def started(bench: Bench, pool: str, credential: Credential) -> Nginx:
    server = bench.made(CONF, POOL="own" if pool == ELSEWHERE else pool)
    server.write("sp.crt", credential.certificate_pem)
    server.write("sp.key", credential.key_pem)
    server.write("session.key", SECRET)
    server.write("idp.xml", CROWD_IDP.metadata())
    return server.start()


def response(crowd: Crowd, credential) -> str:
    """The form with an Assertion that is encrypted for the SP."""
    document = etree.fromstring(crowd.login_response(f"{unique()}@example.org", unique()))
    encrypt(document.find("saml:Assertion", NS), credential)
    return post_body(etree.tostring(document), None)


def once(row: Waited, seconds: int, is_counted: bool) -> None:
    member = Crowd(row.server).enter("alice@example.org", unique())
    idle = waits(row.server, member, seconds)
    share, row.responses = row.responses[: seconds * PACE], row.responses[seconds * PACE :]
    people = [
        multiprocessing.Process(target=log_in, args=(row.crowded, share[number::CROWD]))
        for number in range(CROWD)
    ]
    [worker] = row.crowded.workers()
    before = loop_nanoseconds(worker), cpu_nanoseconds([worker])
    for each in people:
        each.start()
    meanwhile = waits(row.server, member, seconds)
    for each in people:
        each.join()
        assert each.exitcode == 0
    spent = loop_nanoseconds(worker) - before[0], cpu_nanoseconds([worker]) - before[1]
    if is_counted:
        # The member's pages are in it, some twenty microseconds each.
        row.p99_idle.append(p99(idle))
        row.p99_meanwhile.append(p99(meanwhile))
        row.loop_microseconds.append(spent[0] / len(share) / 1000)
        row.all_microseconds.append(spent[1] / len(share) / 1000)


def log_in(server: Nginx, forms: list[str]) -> None:
    """Begins a login, and ends another, as often as there are forms, at this one's part of the pace."""
    connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
    begun = time.monotonic()
    for number, form in enumerate(forms):
        time.sleep(max(0, begun + number * CROWD / PACE - time.monotonic()))
        for ask, status in ((("GET", "/saml/login"), 302), (("POST", "/saml/acs", form, FORM), 303)):
            connection.request(*ask)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status, answer.status


def waits(server: Nginx, cookie: str, seconds: int) -> list[float]:
    """How long a member waits for each page, milliseconds."""
    connection = http.client.HTTPConnection(server.address, server.port, timeout=60)
    found, begun = [], time.monotonic()
    for number in range(seconds * PAGES):
        time.sleep(max(0, begun + number / PAGES - time.monotonic()))
        asked = time.monotonic()
        connection.request("GET", f"/protected/{PAGE}", headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        found.append((time.monotonic() - asked) * 1000)
    return found


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[-1]


def loop_nanoseconds(worker: int) -> int:
    """CPU of the thread that has the event loop."""
    return int(Path(f"/proc/{worker}/task/{worker}/schedstat").read_text().split()[0])
