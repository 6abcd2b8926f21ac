"""What nginx-saml's maps say of one SP and its IdP."""

import os
import re
import shlex
from urllib.parse import urlsplit

from .mistake import Mistake, Place
from .nginx_conf import Block
from .nginx_saml_answers import ANSWERS
from .parties import Parties

SWITCHES = {
    "$saml_sp_sign_authn": "sign_requests",
    "$saml_sp_want_signed_response": "want_response_signed",
    "$saml_sp_want_signed_assertion": "want_assertion_signed",
    "$saml_sp_sign_slo": "sign_logout",
    "$saml_sp_want_signed_slo": "require_signed_logout",
}
BINDINGS = {"$saml_sp_request_binding": "sso_binding", "$saml_sp_slo_binding": "slo_binding"}
URLS = {"$saml_idp_sso_url": "sso_url", "$saml_idp_slo_url": "slo_url", "$saml_idp_slo_response_url": "slo_response_url"}
#: Those that become lines; the others are explained where they stand.
AS_BEFORE = [
    *SWITCHES, *BINDINGS, *URLS, "$saml_sp_entity_id", "$saml_sp_acs_url", "$saml_sp_signing_key", "$saml_sp_decryption_key",
    "$saml_sp_force_authn", "$saml_sp_nameid_format", "$saml_sp_relay_state", "$saml_sp_want_encrypted_assertion",
    "$saml_sp_slo_url", "$saml_idp_entity_id", "$saml_idp_verification_certificate", "$saml_logout_landing_page",
    "$saml_cookie_flags", "$saml_allowed_clock_skew",
]  # fmt: skip


class Values:
    """The maps' values for one host."""

    def __init__(self, host: str, maps: dict[str, dict[str, tuple[str, Place]]]):
        self.host, self.maps = host, maps

    def get(self, variable: str) -> tuple[str, Place] | None:
        """None where it is not said or empty."""
        found = self.maps.get(variable, {})
        said = found.get(self.host) or found.get("default")
        return said if said and said[0] else None

    def needed(self, variable: str) -> tuple[str, Place]:
        said = self.get(variable)
        if said is None:
            raise Mistake(f"map {variable}", f"has no value for {self.host}, and nginx-saml does not work without it")
        return said


def write_sp(parties: Parties, values: Values, logout: str, todo: list[str]) -> Parties:
    parties.host = values.host
    sp = parties.sp
    entity_id, place = values.needed("$saml_sp_entity_id")
    sp.add("entity_id", entity_id, place=place, why="$saml_sp_entity_id")
    idp = parties.idp("the maps of $saml_idp_…", "better: metadata FILE or URL, which keeps itself")
    write_idp(idp, values)
    switches(idp, values)
    keys(parties, values, todo)
    session(parties, values)
    endpoints(parties, values, logout)
    for variable in AS_BEFORE:
        said = values.maps.get(variable, {}).get(values.host) or values.maps.get(variable, {}).get("default")
        if said and (not said[0] or variable == "$saml_sp_force_authn" and said[0].lower() == "false"):
            sp.note(f"{said[1]}: {variable} {said[0] or 'empty'}: {', '.join(ANSWERS[variable].ours)} is not needed")
    return parties


def write_idp(idp: Block, values: Values) -> None:
    entity_id, place = values.needed("$saml_idp_entity_id")
    idp.add("entity_id", entity_id, place=place, why="$saml_idp_entity_id")
    values.needed("$saml_idp_sso_url")
    for variable, directive in URLS.items():
        if said := values.get(variable):
            idp.add(directive, said[0], place=said[1], why=variable)
    file, place = values.needed("$saml_idp_verification_certificate")
    idp.add("signing_key", file, place=place, why="$saml_idp_verification_certificate: PEM, public keys")


def switches(idp: Block, values: Values) -> None:
    for variable, directive in SWITCHES.items():
        if said := values.get(variable):
            idp.add(directive, "on" if truth(*said, variable) else "off", place=said[1], why=variable)
    for variable, directive in BINDINGS.items():
        if said := values.get(variable):
            value = {"HTTP-POST": "post", "HTTP-Redirect": "redirect"}.get(said[0])
            if value is None:
                raise Mistake(said[1], f"{variable} is HTTP-POST or HTTP-Redirect")
            if directive == "slo_binding" and not values.get("$saml_idp_slo_url"):
                continue
            idp.add(directive, value, place=said[1], why=variable)
    if said := values.get("$saml_sp_want_encrypted_assertion"):
        idp.add("encryption", "require" if truth(*said, "it") else "off", place=said[1], why="$saml_sp_want_encrypted_assertion")
    if (said := values.get("$saml_sp_nameid_format")) and said[0].rpartition(":")[2] != "unspecified":
        idp.add("name_id_format", said[0], place=said[1], why="$saml_sp_nameid_format")
    elif said:
        idp.note(f"{said[1]}: $saml_sp_nameid_format unspecified: name_id_format is not needed")
    skew = values.get("$saml_allowed_clock_skew") or ("120", "")
    if not re.fullmatch(r"\d{1,6}", skew[0]):
        raise Mistake(skew[1], "$saml_allowed_clock_skew is a number of seconds")
    idp.add("clock_skew", f"{min(int(skew[0]), 600)}s", place=skew[1], why="$saml_allowed_clock_skew" + ("" if skew[1] else ": nginx-saml's default; the module's is 60s"))


def truth(value: str, place: Place, variable: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise Mistake(place, f"{variable} is true or false")
    return value.lower() == "true"


def keys(parties: Parties, values: Values, todo: list[str]) -> None:
    """The module wants certificates, which metadata carries keys in."""
    made = []
    for variable in ("$saml_sp_signing_key", "$saml_sp_decryption_key"):
        said = values.get(variable)
        if said is None or said[0] in made:
            continue
        made.append(said[0])
        certificate = os.path.splitext(said[0])[0] + ".crt"
        parties.sp.add("certificate", certificate, why="made from the key, see above: metadata carries keys in certificates")
        parties.sp.add("certificate_key", said[0], place=said[1], why=variable)
        todo.append(f"$ openssl req -x509 -new -key {shlex.quote(said[0])} -subj /CN=saml -days 3650 -out {shlex.quote(certificate)}")


def session(parties: Parties, values: Values) -> None:
    sp = parties.sp
    lifetime, place = values.get("keyval_zone") or ("1h", "")
    sp.add("session_lifetime", lifetime, place=place, why="the timeout of keyval_zone saml_session_access")
    if said := values.get("$saml_sp_relay_state"):
        sp.add("login_redirect", said[0], place=said[1], why="$saml_sp_relay_state: people come back to the page they wanted; this is for logins without one")
    said = values.get("$saml_logout_landing_page")
    if said and said[0] != "/_logout":
        sp.add("logout_redirect", said[0], place=said[1], why="$saml_logout_landing_page")
    elif said:
        sp.note(f"{said[1]}: $saml_logout_landing_page /_logout: logout_redirect is not needed, the built-in page says it")
    if said := values.get("$saml_cookie_flags"):
        flags = dict(part.strip().lower().partition("=")[::2] for part in said[0].split(";"))
        if flags.get("samesite") in ("strict", "none"):
            sp.add("cookie_same_site", flags["samesite"], place=said[1], why="$saml_cookie_flags")
        else:
            sp.note(f"{said[1]}: $saml_cookie_flags: cookie_path / and cookie_same_site lax are the defaults")


def endpoints(parties: Parties, values: Values, logout: str) -> None:
    acs = urlsplit(values.needed("$saml_sp_acs_url")[0]).path or "/saml/acs"
    sls = values.get("$saml_sp_slo_url")
    parties.endpoints = [("saml_acs", acs, "$saml_sp_acs_url, as before")]
    if sls:
        parties.endpoints.append(("saml_sls", urlsplit(sls[0]).path, "$saml_sp_slo_url, as before"))
    parties.endpoints += [
        ("saml_logout", logout, "as before"),
        ("saml_login", "/saml/login", "new: starts a login by link"),
        ("saml_metadata", "/saml/metadata", "new: give it to the IdP"),
    ]
