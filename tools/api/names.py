"""How types, values and names are shown, so that only what users can see makes a difference."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Final, TypeAlias

import griffe

Expression: TypeAlias = str | griffe.Expr | None

PRIVATE: Final = "<private>"
"""Stands for every name of ours that begins with an underscore: what it is called is nobody's business."""

_SHORT: Final = ("builtins", "typing", "typing_extensions", "collections.abc")
"""Modules whose names everybody knows without them."""


def is_private(path: str) -> bool:
    """Whether a part of a dotted path begins with an underscore, names in double underscores apart."""
    return any(part.startswith("_") and not part.endswith("__") for part in path.split("."))


def last(path: str) -> str:
    """The last part of a dotted path."""
    return path.rpartition(".")[2]


class Names:
    """Shows expressions of the packages that are recorded, and notes the names of theirs that it showed.

    Args:
        collection: The packages as griffe read them.
        note: Takes what each public name of theirs stands for.
    """

    def __init__(self, collection: griffe.ModulesCollection, note: Callable[[griffe.Object], None]) -> None:
        self._collection = collection
        self._note = note

    def find(self, path: str) -> griffe.Object | None:
        """The object at a path, through whatever imports it; None where it is not of these packages."""
        try:
            found = self._collection[path]
            return found.final_target if isinstance(found, griffe.Alias) else found
        except (KeyError, griffe.AliasResolutionError, griffe.CyclicAliasError):
            return None

    def type(self, expression: Expression) -> str | None:
        """A type as users read it: names of these packages and of typing without their modules, others with them."""
        return self._text(expression, self._name)

    def value(self, expression: Expression) -> str | None:
        """A value as users read it; a constant of these packages is shown as what it holds."""
        return self._text(expression, self._constant)

    def literal(self, expression: Expression) -> str | None:
        """A value that is written out where it stands; None for one that is computed."""
        if expression is None:
            return None
        try:
            return repr(ast.literal_eval(str(expression)))
        except (ValueError, SyntaxError, TypeError):
            return None

    def constant(self, expression: Expression) -> str | None:
        """A value that is written out where it stands, or where a name or an attribute leads."""
        if isinstance(expression, griffe.ExprName | griffe.ExprAttribute):
            return self.value(expression)
        return self.literal(expression)

    def _text(self, expression: Expression, show: Callable[[griffe.ExprName], str]) -> str | None:
        if expression is None or isinstance(expression, str):
            return expression
        return "".join(
            show(part) if isinstance(part, griffe.ExprName) else str(part) for part in expression.iterate(flat=True)
        )

    def _constant(self, name: griffe.ExprName) -> str:
        found = None if isinstance(name.parent, griffe.Expr) else self.find(name.canonical_path)
        if isinstance(found, griffe.Attribute) and isinstance(found.parent, griffe.Module) and found.value is not None:
            return self.value(found.value) or PRIVATE
        return self._name(name)

    def _name(self, name: griffe.ExprName) -> str:
        if isinstance(name.parent, griffe.Expr):
            return name.name  # what stands after a dot
        found = self.find(name.canonical_path)
        if found is None:
            path = self._source(name.canonical_path)
            home, _, own = path.rpartition(".")
            return own if home in _SHORT else path
        if is_private(found.path):
            return self._alias(found) or PRIVATE
        self._note(found)
        return found.name

    def _alias(self, found: griffe.Object) -> str | None:
        """What a private name is short for: `_Id: TypeAlias = int | str`."""
        if isinstance(found, griffe.Attribute) and last(str(found.annotation)) == "TypeAlias":
            return self.type(found.value)
        return None

    def _source(self, path: str) -> str:
        """Where a name comes from that these packages import from elsewhere."""
        for _ in range(10):  # imports of imports; a ring of them has no source
            try:
                found = self._collection[path]
            except KeyError:
                break
            if not isinstance(found, griffe.Alias):
                break
            path = found.target_path
        return path
