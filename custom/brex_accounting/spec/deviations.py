"""The deviations of the bundle from what Brex published, as a page that people read."""

from __future__ import annotations

import json

from .bundle import Bundle
from .document import show
from .overlay import ABSENT, Change

_HEAD = """\
# Deviations

What the generator is given otherwise than Brex published it: every value, with the reason that the overlay states.
`make generate` writes this page; the overlays in `overlays/` are its source.
"""


def render(bundle: Bundle) -> str:
    """Write all deviations as Markdown, one table for each document and reason."""
    parts = [_HEAD]
    for name, changes in bundle.changes.items():
        if not changes:
            continue
        parts.append(f"\n## `{name}`\n")
        for reason in dict.fromkeys(change.reason for change in changes):
            parts.append(f"\n{' '.join(reason.split())}\n\n| where | published | bundle |\n|---|---|---|\n")
            parts += [_row(change) for change in changes if change.reason == reason and not _is_prose(change)]
    return "".join(parts)


def _is_prose(change: Change) -> bool:
    return change.location[-1] in ("description", "example", "summary")


def _row(change: Change) -> str:
    return f"| `{show(change.location)}` | {_cell(change.published)} | {_cell(change.bundled)} |\n"


def _cell(value: object) -> str:
    return (
        "absent" if value is ABSENT else f"`{json.dumps(value, ensure_ascii=False, default=str)}`".replace("|", "\\|")
    )
