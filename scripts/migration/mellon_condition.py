"""MellonRequire and MellonCond: rules on attributes."""

import re
from dataclasses import dataclass

from .apache import Directive
from .mistake import Mistake
from .nginx_conf import Block
from .parties import Parties, alias_of, closed

FLAGS = {"OR", "NOT", "SUB", "REG", "NC", "MAP", "REF"}
#: What PCRE has and an expression of linear time has not.
BEYOND = re.compile(r"\(\?(=|!|<[=!]|>|R|\d|P[=>])|\\[1-9kgKGRXC]|[*+?}]\+")
MAYBE_OPERATOR = "!=~<>"
EXPRESSION_AT_MOST = 1024


@dataclass
class Condition:
    line: Directive
    attribute: str
    values: list[str]
    flags: set[str]

    def groups_with(self, other: "Condition") -> bool:
        """Whether both can stand in one line, of which one value has to do."""
        plain = not ({"NOT", "REF"} & (self.flags | other.flags))
        return plain and self.attribute == other.attribute and ("MAP" in self.flags) == ("MAP" in other.flags)


def conditions(conf: Block, made: Block, parties: Parties, rules: list[Directive]) -> None:
    """All groups must hold; a group is what OR holds together."""
    for group in groups([condition(line) for line in rules]):
        first = group[0]
        why = ", ".join(f"{one.line.name} {' '.join(one.line.words)}" for one in group)
        reason = unknown(group)
        if reason:
            closed(conf, made, closed_so_far(conf) + 1, first.line.place, f"{why}: {reason}")
            continue
        if "MAP" in first.flags:
            name = alias_of(first.attribute)
        else:
            name = rule_name(parties, first)
        values = [("!" if "NOT" in one.flags else "") + written(one, value) for one in group for value in one.values]
        if "NOT" in first.flags:
            # As mellon has it: also of somebody who has no such attribute.
            name, values = f"!{name}", [value[1:] for value in values]
        made.add("auth_saml_require_attribute", name, *values, place=first.line.place, why=why)


def closed_so_far(conf: Block) -> int:
    return sum(isinstance(part, Block) and part.head[0] == "map" for part in conf.content)


def condition(line: Directive) -> Condition:
    if len(line.words) < 2:
        raise Mistake(line.place, f"{line.name} wants an attribute and a value")
    attribute, *values = line.words
    if line.name.lower() == "mellonrequire":
        return Condition(line, attribute, values, set())
    flags: set[str] = set()
    if len(values) == 2:
        flags = {flag.strip().upper() for flag in values.pop().strip("[]").split(",")}
        if not flags <= FLAGS:
            raise Mistake(line.place, f"flags are {', '.join(sorted(FLAGS))}")
    if len(values) != 1:
        raise Mistake(line.place, "MellonCond wants an attribute, a value and perhaps [flags]")
    return Condition(line, attribute, values, flags)


def groups(all_of_them: list[Condition]) -> list[list[Condition]]:
    """A later MellonRequire for an attribute takes the place of what was said of it before."""
    kept: list[Condition] = []
    for one in all_of_them:
        if one.line.name.lower() == "mellonrequire":
            kept = [other for other in kept if other.attribute != one.attribute]
        kept.append(one)
    found: list[list[Condition]] = []
    goes_on = False
    for one in kept:
        if goes_on:
            found[-1].append(one)
        else:
            found.append([one])
        goes_on = "OR" in one.flags
    return found


def unknown(group: list[Condition]) -> str:
    """Why there is no counterpart, or nothing."""
    if not all(group[0].groups_with(one) for one in group[1:]):
        return "OR across attributes or with NOT: a map of their variables can say it"
    for one in group:
        for value in one.values:
            if "REF" in one.flags or re.search(r"%\{|%\d", value):
                return "values that come from the request or from another condition: a map can say it"
            if "REG" in one.flags and (BEYOND.search(value) or len(value) > EXPRESSION_AT_MOST):
                return "an expression with look-around, a back-reference or too long"
            if not value.strip():
                return "an empty value"
    return ""


def written(one: Condition, value: str) -> str:
    case = "~*" if "NC" in one.flags else "~"
    if "REG" in one.flags:
        return case + value
    if "SUB" in one.flags:
        return case + literal(value)
    if "NC" in one.flags:
        return f"{case}^{literal(value)}$"
    return f"={value}" if value[0] in MAYBE_OPERATOR or value.startswith("label=") else value


def literal(value: str) -> str:
    """The expression that finds this text."""
    return re.sub(r"([\\.+*?()|\[\]{}^$#&~-])", r"\\\1", value)


def rule_name(parties: Parties, one: Condition) -> str:
    """An alias that means this attribute and no other."""
    for alias, (names, _) in parties.aliases.items():
        if names == [one.attribute]:
            return alias
    alias = alias_of(one.attribute)
    if alias in parties.aliases:
        alias += "_as_sent"
    return parties.alias(alias, one.attribute, one.line.place, f"{one.line.name}: a rule names it")
