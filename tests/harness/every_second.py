"""A login each second, while something changes."""

import threading
from collections.abc import Callable

from harness.nginx import Nginx


class EverySecond:
    """Runs `log_in` each second in a thread, within a `with`; it fails by an exception.

    `go_on` waits for some more logins. At the end there must have been no failure.
    """

    def __init__(self, server: Nginx, log_in: Callable[[], None]):
        self.server = server
        self.log_in = log_in
        self.failures = []
        self.count = 0
        self.done = threading.Event()
        self.person = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.done.is_set():
            try:
                self.log_in()
            except Exception as error:  # a broken login is what is looked for
                self.failures.append(repr(error))
            self.count += 1
            self.done.wait(1)

    def go_on(self, count: int = 3) -> None:
        so_many = self.count + count
        self.server.wait_for(lambda: self.count >= so_many, f"{count} logins", 60)

    def __enter__(self) -> "EverySecond":
        self.person.start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.done.set()
        self.person.join()
        if error is None:
            assert self.failures == [], self.failures[:2]
