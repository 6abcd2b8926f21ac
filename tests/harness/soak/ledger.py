"""What was asked, how long it took, and which answers were wrong: kept by many threads."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

#: So many wrong answers are told whole; all are counted.
TOLD = 100


@dataclass
class Ledger:
    """`asked` counts by host and kind, `wrong` the same; `took` has the milliseconds of hits since the last sample."""

    asked: Counter = field(default_factory=Counter)
    wrong: Counter = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    took: dict[str, list[float]] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def right(self, host: str, kind: str, milliseconds: float | None = None) -> None:
        with self.lock:
            self.asked[host, kind] += 1
            if milliseconds is not None:
                self.took.setdefault(host, []).append(milliseconds)

    def amiss(self, host: str, kind: str, what: str) -> None:
        with self.lock:
            self.asked[host, kind] += 1
            self.wrong[host, kind] += 1
            if len(self.told) < TOLD:
                self.told.append(f"{time.monotonic() - self.begun:.1f} s, {host}, {kind}: {what}")

    def judge(self, host: str, kind: str, expected, found, detail: str = "") -> bool:
        """Counts one answer; whether it was what it should be."""
        if expected == found:
            self.right(host, kind)
            return True
        self.amiss(host, kind, f"{found} for {expected} {detail[:300]}".rstrip())
        return False

    def taken(self, host: str) -> list[float]:
        """The times since it was asked last, in order."""
        with self.lock:
            return sorted(self.took.pop(host, []))
