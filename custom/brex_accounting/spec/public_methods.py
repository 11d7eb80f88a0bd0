"""Which public methods use an operation, read off the hand-written package that these tools stand in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .definitions import Definitions, Key

_RESOURCES: Final = "resources"
_CLIENT: Final = "client.py"
_IMPORTS_OPERATIONS: Final = re.compile(r"^\s*from\s+[\w.]*\bapi\.\w+\s+import\b", re.MULTILINE)
"""Operations are modules two levels below ``api``, in whatever package."""

_CALLED: Final = "OPERATION"


class PublicMethods:
    """The public methods of a package by the operations that they lead to.

    Args:
        package: Its folder; the one that these tools are part of by default.

    Raises:
        SpecError: A module of it cannot be read.
    """

    def __init__(self, package: Path | None = None) -> None:
        folder = Path(__file__).parents[1] if package is None else package
        files = [path for path in folder.rglob("*.py") if _is_read(path, folder)]
        self._definitions = Definitions(folder, files)
        shown = dict(_properties(folder / _CLIENT))
        self._words: dict[str, dict[str, set[str]]] = {}
        for name, key in self._public(shown):
            found = self._definitions.mentioned(self._definitions.reached(key))
            for home, attribute in found.imported:
                tag, _, module = home.rpartition("/")
                if attribute == _CALLED and re.search(r"(^|[./])api\.\w+$", tag.replace("/", ".")):
                    self._words.setdefault(module, {})[name] = found.words

    def of(self, function: str) -> tuple[str, ...]:
        """The methods that lead to an operation.

        Args:
            function: The operation's module.
        """
        return tuple(sorted(self._words.get(function, {})))

    def taking(self, function: str, argument: str) -> tuple[str, ...]:
        """Those of them whose code names an argument."""
        return tuple(name for name, words in sorted(self._words.get(function, {}).items()) if argument in words)

    def _public(self, shown: dict[str, str]) -> Iterator[tuple[str, Key]]:
        for (module, owner), methods in sorted(self._definitions.classes().items()):
            shown_as = shown.get(owner)
            if shown_as is not None:
                for method in dict.fromkeys(methods):
                    if not method.startswith("_"):
                        yield f"brex.{shown_as}.{method}", (module, f"{owner}.{method}")
            elif not module.startswith(f"{_RESOURCES}/") and not owner.startswith("_"):
                yield f"{module.replace('/', '.')}.{owner}", (module, owner)
        for module, function in self._definitions.functions():
            if not module.startswith(f"{_RESOURCES}/") and not function.startswith("_"):
                yield f"{module.replace('/', '.')}.{function}", (module, function)


def _is_read(path: Path, folder: Path) -> bool:
    if path.parent == folder / _RESOURCES:
        return True
    try:
        return bool(_IMPORTS_OPERATIONS.search(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False


def _properties(client: Path) -> Iterator[tuple[str, str]]:
    """The class that each property of the client gives, and the property's name."""
    if client.exists():
        for node in ast.walk(ast.parse(client.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.decorator_list and isinstance(node.returns, ast.Name):
                yield node.returns.id, node.name


__all__ = ["PublicMethods"]
