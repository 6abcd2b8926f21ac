"""What metadata files say, as far as a migration has to know: entityIDs and how many IdPs there are."""

from xml.parsers import expat

MD = "urn:oasis:names:tc:SAML:2.0:metadata"


def entities(path: str) -> list[tuple[str, bool]] | None:
    """Each entityID of a file, and whether it is an IdP; None when it cannot be read."""
    found: list[tuple[str, bool]] = []

    def begins(name: str, attributes: dict) -> None:
        if name == f"{MD} EntityDescriptor":
            found.append((attributes.get("entityID", ""), False))
        elif name == f"{MD} IDPSSODescriptor" and found:
            found[-1] = (found[-1][0], True)

    try:
        with open(path, "rb") as file:
            parser = expat.ParserCreate(namespace_separator=" ")
            parser.StartElementHandler = begins
            parser.StartDoctypeDeclHandler = refuse
            parser.ParseFile(file)
    except (OSError, ValueError, expat.ExpatError):
        return None
    return found


def refuse(*_) -> None:
    raise ValueError("a DOCTYPE")


def idps(path: str) -> list[str] | None:
    found = entities(path)
    return None if found is None else [entity_id for entity_id, is_idp in found if is_idp]
