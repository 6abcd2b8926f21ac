"""Shibboleth's MetadataProvider elements: where IdPs come from."""

import os
from pathlib import Path

from .idp_metadata import idps
from .mistake import Mistake
from .nginx_conf import Block, Variable
from .parties import Parties
from .shibboleth_answers import ANSWERS
from .xml_tree import Element

YEAR = 365 * 86400


def providers(parties: Parties, elements: list[Element], root: Path, wanted: tuple[str, object] | None, todo: list[str]) -> None:
    """A saml_idp for each; the one that SSO names comes first."""
    for element in elements:
        if element.attributes.get("type") == "Chaining":
            parties.sp.note(f"{element.place}: MetadataProvider Chaining: metadata of a saml_idp for each")
    flat = [one for element in elements for one in unchained(element)]
    chosen = [element for element in flat if wanted and wanted[0] in (idps(file_of(element, root)) or [])]
    first = chosen[0] if chosen else (flat[0] if flat and wanted else None)
    for element in ([first] if first else []) + [one for one in flat if one is not first]:
        provider(parties, element, root, wanted if element is first else None, todo)


def unchained(element: Element) -> list[Element]:
    if element.attributes.get("type") == "Chaining":
        return [one for child in element.children("MetadataProvider") for one in unchained(child)]
    return [element]


def file_of(element: Element, root: Path) -> str:
    name = element.attributes.get("file") or element.attributes.get("path") or element.attributes.get("sourceDirectory") or ""
    return os.path.normpath(root / name) if name else ""


def provider(parties: Parties, element: Element, root: Path, wanted, todo: list[str]) -> None:
    kind = element.attributes.get("type", "XML")
    answer = ANSWERS.get(f"MetadataProvider {kind}")
    if answer is None or answer.kind != "ours":
        parties.sp.note(f"{element.place}: MetadataProvider {kind}: {answer.kind + ': ' + answer.note if answer else 'not known to this script'}")
        return
    block = parties.idp(element.place, f"MetadataProvider {kind}")
    url = element.attributes.get("uri") or element.attributes.get("url") or element.attributes.get("baseUrl") or ""
    signed = [child for child in element.content if child.name == "MetadataFilter" and child.attributes.get("type") == "Signature"]
    if kind == "MDQ":
        if not wanted:
            block.note(f"{element.place}: MetadataProvider MDQ: metadata {url}entities/$entity_id; needs an entity_id for each IdP: SSO names none")
            todo.append("name the IdP by entity_id in the saml_idp of the MDQ server")
            return
        if "$" in url:
            raise Mistake(element.place, f"a $ in {url}")
        block.add("metadata", Variable(f"{url.rstrip('/')}/entities/$entity_id"), place=element.place, why="MetadataProvider MDQ")
    elif url:
        if not url.startswith("https://") and not signed:
            block.note(f"{element.place}: MetadataProvider {url}: metadata needs https, or metadata_certificate: whoever is on the way could write what is fetched")
            todo.append(f"say where the IdP's metadata is, instead of {url}")
            return
        block.add("metadata", url, place=element.place, why="MetadataProvider: refreshed in the background")
    else:
        name = file_of(element, root)
        if not name:
            raise Mistake(element.place, "MetadataProvider has no path, url or folder")
        block.add("metadata", name, place=element.place, why="MetadataProvider")
    entities(block, element, root, url, wanted)
    interval = element.attributes.get("reloadInterval") or element.attributes.get("maxRefreshDelay")
    if interval and interval.isdecimal() and url:
        block.add("metadata_refresh", f"{min(max(int(interval), 1), 7 * 86400)}s", place=element.place, why="reloadInterval")
    elif interval:
        block.note(f"{element.place}: MetadataProvider/@reloadInterval {interval}: metadata_refresh is ten seconds for a file")
    explained = {"type", "file", "path", "uri", "url", "baseUrl", "sourceDirectory", "reloadInterval", "maxRefreshDelay", "id"}
    for name, value in element.attributes.items():
        if name not in explained:
            known = ANSWERS.get(f"MetadataProvider/@{name}")
            block.note(f"{element.place}: MetadataProvider/@{name} {value}: {known.kind + ': ' + known.note if known else 'not known to this script'}")
    for child in element.content:
        metadata_filter(block, child, root)


def entities(block: Block, element: Element, root: Path, url: str, wanted) -> None:
    name = file_of(element, root)
    several = idps(name) if not url else None
    if wanted:
        block.add("entity_id", wanted[0], place=wanted[1], why="SSO/@entityID")
        if several and len(several) > 1:
            block.note(f"{element.place}: the other {len(several) - 1} IdPs of the file are left out: a block with entity_id * would have them")
    elif several is None or len(several) > 1 or os.path.isdir(name):
        block.add("entity_id", "*", why="all IdPs of the metadata")


def metadata_filter(block: Block, element: Element, root: Path) -> None:
    if element.name != "MetadataFilter":
        known = ANSWERS.get(element.name)
        block.note(f"{element.place}: {element.name}: {known.kind + ': ' + known.note if known else 'not known to this script'}")
        return
    kind = element.attributes.get("type", "")
    federated = block.says("entity_id") and any(isinstance(p, tuple) and p[0] == "entity_id *;" for p in block.content)
    listed = [child.text.strip() for child in element.children("Include", "Exclude") if child.text.strip()]
    if kind == "Signature" and element.attributes.get("certificate"):
        block.add("metadata_certificate", os.path.normpath(root / element.attributes["certificate"]), place=element.place, why="MetadataFilter Signature")
    elif kind == "RequireValidUntil":
        seconds = element.attributes.get("maxValidityInterval", "")
        value = min(int(seconds), YEAR) if seconds.isdecimal() and int(seconds) else 30 * 86400
        block.add("metadata_max_validity", f"{max(value, 60)}s", place=element.place, why="MetadataFilter RequireValidUntil")
    elif kind in ("Include", "Whitelist", "Exclude", "Blacklist") and listed and federated:
        words = ["entity_id"] if kind in ("Include", "Whitelist") else ["!entity_id"]
        block.add("metadata_filter", *words, *listed, place=element.place, why=f"MetadataFilter {kind}")
    elif kind in ("Include", "Whitelist") and not federated:
        block.note(f"{element.place}: MetadataFilter {kind}: metadata_filter is not needed, entity_id names one")
    else:
        known = ANSWERS.get(f"MetadataFilter {kind}")
        block.note(f"{element.place}: MetadataFilter {kind}: {known.kind + ': ' + known.note if known else 'not known to this script'}")
