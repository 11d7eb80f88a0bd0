"""``openapi/CHANGES.md``: what Brex changed in its documents, newest first; and the version that follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from attrs import frozen

from ..errors import SpecError
from .dialect import Published
from .merging import Merged

_HEAD = """\
# What Brex changed

Every change of a published document that this client has taken over, newest first; `update` writes the entries.
"""
_ENTRY = "\n## "


@frozen(kw_only=True)
class Entry:
    """One update of a document.

    Attributes:
        today: The day of the update.
        document: The file name of our document.
        source: The file name of the new one.
        published: The new document.
        differences: What it changes, as Markdown.
        merged: Our document with its structure.
        gone: The overlay actions that it made needless.
    """

    today: date
    document: str
    source: str
    published: Published
    differences: str
    merged: Merged
    gone: tuple[str, ...]

    def render(self) -> str:
        """The entry as Markdown."""
        origin = f"From `{self.source}` (OpenAPI {self.published.openapi}, sha256 `{self.published.sha256}`)."
        title = f"{self.today.isoformat()}: `{self.document}`, {self.published.title} {self.published.version}"
        parts = [f"{_ENTRY}{title}\n\n{origin}\n", f"\n{self.differences.strip()}\n"]
        parts += _section("Overlay actions that have become needless and are gone", self.gone)
        parts += _section("To be described", (f"`{place}`" for place in self.merged.to_write))
        lost = (f"`{text.where}`: {text.text}" for text in self.merged.lost)
        parts += _section("Prose that has lost its place", lost)
        return "".join(parts)


def _section(title: str, lines: Iterable[str]) -> list[str]:
    listed = [f"- {line}\n" for line in lines]
    return [f"\n### {title}\n\n", *listed] if listed else []


def with_entry(page: str | None, entry: Entry) -> str:
    """The page with an entry on top of the others.

    Args:
        page: The page as it is, None where there is none yet.
        entry: What is to be added.
    """
    head, found, others = (_HEAD if page is None else page).partition(_ENTRY)
    return f"{head.rstrip()}\n{entry.render()}{found}{others}"


def next_version(current: str, *, visible: bool) -> str:
    """The version to release after a document forced a change.

    Args:
        current: Our version, such as ``0.3.1``.
        visible: Whether anything in the generated client differs. What Brex's document forces on callers is a minor
            release, what none of them can see a patch.

    Raises:
        SpecError: The current version is none of three numbers.
    """
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", current)
    if found is None:
        message = f"version.py: {current!r} is no version of three numbers"
        raise SpecError(message)
    major, minor, patch = (int(part) for part in found.groups())
    return f"{major}.{minor + 1}.0" if visible else f"{major}.{minor}.{patch + 1}"


__all__ = ["Entry", "next_version", "with_entry"]
