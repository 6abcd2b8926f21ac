"""Aggregates as large as federations have them."""

from harness.idp import Idp
from harness.keys import rsa_credential

PLACES = ["Zürich", "Århus", "Łódź", "São Paulo", "Kraków", "Besançon", "Tromsø", "Malmö"]
ROOT = (
    '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
    'xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" ID="_all">{}</md:EntitiesDescriptor>'
)
UI_INFO = (
    '<md:Extensions><mdui:UIInfo><mdui:DisplayName xml:lang="en">University {number} of {place}</mdui:DisplayName>'
    '<mdui:DisplayName xml:lang="de">Universität {number} {place}</mdui:DisplayName>'
    '<mdui:Keywords xml:lang="en">campus-{number}</mdui:Keywords></mdui:UIInfo></md:Extensions>'
)


def member(number: int) -> Idp:
    """One of the crowd; they share a key."""
    site = f"https://idp{number}.example.org"
    return Idp(site, f"{site}/sso", credential=rsa_credential("crowd"))


def aggregate(count: int) -> str:
    """The metadata of so many of them."""
    return ROOT.format("".join(map(entity, range(count))))


def entity(number: int) -> str:
    text = member(number).metadata()
    ui_info = UI_INFO.format(number=number, place=PLACES[number % len(PLACES)])
    start = text.index(">", text.index("<md:IDPSSODescriptor")) + 1
    return text[text.index("<md:EntityDescriptor") : start] + ui_info + text[start:]
