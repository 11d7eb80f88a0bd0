"""What a module imports when it runs, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..errors import VendorError


def imported(path: str, source: bytes) -> set[str]:
    """Full names of what a module imports, in functions too, but for what is for type checkers only.

    A name that comes from a package is listed as if it were a module: it may be one.

    Args:
        path: Its place below the folder that holds its outermost package.
        source: Its text.

    Raises:
        VendorError: It is no Python.
    """
    package = path.removesuffix(".py").split("/")[:-1]
    return {name for node in _running(parsed(path, source)) for name in _names(node, package)}


def parsed(path: str, source: bytes) -> ast.Module:
    """The syntax tree of a module.

    Args:
        path: What to call it in an error.
        source: Its text.

    Raises:
        VendorError: It is no Python.
    """
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        place = f"{path}, line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else path
        message = f"{place}: this is no Python ({error.args[0]}); restore the file"
        raise VendorError(message) from error


def _running(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for other in child.orelse:
                yield from (other, *_running(other))
        else:
            yield child
            yield from _running(child)


def _names(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


__all__ = ["imported", "parsed"]
