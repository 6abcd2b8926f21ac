"""Those who are signed in at one host, and what each must be answered now."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.browser import Browser
from harness.soak.sites import Times

#: Of those who come, for one in so many nobody asks until they are idle for too long.
SLEEPERS = 10
#: Seconds around the end of a session in which nobody asks: instants of SAML are whole seconds.
DOUBT = 2.0


@dataclass
class Person:
    browser: Browser
    name_id: str
    session_index: str
    since: float
    seen: float
    sleeps: bool = False
    asking: int = 0  # requests under way, which a logout must not overtake

    @property
    def cookie(self) -> str:
        return f"saml_session={self.browser.session.cookies['saml_session']}"


@dataclass
class People:
    times: Times
    inside: list[Person] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, person: Person) -> None:
        person.sleeps = random.randrange(SLEEPERS) == 0
        with self.lock:
            self.inside.append(person)

    @contextlib.contextmanager
    def drawn(self) -> Iterator[tuple[Person, int] | None]:
        """Somebody, and the status that their page must have within the block; who is out is not drawn again.

        None when nobody is there of whom it is sure.
        """
        found = self.draw()
        try:
            yield found
        finally:
            if found:
                with self.lock:
                    found[0].asking -= 1

    def draw(self) -> tuple[Person, int] | None:
        with self.lock:
            if not self.inside:
                return None
            person = random.choice(self.inside)
            status = self.status(person, time.monotonic())
            if status == 302:
                self.inside.remove(person)
            elif status == 200:
                person.seen = time.monotonic()
            person.asking += status is not None
            return (person, status) if status else None

    def take(self) -> Person | None:
        """One who is in and shall log out: nobody else asks for them any more."""
        with self.lock:
            now = time.monotonic()
            sure = [one for one in self.inside if self.status(one, now) == 200 and not one.asking]
            if not sure:
                return None
            person = random.choice(sure)
            self.inside.remove(person)
            return person

    def status(self, person: Person, now: float) -> int | None:
        """200, 302, or None when that depends on less than a second."""
        age, unseen = now - person.since, now - person.seen
        if age > self.times.life + DOUBT or unseen > 1.1 * self.times.idle + DOUBT:
            return 302
        if person.sleeps or age > self.times.life - DOUBT or unseen > 0.8 * self.times.idle:
            return None
        return 200
