"""Ids that look random and never repeat."""

from __future__ import annotations

from typing import Final

_MASK: Final = (1 << 48) - 1
_STEP: Final = 0x9E3779B97F4B  # odd, so that the walk visits every number of 48 bits once before it repeats one


class Ids:
    """Twelve hexadecimal digits, other ones each time.

    Args:
        random: A number from 0 to below 1 that says where to start.
    """

    def __init__(self, random: float) -> None:
        self._last = int(random * _MASK)

    def __call__(self) -> bytes:
        """The next one."""
        self._last = (self._last + _STEP) & _MASK
        return b"%012x" % self._last


__all__ = ["Ids"]
