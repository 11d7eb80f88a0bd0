"""A tree that changes whole or not at all: what is new is made beside it, and moved in at the end.

While files are moved, a folder at the root holds what they replace and a list of the moves. Whoever finds that folder
knows that a run was cut off, even by ``kill -9``, and puts back what was there before.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from filelock import FileLock, Timeout

from ..errors import SpecError
from ..vendoring.staging import MOVING, state

_LOCK = ".generate-lock"
_STAGED = ".generate-staged-"
_MOVES = "moves.json"


def settle(root: Path) -> None:
    """Put right what a run that was cut off has left half done, before anything is read.

    Raises:
        SpecError: Another run is changing the tree, or what a run left cannot be put right.
    """
    if (root / MOVING).exists():
        with _alone(root):
            pass  # it settles what is there


@contextmanager
def beside(root: Path) -> Generator[Path]:
    """A folder at the root in which a tree is made to be looked at; it is gone afterwards.

    Raises:
        SpecError: Another run is changing the tree.
    """
    settle(root)
    with TemporaryDirectory(prefix=".generate-", dir=root, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def staged(root: Path) -> Generator[Path]:
    """A folder at the root in which a tree is made to be moved in, by one run at a time.

    What a run that was cut off has left is put right first.

    Raises:
        SpecError: Another run is changing the tree, or what a run left cannot be put right.
        OSError: The folder cannot be made.
    """
    with _alone(root):
        for left in root.glob(f"{_STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(mkdtemp(prefix=_STAGED, dir=root))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(root: Path) -> Generator[None]:
    lock = FileLock(root / _LOCK, blocking=False, fallback_to_soft=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        message = f"{root}: another run is changing this tree; wait until it has ended"
        raise SpecError(message) from error
    try:
        _settle(root)
        yield
    finally:
        # Whoever waits for the lock sees that its file is gone, and makes another one.
        with contextlib.suppress(OSError):
            (root / _LOCK).unlink(missing_ok=True)
        lock.release()


def move_in(folder: Path, root: Path, names: Sequence[str]) -> None:
    """Put files and folders in the place of those that are there, all of them or none.

    Args:
        folder: What ``staged`` gave: holds the new ones below ``after``; what is not there is removed from the tree.
        root: The tree.
        names: Paths below both, with ``/`` between their parts; none inside another.

    Raises:
        OSError: One cannot be moved; the tree is as it was.
    """
    moving = root / MOVING
    moves = [
        {"name": name, "replaces": (root / name).exists(), "new": state(folder / "after" / name)} for name in names
    ]
    (folder / _MOVES).write_text(json.dumps(moves), encoding="utf-8")
    try:
        folder.rename(moving)
        for name in names:
            before, after = moving / "before" / name, moving / "after" / name
            for source, target in ((root / name, before), (after, root / name)):
                if source.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source.replace(target)
        moving.rename(folder)
    except BaseException:  # an interrupt, too, must leave the tree as it was
        if moving.exists():
            _undo(moving, root)
            moving.rename(folder)
        raise


def _settle(root: Path) -> None:
    moving = root / MOVING
    if not moving.exists():
        return
    _undo(moving, root)
    done = Path(mkdtemp(prefix=_STAGED, dir=root))
    moving.rename(done / "settled")
    shutil.rmtree(done, ignore_errors=True)


def _undo(moving: Path, root: Path) -> None:
    """Put back what was there before the moves, however many of them have been made, and however often it is tried."""
    moves: list[dict[str, object]] = json.loads((moving / _MOVES).read_text(encoding="utf-8"))
    for move in reversed(moves):
        name = str(move["name"])
        here, before, after = root / name, moving / "before" / name, moving / "after" / name
        if before.exists():
            if here.exists():
                if after.exists():
                    message = (
                        f"{here}: was written after a run that was cut off had put it aside; compare it with {before}, "
                        f"then remove {before.parent / before.name}, or put it back yourself"
                    )
                    raise SpecError(message)
                _refuse_changed(here, move)
                after.parent.mkdir(parents=True, exist_ok=True)
                here.replace(after)
            before.replace(here)
        elif not move["replaces"] and here.exists() and not after.exists():
            _refuse_changed(here, move)
            here.replace(after)


def _refuse_changed(here: Path, move: Mapping[str, object]) -> None:
    """Make sure that what was put in place, and is to go again, is all that goes."""
    if state(here) != move.get("new", state(here)):  # a run of an older version does not say
        message = (
            f"{here}: was changed after a run that was cut off had put it there; move it elsewhere, run this again, "
            "and bring the changes back"
        )
        raise SpecError(message)


__all__ = ["beside", "move_in", "settle", "staged"]
