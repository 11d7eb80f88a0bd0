"""What commands print: a table for people, or one JSON object a line for machines."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection, Sequence
from typing import Annotated, Any, Final, Literal, NoReturn

import typer

from .ending import Failure

OutputFormat = Literal["table", "jsonl"]

Output = Annotated[
    OutputFormat, typer.Option("--output", help="A table for people, or one JSON object a line for machines.")
]

_READER_GONE: Final = 141
"""128 and the number of SIGPIPE: what shells show of a command whose reader has gone, such as ``head``."""

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]', re.DOTALL)
"""Strings and structure of a JSON text; what stands between them is white space, numbers and names."""


class Table:
    """Rows that are printed together: their widths are known only when all of them are there.

    Args:
        headings: The names of the columns.
        right: Those of columns that hold numbers.
    """

    def __init__(self, headings: Sequence[str], *, right: Collection[str] = ()) -> None:
        self._headings = tuple(headings)
        self._right = [heading in right for heading in headings]
        self._rows: list[tuple[str, ...]] = []

    def add(self, *cells: str | None) -> None:
        """Add a row.

        Args:
            *cells: One for each heading; None for what is not there.
        """
        self._rows.append(tuple(_printable(cell or "-") for cell in cells))

    def print(self) -> None:
        """Print it all: as wide as it needs to be, unless it is for a terminal."""
        if sys.stdout.isatty():
            self._show()
            return
        rows = [self._headings, *self._rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        _write(b"".join(self._line(row, widths) for row in rows))

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> bytes:
        cells = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, self._right, strict=True)
        ]
        return "  ".join(cells).rstrip().encode() + b"\n"

    def _show(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - a pipe does without
        from rich.table import Table as RichTable  # noqa: PLC0415 - see above
        from rich.text import Text  # noqa: PLC0415 - see above

        table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for heading, right in zip(self._headings, self._right, strict=True):
            table.add_column(heading, justify="right" if right else "left", overflow="fold")
        for row in self._rows:
            table.add_row(*map(Text, row))
        Console(highlight=False).print(table)


def print_text(text: str) -> None:
    """Print lines for people, at once.

    Args:
        text: The lines, without the last line break; nothing in them moves the cursor of a terminal.
    """
    _write("".join(f"{_printable(line)}\n" for line in text.split("\n")).encode())


def print_json_line(value: bytes | dict[str, Any]) -> None:
    """Print one JSON object on a line, at once.

    Args:
        value: The object, or its text in UTF-8, which stays as it is but for its line breaks.
    """
    text = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    _write(re.sub(rb"[\r\n]+", b" ", text) + b"\n")


def without_member(text: bytes, name: str) -> bytes:
    """The text of a JSON object without the members of one name, at whatever depth; all else is as it came.

    Numbers and characters are never read, so that none of them can come out changed.

    Args:
        text: The object, in UTF-8.
        name: What the members are called.
    """
    kept = bytearray()
    copied = depth = 0
    cut_at: int | None = None  # the depth of a member that is being cut out
    string: re.Match[bytes] | None = None
    for token in _TOKEN.finditer(text):
        mark = token[0]
        closes = mark in b"]}"
        if cut_at == depth and (mark == b"," or closes):
            copied, cut_at = _end_of_cut(kept, token), None
        elif cut_at is None and mark == b":" and string is not None and _is(string[0], name):
            kept += text[copied : string.start()]
            cut_at = depth
        depth += (mark in b"[{") - closes
        string = token if mark.startswith(b'"') else None
    return bytes(kept + text[copied:]) if cut_at is None else bytes(kept)


def _end_of_cut(kept: bytearray, end: re.Match[bytes]) -> int:
    """Where copying goes on after a member; the last one takes the comma before it along."""
    if end[0] == b",":
        return end.end()
    before = kept.rstrip()
    if before.endswith(b","):
        del kept[len(before) - 1 :]
    return end.start()


def _is(string: bytes, name: str) -> bool:
    if b"\\" not in string:
        return string[1:-1] == name.encode()
    try:
        return bool(json.loads(string) == name)
    except ValueError:
        return False


def _printable(cell: str) -> str:
    """Nothing that came over the wire moves the cursor of a terminal or breaks a line."""
    return "".join(character if character.isprintable() else "?" for character in cell)


def _write(text: bytes) -> None:
    """Write to the standard output, and not into a buffer, where whoever reads it would wait for more."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except OSError as error:
        _end(error)


def _end(error: OSError) -> NoReturn:
    # The interpreter writes what is left over once more when it ends, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        raise typer.Exit(_READER_GONE)
    message = f"the output cannot be written: {error.strerror}"
    raise Failure(message) from None


__all__ = ["Output", "OutputFormat", "Table", "print_json_line", "print_text", "without_member"]
