"""Instructions while the zone's lock is held, by callgrind."""

import re
import subprocess
import tempfile
from pathlib import Path

OPERATIONS = {"look-up": "get", "write": "put", "move of an expiry": "touch", "removal": "delete"}
WARM_UP, TIMES = 100, 1000


def instructions(contention: Path) -> dict[str, float]:
    return {name: counted(contention, verb) for name, verb in OPERATIONS.items()}


def counted(contention: Path, verb: str) -> float:
    few, many = (total(contention, verb, times) for times in (WARM_UP, WARM_UP + TIMES))
    return (many - few) / TIMES


def total(contention: Path, verb: str, times: int) -> int:
    with tempfile.NamedTemporaryFile() as output:
        command = [
            "valgrind", "--quiet", "--tool=callgrind", "--toggle-collect=*::held*",
            f"--callgrind-out-file={output.name}", contention, "count", verb, str(times),
        ]  # fmt: skip
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        found = re.search(r"^totals: (\d+)", Path(output.name).read_text(), re.M)
    return int(found[1])
