"""Imports of the two packages, so that they find a copy.

Places come from the syntax tree; all other bytes stay as they are, comments and line ends included.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

from attrs import frozen

from ..errors import VendorError
from .imports import parsed
from .parts import LOW_LEVEL, PACKAGE

_NAMES = frozenset({PACKAGE, LOW_LEVEL})


@frozen
class _Edit:
    start: int
    end: int
    text: str


def relative(path: str, source: bytes) -> bytes:
    """A module of the packages with imports that do not name the packages' parent.

    Args:
        path: Its place in a copy.
        source: Its text.

    Raises:
        VendorError: It is no Python, or has an import that cannot be rewritten.
    """
    return rewritten(path, source, "." * (path.count("/") + 1))


def rewritten(path: str, source: bytes, parent: str) -> bytes:
    """A module whose imports of the packages find those below a parent.

    Args:
        path: What to call it in an error.
        source: Its text.
        parent: The parent package, as an import would name it: ``acme_erp._vendor``, or dots alone.

    Raises:
        VendorError: It is no Python, or has an import that cannot be rewritten.
    """
    if PACKAGE.encode() not in source:  # in neither name: most modules of a copy
        return source
    tree = parsed(path, source)
    places = _Places(source)
    edits: list[_Edit] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(_is_ours(alias.name) for alias in node.names):
            edits.append(_Edit(*places.of(node), "; ".join(_statements(path, node, parent))))
        elif isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
            start, end = _module_name(source, places.of(node))
            edits.append(_Edit(start, end, _below(parent, node.module or "")))
    for edit in sorted(edits, key=lambda edit: -edit.start):
        source = source[: edit.start] + edit.text.encode() + source[edit.end :]
    return source


class _Places:
    """Where nodes of a syntax tree are in its source, in bytes."""

    def __init__(self, source: bytes) -> None:
        mark = len(b"\xef\xbb\xbf") if source.startswith(b"\xef\xbb\xbf") else 0
        self._lines = [mark]
        for line in _lines(source[mark:].decode()):
            self._lines.append(self._lines[-1] + len(line.encode()))

    def of(self, node: ast.stmt) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[end_line - 1] + end_column


def _module_name(source: bytes, place: tuple[int, int]) -> tuple[int, int]:
    """Where the name between ``from`` and ``import`` is, in bytes."""
    text = source[place[0] : place[1]].decode()
    lines = _lines(text)
    before = [0]
    for line in lines:
        before.append(before[-1] + len(line))
    found: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(iter(lines).__next__):
        if token.string == "import":
            break
        if token.string != "from" and token.string.strip():
            found.append((before[token.start[0] - 1] + token.start[1], before[token.end[0] - 1] + token.end[1]))
    start, end = (len(text[:at].encode()) for at in (found[0][0], found[-1][1]))
    return place[0] + start, place[0] + end


def _statements(path: str, node: ast.Import, parent: str) -> Iterator[str]:
    for alias in node.names:
        renamed = f" as {alias.asname}" if alias.asname else ""
        package, _, inner = alias.name.partition(".")
        if not _is_ours(alias.name):
            yield f"import {alias.name}{renamed}"
        elif not parent.startswith("."):
            name = _below(parent, alias.name)
            if alias.asname:
                yield f"import {name}{renamed}"
                continue
            if inner:
                yield f"import {name}"
            yield f"import {_below(parent, package)} as {package}"
        elif not inner:
            yield f"from {parent} import {package}{renamed}"
        elif alias.asname:
            above, _, last = alias.name.rpartition(".")
            yield f"from {_below(parent, above)} import {last}{renamed}"
        else:
            message = (
                f"{path}, line {node.lineno}: `import {alias.name}` has no relative form; write "
                f"`from {alias.name.rpartition('.')[0]} import {alias.name.rpartition('.')[2]}`"
            )
            raise VendorError(message)


def _lines(text: str) -> list[str]:
    """Lines as Python counts them; ``splitlines`` knows more characters that end one."""
    return list(io.StringIO(text, newline=""))


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in _NAMES


def _below(parent: str, name: str) -> str:
    return parent + name if parent.endswith(".") else f"{parent}.{name}"


__all__ = ["relative", "rewritten"]
