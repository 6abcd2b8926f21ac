"""Writes docs/img: what the main pages look like on a phone and on a desk, light and dark, and some together."""

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
MOST = 1_650_000
#: pages.png, which the README shows: which of them, how far from the left and the top, how wide.
TOGETHER = [("sign_in_failed-desktop-light", 30, 30, 680), ("status-desktop-dark", 470, 190, 520), ("discovery-phone-light", 890, 30, 280)]
GROUND = (1200, 580)


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
            together(chromium, home / "together.html")
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


def together(chromium: Chromium, page: Path) -> None:
    shown = "".join(
        f'<img src="{IMAGES}/{name}.png" style="left:{left}px;top:{top}px;width:{width}px">'
        for name, left, top, width in TOGETHER
    )
    style = "body { background: #8a94a6 } img { position: absolute; border-radius: 10px; box-shadow: 0 4px 24px #0006 }"
    page.write_text(f"<style>{style}</style>{shown}")
    emulate(chromium, *GROUND, "light")
    chromium.open(page.as_uri())
    chromium.screenshot(IMAGES / "pages.png")


if __name__ == "__main__":
    main()
