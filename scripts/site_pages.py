"""What mdbook makes the website of: the repository's pages as they stand, and pages of the files they refer to.

The layout is that of the repository, so that links need no change but for files that are no pages: these get one.
`site_pages.py FOLDER` writes it there.
"""

import html
import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONTENTS = ROOT / "docs/SUMMARY.md"

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
CODE = re.compile(r"`[^`\n]*`")
IMAGES = {".png", ".svg"}
LANGUAGES = {".conf": "nginx", ".html": "html", ".json": "json", ".yml": "yaml"}


class Site:
    """Pages that wait to be written, and those that have been."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.waiting: list[Path] = []
        self.known: set[Path] = set()

    def write(self) -> None:
        contents = CONTENTS.read_text()
        chapters = [self.want(CONTENTS.parent / link) for link in LINK.findall(contents)]
        while self.waiting:
            source = self.waiting.pop()
            target = self.folder / place(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix in IMAGES:
                shutil.copy(source, target)
            else:
                target.write_text(self.page(source))
        listed = LINK.sub(lambda link: str(place((CONTENTS.parent / link[0]).resolve())), contents)
        files = sorted(path for path in self.known - set(chapters) if path.suffix not in IMAGES)
        more = "".join(f"  - [{path.relative_to(ROOT)}]({place(path)})\n" for path in files)
        (self.folder / "SUMMARY.md").write_text(f"{listed}- [Files]()\n{more}")

    def want(self, path: Path) -> Path:
        """A file or folder of the repository, which is written if it has not been."""
        path = path.resolve()
        if not path.exists() or not path.is_relative_to(ROOT):
            sys.exit(f"{path} is not there")
        if path not in self.known:
            self.known.add(path)
            self.waiting.append(path)
        return path

    def page(self, source: Path) -> str:
        name = source.relative_to(ROOT)
        if source.is_dir():
            return f"# {name}\n\n{self.listing(source)}"
        if source.suffix != ".md":
            return f"# {name}\n\n````{LANGUAGES.get(source.suffix, 'text')}\n{source.read_text()}\n````\n"
        text, at = [], 0
        whole = source.read_text()
        for fence in FENCE.finditer(whole):
            text += [self.linked(source, whole[at : fence.start()]), drawn(fence)]
            at = fence.end()
        return "".join([*text, self.linked(source, whole[at:])])

    def listing(self, folder: Path) -> str:
        lines = []
        for path in sorted(folder.iterdir()):
            target = self.want(path)
            shown = f"![{path.stem}]({path.name})\n" if path.suffix in IMAGES else ""
            lines.append(shown or f"- [{path.name}]({relative(place(target), place(folder))})")
        return "\n".join(lines) + "\n"

    def linked(self, source: Path, prose: str) -> str:
        """The prose with its links to files leading to their pages."""

        def leads(link: re.Match) -> str:
            path, mark, anchor = link[0].partition("#")
            if not path or re.match(r"[a-z]+:", path):
                return link[0]
            target = self.want(source.parent / path)
            return relative(place(target), place(source)) + mark + anchor

        codes = CODE.findall(prose)
        pieces = re.split(r"`[^`\n]*`", prose)
        # A link's text may be code, so that a link can go on behind it.
        joined = LINK.sub(leads, "\0".join(pieces))
        return "".join(piece + code for piece, code in zip(joined.split("\0"), [*codes, ""], strict=True))


def place(source: Path) -> Path:
    """Where it stands on the site, from its root, as mdbook is told."""
    name = source.relative_to(ROOT)
    if name == Path("README.md"):
        return Path("index.md")
    if source.is_dir():
        return name / "index.md"
    return name if source.suffix in {".md", *IMAGES} else name.with_name(f"{name.name}.md")


def relative(target: Path, page: Path) -> str:
    return os.path.relpath(target, page.parent)


def drawn(fence: re.Match) -> str:
    """A diagram becomes what docs/book/diagrams.js draws; other code stays."""
    indent, language, code = fence[1], fence[2], fence[3]
    if language != "mermaid":
        return fence[0]
    return f'{indent}<pre class="mermaid">\n{html.escape(code)}{indent}</pre>'


def main() -> None:
    folder = Path(sys.argv[1])
    shutil.copytree(ROOT / "docs/book", folder, dirs_exist_ok=True)
    Site(folder / "src").write()


if __name__ == "__main__":
    main()
