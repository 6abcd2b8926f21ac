"""mod_auth_mellon's directives that say something of the SP and its IdPs."""

import glob
import os
import shlex

from .apache import Directive, Reader
from .idp_metadata import entities, idps
from .mistake import Mistake
from .parties import Parties


def variable(parties: Parties, line: Directive, _: Reader) -> None:
    parties.once("cookie_name", f"mellon-{line.words[0]}", place=line.place, why="MellonVariable")


def domain(parties: Parties, line: Directive, _: Reader) -> None:
    parties.once("cookie_domain", line.words[0].removeprefix("."), place=line.place, why="MellonCookieDomain")


def path(parties: Parties, line: Directive, _: Reader) -> None:
    value = line.words[0]
    below = all(where.startswith(value.rstrip("/") + "/") for _, where, _ in parties.endpoints)
    if below and value.startswith("/"):
        parties.once("cookie_path", value, place=line.place, why="MellonCookiePath")
    else:
        parties.sp.note(f"{line.place}: MellonCookiePath {value}: cookie_path must hold the endpoints, too, so the cookie is for all of the host")


def same_site(parties: Parties, line: Directive, _: Reader) -> None:
    value = line.words[0].lower()
    if value not in ("lax", "strict", "none"):
        raise Mistake(line.place, "MellonCookieSameSite is lax, strict or none")
    if value == "none" and not parties.base_url.startswith("https"):
        parties.sp.note(f"{line.place}: MellonCookieSameSite none: cookie_same_site none needs https")
    else:
        parties.once("cookie_same_site", value, place=line.place, why="MellonCookieSameSite")


def user(parties: Parties, line: Directive, _: Reader) -> None:
    name = line.words[0]
    if name.upper() == "NAME_ID":
        parties.sp.note(f"{line.place}: MellonUser NAME_ID: no user line is needed, the NameID is the user")
        return
    parties.once("user", parties.alias(name, name, line.place, "MellonUser"), place=line.place, why="MellonUser: $saml_user and $remote_user")


def set_env(parties: Parties, line: Directive, _: Reader) -> None:
    if len(line.words) != 2:
        raise Mistake(line.place, f"{line.name} wants a new and an old name")
    new, old = line.words
    if old.upper() == "NAME_ID":
        parties.sp.note(f"{line.place}: {line.name} {new} NAME_ID: $saml_name_id has it")
        return
    parties.alias(new, old, line.place, line.name)


def separator(parties: Parties, line: Directive, _: Reader) -> None:
    text = line.words[1] if len(line.words) > 1 else ";"
    if line.words[0].lower() != "on":
        parties.sp.note(f"{line.place}: MellonMergeEnvVars: attribute_separator; values are always joined, $saml_attrj_NAME has them apart")
    elif not text or "\\" in text or text.startswith("u") or text[0] == text[-1] and len(text) > 1:
        parties.sp.note(f"{line.place}: MellonMergeEnvVars: {text!r} would leave a doubt as attribute_separator; \";\" stays")
    else:
        parties.once("attribute_separator", text, place=line.place, why="MellonMergeEnvVars")


def seconds(line: Directive) -> int:
    value = line.words[0]
    if not value.lstrip("-").isdecimal() or len(value) > 10:
        raise Mistake(line.place, f"{line.name} wants seconds")
    return int(value)


def length(parties: Parties, line: Directive, _: Reader) -> None:
    value = min(max(seconds(line), 1), 365 * 86400)
    parties.once("session_lifetime", f"{value}s", place=line.place, why="MellonSessionLength")


def idle(parties: Parties, line: Directive, _: Reader) -> None:
    value = seconds(line)
    parties.once("session_idle_timeout", f"{value}s" if value > 0 else "off", place=line.place, why="MellonSessionIdleTimeout")


def own_metadata(parties: Parties, line: Directive, reader: Reader) -> None:
    name = reader.absolute(line.words[0])
    found = entities(name)
    if not found or not found[0][0]:
        parties.sp.note(f"{line.place}: MellonSPMetadataFile {name}: cannot be read here; write its entityID as entity_id, or the IdP will not know this SP")
    elif not parties.sp.says("entity_id"):
        parties.sp.add("entity_id", found[0][0], place=line.place, why="MellonSPMetadataFile: the file itself is not needed, saml_metadata makes it")


def entity_id(parties: Parties, line: Directive, _: Reader) -> None:
    parties.once("entity_id", line.words[0], place=line.place, why="MellonSPentityId")


def key(parties: Parties, line: Directive, reader: Reader) -> None:
    parties.once("certificate_key", reader.absolute(line.words[0]), place=line.place, why="MellonSPPrivateKeyFile: readable for root alone, please")


def certificate(parties: Parties, line: Directive, reader: Reader) -> None:
    parties.once("certificate", reader.absolute(line.words[0]), place=line.place, why="MellonSPCertFile")


def metadata(parties: Parties, line: Directive, reader: Reader) -> None:
    name = reader.absolute(line.words[0])
    block = parties.idp(line.place, "MellonIdPMetadataFile")
    block.add("metadata", name, place=line.place, why="looked at every ten seconds; an https:// URL would refresh itself")
    several = idps(name)
    if several is None:
        block.note(f"{line.place}: {name} could not be read here: with several IdPs in it add entity_id *;")
    elif len(several) > 1:
        block.add("entity_id", "*", place=line.place, why=f"all {len(several)} IdPs of the file")
    if len(line.words) > 1:
        block.note(f"{line.place}: {line.words[1]}: no chain is validated, certificates in metadata are containers for keys")


def metadata_glob(parties: Parties, line: Directive, reader: Reader) -> None:
    pattern = reader.absolute(line.words[0])
    folder, last = os.path.split(pattern)
    if last == "*.xml" and not glob.has_magic(folder):
        block = parties.idp(line.place, "MellonIdPMetadataGlob")
        block.add("metadata", folder, place=line.place, why="MellonIdPMetadataGlob: what comes and goes there is noticed")
        block.add("entity_id", "*", place=line.place)
    else:
        found = sorted(glob.glob(pattern))[:100]
        if not found:
            raise Mistake(line.place, f"{pattern} names no file here: run this where they are, or name a folder as FOLDER/*.xml")
        for name in found:
            block = parties.idp(line.place, "MellonIdPMetadataGlob")
            block.add("metadata", name, place=line.place, why="MellonIdPMetadataGlob: a file more needs a block more")
    if len(line.words) > 1:
        block.note(f"{line.place}: {line.words[1]}: no chain is validated, certificates in metadata are containers for keys")


def ignore(parties: Parties, line: Directive, _: Reader) -> None:
    parties.ignored.append((line, line.words))


def organization(parties: Parties, line: Directive, _: Reader) -> None:
    language, text = (line.words[0], line.words[1]) if len(line.words) > 1 else ("en", line.words[0])
    parties.organization.setdefault(language, {})[line.name.lower()] = (line, text)


def landing(parties: Parties, line: Directive, _: Reader) -> None:
    parties.once("login_redirect", line.words[0], place=line.place, why="MellonDefaultLoginPath")


def discovery(parties: Parties, line: Directive, _: Reader) -> None:
    parties.discovery = line.words[0]
    parties.sp.note(f"{line.place}: MellonDiscoveryURL: is discovery above")


def endpoints(parties: Parties, line: Directive, _: Reader) -> None:
    parties.sp.note(f"{line.place}: MellonEndpointPath {line.words[0]}: its URLs stay, see saml_acs, saml_sls, saml_login, saml_metadata below; saml_logout is new")


def unsigned_logout(parties: Parties, line: Directive, _: Reader) -> None:
    parties.once("require_signed_logout", "off", place=line.place, why=f"MellonDoNotVerifyLogoutSignature {line.words[0]}: better have the IdP sign, and take this away")


def domains(parties: Parties, line: Directive, _: Reader) -> None:
    kept = [word for word in line.words if word.lower() != "[self]"]
    if "*" in kept:
        parties.sp.note(f"{line.place}: MellonRedirectDomains *: return_hosts has no such thing, any site could send people anywhere: name the hosts")
        kept.remove("*")
    if kept:
        parties.sp.add("return_hosts", *kept, place=line.place, why="MellonRedirectDomains")
    else:
        parties.sp.note(f"{line.place}: MellonRedirectDomains: return_hosts is not needed, the own host goes without saying")


def signature(parties: Parties, line: Directive, _: Reader) -> None:
    name = line.words[0].lower()
    if name == "rsa-sha1":
        parties.sp.note(f"{line.place}: MellonSignatureMethod rsa-sha1: signature_algorithm has no SHA-1; rsa-sha256 it is")
    else:
        parties.once("signature_algorithm", name, place=line.place, why="MellonSignatureMethod")


RULES = {
    "MellonVariable": variable,
    "MellonCookieDomain": domain,
    "MellonCookiePath": path,
    "MellonCookieSameSite": same_site,
    "MellonUser": user,
    "MellonSetEnv": set_env,
    "MellonSetEnvNoPrefix": set_env,
    "MellonMergeEnvVars": separator,
    "MellonSessionLength": length,
    "MellonSessionIdleTimeout": idle,
    "MellonSPMetadataFile": own_metadata,
    "MellonSPentityId": entity_id,
    "MellonSPPrivateKeyFile": key,
    "MellonSPCertFile": certificate,
    "MellonIdPMetadataFile": metadata,
    "MellonIdPMetadataGlob": metadata_glob,
    "MellonIdPIgnore": ignore,
    "MellonOrganizationName": organization,
    "MellonOrganizationDisplayName": organization,
    "MellonOrganizationURL": organization,
    "MellonDefaultLoginPath": landing,
    "MellonDiscoveryURL": discovery,
    "MellonEndpointPath": endpoints,
    "MellonDoNotVerifyLogoutSignature": unsigned_logout,
    "MellonRedirectDomains": domains,
    "MellonSignatureMethod": signature,
}


def finish(parties: Parties, _: Reader, todo: list[str]) -> None:
    """What takes all lines to be known."""
    sp = parties.sp
    if not sp.says("session_lifetime"):
        sp.add("session_lifetime", "24h", why="mellon's default; the module's is 8h")
    if not sp.says("session_idle_timeout"):
        sp.add("session_idle_timeout", "off", why="mellon's default; the module's is 1h")
    finish_credential(parties, todo)
    for line, ignored in parties.ignored:
        for block in parties.idps:
            if not block.says("entity_id"):
                block.add("entity_id", "*", place=line.place, why="all of the metadata but these")
            block.add("metadata_filter", "!entity_id", *ignored, place=line.place, why="MellonIdPIgnore")
    for language, said in parties.organization.items():
        values = [said.get(f"mellonorganization{part}") for part in ("name", "displayname", "url")]
        first = next(iter(said.values()))[0]
        if all(values):
            sp.add("organization", *[value[1] for value in values], language, place=first.place, why="MellonOrganizationName and others")
        else:
            sp.note(f"{first.place}: {first.name} {' '.join(first.words)}: organization needs all three: name, display name, URL")
    federated = len(parties.idps) > 1 or any(block.says("entity_id") for block in parties.idps)
    if federated and not parties.discovery:
        parties.discovery = "builtin"
    if parties.discovery:
        where = parties.endpoints[0][1].rpartition("/")[0]
        parties.endpoints.append(("saml_discovery", f"{where}/discovery", "new: people choose their IdP here, or come back here from the discovery service"))
    if not parties.idps:
        todo.append("name the IdP's metadata in saml_idp: none is in these files")


def finish_credential(parties: Parties, todo: list[str]) -> None:
    """The module wants pairs."""
    has_key, has_certificate = parties.sp.says("certificate_key"), parties.sp.says("certificate")
    if has_key and not has_certificate:
        name = value_of(parties, "certificate_key")
        made = os.path.splitext(name)[0] + ".crt"
        parties.sp.add("certificate", made, why="made from the key, see above: metadata carries keys in certificates")
        todo.append(f"$ openssl req -x509 -new -key {shlex.quote(name)} -subj /CN=saml -days 3650 -out {shlex.quote(made)}")
    elif has_certificate and not has_key:
        raise Mistake(value_of(parties, "certificate"), "a certificate without a key: name the key as well")


def value_of(parties: Parties, name: str) -> str:
    (line,) = [part[0] for part in parties.sp.content if isinstance(part, tuple) and part[0].startswith(name + " ")]
    value = line[len(name) + 1 : -1]
    return value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value.startswith('"') else value
