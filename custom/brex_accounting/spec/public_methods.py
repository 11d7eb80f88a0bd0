"""Which public methods use an operation, read off the hand-written package that these tools stand in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import SpecError
from .definitions import Definitions, Key, Mentions, quoted, strings
from .python_names import module_name

_RESOURCES: Final = "resources"
_CLIENT: Final = "client.py"
_OPERATIONS: Final = re.compile(r"(^|[./])api[./]\w+$")
"""Operations are modules two levels below ``api``, in whatever package."""

_IMPORTS_OPERATIONS: Final = re.compile(r"^\s*from\s+[\w.]*\bapi\.\w+\s+import\b", re.MULTILINE)
_CALLED: Final = "OPERATION"


class PublicMethods:
    """The public methods of a package by the operations that they lead to.

    Read are the modules of ``resources``, those beside it, and whatever else imports an operation. A method leads to an
    operation where its code mentions it, or mentions a definition that leads to it.

    Args:
        package: Its folder; the one that these tools are part of by default.

    Raises:
        SpecError: A module of it cannot be read.
    """

    def __init__(self, package: Path | None = None) -> None:
        folder = Path(__file__).parents[1] if package is None else package
        files = [path for path in folder.rglob("*.py") if _is_read(path, folder)]
        self._definitions = Definitions(folder, files)
        self._found: dict[str, Mentions] = {}
        for name, key in self._public(folder):
            self._found[name] = self._definitions.mentioned(self._definitions.reached(key))

    def of(self, function: str) -> tuple[str, ...]:
        """The methods that lead to an operation.

        Args:
            function: The operation's module.
        """
        return tuple(name for name, mentions in sorted(self._found.items()) if function in _called(mentions))

    def taking(self, function: str, argument: str) -> tuple[str, ...]:
        """Those of them whose code names an argument."""
        return tuple(name for name in self.of(function) if argument in self._found[name].words)

    def of_event(self, event: str) -> tuple[str, ...]:
        """The methods whose code names an event, as deliveries do: ``thingDone`` is ``THING_DONE`` there."""
        word = module_name(event).upper()
        return tuple(name for name, mentions in sorted(self._found.items()) if quoted(word, mentions.words))

    def _public(self, folder: Path) -> Iterator[tuple[str, Key]]:
        shown = dict(_properties(folder / _CLIENT))
        exported = _exported(folder / "__init__.py")
        for (module, owner), methods in sorted(self._definitions.classes().items()):
            for method in dict.fromkeys(methods if owner in shown else ()):
                if not method.startswith("_"):
                    yield f"brex.{shown[owner]}.{method}", (module, f"{owner}.{method}")
        for module, function in self._definitions.functions():
            if function in exported:
                yield function, (module, function)


def _called(mentions: Mentions) -> set[str]:
    homes = {home for home, attribute in mentions.imported if attribute == _CALLED}
    return {home.rpartition("/")[2] for home in homes if _OPERATIONS.search(home.rpartition("/")[0])}


def _is_read(path: Path, folder: Path) -> bool:
    if path.parent in (folder, folder / _RESOURCES):
        return True
    try:
        return bool(_IMPORTS_OPERATIONS.search(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path.name}: cannot be read, so nobody can say what it uses: {error}"
        raise SpecError(message) from error


def _properties(client: Path) -> Iterator[tuple[str, str]]:
    """The class that each property of the client gives, and the property's name."""
    if client.exists():
        for node in ast.walk(ast.parse(client.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.decorator_list and isinstance(node.returns, ast.Name):
                yield node.returns.id, node.name


def _exported(init: Path) -> set[str]:
    return strings(ast.parse(init.read_text(encoding="utf-8"))) if init.exists() else set()


__all__ = ["PublicMethods"]
