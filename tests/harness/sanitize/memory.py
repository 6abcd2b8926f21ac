"""How much memory the workers of nginx have, and whether it stays so."""

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.nginx import Nginx

#: KiB by which the last part may be above the middle: sessions, and what is being worked on, come and go.
TOLERATED = 4096
#: And this part of it.
TOLERATED_PART = 0.1


def resident(pid: int) -> int:
    """Memory behind which no file and no other process stands, KiB; nothing when the process is gone."""
    try:
        return int(re.search(r"^RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1])
    except (OSError, TypeError):
        return 0


@dataclass
class Samples:
    """Of the workers that live to the end, all together."""

    taken: list[tuple[float, int]] = field(default_factory=list)

    def take(self, server: Nginx, of_process: Callable[[int], int]) -> None:
        each = [of_process(pid) for pid in server.workers()]
        if len(each) == server.worker_count() and all(each):
            self.taken.append((time.monotonic(), sum(each)))

    def part(self, begin: float, end: float) -> int:
        """The median of those between two parts of the time for which they were taken, KiB."""
        first, last = self.taken[0][0], self.taken[-1][0]
        span = last - first
        return int(statistics.median(kib for at, kib in self.taken if begin <= (at - first) / (span or 1) <= end))

    @property
    def middle(self) -> int:
        return self.part(0.4, 0.6)

    @property
    def end(self) -> int:
        return self.part(0.8, 1.0)

    @property
    def is_flat(self) -> bool:
        return self.end - self.middle <= max(TOLERATED, TOLERATED_PART * self.middle)
