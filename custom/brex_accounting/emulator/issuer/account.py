"""What the issuer needs of a tenant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from ..variants import Variants


class Account(Protocol):
    """A tenant."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def lived(self) -> datetime:
        """The instant that its tokens live by."""
        ...

    @property
    def variants(self) -> Variants:
        """How rotation and expiry are played; read anew for each request."""
        ...


FindAccount = Callable[[str], Account | None]
"""Finds a tenant by its name."""

__all__ = ["Account", "FindAccount"]
