"""How a copy differs from what it was made as, and from what it would be made as now."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path

from attrs import frozen

from ..errors import VendorError
from .manifest import PLACE, Manifest, digest
from .parts import LOW_LEVEL, PACKAGE


class Kind(Enum):
    """What is to be said about a file.

    Attributes:
        EDITED: Changed here since it was made.
        EXTRA: Here, and no file of the copy.
        MISSING: A file of the copy, and not here.
        BEHIND: Another one in what the copy is compared with: other, new or gone.
        KEPT: Edited here, and kept so in an update on request.
        REGENERATED: Made again here from a new document.
    """

    EDITED = "edited"
    EXTRA = "extra"
    MISSING = "missing"
    BEHIND = "behind"
    KEPT = "kept edit"
    REGENERATED = "regenerated here"

    @property
    def is_problem(self) -> bool:
        """Whether somebody has to do something about it."""
        return self not in (Kind.KEPT, Kind.REGENERATED)


@frozen
class Difference:
    """One thing to be said about one file.

    Attributes:
        kind: What.
        path: Its place in the copy.
    """

    kind: Kind
    path: str


def read_tree(folder: Path) -> dict[str, bytes]:
    """All files of a copy, by place, without its manifest and what Python keeps beside modules.

    Args:
        folder: The one that holds both packages.

    Raises:
        VendorError: A file cannot be read, or is none: a link would be followed to somewhere else.
    """
    found: dict[str, bytes] = {}
    try:
        for package in (PACKAGE, LOW_LEVEL):
            for file in _walk(folder / package):
                if file.is_symlink() or not file.is_file():
                    message = f"{file}: is no file of its own, but a link or a device; put the file itself there"
                    raise VendorError(message)
                found[file.relative_to(folder).as_posix()] = file.read_bytes()
    except OSError as error:
        message = f"{error.filename or folder}: cannot be read ({error.strerror}); let this user read it"
        raise VendorError(message) from error
    found.pop(PLACE, None)
    return found


def differences(manifest: Manifest, here: Mapping[str, bytes], anew: Mapping[str, bytes] | None) -> list[Difference]:
    """What is to be said about a copy, by place.

    Args:
        manifest: What the copy says about itself.
        here: Its files.
        anew: The files as they would be made now, None to compare with the manifest alone.
    """
    paths = {*manifest.files, *here, *manifest.regenerated, *(anew or ())}
    return [Difference(kind, path) for path in sorted(paths) for kind in _kinds(path, manifest, here, anew)]


def _kinds(
    path: str, manifest: Manifest, here: Mapping[str, bytes], anew: Mapping[str, bytes] | None
) -> Iterator[Kind]:
    entry = manifest.files.get(path)
    made = None if entry is None else entry.sha256
    mine = digest(here[path]) if path in here else None
    if path in manifest.regenerated and manifest.regenerated[path] == mine:
        yield Kind.REGENERATED
    elif mine is None and (made is not None or manifest.regenerated.get(path) is not None):
        yield Kind.MISSING
    elif mine != made:
        kept = manifest.kept_edits.get(path) == mine
        yield Kind.KEPT if kept else Kind.EXTRA if made is None else Kind.EDITED
    if anew is not None and (digest(anew[path]) if path in anew else None) != made:
        yield Kind.BEHIND


def diff(path: str, made: bytes | None, mine: bytes | None, *, label: str) -> str:
    """A unified diff from a file of a release to the one that is here.

    Args:
        path: Its place in the copy.
        made: The file as it would be made; None where there is none.
        mine: The file as it is; None where there is none.
        label: What to call the former.
    """
    names = ("/dev/null" if made is None else f"{label}/{path}", "/dev/null" if mine is None else f"here/{path}")
    lines = difflib.unified_diff(_text(made), _text(mine), *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _text(data: bytes | None) -> list[str]:
    return list(io.StringIO((data or b"").replace(b"\r\n", b"\n").decode(errors="replace"), newline="\n"))


def _walk(folder: Path) -> Iterable[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            if entry.name != "__pycache__":
                yield from _walk(entry)
        else:
            yield entry


__all__ = ["Difference", "Kind", "diff", "differences", "read_tree"]
