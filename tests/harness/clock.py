"""A time of day that can be set for one nginx; the clock for durations goes along when that is wanted."""

import contextlib
import os
import subprocess
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

static long offset(void)
{
    FILE *file = fopen(OFFSET, "r");
    long seconds = 0;
    if (file) {
        if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
        fclose(file);
    }
    return seconds;
}

int gettimeofday(struct timeval *tv, void *tz)
{
    static int (*real)(struct timeval *, void *);
    if (!real) real = (int (*)(struct timeval *, void *)) dlsym(RTLD_NEXT, "gettimeofday");
    int rc = real(tv, tz);
    tv->tv_sec += offset();
    return rc;
}

#ifdef DURATIONS
int clock_gettime(clockid_t id, struct timespec *ts)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, ts);
    if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE) ts->tv_sec += offset();
    return rc;
}
#endif
"""


class Clock:
    """`with clock.worn(): server.start()`, then `clock.set(seconds)` from the true time.

    `durations`: as if that time had passed, and not as if somebody had set the clock.
    """

    def __init__(self, directory: Path, durations: bool = False):
        directory.mkdir()
        directory.chmod(0o755)
        self.offset, self.library = directory / "offset", directory / "clock.so"
        (directory / "clock.c").write_text(SOURCE)
        flags = ["-shared", "-fPIC", f'-DOFFSET="{self.offset}"', "-o", str(self.library)]
        flags += ["-DDURATIONS"] if durations else []
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
