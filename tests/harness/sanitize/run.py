"""One run: nginx starts, is attacked, reloaded, robbed of its memcacheds and used, and stops; then its reports are read."""

import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.artifact_idp import ArtifactIdp
from harness.backend import Backend
from harness.browser import Browser
from harness.idp import Idp
from harness.memcached import Memcached
from harness.nginx import TROUBLE
from harness.sanitize import site
from harness.sanitize.flood import Aim, Flood
from harness.sanitize.instrumented import Instrumented
from harness.sanitize.memory import Samples, resident
from harness.sanitize.people import People
from harness.sanitize.reports import Report

#: In this part of the time nginx is reloaded again and again; the workers of after that live to the end, and
#: their memory is looked at.
RELOADED = 0.4
BETWEEN_RELOADS = (2.0, 8.0)  # seconds
BETWEEN_DEATHS = (1.0, 6.0)
LOGS = ("error.log", "audit.log")
LONGEST_LOG = 32 << 20
EACH = 60.0  # seconds, after which it is told how far it is


@dataclass
class Outcome:
    """What was done, and what came of it. `troubles` are sentences: without any all is well."""

    done: Counter = field(default_factory=Counter)
    failed: Counter = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    samples: Samples = field(default_factory=Samples)
    resident: Samples = field(default_factory=Samples)
    reports: list[Report] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    seconds: float = 0


class Run:
    """`make` makes the nginx of a folder, a configuration and its values."""

    def __init__(self, make, seconds: float, seed: str, floods: int, second_verifier: bool, memory: bool = True):
        self.make, self.seconds, self.seed, self.floods = make, seconds, seed, floods
        self.second = "xmlsec1" if second_verifier else "off"
        self.looks_at_memory = memory
        self.dice = random.Random(f"{seed}/accidents")
        self.outcome = Outcome()

    def __call__(self, folder: Path) -> Outcome:
        with self.surroundings(folder) as (server, aim, nodes):
            began = time.monotonic()
            try:
                server.start()
                self.attack(server, aim, nodes)
                self.somebody_gets_in(server, aim)
                self.quit(server)
            except (AssertionError, RuntimeError, OSError) as failure:
                self.outcome.troubles.append(f"it ended too early: {failure}")
            self.outcome.seconds = time.monotonic() - began
            self.read_logs(server)
        self.outcome.reports = server.reports()
        if self.outcome.reports:
            self.outcome.troubles.append(f"{len(self.outcome.reports)} reports")
        return self.outcome

    @contextlib.contextmanager
    def surroundings(self, folder: Path) -> Iterator[tuple[Instrumented, Aim, list[Memcached]]]:
        idp, artifact_idp, backend = Idp(slo=("HTTP-Redirect", "HTTP-POST", "SOAP")), ArtifactIdp(), Backend()
        artifact_idp.idp = artifact_of_its_own(artifact_idp.idp)
        nodes = [Memcached().start() for _ in range(2)]
        server = self.make(folder, site.CONF, site.values(nodes, backend, self.second))
        for name, content in site.files(idp, artifact_idp).items():
            server.write(name, content)
        self.backend, self.artifact_idp = backend, artifact_idp
        try:
            yield server, Aim(server, idp, artifact_idp), nodes
        finally:
            server.kill()
            backend.stop()
            artifact_idp.stop()
            for node in nodes:
                node.kill()

    def attack(self, server: Instrumented, aim: Aim, nodes: list[Memcached]) -> None:
        floods = [Flood(aim, f"{self.seed}/flood {n}", server.folder / f"requests-{n}") for n in range(self.floods)]
        for flood in floods:
            flood.process.start()
        people = People(aim, self.seed)
        people.start()
        try:
            self.accidents(server, nodes, floods)
        finally:
            for flood in floods:
                flood.halt.set()
            people.stop()
            for flood in floods:
                flood.stop()
                self.outcome.done.update(flood.counts)
                if flood.has_failed:
                    self.outcome.troubles.append(f"a flood ended with {flood.process.exitcode}")
            self.outcome.done.update(people.done)
            self.outcome.failed, self.outcome.reasons = people.failed, people.reasons

    def accidents(self, server: Instrumented, nodes: list[Memcached], floods: list[Flood]) -> None:
        """Until the time is over, or there is a report."""
        now = began = time.monotonic()
        told = now + EACH
        reload, death = now + self.dice.uniform(*BETWEEN_RELOADS), now + self.dice.uniform(*BETWEEN_DEATHS)
        while (now := time.monotonic()) < began + self.seconds:
            reloads = now < began + RELOADED * self.seconds
            if reloads and now > reload:
                server.reload()
                self.outcome.done["reloads"] += 1
                reload = time.monotonic() + self.dice.uniform(*BETWEEN_RELOADS)
            if now > death:
                self.accident(self.dice.choice(nodes))
                death = time.monotonic() + self.dice.uniform(*BETWEEN_DEATHS)
            if not reloads:
                self.outcome.samples.take(server, server.memory_of)
                self.outcome.resident.take(server, resident)
            if now > told:
                posts = sum(flood.counts["POSTs"] for flood in floods)
                memory = sum(map(server.memory_of, server.workers()))
                print(f"after {now - began:.0f} s: {posts:,} POSTs, workers use {memory:,} KiB", file=sys.stderr, flush=True)
                told = now + EACH
            if any(flood.has_failed for flood in floods) or server.reports():
                return
            self.read_logs(server, LONGEST_LOG)
            self.backend.asked.clear()
            self.artifact_idp.requests.clear()
            self.artifact_idp.heads.clear()
            time.sleep(min(0.25, self.seconds / 40))

    def accident(self, node: Memcached) -> None:
        if self.dice.random() < 0.6:
            node.kill()
            time.sleep(self.dice.uniform(0, 0.5))
            node.start()
            self.outcome.done["memcached killed"] += 1
        else:
            node.freeze()
            time.sleep(self.dice.uniform(0, 1))
            node.thaw()
            self.outcome.done["memcached frozen"] += 1

    def somebody_gets_in(self, server: Instrumented, aim: Aim) -> None:
        """After all that it is what it was."""
        time.sleep(6)  # seconds after which a node that failed is asked again, at the latest
        browser = Browser()
        landed = aim.idp.login(browser, server.url("/page.html"))
        page = browser.get(server.url("/page.html"))
        if (landed.status, page.text) != (303, "a page\n"):
            self.outcome.troubles.append(f"nobody gets in any more: {landed.status}, {page.status}: {landed.text[:300]}")

    def quit(self, server: Instrumented) -> None:
        """In order, so that what was not given back is told."""
        if self.looks_at_memory and self.outcome.samples.taken and not self.outcome.samples.is_flat:
            self.outcome.troubles.append("memory grows")
        server.stop(60)
        if server.process.returncode != 0:
            self.outcome.troubles.append(f"nginx ended with {server.process.returncode}")

    def read_logs(self, server: Instrumented, longest: int = 0) -> None:
        """What error.log tells of trouble; logs that are longer begin anew."""
        for name in LOGS:
            path = server.directory / name
            if path.exists() and path.stat().st_size > longest:
                found = [line for line in path.read_text(errors="replace").splitlines() if TROUBLE.search(line)]
                self.outcome.troubles += found[:10] if name == "error.log" else []
                with open(path, "r+b") as log:
                    log.truncate()


def artifact_of_its_own(idp: Idp) -> Idp:
    """The same IdP under another name: two of one SP may not have the same."""
    return replace(idp, entity_id="https://artifact.example.org/metadata")


@contextlib.contextmanager
def folder(keep: bool) -> Iterator[Path]:
    """For one run; nginx's workers, which are not root, reach it."""
    made = Path(tempfile.mkdtemp(prefix="auth-saml-sanitize-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        if not keep:
            shutil.rmtree(made, ignore_errors=True)
