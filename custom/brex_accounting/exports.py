"""Names that a package hands out and does not import before somebody asks for them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

PARTS: Final = ("export", "emulator", "testing", "cli", "spec")
"""The packages within this one that a vendored copy may do without."""


def on_demand(package: str, homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """What a package takes for its ``__getattr__`` (PEP 562).

    Args:
        package: Its ``__name__``.
        homes: The names that each of its modules defines.

    Returns:
        A function that imports a name from its home, once; it raises ``ModuleNotFoundError`` with a remedy for the
        name of a part that a vendored copy was made without.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> object:
        if name not in home_of:
            if absent := left_out(f"{package}.{name}"):
                raise ModuleNotFoundError(absent, name=f"{package}.{name}")
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        found: object = getattr(import_module(f".{home_of[name]}", package), name)
        setattr(sys.modules[package], name, found)
        return found

    return find


def left_out(module: str | None) -> str | None:
    """Why a module cannot be imported, if it is that a vendored copy of the package was made without a part.

    Args:
        module: Its full name, as ``ModuleNotFoundError.name`` has it.

    Returns:
        A sentence that names the part and the remedy, None where something else is missing.
    """
    part = (module or "").removeprefix(f"{__package__}.")
    if part not in PARTS or (Path(__file__).parent / part).is_dir():
        return None
    return f"{module}: this copy was made without the part {part!r}; make it again with --parts that name it too"


__all__ = ["PARTS", "left_out", "on_demand"]
