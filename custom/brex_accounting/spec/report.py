"""A comparison as people read it: for a terminal, and for the record of what was taken over."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from .comparison import Comparison, Difference
from .emulated import LOOKED_FOR
from .marking import Mark

_WIDTH: Final = 120
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
    numbers = {mark: sum(difference.mark is mark for difference in comparison.differences) for mark in Mark}
    total = len(comparison.differences)
    shown = ", ".join(
        f"{number} {'need' if mark is Mark.PERSON and number != 1 else mark.partition(' ')[0] if mark is Mark.PERSON else ''}{' a person' if mark is Mark.PERSON else mark}"
        for mark, number in numbers.items()
    )
    return f"{total} difference{'' if total == 1 else 's'}: {shown}"


def _texts(comparison: Comparison) -> str:
    return "1 text differs" if comparison.prose == 1 else f"{comparison.prose} texts differ"


def _block(difference: Difference) -> Iterator[str]:
    yield from _folded(difference.where, "  ")
    for label, text in _rows(difference):
        yield from _folded(text, f"    {label:<{_LABEL}}")


def _rows(difference: Difference) -> Iterator[tuple[str, str]]:
    yield "what", difference.what
    yield "why", difference.why
    if len(difference.operations) > 1 or (difference.operations and difference.operations[0] not in difference.where):
        yield "reaches", ", ".join(difference.operations)
    if difference.python:
        yield "Python", ", ".join(difference.python)
    if difference.methods:
        yield "used by", ", ".join(difference.methods)
    if difference.emulator:
        yield "emulator", difference.emulator


def _entry(difference: Difference) -> Iterator[str]:
    yield f"- `{difference.where}`: {_escaped(difference.what)}"
    for label, text in _rows(difference):
        if label != "what":
            yield f"  - {label}: {_escaped(text)}"


def _folded(text: str, label: str) -> list[str]:
    """Text below a label, in lines that a terminal holds; the rest of it stands under its beginning."""
    indent = " " * len(label)
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=label,
        subsequent_indent=indent if label.strip() else f"{label}  ",
        break_on_hyphens=False,
    )


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in " ".join(text.split()))


__all__ = ["render", "render_markdown"]
