"""What differs between two surfaces, and whether it breaks what users wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

import attrs

from .surface import Fact, Surface

Severity: TypeAlias = Literal["breaking", "addition", "other"]

_WORST_FIRST: Final[tuple[Severity, ...]] = ("breaking", "addition", "other")
_CLASSES: Final = ("class", "exception", "enum", "protocol", "typed dict")
_USUAL: Final = "positional or keyword"
_LOOSER: Final = {
    ("keyword only", _USUAL),
    ("positional only", _USUAL),
}
"""Ways of giving an argument, from one that was to one that takes the old calls too."""


@attrs.frozen
class Change:
    """One difference.

    Attributes:
        path: The element.
        old: What was said of it, as text; None where it is new.
        new: What is said of it now; None where it is gone.
        severity: Whether code that worked may stop working.
        deprecates: Whether it is the announcement of a removal.
    """

    path: str
    old: str | None
    new: str | None
    severity: Severity
    deprecates: bool = False


def parent(path: str) -> str:
    """The element that an element is part of: the method of a parameter, the class of a method; "" for none."""
    return re.sub(r"[.(#][^.(#]*$", "", path) if re.search(r"[.(#]", path) else ""


def text(fact: Fact) -> str:
    """What is said of an element, in one line."""
    kind = f"async {fact['kind']}" if fact.get("async") else str(fact["kind"])
    words = [] if kind in ("attribute", "parameter", "member", "key") else [kind]
    shown = " ".join([*words, fact["type"]] if "type" in fact else words)
    for name, mark in (("default", " = "), ("value", " = "), ("returns", " -> "), ("of", " of ")):
        if name in fact:
            shown += f"{mark}{fact[name]}"
    if fact.get("bases"):
        shown += f"({', '.join(fact['bases'])})"
    details = [f"@{name}" for name in fact.get("decorators", [])]
    details += [fact["argument"]] if fact.get("argument", _USUAL) != _USUAL else []
    details += [f"argument {fact['position'] + 1}"] if "position" in fact else []
    details += [f"{name} {fact[name]}" for name in ("accepts", "alias", "total", "constructor") if name in fact]
    details += [name for name in ("abstract", "writable") if fact.get(name)]
    details += [f"deprecated: {fact['deprecated']}"] if "deprecated" in fact else []
    return ", ".join([*([shown.strip()] if shown.strip() else []), *details]) or kind


def compare(old: Surface, new: Surface) -> list[Change]:
    """The differences between two surfaces, by path; what comes or goes with its parent is not told apart from it.

    Args:
        old: What was recorded.
        new: What is.
    """
    return [change for path in sorted({*old, *new}) if (change := _change(path, old, new)) is not None]


def _change(path: str, old: Surface, new: Surface) -> Change | None:
    if old.get(path) == new.get(path):
        return None
    before, after = _seen(path, old), _seen(path, new)
    above = parent(path)
    if (before is None and _seen(above, old) is None) or (after is None and _seen(above, new) is None):
        return None if above in old or above in new else _made(path, before, after, new)
    if before == after and (above in old) != (above in new):
        return None  # it moved with its parent
    return _made(path, before, after, new)


def _made(path: str, before: Fact | None, after: Fact | None, new: Surface) -> Change:
    if before is None:
        fact = after or {}
        return Change(path, None, text(fact), _severity_of_new(path, fact, new))
    if after is None:
        return Change(path, text(before), None, "breaking")
    if before == after:
        return Change(path, text(before), f"{text(after)}, {'its own' if path in new else 'inherited'}", "other")
    deprecates = "deprecated" in after and "deprecated" not in before
    return Change(path, text(before), text(after), _severity_of(path, before, after, new), deprecates)


def _seen(path: str, surface: Surface) -> Fact | None:
    """What is said of an element, by its class or by a base of it."""
    return surface.get(path) or _inherited(path, surface)


def _inherited(path: str, surface: Surface) -> Fact | None:
    """What a recorded base says of a member that its class does not have itself."""
    owner = path
    while owner and surface.get(owner, {}).get("kind") not in _CLASSES:
        owner = parent(owner)
    if not owner or owner == path:
        return None
    rest = path[len(owner) :]
    member = re.match(r"\.[^.(#]+|", rest)
    own = f"{owner}{member[0]}" if member and member[0] else None
    if own is not None and own != path and own in surface:
        return None  # it has the method itself, without this parameter
    if own is None and "constructor" not in surface[owner]:
        return None
    for base in surface[owner].get("bases", []):
        above = f"{base.partition('[')[0]}{rest}"
        found = _seen(above, surface)
        if found is not None:
            return found
    return None


# ---- severity -----------------------------------------------------------------------------------------------------


def _is_for_implementors(path: str, surface: Surface) -> bool:
    """Whether users write what is called here: the members of protocols, and their parameters."""
    above = parent(path)
    return any(surface.get(place, {}).get("kind") == "protocol" for place in (above, parent(above)))


def _severity_of_new(path: str, fact: Fact, surface: Surface) -> Severity:
    if _is_for_implementors(path, surface) or fact.get("abstract"):
        return "breaking"
    required = "default" not in fact and not str(fact.get("argument", "any")).startswith("any")
    if fact["kind"] == "key":
        kind = fact.get("type", "")
        required = kind.startswith("Required[") or (
            surface[parent(path)].get("total") != "False" and not kind.startswith("NotRequired[")
        )
    return "breaking" if required else "addition"


def _severity_of(path: str, old: Fact, new: Fact, surface: Surface) -> Severity:
    found = set(_severities(old, new))
    if found and found != {"other"} and _is_for_implementors(path, surface):
        return "breaking"
    for severity in _WORST_FIRST:
        if severity in found:
            return severity
    return "other"


def _severities(old: Fact, new: Fact) -> Iterator[Severity]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before != after:
            yield _severity_of_facet(name, before, after, old, new)


def _severity_of_facet(name: str, before: Any, after: Any, old: Fact, new: Fact) -> Severity:
    found: Severity = "breaking"
    match name:
        case "deprecated" | "of":
            found = "other"
        case "constructor":
            found = "breaking" if before and after else "other"
        case "bases":
            lost = set(before or ()) - set(after or ())
            found = "breaking" if lost else "addition" if set(after or ()) - set(before or ()) else "other"
        case "type" | "accepts" | "returns" if before and after and _parts(before) == _parts(after):
            found = "other"  # the same in another order
        case "type" | "accepts" if old["kind"] in ("parameter", "key", "alias") or name == "accepts":
            found = "addition" if _parts(before) < _parts(after) else "breaking"
        case "returns" | "type" if name == "returns" or (new["kind"] == "property" and not new.get("writable")):
            found = "other" if before and after and _parts(after) < _parts(before) else "breaking"
        case "default" if before is None:
            found = "addition"
        case "argument":
            found = "addition" if (before, after) in _LOOSER else "breaking"
        case "position" if (old.get("argument"), new.get("argument")) in _LOOSER:
            found = "addition"
        case "abstract" | "writable":
            found = "addition" if bool(after) == (name == "writable") else "breaking"
        case _:
            pass
    return found


def _parts(kind: str | None) -> set[str]:
    """The members of a union, however it is written, those of a Literal each by itself."""
    if kind is None:
        return {"Any"}
    parts: set[str] = set()
    for part in _split(kind, "|"):
        form = re.fullmatch(r"(Literal|Union|Optional)\[(.*)\]", part)
        match form and form[1]:
            case "Literal":
                parts |= {f"Literal[{value}]" for value in _split(part[len("Literal[") : -1], ",")}
            case "Union":
                parts |= {inner for member in _split(part[len("Union[") : -1], ",") for inner in _parts(member)}
            case "Optional":
                parts |= {"None", *_parts(part[len("Optional[") : -1])}
            case _:
                parts.add(part)
    return parts


def _split(kind: str, mark: str) -> list[str]:
    """Split at marks that stand in no brackets and no quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in kind:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[]()":
            depth += 1 if letter in "[(" else -1
        if letter == mark and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
