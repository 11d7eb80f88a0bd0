"""New folders in the place of old ones, all of them or none.

They are made in a folder beside those that they replace, so that what is left to do is to rename. The file ``commit``
there means that all of them are made, and tells what they replace: whoever finds that some are renamed goes on, and
whoever finds that none is throws the folder away. So a process that was killed leaves what was there or, as soon as the
next one has looked, what is to be there; what somebody changes before that is not lost.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ..errors import VendorError

NAME: Final = ".brex-accounting-vendor"
"""The folder that they are made in."""

MOVING: Final = ".generate-moving"
"""The folder that holds what is replaced while a client is made again from documents; where it stays, it was killed."""


def is_interrupted(folder: Path) -> bool:
    """Whether a process that put packages there was killed, or is still at work.

    Args:
        folder: The one that holds the packages.
    """
    return (folder / NAME).exists()


@contextmanager
def sole(folder: Path, *, dry_run: bool) -> Generator[None]:
    """Be the only process that changes what a folder holds, and end what a killed one began.

    Args:
        folder: The one that holds the packages; it need not exist.
        dry_run: Change nothing.

    Raises:
        VendorError: Another process is at work there, a killed one has to be ended in a dry run, or the folder cannot
            be written.
    """
    # The lock is elsewhere: a file that stays would be committed together with the copy.
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    user = 0 if sys.platform == "win32" else os.getuid()
    lock_path = Path(tempfile.gettempdir()) / f"brex-accounting-vendor-{user}-{name}.lock"
    lock = FileLock(lock_path, mode=0o600, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        message = f"{folder}: another process is making a copy there; try again when it is done"
        raise VendorError(message) from error
    except OSError as error:
        message = f"{lock_path}: cannot be locked ({error.strerror}); set TMPDIR to a folder that this user may write"
        raise VendorError(message) from error
    try:
        if dry_run and is_interrupted(folder):
            message = f"{folder}: a process that made a copy there was killed; run it without --dry-run to end that"
            raise VendorError(message)
        with _explained(folder):
            _settle(folder)
        yield
    finally:
        lock.release()


def put(
    folder: Path, packages: Iterable[str], files: Mapping[str, bytes], *, read: Mapping[str, str] | None = None
) -> None:
    """Put packages into a folder, in the place of those of the same name. What stays as it is keeps its mode.

    Args:
        folder: Where; made if there is none.
        packages: Their names.
        files: All of their files, by place below the folder.
        read: What ``state`` gave for each of them when it was read for this; None where that is just now.

    Raises:
        VendorError: It cannot be written, or somebody has changed a package since it was read. Nothing has changed
            then, nor where this is interrupted.
    """
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    stage = folder / NAME
    try:
        with _explained(folder):
            for path, data in files.items():
                place = stage / "new" / path
                place.parent.mkdir(parents=True, exist_ok=True)
                _write(place, data)
                if (folder / path).is_file() and (folder / path).read_bytes() == data:
                    shutil.copymode(folder / path, place)
            replaced = {name: state(folder / name) for name in packages}
            _refuse_meddling(folder, replaced, read or replaced)
            _write(stage / "commit", "".join(f"{name} {before}\n" for name, before in replaced.items()).encode())
            _swap(folder)
    except BaseException:  # an interrupt, too, must leave what was there
        with suppress(OSError):
            _back(folder)
            shutil.rmtree(stage, ignore_errors=True)
            for parent in made:
                parent.rmdir()
        raise
    shutil.rmtree(stage, ignore_errors=True)


def state(package: Path) -> str:
    """A hash of a package's files, without what Python keeps beside modules.

    Args:
        package: Its folder, or one file; one that is not there has no files.
    """
    places = [package] if package.is_file() else package.rglob("*")
    files = sorted(file for file in places if "__pycache__" not in file.parts and file.is_file())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(package)}\n" for file in files]
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def _refuse_meddling(folder: Path, replaced: Mapping[str, str], read: Mapping[str, str]) -> None:
    for name, before in replaced.items():
        if read[name] != before:
            message = f"{folder / name}: was changed while the copy was being made; nothing was written, run it again"
            raise VendorError(message)


def _settle(folder: Path) -> None:
    stage = folder / NAME
    if (stage / "commit").exists() and any(_is_renamed(stage, name) for name in _replaced(stage)):
        for name, before in _replaced(stage).items():
            place = folder / name
            if (stage / "new" / name).exists() and place.exists() and state(place) != before:
                message = (
                    f"{place}: was changed after a process that replaced it had been killed; move it elsewhere, run "
                    "this again, and bring the changes back"
                )
                raise VendorError(message)
        _swap(folder)
    if stage.exists():
        # In this order: what is left of it must not look as if all were made.
        (stage / "commit").unlink(missing_ok=True)
        shutil.rmtree(stage)


def _is_renamed(stage: Path, name: str) -> bool:
    return (stage / "old" / name).exists() or not (stage / "new" / name).exists()


def _replaced(stage: Path) -> dict[str, str]:
    """The packages that are to be replaced, and what each of them was like."""
    lines = (stage / "commit").read_text(encoding="utf-8").splitlines()
    return {name: before for name, _, before in (line.partition(" ") for line in lines)}


def _swap(folder: Path) -> None:
    stage = folder / NAME
    for name in _replaced(stage):
        new, old, place = stage / "new" / name, stage / "old" / name, folder / name
        if not new.exists():  # done by whoever was killed
            continue
        if place.exists():
            if old.exists():  # somebody has put back what was there
                shutil.rmtree(old)
            old.parent.mkdir(exist_ok=True)
            place.replace(old)
        new.replace(place)
    (stage / "commit").unlink()


def _back(folder: Path) -> None:
    stage = folder / NAME
    if not (stage / "commit").exists():
        return
    for name in _replaced(stage):
        new, old, place = stage / "new" / name, stage / "old" / name, folder / name
        if not new.exists() and place.exists():
            place.replace(new)
        if old.exists():
            old.replace(place)
    (stage / "commit").unlink()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _explained(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        message = f"{error.filename or folder}: cannot be written ({error.strerror}); nothing was changed"
        raise VendorError(message) from error


__all__ = ["MOVING", "NAME", "is_interrupted", "put", "sole", "state"]
