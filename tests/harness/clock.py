"""A time of day that can be set for one nginx, without the clock for durations."""

import contextlib
import os
import subprocess
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>

int gettimeofday(struct timeval *tv, void *tz)
{
    static int (*real)(struct timeval *, void *);
    if (!real) real = (int (*)(struct timeval *, void *)) dlsym(RTLD_NEXT, "gettimeofday");
    int rc = real(tv, tz);
    FILE *file = fopen(OFFSET, "r");
    long offset = 0;
    if (file) {
        if (fscanf(file, "%ld", &offset) != 1) offset = 0;
        fclose(file);
    }
    tv->tv_sec += offset;
    return rc;
}
"""


class Clock:
    """`with clock.worn(): server.start()`, then `clock.set(seconds)` from the true time."""

    def __init__(self, directory: Path):
        directory.mkdir()
        directory.chmod(0o755)
        self.offset, self.library = directory / "offset", directory / "clock.so"
        (directory / "clock.c").write_text(SOURCE)
        flags = ["-shared", "-fPIC", f'-DOFFSET="{self.offset}"', "-o", str(self.library)]
        subprocess.run(["cc", *flags, str(directory / "clock.c"), "-ldl"], check=True)
        self.set(0)

    def set(self, seconds: int) -> None:
        new = self.offset.with_suffix(".new")
        new.write_text(str(seconds))
        new.chmod(0o644)
        new.replace(self.offset)

    @contextlib.contextmanager
    def worn(self):
        os.environ["LD_PRELOAD"] = str(self.library)
        yield
        del os.environ["LD_PRELOAD"]
