"""A made-up package, written into a folder and read as the project's own are."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from tools.api.surface import Fact, read

PACKAGE = "made_up"


def write(folder: Path, modules: Mapping[str, str]) -> Path:
    """Write the package's modules, ``__init__`` among them, below ``folder/custom``; gives ``folder``."""
    home = folder / "custom" / PACKAGE
    home.mkdir(parents=True, exist_ok=True)
    for name, source in modules.items():
        (home / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return folder


def surface(folder: Path, source: str, **modules: str) -> dict[str, Fact]:
    """What is public of a package whose ``__init__`` is given, and other modules."""
    write(folder, {"__init__": source, **modules})
    return read([PACKAGE], [folder / "custom"])
