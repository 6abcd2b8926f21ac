"""How much memory the processes of nginx have, and whether it stays so."""

import re
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness.nginx import Nginx

#: KiB by which the last part may be above the middle: allocators and the table of decoded sessions breathe.
TOLERATED = 3072
#: And this part of it.
TOLERATED_PART = 0.03


def of_process(pid: int) -> int:
    """Resident memory behind which no file and no other process stands, KiB; nothing when it is gone."""
    try:
        return int(re.search(r"^RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1])
    except (OSError, TypeError):
        return 0


@dataclass
class Samples:
    """Of the workers that live to the end, all together, and of their master meanwhile."""

    taken: list[tuple[float, int]] = field(default_factory=list)

    def take(self, server: Nginx) -> None:
        pids = server.workers()
        if len(pids) == server.worker_count():
            self.taken.append((time.monotonic(), sum(map(of_process, pids))))

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
