"""Lines about the API in ``CHANGELOG.md``, under its heading Unreleased, which a line that is taken back leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ..errors import ToolError
from .changes import Change, parent

SECTIONS: Final = ("Brex changed", "Added", "Changed", "Deprecated", "Removed", "Fixed")
"""Keep a Changelog's, and one for what Brex's documents force."""

_HEADING: Final = "## [Unreleased]"
_BREX: Final = "brex_accounting_client.models."


def _code_as(name: str) -> str:
    """A pattern of what ``_code`` writes."""
    return rf"(?P<{name}_fence>`+) ?(?P<{name}>.+?) ?(?P={name}_fence)(?!`)"


_LINE: Final = re.compile(
    rf"- (?P<breaking>\*\*Breaking:\*\* )?`(?P<path>[^`]+)`"
    rf"(?: is new: {_code_as('only_new')}| is gone; it was {_code_as('only_old')}"
    rf"|: {_code_as('old')} → {_code_as('new')})"
)


@attrs.frozen
class Line:
    """What Unreleased says of an element of the API.

    Attributes:
        path: The element.
        old: As it was when the last version was released; None where there was none.
        new: As it is now; None where it is gone.
        breaking: Whether code that worked may stop working.
        section: Where it stands.
    """

    path: str
    old: str | None
    new: str | None
    breaking: bool
    section: str

    def text(self) -> str:
        """The line, without its end."""
        mark = "**Breaking:** " if self.breaking else ""
        if self.old is None:
            return f"- {mark}`{self.path}` is new: {_code(self.new or '')}"
        if self.new is None:
            return f"- {mark}`{self.path}` is gone; it was {_code(self.old)}"
        return f"- {mark}`{self.path}`: {_code(self.old)} → {_code(self.new)}"


def _code(text: str) -> str:
    """Text as code in Markdown, between more backticks than it has in a row."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def tell(changelog: str, changes: Sequence[Change]) -> str:
    """Put changes into the part for what is not released.

    A change of what that part tells already becomes one line with it, from what was released to what is now; where that
    is the same, no line is left.

    Args:
        changelog: The text of the file.
        changes: What ``make accept-api`` accepts.

    Raises:
        ToolError: There is no such part.
    """
    lines = changelog.splitlines()
    if _HEADING not in lines:
        message = f"CHANGELOG.md: has no line {_HEADING!r} to tell changes under; add it above the last release"
        raise ToolError(message)
    start = lines.index(_HEADING) + 1
    end = next((at for at in range(start, len(lines)) if lines[at].startswith(("## ", "["))), len(lines))
    sections = _sections(lines[start:end])
    told = {line.path: line for name, body in sections.items() for text in body if (line := _read(text, name))}
    for line in _merged(told, changes):
        told[line.path] = line
    kept = {path: line for path, line in told.items() if line.old != line.new}
    for name in [*SECTIONS, *sections]:
        by_hand = [text for text in sections.get(name, []) if _read(text, name) is None]
        ours = sorted((line for line in kept.values() if line.section == name), key=lambda line: line.path)
        sections[name] = [*_trimmed(by_hand), *[line.text() for line in ours]]
    return "\n".join([*lines[:start], *_shown(sections), *lines[end:]]).rstrip("\n") + "\n"


def _merged(told: dict[str, Line], changes: Iterable[Change]) -> Iterable[Line]:
    new_parents = {path for path, line in told.items() if line.old is None}
    for change in changes:
        before = told.get(change.path)
        if before is None and any(place in new_parents for place in _above(change.path)):
            continue  # all of it is new
        if before is None:
            yield Line(change.path, change.old, change.new, change.severity == "breaking", _section(change))
        else:
            breaking = before.breaking or change.severity == "breaking"
            whole = attrs.evolve(change, old=before.old)
            yield Line(change.path, before.old, change.new, breaking and before.old is not None, _section(whole))


def _above(path: str) -> Iterable[str]:
    while path := parent(path):
        yield path


def _section(change: Change) -> str:
    if change.path.startswith(_BREX):
        return "Brex changed"
    if change.deprecates:
        return "Deprecated"
    return "Added" if change.old is None else "Removed" if change.new is None else "Changed"


def _read(text: str, section: str) -> Line | None:
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    old, new = found["only_old"] or found["old"], found["only_new"] or found["new"]
    return Line(found["path"], old, new, found["breaking"] is not None, section)


def _sections(lines: Iterable[str]) -> dict[str, list[str]]:
    """The lines below each heading of the third level; those above the first under ""."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in lines:
        if line.startswith("### "):
            name = line.removeprefix("### ").strip()
            found.setdefault(name, [])
        else:
            found[name].append(line)
    return found


def _shown(sections: dict[str, list[str]]) -> Iterable[str]:
    order = ["", *SECTIONS, *[name for name in sections if name not in ("", *SECTIONS)]]
    for name in order:
        body = _trimmed(sections.get(name, []))
        if body:
            yield from ["", *([f"### {name}", ""] if name else []), *body]
    yield ""


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Lines without the empty ones around them."""
    full = [number for number, line in enumerate(lines) if line.strip()]
    return list(lines[full[0] : full[-1] + 1]) if full else []
