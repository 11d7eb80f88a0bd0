"""Names that a package hands out and does not import before somebody asks for them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def on_demand(package: str, homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """What a package takes for its ``__getattr__`` (PEP 562).

    Args:
        package: Its ``__name__``.
        homes: The names that each of its modules defines.

    Returns:
        A function that imports a name from its home, once.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> object:
        if name not in home_of:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        found: object = getattr(import_module(f".{home_of[name]}", package), name)
        setattr(sys.modules[package], name, found)
        return found

    return find


__all__ = ["on_demand"]
