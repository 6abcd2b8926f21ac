"""Makes of `wrong.rs` a shared object with one wrong thing in it, by the flags with which the module is made."""

import os
import subprocess
from pathlib import Path

#: What it does, and what the report must say.
KINDS = {
    "freed": "heap-use-after-free",
    "pool": "heap-buffer-overflow",
    "null": "null pointer of type",
    "leaked": "detected memory leaks",
}


def wrong(kind: str, folder: Path) -> Path:
    made = folder / f"{kind}.so"
    subprocess.run(
        ["rustc", "--edition", "2024", "--crate-type", "cdylib", "-Zsanitizer=address", "-Cdebuginfo=1", "-Copt-level=1",
         "--cfg", kind, "-Adead_code", "-o", made, Path(__file__).with_suffix(".rs")],
        check=True, env={**os.environ, "RUSTC_BOOTSTRAP": "1"},
    )  # fmt: skip
    return made
