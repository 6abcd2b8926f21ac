"""An nginx each process of which writes what its sanitizer, or valgrind, has to say into a folder."""

import os
from pathlib import Path

from harness.nginx import Nginx
from harness.sanitize.memory import resident
from harness.sanitize.reports import Report, asan_reports, valgrind_reports

#: Memory that was given back and is not handed out again meanwhile, so that its use is noticed.
QUARANTINE = 32  # MiB
#: What is not given back on purpose.
LEAKS = Path(__file__).parent / "leaks.txt"


class Instrumented(Nginx):
    """`folder` is for the reports; nginx's workers, which are not root, write there, too. `preload` is a shared object
    that is loaded before all others."""

    patience = 60

    def __init__(self, directory: Path, binary: str, module: str, conf: str, values=(), preload: Path | None = None):
        self.folder = directory / "reports"
        super().__init__(directory, binary, module, conf, values)
        self.environment = {**os.environ, **({"LD_PRELOAD": str(preload)} if preload else {})}
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)

    def write(self, name: str, content: str | bytes) -> Path:
        if name == "nginx.conf":
            # A line for each of a million refusals says nothing that the counts do not.
            content = str(content).replace("error.log info;", "error.log error;")
        return super().write(name, content)

    def reports(self) -> list[Report]:
        raise NotImplementedError

    def memory_of(self, pid: int) -> int:
        """KiB that a worker uses; nothing when it is not known."""
        return resident(pid)


class SanitizedNginx(Instrumented):
    """As `scripts/build sanitized` makes it."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        log = f"log_path={self.folder}/asan"
        asan = {
            "detect_leaks": 1,
            "detect_stack_use_after_return": 1,
            "strict_string_checks": 1,
            "quarantine_size_mb": QUARANTINE,
            # Callers that are told of an allocation: more take longer.
            "malloc_context_size": 15,
        }
        # What the caller says of it counts: fast_unwind_on_malloc=0, say, to see who calls into libraries of others.
        told = os.environ.get("ASAN_OPTIONS", "")
        options = ":".join([log, *(f"{name}={value}" for name, value in asan.items()), told])
        self.allocated = self.directory / "allocated"
        self.allocated.mkdir(exist_ok=True)
        self.allocated.chmod(0o777)
        self.environment |= {
            "ALLOCATED_IN": str(self.allocated),
            "ASAN_OPTIONS": options,
            "UBSAN_OPTIONS": f"{log}:print_stacktrace=1",
            "LSAN_OPTIONS": f"suppressions={LEAKS}:print_suppressions=0:report_objects=1",
        }

    def reports(self) -> list[Report]:
        return asan_reports(self.folder)

    def memory_of(self, pid: int) -> int:
        """What malloc has given it, as `watch.rs` tells."""
        try:
            return int((self.allocated / str(pid)).read_text()) >> 10
        except (OSError, ValueError):
            return 0


class ValgrindNginx(Instrumented):
    """Any nginx, slow: memcheck sees what was never written, too, and nothing of what lies in pools and on stacks."""

    def workers(self) -> list[int]:
        """What a process calls itself does not show from outside of valgrind."""
        return self.children()

    def command(self, *arguments: str) -> list[str]:
        return [
            "valgrind", "--quiet", "--tool=memcheck", "--leak-check=no", "--num-callers=40",
            f"--log-file={self.folder}/valgrind.%p",
            *super().command(*arguments),
        ]  # fmt: skip

    def reports(self) -> list[Report]:
        return valgrind_reports(self.folder)
