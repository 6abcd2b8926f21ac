"""Which file of the Rust code knows which: its imports and paths, followed to where a name is defined."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ITEM = re.compile(
    r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:default\s+|const\s+|async\s+|unsafe\s+|extern\s+\"C\"\s+)*"
    r"(?:fn|struct|enum|union|trait|type|static|const|macro_rules!)\s+(?:mut\s+)?(\w+)",
    re.MULTILINE,
)
MODULE = re.compile(r"^\s*(#\[cfg\(test\)\]\s*)?(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+);", re.MULTILINE)
USE = re.compile(r"^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.MULTILINE)
PATH = re.compile(r"\b((?:crate|super|self)(?:::\w+)+)")


@dataclass
class Module:
    """One file."""

    path: Path
    name: tuple[str, ...]
    text: str
    children: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doors: set[tuple[str, ...]] = field(default_factory=set)


class Crate:
    """The files of one crate, without its tests."""

    def __init__(self, source: Path):
        self.source = source
        self.modules: dict[tuple[str, ...], Module] = {}
        self._read(source / "lib.rs", ())

    def _read(self, path: Path, name: tuple[str, ...]):
        text = without_tests(without_comments(path.read_text()))
        module = Module(path, name, text)
        self.modules[name] = module
        module.items = set(ITEM.findall(text))
        folder = path.parent if path.name == "lib.rs" else path.with_suffix("")
        for is_test, child in MODULE.findall(text):
            # One that is compiled from another crate's file (`#[path]`) is that one's.
            if not is_test and (folder / f"{child}.rs").exists():
                module.children.add(child)
                self._read(folder / f"{child}.rs", (*name, child))
        for is_public, tree in USE.findall(text):
            for target, alias in leaves(tree):
                module.imports[alias] = target
                # Handing on what is in its own folder, a file is only the door to it.
                inside = target[1:] if target[0] == "self" else target
                if is_public and inside and inside[0] in module.children:
                    module.doors.add(target)

    def arrows(self) -> dict[Path, set[Path]]:
        """Each file, and the files of the same crate that it names something of."""
        return {
            module.path: {
                found for path in self._paths(module) if (found := self._file_of(module, path))
            }
            - {module.path}
            for module in self.modules.values()
        }

    def _paths(self, module: Module):
        yield from set(module.imports.values()) - module.doors
        text = re.sub(r"pub\([^)]*\)", "", USE.sub("", module.text))
        for path in PATH.findall(text):
            yield tuple(path.split("::"))
        # By the name of a child.
        for path in re.findall(r"(?<![\w:])(\w+(?:::\w+)+)", text):
            if path.split("::")[0] in module.children:
                yield tuple(path.split("::"))

    def _file_of(self, module: Module, path: tuple[str, ...], depth: int = 0) -> Path | None:
        """Where what `path` means is defined, as `module` sees it; None = outside of the crate."""
        here, rest = self._start(module, path)
        if here is None or depth > 16:
            return None
        while rest:
            name, *rest = rest
            if name in here.children:
                here = self.modules[(*here.name, name)]
            elif name in here.imports and name not in here.items:
                target = (*here.imports[name], *rest)
                return self._file_of(here, target, depth + 1)
            else:
                break
        return here.path

    def _start(self, module: Module, path: tuple[str, ...]):
        first, rest = path[0], list(path[1:])
        if first == "crate":
            return self.modules[()], rest
        if first == "self":
            return module, rest
        if first == "super":
            name = module.name[:-1]
            while rest and rest[0] == "super":
                name, rest = name[:-1], rest[1:]
            return self.modules[name], rest
        if first in module.children:
            return module, list(path)
        return None, rest


def leaves(tree: str, prefix: tuple[str, ...] = ()):
    """`a::{b, c as d}` as ((a, b), b) and ((a, c), d)."""
    tree = tree.strip()
    if "{" in tree:
        head, inner = tree.split("{", 1)
        prefix += tuple(part for part in head.strip().strip(":").split("::") if part)
        for part in split(inner.rsplit("}", 1)[0]):
            yield from leaves(part, prefix)
        return
    path, _, alias = tree.partition(" as ")
    path = prefix + tuple(part.strip() for part in path.strip().strip(":").split("::") if part)
    if path and path[-1] == "self":
        path = path[:-1]
    if path:
        yield path, alias.strip() or path[-1]


def split(text: str):
    """At the commas that stand in no braces."""
    depth, part = 0, ""
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "," and depth == 0:
            yield part
            part = ""
        else:
            part += character
    if part.strip():
        yield part


def without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def without_tests(text: str) -> str:
    """Inline tests stand last."""
    return re.split(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{", text)[0]


def circles(arrows: dict[Path, set[Path]]) -> list[list[Path]]:
    """Files that know each other, be it by way of others (Tarjan)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for target in sorted(arrows.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in on_stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            circle = []
            while True:
                circle.append(stack.pop())
                on_stack.discard(circle[-1])
                if circle[-1] == node:
                    break
            if len(circle) > 1:
                found.append(sorted(circle))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found
