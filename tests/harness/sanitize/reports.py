"""What sanitizers and valgrind have written."""

import re
from dataclasses import dataclass
from pathlib import Path

ASAN = re.compile(r"^.*(?:ERROR: \w+Sanitizer: |runtime error: |WARNING: \w+Sanitizer: ).*$", re.M)
#: LeakSanitizer tries out ptrace by a child, and takes it for blocked when a signal wakes it before the child ends.
NO_REPORT = re.compile(r"^==\d+==WARNING: ptrace appears to be blocked .*\n==\d+==Child exited with signal .*\n", re.M)
VALGRIND = re.compile(r"^==\d+== ((?:Invalid|Use of|Conditional|Syscall|Argument|Mismatched|Source and|Process) .*)$", re.M)


@dataclass(frozen=True)
class Report:
    """A process's own file; `what` are the lines that say what was wrong."""

    path: Path
    what: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.path.read_text(errors="replace")


def asan_reports(folder: Path) -> list[Report]:
    """A file is there when there is something to say: also of what is not understood here."""
    return [Report(path, tuple(ASAN.findall(text)) or (text[:200],)) for path, text in written(folder, "asan*")]


def valgrind_reports(folder: Path) -> list[Report]:
    """There is a file for each process, empty when all is well."""
    return [Report(path, tuple(VALGRIND.findall(text)) or (text[:200],)) for path, text in written(folder, "valgrind*")]


def written(folder: Path, pattern: str) -> list[tuple[Path, str]]:
    texts = ((path, path.read_text(errors="replace")) for path in sorted(folder.glob(pattern)))
    return [(path, text) for path, text in texts if NO_REPORT.sub("", text).strip()]
