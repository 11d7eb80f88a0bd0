"""The files of an export: books, mapping, journal and grant are files of their own, each with others beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Final

from .ending import Refusal

_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "--erp": (".index", ".index-journal", ".index-wal", ".index-shm", ".lock"),
    "--journal": ("-wal", "-shm", "-journal"),
    "--token-file": (".lock",),
}
"""What is written beside each file, by what comes behind its name."""


def check_apart(erp: str, mapping: Path | None, journal: Path, token_file: Path | None) -> None:
    """Make sure that no two of the options lead to the same file: one would be written over the other.

    Args:
        erp: What ``--erp`` says.
        mapping: What ``--mapping`` says, None for the file beside the books.
        journal: What ``--journal`` says.
        token_file: Where the grant is, None where it is not in a file.

    Raises:
        Refusal: Two of them do; the text names both options.
    """
    kind, _, books = erp.partition(":")
    named: dict[str, Path] = {"--journal": journal}
    if kind == "beancount" and Path(books).name:
        named = {"--erp": Path(books), "--mapping": mapping or mapping_beside(books), **named}
    if token_file is not None:
        named["--token-file"] = token_file
    for first, second in combinations(named, 2):
        _check(first, second, named)


def mapping_beside(books: str) -> Path:
    """The mapping that is taken where none is named.

    Args:
        books: The path of the books, with a name at its end.
    """
    return Path(books).with_suffix(".toml")


def _check(first: str, second: str, named: Mapping[str, Path]) -> None:
    for one, beside_one in _files(first, named[first]):
        for other, beside_other in _files(second, named[second]):
            if (beside_one and beside_other) or not _is_same(one, other):
                continue
            keeper = first if beside_one else second if beside_other else None
            what = "both lead to" if keeper is None else "one leads to what is kept beside the other,"
            message = f"{first} and {second}: {what} {str(one)!r}; each needs a file of its own, by another name"
            raise Refusal(message)


def _files(option: str, path: Path) -> Iterator[tuple[Path, bool]]:
    """The file, and those beside it."""
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError):  # whoever opens it says what is wrong with it
        return
    yield resolved, False
    for suffix in _BESIDE.get(option, ()):
        yield resolved.with_name(resolved.name + suffix), True


def _is_same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return one.samefile(other)  # a hard link, or a disk that does not tell capitals from small letters
    except (OSError, ValueError):
        return False


__all__ = ["check_apart", "mapping_beside"]
