"""A comparison as people read it: for a terminal, and for the record of what was taken over."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from typing import Final

from .comparison import Comparison, Difference
from .emulated import LOOKED_FOR
from .marking import Mark

_WIDTH: Final = 120
_GLUE: Final = "\N{NO-BREAK SPACE}"
"""Holds together what a line must not part."""
_LABEL: Final = 11
"""Columns of the longest label, with the space behind it."""


def render(comparison: Comparison) -> str:
    """The report for a terminal: counts, then every difference, the gravest first; at most 120 columns."""
    lines = list(_folded(f"{comparison.document}: {_counts(comparison)}.", ""))
    if comparison.prose:
        lines += _folded(f"{_texts(comparison)}: the prose of the published document is ours, and stays.", "")
    for mark in Mark:
        found = [difference for difference in comparison.differences if difference.mark is mark]
        if found:
            lines += ["", f"{mark.upper()} ({len(found)})"]
            for difference in found:
                lines += ["", *_block(difference)]
    if any(difference.emulator for difference in comparison.differences):
        lines += ["", *_folded(f"{LOOKED_FOR[0].upper()}{LOOKED_FOR[1:]}.", "")]
    return "\n".join(lines) + "\n"


def render_markdown(comparison: Comparison) -> str:
    """The same as the body of an entry of ``openapi/CHANGES.md``."""
    lines = [f"`{comparison.document}`: {_counts(comparison)}."]
    if comparison.prose:
        lines[0] += f" {_texts(comparison)}, and ours stay."
    for mark in Mark:
        found = [difference for difference in comparison.differences if difference.mark is mark]
        if found:
            lines += ["", f"**{mark.capitalize()}**", ""]
            lines += [line for difference in found for line in _entry(difference)]
    return "\n".join(lines) + "\n"


def _counts(comparison: Comparison) -> str:
    if not comparison.differences:
        return "no differences"
    counts = Counter(difference.mark for difference in comparison.differences)
    needing = "needs a person" if counts[Mark.PERSON] == 1 else "need a person"
    words = {Mark.BREAKING: str(Mark.BREAKING), Mark.PERSON: needing, Mark.SAFE: str(Mark.SAFE)}
    told = ", ".join(f"{counts[mark]} {words[mark]}" for mark in Mark)
    total = len(comparison.differences)
    return f"{total} difference{'' if total == 1 else 's'}: {told}"


def _texts(comparison: Comparison) -> str:
    return "1 text differs" if comparison.prose == 1 else f"{comparison.prose} texts differ"


def _block(difference: Difference) -> Iterator[str]:
    yield from _folded(_printable(difference.where), "  ")
    for label, text in _rows(difference):
        yield from _folded(text, f"    {label:<{_LABEL}}")


def _rows(difference: Difference) -> Iterator[tuple[str, str]]:
    yield "what", _printable(difference.what)
    yield "why", _printable(difference.why)
    if len(difference.operations) > 1 or (difference.operations and difference.operations[0] not in difference.where):
        yield "reaches", ", ".join(_printable(where).replace(" ", _GLUE) for where in difference.operations)
    if difference.python:
        yield "Python", ", ".join(difference.python)
    if difference.methods:
        yield "used by", ", ".join(difference.methods)
    if difference.emulator:
        yield "emulator", _printable(difference.emulator)


def _entry(difference: Difference) -> Iterator[str]:
    where = _printable(difference.where).replace("`", "'")
    yield f"- `{where}`: {_escaped(_printable(difference.what))}"
    for label, text in _rows(difference):
        if label != "what":
            yield f"  - {label}: {_escaped(text)}"


def _folded(text: str, label: str) -> list[str]:
    """Text below a label, in lines that a terminal holds; the rest of it stands under its beginning."""
    indent = " " * len(label)
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=label,
        subsequent_indent=indent if label.strip() else f"{label}  ",
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]


def _printable(text: str) -> str:
    """Text of a document that comes from elsewhere, without what a terminal would take for orders."""
    words = " ".join(text.split())
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in words)


def _escaped(text: str) -> str:
    words = text.replace(_GLUE, " ")
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in words)


__all__ = ["render", "render_markdown"]
