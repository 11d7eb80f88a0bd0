"""What the generator calls things in Python, read off the tree that it is given.

The rules of the names are openapi-python-client's (0.29.1, ``strings.py``) and those of ``openapi/templates``.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from .document import Node, is_list, is_object, operations
from .facts import Facts, Value, fold, has_class, kind, plain, python_type
from .marking import Flow

_DELIMITERS: Final = r"\. _-"
_RESERVED: Final = (set(dir(builtins)) | {"self", "true", "false", "datetime"}) - {"id"}
_PLAIN: Final = frozenset({"str", "datetime", "date", "UUID", "integer", "number", "boolean"})
_TAKEN_BY_CALLS: Final = ("client", "url")


def class_name(name: str) -> str:
    """The class of a schema of this name."""
    words = _words(name)
    found = _unreserved("".join(word if word.isupper() else word.capitalize() for word in words))
    return found if found.isidentifier() else class_name(f"field_{name}")


def module_name(operation_id: str, prefix: str = "field_") -> str:
    """The module of an operation, or any other name in snake case."""
    found = _unreserved("_".join(_words(operation_id)).lower())
    return found if found.isidentifier() and not _sane(operation_id).startswith("_") else f"{prefix}{found}"


def argument_name(parameter: str, place: str) -> str:
    """The argument that a parameter is given by."""
    if "[" in parameter and not parameter.endswith("[]"):
        return module_name(parameter.replace("[", "_").replace("]", ""))
    found = module_name(parameter)
    return f"{found}_{place}" if found in _TAKEN_BY_CALLS else found


def member_names(values: Sequence[object], names: object = None) -> dict[str, str]:
    """The members of an enum by value, in its order; ``names`` is its ``x-enum-varnames``, if there are any."""
    given: list[object] = names if is_list(names) and len(names) == len(values) else []
    found: dict[str, str] = {}
    for index, value in enumerate(map(str, values)):
        word = str(given[index]) if given else value.upper() if value[:1].isalpha() else f"VALUE_{index}"
        found[value] = "_".join(_words(word)).upper()
    return found


def _words(text: str) -> list[str]:
    sane = _sane(text)
    if any(letter.isupper() for letter in sane):
        sane = " ".join(re.split("([A-Z]?[a-z]+)", sane))
    return re.findall(rf"[^{re.escape(_DELIMITERS)}]+", sane)


def _sane(text: str) -> str:
    return "".join(letter for letter in text if letter.isidentifier() or letter.isdecimal() or letter in _DELIMITERS)


def _unreserved(name: str) -> str:
    return f"{name}_" if name in _RESERVED or keyword.iskeyword(name) else name


class PythonNames:
    """The names of what a document describes.

    Args:
        tree: What the generator is given: the bundle, or as much of it as could be made.
        names: What the bundle calls the document's schemas.
    """

    def __init__(self, tree: Node, names: Mapping[str, str]) -> None:
        self._facts = Facts.read(tree, "bundle")
        self._names = names
        self._operations = {where: (operation, item) for where, operation, item in operations(tree)}

    def classes(self, schema: str, flows: Collection[Flow]) -> tuple[str, ...]:
        """The classes of a named schema: of what is received, and of what is sent where that is another one."""
        return tuple(dict.fromkeys(self._class(name) for name in self._variants(schema, flows)))

    def in_schema(self, schema: str, path: Sequence[str], flows: Collection[Flow]) -> tuple[str, ...]:
        """The names of a place in a named schema, none where there is no such place; ``[]`` leads into a list."""
        found: list[str] = []
        for variant in self._variants(schema, flows):
            value = fold(self._facts.schemas[variant])
            found += self._at(value, self._class(variant), path)
        return tuple(dict.fromkeys(found))

    def classes_at(self, schema: str, path: Sequence[str], flows: Collection[Flow]) -> tuple[str, ...]:
        """The classes of what is written out in a place of a named schema."""
        found: list[str] = []
        for variant in self._variants(schema, flows):
            there = self._follow(fold(self._facts.schemas[variant]), self._class(variant), path)
            if there is not None and there[0].ref is None and has_class(there[0].body):
                found.append(there[1])
        return tuple(found)

    def class_in_operation(self, where: str, name: str, schema: Node, path: Sequence[str]) -> str | None:
        """The class of what is written out in a place of a schema that an operation writes out."""
        function = self.function(where)
        if function is None:
            return None
        there = self._follow(fold(schema), _class_in(function, name, schema), path)
        return there[1] if there is not None and there[0].ref is None and has_class(there[0].body) else None

    def types(self, schema: str, path: Sequence[str], flows: Collection[Flow]) -> tuple[str, ...]:
        """The plain types of a place in a named schema, such as ``int``; none where it is a shape or is not there."""
        found: list[str] = []
        for variant in self._variants(schema, flows):
            there = self._follow(fold(self._facts.schemas[variant]), "", path)
            if there is not None and there[0].ref is None and python_type(there[0].body) in _PLAIN:
                found.append(python_type(there[0].body))
        return tuple(found)

    def members(self, schema: str, path: Sequence[str], values: Iterable[str]) -> tuple[str, ...]:
        """The members of the enum in a place of a named schema, those of the values that it has."""
        name = self._names.get(schema, schema)
        if name not in self._facts.schemas:
            return ()
        value, owner = fold(self._facts.schemas[name]), self._class(name)
        return self._members(value, owner, path, values)

    def function(self, where: str) -> str | None:
        """The module and function of an operation, None where there is none."""
        if where not in self._operations:
            return None
        operation, _ = self._operations[where]
        method, _, path = where.partition(" ")
        fallback = f"{method.lower()}_{path.replace('{', '').replace('}', '').strip('/').replace('/', '_')}"
        return module_name(str(operation.get("operationId", fallback)))

    def module(self, where: str) -> str | None:
        """The operation's module within the package of all operations, None where there is no such operation."""
        function = self.function(where)
        if function is None:
            return None
        tags = self._operations[where][0].get("tags") or ["default"]
        return f"api.{module_name(str(tags[0]), 'tag')}.{function}"

    def arguments(self, where: str, parameter: str, place: str) -> tuple[str, ...]:
        """The arguments that a parameter is given by; several where an overlay writes it out."""
        return tuple(argument_name(str(part.get("name")), place) for part in self._parameters(where, parameter, place))

    def argument_schemas(self, where: str, parameter: str, place: str) -> tuple[Node, ...]:
        """What the generator makes the types of these arguments of."""
        return tuple(plain(part.get("schema", {})) for part in self._parameters(where, parameter, place))

    def _parameters(self, where: str, parameter: str, place: str) -> Iterator[Node]:
        if where in self._operations:
            operation, item = self._operations[where]
            for part in (*item.get("parameters", ()), *operation.get("parameters", ())):
                name = str(part.get("name"))
                if part.get("in") == place and (name == parameter or name.startswith(f"{parameter}[")):
                    yield part

    def in_operation(self, where: str, name: str, schema: Node, path: Sequence[str]) -> tuple[str, ...]:
        """The names of a place in a schema that an operation writes out, such as the one of its ``body``."""
        function = self.function(where)
        return () if function is None else self._at(fold(schema), _class_in(function, name, schema), path)

    def members_in_operation(
        self, where: str, name: str, schema: Node, path: Sequence[str], values: Iterable[str]
    ) -> tuple[str, ...]:
        """The members of an enum in such a place."""
        function = self.function(where)
        if function is None:
            return ()
        return self._members(fold(schema), _class_in(function, name, schema), path, values)

    def users(self, schema: str) -> tuple[str, ...]:
        """The fields whose type a named schema is that has no class of its own."""
        name = self._names.get(schema, schema)
        if name not in self._facts.schemas or has_class(self._facts.body_of(fold(self._facts.schemas[name]))):
            return ()
        return tuple(
            f"{self._class(owner)}.{field}"
            for owner, node in self._facts.schemas.items()
            for field, part in self._facts.fields_of(fold(node).body)[0].items()
            if _leads_to(part) == name
        )

    def _class(self, name: str) -> str:
        return class_name(str(self._facts.schemas[name].get("title") or name))

    def _variants(self, schema: str, flows: Collection[Flow]) -> Iterator[str]:
        name = self._names.get(schema, schema)
        sent = self._facts.schemas.get(f"{name}Input", {})
        is_split = sent.get("x-direction") == "request"
        if name in self._facts.schemas and (Flow.RECEIVED in flows or not is_split or not flows):
            yield name
        if is_split and Flow.SENT in flows:
            yield f"{name}Input"

    def _members(self, value: Value, owner: str, path: Sequence[str], values: Iterable[str]) -> tuple[str, ...]:
        found = self._follow(value, owner, path)
        if found is None or kind(found[0].body) != "enum":
            return ()
        body, owner = found[0].body, found[1]
        names = member_names(body["enum"], body.get("x-enum-varnames"))
        return tuple(f"{owner}.{names[member]}" for member in values if member in names)

    def _at(self, value: Value, owner: str, path: Sequence[str]) -> tuple[str, ...]:
        """The attribute that holds a place; the class itself where the place is the whole."""
        fields = [index for index, part in enumerate(path) if part != "[]"]
        if not fields:
            return (owner,) if has_class(value.body) else ()
        found = self._follow(value, owner, path[: fields[-1]])
        if found is None or path[fields[-1]] not in self._facts.fields_of(found[0].body)[0]:
            return ()
        return (f"{found[1]}.{path[fields[-1]]}",)

    def _follow(self, value: Value, owner: str, path: Sequence[str]) -> tuple[Value, str] | None:
        """The value in a place that is written out there, and the name of the class that it would have."""
        name = ""
        for part in path:
            if value.ref is not None:
                return None
            inner = value.body.get("items") if part == "[]" else self._facts.fields_of(value.body)[0].get(part)
            if not is_object(inner):
                return None
            name = f"{name}_item" if part == "[]" else part
            value = fold(inner)
            if has_class(value.body):
                is_union = value.nullable and kind(value.body) == "object"
                inner_name = str(inner.get("title") or (f"{name}_type_0" if is_union else name))
                owner, name = f"{class_name(owner)}{class_name(inner_name)}", ""
        return value, owner


def _leads_to(part: Node) -> str | None:
    value = fold(part)
    while value.ref is None and is_object(value.body.get("items")):
        value = fold(value.body["items"])
    return value.ref


def _class_in(function: str, name: str, schema: Node) -> str:
    return class_name(f"{function}_{schema.get('title') or name}")


__all__ = ["PythonNames", "argument_name", "class_name", "member_names", "module_name"]
