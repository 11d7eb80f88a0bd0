"""What this package raises.

::

    BrexError
    ├── InvalidArgument    what the caller passed cannot be right; also a ValueError
    └── SpecError          an OpenAPI document, overlay or generated tree is not what the build needs
"""

from __future__ import annotations


class BrexError(Exception):
    """Root of everything that leaves this package."""


class InvalidArgument(BrexError, ValueError):
    """An argument cannot be right; the text names it and the remedy."""


class SpecError(BrexError):
    """A document, an overlay or the generated tree is not what the build needs; the text names the place."""


__all__ = ["BrexError", "InvalidArgument", "SpecError"]
