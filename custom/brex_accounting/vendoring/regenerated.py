"""What a copy says about itself after a new document has changed files of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from ..errors import VendorError
from .manifest import PLACE, Manifest, digest, spec_revision
from .source import INPUTS

_DOCUMENT: Final = re.compile(re.escape(INPUTS) + r"/openapi/(\w+_api\.yaml)")


def manifest_after(folder: Path, made: Path, names: Iterable[str]) -> bytes | None:
    """The text of a copy's manifest that says that files were made again, and not edited.

    It is to be written together with them, or not at all.

    Args:
        folder: The one that holds both packages, as they are.
        made: The one that holds what takes the place of some of it.
        names: What is replaced: files and whole folders, by place below both; those that ``made`` lacks are removed.

    Returns:
        The text for ``PLACE``, None where the folder holds no copy but an installation or a checkout.

    Raises:
        VendorError: The manifest cannot be understood, or a file cannot be read.
    """
    if not (folder / PLACE).exists():
        return None
    try:
        changed: dict[str, bytes | None] = {}
        documents = {file.name: file.read_bytes() for file in (folder / INPUTS / "openapi").glob("*_api.yaml")}
        for name in names:
            changed |= dict.fromkeys(_files(folder, name))
            changed |= {path: (made / path).read_bytes() for path in _files(made, name)}
    except OSError as error:
        message = f"{error.filename or folder}: cannot be read ({error.strerror}); let this user read it"
        raise VendorError(message) from error
    for path, text in changed.items():
        match = _DOCUMENT.fullmatch(path)
        if match is not None and text is not None:
            documents[match[1]] = text
    return Manifest.read(folder).with_regenerated(changed, spec_revision(documents)).dump()


def refuse_edits(folder: Path, made: Path, names: Collection[str]) -> None:
    """Make sure that files which are to be made again do not take the place of what somebody changed.

    Args:
        folder: The one that holds both packages; where it holds no copy, version control has what is replaced.
        made: The one that holds what takes the place of some of it.
        names: What is replaced, and made of nothing but documents: files and whole folders, by place below both.

    Raises:
        VendorError: A file was edited or added there, a link put there, or one cannot be read.
    """
    if not (folder / PLACE).exists():
        return
    manifest = Manifest.read(folder)
    as_made = {path: entry.sha256 for path, entry in manifest.files.items()} | dict(manifest.regenerated)
    edited = [path for name in names for path in _links(folder, name)]
    try:
        for path in sorted({path for name in names for path in _files(folder, name)}):
            mine = digest((folder / path).read_bytes())
            new = digest((made / path).read_bytes()) if (made / path).is_file() else None
            if mine not in (as_made.get(path), new) and path not in edited:
                edited.append(path)
    except OSError as error:
        message = f"{error.filename or folder}: cannot be read ({error.strerror}); let this user read it"
        raise VendorError(message) from error
    if edited:
        message = (
            f"{folder}: nothing was written, since files that are made from documents were changed here "
            f"({len(edited)}, such as {edited[0]}); bring the changes into {INPUTS}, and move these files elsewhere"
        )
        raise VendorError(message)


def _links(folder: Path, name: str) -> list[str]:
    places = (folder / name, *(folder / name).rglob("*"))
    return [place.relative_to(folder).as_posix() for place in places if place.is_symlink()]


def _files(folder: Path, name: str) -> Iterator[str]:
    place = folder / name
    for file in [place] if place.is_file() else place.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(folder).as_posix()


__all__ = ["PLACE", "manifest_after", "refuse_edits"]
