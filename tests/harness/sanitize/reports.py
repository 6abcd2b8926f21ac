"""What sanitizers and valgrind have written."""

import re
from dataclasses import dataclass
from pathlib import Path

ASAN = re.compile(r"^.*(?:ERROR: \w+Sanitizer: |runtime error: |WARNING: \w+Sanitizer: ).*$", re.M)
#: LeakSanitizer tries out ptrace by a child, and takes it for blocked when a signal wakes it before the child ends.
NO_REPORT = re.compile(r"^==\d+==WARNING: ptrace appears to be blocked .*\n==\d+==Child exited with signal .*\n", re.M)
#: What a report of leaks says: directly or not, bytes, objects, the second caller.
LEAK = re.compile(r"^(Direct|Indirect) leak of (\d+) byte\(s\) in (\d+) object\(s\) allocated from:\n.*\n +#1 \w+ in (\w+)", re.M)
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
    return [(path, text) for path, text in texts if NO_REPORT.sub("", text).strip() and not is_of_last_thread(text)]


def is_of_last_thread(text: str) -> bool:
    """A thread of nginx's pools that ends after the process has cleaned libcrypto up leaves its random generators: one
    or two EVP_RAND_CTX of 40 bytes, and the names of the four algorithms that these are of. libcrypto's functions show
    not who called them, so that it is known by these numbers."""
    leaks = [(kind, int(size), int(count), caller) for kind, size, count, caller in LEAK.findall(text)]
    direct = [leak for leak in leaks if leak[0] == "Direct"]
    are_generators = [size == 40 * count and caller == "CRYPTO_zalloc" for _, size, count, caller in direct] == [True]
    return are_generators and ("Indirect", 42, 4, "CRYPTO_strndup") in leaks and "ERROR: Addr" not in text
