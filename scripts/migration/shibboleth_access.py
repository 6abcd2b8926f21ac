"""Shibboleth's RequestMap and Apache lines: what is protected, and whom the rules let in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .apache import Directive
from .mellon_condition import BEYOND, EXPRESSION_AT_MOST, MAYBE_OPERATOR, closed_so_far
from .mistake import Mistake, Place
from .nginx_conf import Block, Variable
from .parties import Parties, closed
from .shibboleth_answers import ANSWERS
from .xml_tree import Element


@dataclass
class Rule:
    """One of these must hold: an attribute (or valid-user, user, authnContextClassRef) and words as nginx has them."""

    place: Place
    name: str
    words: list[str]
    why: str
    negated: bool = False
    closed: str = ""


@dataclass
class Area:
    """A path with the settings and rules that count there."""

    kind: str
    path: str
    place: Place
    settings: dict[str, tuple[str, Place]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)

    def says(self, name: str) -> str:
        return self.settings.get(name, ("", self.place))[0]

    def is_on(self, name: str) -> bool:
        return self.says(name).lower() in ("true", "1", "on")


def of_request_map(element: Element, above: Area, kind: str, path: str) -> Area:
    """A Host or Path: what it says comes on top of what stands around it."""
    made = Area(kind, path, element.place, dict(above.settings), list(above.rules))
    known = {"name", "scheme", "port", "regex", "ignoreCase", "caseSensitive", "unicodeAware"}
    for name, value in element.attributes.items():
        if name not in known:
            made.settings[name] = (value, element.place)
    for access in element.children("AccessControl"):
        made.rules = [rule for child in access.content for rule in rules_of(child)]
    for other in element.children("htaccess", "AccessControlProvider", "Query"):
        made.rules.append(Rule(other.place, "", [], other.name, closed=ANSWERS[other.name].note))
    return made


def rules_of(element: Element) -> list[Rule]:
    if element.name == "AND":
        return [rule for child in element.content for rule in rules_of(child)]
    if element.name in ("Rule", "RuleRegex"):
        return [rule_of(element)]
    parts = [rule for child in element.content for rule in rules_of(child)]
    why = f"{element.name} of {', '.join(part.why for part in parts)}"
    if element.name == "NOT" and len(parts) == 1 and not parts[0].closed and element.content[0].name.startswith("Rule"):
        if parts[0].name not in ("valid-user", "user", "authnContextClassRef"):
            return [Rule(element.place, parts[0].name, parts[0].words, why, negated=True)]
    if element.name == "OR" and all(child.name.startswith("Rule") for child in element.content):
        if any(part.name == "valid-user" for part in parts):
            return [Rule(element.place, "valid-user", [], why)]
        if len({part.name for part in parts}) == 1 and not any(part.closed for part in parts):
            return [Rule(element.place, parts[0].name, [word for part in parts for word in part.words], why)]
    return [Rule(element.place, "", [], why, closed="a map of the variables can say it")]


def rule_of(element: Element) -> Rule:
    name = element.attributes.get("require", "")
    if not name:
        raise Mistake(element.place, f'{element.name} wants require="…"')
    why = f"{element.name} {name} {' '.join(element.words())}"
    if name == "authnContextDeclRef":
        return Rule(element.place, "", [], why, closed="declarations are not looked at")
    if element.name == "RuleRegex":
        insensitive = element.attributes.get("ignoreCase", "") in ("true", "1") or element.attributes.get("caseSensitive") in ("false", "0")
        return expression(element.place, name, element.text.strip(), insensitive, why)
    values = [element.text.strip()] if element.attributes.get("list") in ("false", "0") else element.words()
    return texts(element.place, name, values, why)


def texts(place: Place, name: str, values: list[str], why: str) -> Rule:
    if name != "valid-user" and not any(values):
        return Rule(place, "", [], why, closed="no value")
    return Rule(place, name, [literal(value) for value in values if value], why)


def literal(value: str) -> str:
    return f"={value}" if value[0] in MAYBE_OPERATOR or value.startswith("label=") else value


def expression(place: Place, name: str, text: str, insensitive: bool, why: str) -> Rule:
    if not text or BEYOND.search(text) or len(text) > EXPRESSION_AT_MOST:
        return Rule(place, "", [], why, closed="an expression with look-around, a back-reference, empty or too long")
    return Rule(place, name, [("~*" if insensitive else "~") + text], why)


def of_apache(lines: list[Directive], kind: str, path: str, place: Place) -> Area:
    made = Area(kind, path, place)
    for line in lines:
        name = line.name.lower()
        if name == "shibrequestsetting" and len(line.words) == 2:
            made.settings[line.words[0]] = (line.words[1], line.place)
        elif name == "shibrequiresession" and line.words:
            made.settings["requireSession"] = (line.words[0], line.place)
        elif name == "authtype" and line.words:
            made.settings["authType"] = (line.words[0], line.place)
        elif name == "shibdisable" and line.words:
            made.settings["disabled"] = (line.words[0], line.place)
        elif name == "shibaccesscontrol":
            made.rules.append(Rule(line.place, "", [], line.name, closed=ANSWERS["ShibAccessControl"].note))
    asked = [line for line in lines if line.is_called("Require") and line.words]
    made.rules += required(asked)
    return made


def required(asked: list[Directive]) -> list[Rule]:
    """Several Require lines are alternatives to Apache."""
    rules = [rule for line in asked if (rule := require(line)) is not None]
    if not rules or len(rules) == 1:
        return rules
    if any(rule.name == "valid-user" for rule in rules):
        return []
    why = " or ".join(rule.why for rule in rules)
    if len({rule.name for rule in rules}) == 1 and not any(rule.closed or rule.negated for rule in rules):
        return [Rule(rules[0].place, rules[0].name, [word for rule in rules for word in rule.words], why)]
    return [Rule(rules[0].place, "", [], why, closed="of several Require lines one is enough in Apache: a map of the variables can say it")]


def require(line: Directive) -> Rule | None:
    kind, *rest = line.words
    why = f"Require {' '.join(line.words)}"
    kind = kind.lower()
    if kind == "shibboleth" or (kind == "all" and [word.lower() for word in rest] == ["granted"]):
        return None  # whoever comes: requireSession decides
    if kind in ("valid-user", "shib-session"):
        return Rule(line.place, "valid-user", [], why)
    if kind == "shib-attr" and len(rest) > 1:
        if rest[1] == "~":
            return expression(line.place, rest[0], " ".join(rest[2:]), False, why)
        return texts(line.place, rest[0], rest[1:], why)
    if kind in ("user", "shib-user") and rest and "~" not in rest:
        return texts(line.place, "user", rest, why)
    if kind == "authncontextclassref" and rest:
        return Rule(line.place, "authnContextClassRef", rest, why)
    return Rule(line.place, "", [], why, closed="allow and deny, auth_saml_require or auth_saml_require_attribute can say it")


def write_rules(conf: Block, location: Block, parties: Parties, area: Area) -> None:
    for rule in area.rules:
        if rule.closed:
            closed(conf, location, closed_so_far(conf) + 1, rule.place, f"{rule.why}: {rule.closed}")
        elif rule.name == "valid-user":
            location.note(f"{rule.place}: {rule.why}: auth_saml says so")
        elif rule.name == "user":
            users(conf, location, rule)
        elif rule.name == "authnContextClassRef":
            location.add("auth_saml_authn_context", *rule.words, place=rule.place, why=rule.why)
        else:
            name = parties.attribute(rule.name, rule.place)
            location.add("auth_saml_require_attribute", f"!{name}" if rule.negated else name, *rule.words, place=rule.place, why=rule.why)


def users(conf: Block, location: Block, rule: Rule) -> None:
    if not all(re.fullmatch(r"[A-Za-z0-9@._+-]{1,200}", word) for word in rule.words):
        closed(conf, location, closed_so_far(conf) + 1, rule.place, f"{rule.why}: a map of $saml_user can say it")
        return
    name = f"$saml_user_{closed_so_far(conf) + 1}"
    table = conf.block("map", Variable("$saml_user"), name, place=rule.place, why=rule.why)
    table.add("default", "0")
    for word in rule.words:
        table.entry(f"~^{re.escape(word)}$", "1")
    location.add("auth_saml_require", name, place=rule.place, why=rule.why)
