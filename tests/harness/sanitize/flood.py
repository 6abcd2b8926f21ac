"""A process that throws requests at nginx, several behind each other on a connection, and counts what comes back."""

import collections
import contextlib
import multiprocessing
import random
import re
import socket
import ssl
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from harness.artifact_idp import ArtifactIdp
from harness.idp import Idp
from harness.nginx import Nginx
from harness.sanitize.hostile import Minted, Request, Seed, known, thrown
from harness.sanitize.mutation import mutated

BATCH = 8  # requests on their way at a time
KEPT = 512  # requests that are kept, for who looks for the one that did it
MINTED_FOR = 60.0  # seconds after which true messages are made anew: the IdP's answers end after 300
PATIENCE = 60.0  # seconds after which an answer is one that never comes, on a busy machine
COUNTED = ("POSTs", "GETs", "broken requests", "answers 5xx", "answers 500", "no answer")
LENGTH = re.compile(rb"^content-length: *(\d+)", re.I | re.M)


@dataclass(frozen=True)
class Aim:
    """Whom it is thrown at, and by whom the messages are made."""

    server: Nginx
    idp: Idp
    artifact_idp: ArtifactIdp


class Flood:
    """`counts` says how far it is; `failure` what has ended it too early, if anything."""

    def __init__(self, aim: Aim, seed: str, kept: Path):
        self.aim, self.seed, self.kept = aim, seed, kept
        self.numbers = multiprocessing.Array("Q", len(COUNTED))
        self.halt = multiprocessing.Event()
        self.process = multiprocessing.get_context("fork").Process(target=self.run, daemon=True)

    @property
    def counts(self) -> dict[str, int]:
        return dict(zip(COUNTED, self.numbers, strict=True))

    def count(self, what: str) -> None:
        self.numbers[COUNTED.index(what)] += 1

    def stop(self) -> None:
        self.halt.set()
        self.process.join(PATIENCE * 2)

    @property
    def has_failed(self) -> bool:
        return self.process.exitcode not in (None, 0)

    def run(self) -> None:
        self.last = collections.deque(maxlen=KEPT)
        dice = random.Random(self.seed)
        weights, pools = zip(*known(self.aim.server.url("").rstrip("/")), strict=True)
        next_minting = 0.0
        minted: list[Seed] = []
        while not self.halt.is_set():
            if time.monotonic() > next_minting:
                minted = self.mint() or minted
                next_minting = time.monotonic() + (MINTED_FOR if minted else 1)
                others = [seed.octets for pool in (*pools, minted) for seed in pool if len(seed.octets) > 100]
            (pool,) = [minted] if minted and dice.random() < 0.5 else dice.choices(pools, weights)
            requests = [thrown(dice, dice.choice(pool), others) for _ in range(BATCH)]
            self.last.extend(requests)
            if dice.random() < 0.02:
                self.throw_broken(dice, requests[0], others)
            else:
                self.throw(requests)
        if self.aim.server.reports():
            self.keep()

    def mint(self) -> list[Seed]:
        """Nothing while nginx or memcached is away."""
        with contextlib.suppress(Exception):
            return Minted(self.aim.server, self.aim.idp, self.aim.artifact_idp).seeds()
        return []

    def throw(self, requests: list[Request]) -> None:
        """All of them; what a closed connection leaves without an answer is sent again, but what closed it."""
        while requests and not self.halt.is_set():
            answered = 0
            try:
                with self.connection() as connection, connection.makefile("rb") as answers:
                    connection.sendall(b"".join(request.octets for request in requests))
                    for request in requests:
                        if not self.read(answers):
                            break
                        answered += 1
                        self.count("POSTs" if request.is_post else "GETs")
            except TimeoutError:
                self.count("no answer")
                self.keep()
            except OSError:
                pass
            if answered == 0:
                if not self.is_there():
                    time.sleep(0.05)
                    continue
                answered = 1
            requests = requests[answered:]

    def read(self, answers) -> bool:
        """One answer; may another one follow?"""
        status, head = b"", b""
        while not status or status.startswith(b"HTTP/1.1 100"):
            status = answers.readline()
            if not status:
                return False
            head = b"".join(iter(answers.readline, b"\r\n"))
        code = int(status[9:12])
        if code >= 500:
            self.count("answers 5xx")
        body = b""
        if found := LENGTH.search(head):
            body = answers.read(int(found[1]))
        elif b"chunked" in head.lower():
            while size := int(answers.readline().partition(b";")[0] or b"0", 16):
                answers.read(size + 2)
            answers.readline()
        # SOAP 1.1 6.2: what is the sender's fault has this status, too.
        if code == 500 and b"soap:Client" not in body:
            self.count("answers 500")
            self.keep()
        return True

    def throw_broken(self, dice: random.Random, request: Request, others: list[bytes]) -> None:
        """Octets that may be no request at all, or a part of one, and whoever sent them leaves in some way."""
        octets = mutated(dice, request.octets, others)
        with contextlib.suppress(OSError, ssl.SSLError), self.connection() as connection:
            cut = dice.randrange(len(octets) + 1)
            connection.sendall(octets[:cut])
            if dice.random() < 0.5:
                connection.sendall(octets[cut:])
            how = dice.randrange(3)
            if how == 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how == 1:
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(1)
                while connection.recv(1 << 16):
                    pass
        self.count("broken requests")

    def connection(self) -> socket.socket:
        return socket.create_connection((self.aim.server.address, self.aim.server.port), timeout=PATIENCE)

    def is_there(self) -> bool:
        with contextlib.suppress(OSError), self.connection():
            return True
        return False

    def keep(self) -> None:
        """What it has sent last, one file for each request."""
        self.kept.mkdir(exist_ok=True)
        for number, request in enumerate(self.last):
            (self.kept / f"{number:03}").write_bytes(request.octets)
