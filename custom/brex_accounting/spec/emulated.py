"""Whether the emulator's own code knows what is new in a document, read off its source.

An operation is known where the table ``HANDLERS`` has its operationId. A parameter is known where a string or a name of
an argument says its name in the code that the operation's handler leads to; a field or an enum value where a string of
the emulator says it. Its copies of the published documents do not count: that it passes something on is no behaviour.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from .definitions import Definitions, Key, quoted, strings

LOOKED_FOR: Final = (
    "covered by the emulator: an operation that its table HANDLERS has, a parameter that the code of the operation's "
    "handler names, a field or value that a string in its code names"
)

COVERED: Final = "covered"

_HANDLERS: Final = "HANDLERS"


class Emulated:
    """What the emulator's code knows.

    Args:
        folder: Its package; the one beside these tools by default, which a copy of them may lack.

    Attributes:
        is_there: Whether there is one at all.

    Raises:
        SpecError: A module of it cannot be read.
    """

    def __init__(self, folder: Path | None = None) -> None:
        here = Path(__file__).parents[1] / "emulator" if folder is None else folder
        self.is_there: bool = here.is_dir()
        self._definitions = Definitions(here, here.rglob("*.py"))
        self._handlers = dict(self._read_handlers())
        self._words = {text for tree in self._definitions.trees.values() for text in strings(tree)}

    def operation(self, operation_id: str | None) -> str:
        """Whether there is a handler."""
        if operation_id in self._handlers:
            return COVERED
        return f"not covered: {_HANDLERS} has no {operation_id or 'operation without an operationId'}"

    def parameter(self, operation_id: str | None, name: str, place: str) -> str:
        """Whether the operation's handler reads a parameter; header fields may be read before it."""
        if operation_id not in self._handlers:
            return self.operation(operation_id)
        words = self._definitions.mentioned(self._definitions.reached(self._handlers[operation_id])).words
        bare = name.removesuffix("[]")
        known = any(quoted(word, words) for word in (name, bare)) or (place == "header" and name.lower() in self._words)
        return COVERED if known else f"not covered: the handler of {operation_id} does not name {name}"

    def words(self, words: Iterable[str]) -> str:
        """Whether its code names fields or values."""
        missing = [word for word in words if not quoted(word, self._words)]
        return f"not covered: its code does not name {', '.join(missing)}" if missing else COVERED

    def _read_handlers(self) -> Iterator[tuple[str, Key]]:
        for module, tree in self._definitions.trees.items():
            for node in tree.body:
                match node:
                    case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict() as table):
                        pass
                    case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict() as table):
                        pass
                    case _:
                        continue
                for key, value in zip(table.keys, table.values, strict=True):
                    if name == _HANDLERS and isinstance(key, ast.Constant) and isinstance(value, ast.Name):
                        yield str(key.value), self._definitions.home(module, value.id)


__all__ = ["COVERED", "LOOKED_FOR", "Emulated"]
