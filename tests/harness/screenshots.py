"""Writes docs/img: what the main pages look like on a phone and on a desk, light and dark."""

import tempfile
from pathlib import Path

from harness.chromium import Chromium, emulate
from harness.gallery import names, served, write
from harness.nginx import ROOT

IMAGES = ROOT / "docs/img"
#: The last sample of a template shows most.
SHOWN = ["sign_in_failed", "unavailable", "forbidden", "sign_out_confirm", "logged_out", "session", "discovery", "status", "sessions", "story"]
SIZES = {"phone": (360, 640), "desktop": (800, 560)}
#: Bytes of all of them together.
MOST = 1_500_000


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        folders = write(home, ["en"])
        chromium = Chromium(home)
        try:
            with served(folders) as base:
                for template in SHOWN:
                    name = [name for name in names(folders["en"]) if name[3:] == template][-1]
                    take(chromium, f"{base}/en/{name}", template)
        finally:
            chromium.quit()
    total = sum(image.stat().st_size for image in IMAGES.glob("*.png"))
    assert total < MOST, total
    print(f"{total} bytes in {IMAGES}")


def take(chromium: Chromium, url: str, template: str) -> None:
    for device, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            emulate(chromium, width, height, scheme)
            chromium.open(url)
            chromium.screenshot(IMAGES / f"{template}-{device}-{scheme}.png")


if __name__ == "__main__":
    main()
