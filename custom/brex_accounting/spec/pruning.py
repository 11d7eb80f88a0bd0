"""Overlay files without the actions that have become needless."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from . import roundtrip


def pruned(path: Path, numbers: Collection[int]) -> str | None:
    """The text of an overlay file without some actions, its layout and comments kept.

    An anchor that stands at an action that goes moves to the next one that refers to it.

    Args:
        path: The file; it is read, not written.
        numbers: Which actions go, counted from 1.

    Returns:
        The text, None if no action is left: an overlay has at least one.
    """
    overlay: Any = roundtrip.read(path)
    for number in sorted(numbers, reverse=True):
        del overlay["actions"][number - 1]
    return roundtrip.text_of(overlay) if overlay["actions"] else None


__all__ = ["pruned"]
