"""Those who are signed in at one host, and what each must be answered now."""

import random
import threading
import time
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

    def draw(self) -> tuple[Person, int] | None:
        """Somebody, and the status that their page must have now; who is out is not drawn again.

        None when nobody is there of whom it is sure.
        """
        with self.lock:
            if not self.inside:
                return None
            person = random.choice(self.inside)
            status = self.status(person, time.monotonic())
            if status == 302:
                self.inside.remove(person)
            elif status == 200:
                person.seen = time.monotonic()
            return (person, status) if status else None

    def take(self) -> Person | None:
        """One who is in and shall log out: nobody else asks for them any more."""
        with self.lock:
            now = time.monotonic()
            sure = [person for person in self.inside if self.status(person, now) == 200]
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
