"""Where a copy goes, and what it is called there."""

from __future__ import annotations

import keyword
import os
from importlib.machinery import PathFinder
from pathlib import Path

from ..errors import VendorError
from .manifest import PLACE
from .parts import LOW_LEVEL, PACKAGE
from .staging import MOVING


def package_of(folder: Path, named: str | None, *, passed: Path | None = None) -> str:
    """The dotted name of the package that a folder is.

    Args:
        folder: Where the copy goes.
        named: The name that was given; None to read it from the folders above, as far as they are packages.
        passed: The folder as it was passed, where links may lead to it under another name.

    Raises:
        VendorError: The name does not fit the folder.
    """
    if named is None:
        names = [folder.name]
        above = folder.parent
        while (above / "__init__.py").exists():
            names.insert(0, above.name)
            above = above.parent
        _check_name(".".join(names), f"{folder}: ")
        return ".".join(names)
    _check_name(named, "--package: ")
    parts = named.split(".")
    if not ends_as(folder, named, passed=passed) and not _is_importable_as(folder, parts):
        fits = "/".join(("…", *parts))
        message = f"--package: {named} would be {fits}, and the copy goes to {folder}; name one of them otherwise"
        raise VendorError(message)
    return named


def ends_as(folder: Path, named: str, *, passed: Path | None = None) -> bool:
    """Whether the end of a path is the name of a package.

    Args:
        folder: As ``located`` gives it.
        named: The dotted name.
        passed: The folder as it was passed, where links may lead to it under another name.
    """
    parts = named.split(".")
    places = [folder] if passed is None else [folder, Path(os.path.abspath(passed))]  # noqa: PTH100 - keeps links
    return any(list(place.parts[-len(parts) :]) == parts for place in places)


def located(folder: Path) -> Path:
    """A destination as it is on the disk.

    Args:
        folder: As it is passed.

    Raises:
        VendorError: It is no folder.
    """
    place = Path(os.path.realpath(folder))
    if place.exists() and not place.is_dir():
        message = f"{folder}: is a file; name the folder of a package"
        raise VendorError(message)
    return place


def refuse_others(place: Path) -> None:
    """Make sure that a destination holds a copy, or nothing of the names that a copy has.

    Args:
        place: As ``located`` gives it.

    Raises:
        VendorError: It does not.
    """
    if (place / MOVING).exists():
        message = (
            f"{place}: its client was being made again from documents, and a process was killed at that, or is at it; "
            f"run its `{PACKAGE}.spec check`, which puts back what was there, and then this"
        )
        raise VendorError(message)
    is_copy = (place / PLACE).is_file()
    for name in (PACKAGE, LOW_LEVEL):
        inner = place / name
        if inner.is_symlink() or (inner.exists() and not inner.is_dir()):
            message = f"{inner}: is a link or a file, and a copy is a folder of its own; remove it"
            raise VendorError(message)
        if inner.exists() and not is_copy:
            message = f"{inner}: is there, and no copy that `vendor` made; remove it, or name another folder"
            raise VendorError(message)


def _check_name(named: str, where: str) -> None:
    for part in named.split("."):
        if not part.isidentifier() or keyword.iskeyword(part):
            message = f"{where}{part!r} cannot be the name of a package; use one that Python can import"
            raise VendorError(message)


def _is_importable_as(folder: Path, parts: list[str]) -> bool:
    """Whether Python would find the folder under the name; nothing is imported for that."""
    path: list[str] | None = None
    for part in parts:  # by its last name: the whole one would need the packages above to be imported
        spec = PathFinder.find_spec(part, path)
        if spec is None or spec.submodule_search_locations is None:
            return False
        path = list(spec.submodule_search_locations)
    return any(os.path.realpath(place) == str(folder) for place in path or ())


__all__ = ["ends_as", "located", "package_of", "refuse_others"]
