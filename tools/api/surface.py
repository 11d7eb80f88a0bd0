"""What users can rely on, read from the sources: each public element by its path, with what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeAlias

import griffe

from ..errors import ToolError
from .fields import Field, fields, maker
from .names import Expression, Names, is_private, last

Fact: TypeAlias = Mapping[str, Any]
"""What is said of one element: its kind and, as they apply, type, default, bases and more."""

Surface: TypeAlias = Mapping[str, Fact]
"""Elements by path: ``brex_accounting.Brex``, ``brex_accounting.Brex.for_account``, ``….for_account(credentials)``."""

_ENUMS: Final = ("enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag", "enum.IntFlag")
_PROTOCOLS: Final = ("typing.Protocol",)
_DICTS: Final = ("typing.TypedDict",)
_SPECIAL: Final = frozenset(
    f"__{name}__"
    for name in (
        *(
            "call",
            "len",
            "iter",
            "next",
            "reversed",
            "contains",
            "getitem",
            "setitem",
            "delitem",
            "bool",
            "int",
            "float",
        ),
        *("enter", "exit", "aenter", "aexit", "aiter", "anext", "await", "add", "sub", "and", "or"),
        *("eq", "ne", "hash", "lt", "le", "gt", "ge"),
    )
)
"""Methods that users call by syntax."""

_SILENT: Final = ("functools.cache", "functools.lru_cache", "functools.wraps", "typing.overload", "abc.abstractmethod")
"""Decorators that make no difference to callers, or that a fact says otherwise."""

_KINDS: Final = {
    griffe.ParameterKind.positional_only: "positional only",
    griffe.ParameterKind.positional_or_keyword: "positional or keyword",
    griffe.ParameterKind.keyword_only: "keyword only",
    griffe.ParameterKind.var_positional: "any positional",
    griffe.ParameterKind.var_keyword: "any keyword",
}
_LONGEST: Final = 300
"""Characters of a constant that is written out; what is longer is data, not a promise."""


def read(roots: Sequence[str], folders: Sequence[Path]) -> dict[str, Fact]:
    """Read the public elements of modules, without importing anything.

    What ``__all__`` of a root names is public, and with it what users get hold of through it: base classes, the classes
    of attributes and properties, and the aliases that signatures mention. Those that no root exports stand as
    ``brex_accounting:RecordsResource``, without the module that happens to hold them, and their constructors are not
    public.

    Args:
        roots: Modules whose ``__all__`` says what is public; of a name in several, the first has it.
        folders: Where the packages are.

    Raises:
        ToolError: A root or a name of its ``__all__`` is not there.
    """
    loader = griffe.GriffeLoader(search_paths=list(folders), allow_inspection=False)
    for package in dict.fromkeys(root.partition(".")[0] for root in roots):
        try:
            loader.load(package)
        except (ImportError, griffe.LoadingError) as error:
            message = f"{package}: is in none of {', '.join(map(str, folders))}; run this in the project's folder"
            raise ToolError(message) from error
    loader.resolve_aliases(implicit=False, external=False)
    return _Reader(loader.modules_collection, roots).read()


class _Reader:
    def __init__(self, collection: griffe.ModulesCollection, roots: Sequence[str]) -> None:
        self._roots = roots
        self._names = Names(collection, self._mention)
        self._held = Names(collection, self._hold)  # for what users get hold of
        self._shown: dict[str, str] = {}  # the path in the record of what is defined at a path
        self._waiting: list[griffe.Object] = []
        self._facts: dict[str, Fact] = {}

    def read(self) -> dict[str, Fact]:
        exported: list[tuple[str, griffe.Object]] = []
        for root in self._roots:
            for path, found in self._exported(root):
                if found is not None and found.path in self._shown:
                    self._facts[path] = {"kind": "also", "of": self._shown[found.path]}
                elif found is None:
                    self._facts[path] = {"kind": "of another package"}
                else:
                    self._shown[found.path] = path
                    exported.append((path, found))
        for path, found in exported:
            self._add(path, found, exported=True)
        while self._waiting:
            found = self._waiting.pop()
            self._add(self._shown[found.path], found, exported=False)
        return dict(sorted(self._facts.items()))

    def _mention(self, found: griffe.Object) -> None:
        if isinstance(found, griffe.Attribute):
            self._hold(found)

    def _hold(self, found: griffe.Object) -> None:
        if found.path not in self._shown and _is_type(found):
            area = max((root for root in self._areas() if f"{found.path}.".startswith(f"{root}.")), key=len)
            path = f"{area}:{found.name}"
            if path in self._shown.values():
                message = f"{found.path}: {path} is another type already; rename one of them, or export it"
                raise ToolError(message)
            self._shown[found.path] = path
            self._waiting.append(found)

    def _areas(self) -> set[str]:
        return {*self._roots, *(root.partition(".")[0] for root in self._roots)}

    def _exported(self, root: str) -> Iterator[tuple[str, griffe.Object | None]]:
        module = self._names.find(root)
        if not isinstance(module, griffe.Module) or module.exports is None:
            message = f"{root}: is no module with an __all__; see the roots in tools/api/__main__.py"
            raise ToolError(message)
        for export in module.exports:
            name = str(export)
            if name not in module.members:
                message = f"{root}: __all__ names {name!r}, which is neither defined nor imported there"
                raise ToolError(message)
            yield f"{root}.{name}", self._names.find(f"{root}.{name}")

    # ---- elements -----------------------------------------------------------------------------------------------

    def _add(self, path: str, found: griffe.Object, *, exported: bool) -> None:
        if isinstance(found, griffe.Class):
            self._add_class(path, found, exported=exported)
        elif isinstance(found, griffe.Function):
            self._add_function(path, found, "function")
        elif isinstance(found, griffe.Attribute):
            self._facts[path] = self._constant(found)
        else:
            self._facts[path] = {"kind": found.kind.value}

    def _constant(self, found: griffe.Attribute) -> Fact:
        if _is_type(found):
            return _fact(kind="alias", type=self._held.type(found.value))
        value = None if found.name.startswith("__") else self._names.literal(found.value)
        return _fact(
            kind="constant",
            type=self._names.type(found.annotation),
            value=value if value is not None and len(value) <= _LONGEST else None,
        )

    def _add_class(self, path: str, cls: griffe.Class, *, exported: bool) -> None:
        kind = self._kind(cls)
        made = fields(cls, self._names) if maker(cls) is not None else []
        own_fields = {field.attribute.path for field in made}
        self._facts[path] = _fact(
            kind=kind,
            bases=self._bases(cls),
            decorators=self._decorators(cls),
            total=cls.keywords.get("total") and self._names.value(cls.keywords["total"]),
            deprecated=_deprecated(cls),
        )
        owners = [*self._hidden_bases(cls), cls]
        places = count()
        for field in made:
            position = None if field.keyword or field.argument is None else next(places)
            if field.attribute.parent in owners:
                self._add_field(path, field, position, exported=exported)
        if exported and not made:
            self._add_constructor(path, cls, kind)
        for owner in owners:
            for member in owner.members.values():
                if member.path not in own_fields and not is_private(member.name):
                    self._add_member(path, kind, member)

    def _add_member(self, path: str, kind: str, member: griffe.Object | griffe.Alias) -> None:
        at = f"{path}.{member.name}"
        if isinstance(member, griffe.Function):
            if not member.name.startswith("__") or member.name in _SPECIAL:
                self._add_function(at, member, _kind_of_method(member))
        elif isinstance(member, griffe.Attribute) and not member.name.startswith("__"):
            if "property" in member.labels:
                self._facts[at] = _fact(
                    kind="property",
                    type=self._held.type(member.annotation),
                    writable="writable" in member.labels or None,
                    deprecated=_deprecated(member),
                )
            elif kind == "enum":
                self._facts[at] = _fact(kind="member", value=self._names.value(member.value))
            elif kind == "typed dict":
                self._facts[at] = _fact(kind="key", type=self._held.type(member.annotation))
            else:
                of_class = "instance-attribute" not in member.labels
                literal = self._names.constant(member.value) if "class-attribute" in member.labels else None
                self._facts[at] = _fact(
                    kind="class attribute" if of_class else "attribute",
                    type=self._held.type(member.annotation),
                    default=literal,
                )

    def _add_field(self, path: str, field: Field, position: int | None, *, exported: bool) -> None:
        name = field.attribute.name
        public = not is_private(name)
        fact = _fact(kind="attribute", type=self._held.type(field.attribute.annotation))
        if exported and field.argument is not None:
            argument = _fact(
                accepts=field.accepts,
                default=field.default,
                argument="keyword only" if field.keyword else "positional or keyword",
                alias=field.argument if public and field.argument != name else None,
                position=position,
            )
            if public:
                fact = {**fact, **argument}
            else:
                at = f"{path}({field.argument})"
                self._facts[at] = {**fact, **argument, "kind": "parameter"}
        if public:
            self._facts[f"{path}.{name}"] = fact

    def _add_constructor(self, path: str, cls: griffe.Class, kind: str) -> None:
        if kind in ("enum", "typed dict", "protocol"):
            return
        owner = next((owner for owner in [cls, *cls.mro()] if "__init__" in owner.members), None)
        if owner is None:
            return
        if owner is not cls and owner.path in self._shown:
            self._facts[path] = {**self._facts[path], "constructor": self._shown[owner.path]}
            return
        constructor = owner.members["__init__"]
        if isinstance(constructor, griffe.Function):
            self._add_parameters(path, constructor)

    def _add_function(self, path: str, function: griffe.Function, kind: str) -> None:
        forms = function.overloads or []
        self._facts[path] = _fact(
            kind=kind,
            returns=None if forms else self._names.type(function.returns),
            decorators=self._decorators(function, "classmethod", "staticmethod"),
            deprecated=_deprecated(function),
            **{"async": "async" in function.labels or None, "abstract": _is_abstract(function) or None},
        )
        for number, form in enumerate(forms, start=1):
            self._facts[f"{path}#{number}"] = _fact(kind="overload", returns=self._names.type(form.returns))
            self._add_parameters(f"{path}#{number}", form, {part.name: part.default for part in function.parameters})
        if not forms:
            self._add_parameters(path, function)

    def _add_parameters(
        self, path: str, function: griffe.Function, defaults: Mapping[str, Expression] | None = None
    ) -> None:
        bound = isinstance(function.parent, griffe.Class) and "staticmethod" not in function.labels
        for position, parameter in enumerate(list(function.parameters)[1 if bound else 0 :]):
            kind = parameter.kind or griffe.ParameterKind.positional_or_keyword
            many = kind in (griffe.ParameterKind.var_positional, griffe.ParameterKind.var_keyword)
            places = (griffe.ParameterKind.positional_only, griffe.ParameterKind.positional_or_keyword)
            default = parameter.default
            if str(default) == "...":  # an overload leaves it to what is done at run time
                default = (defaults or {}).get(parameter.name, default)
            self._facts[f"{path}({parameter.name})"] = _fact(
                kind="parameter",
                type=self._names.type(parameter.annotation),
                default=None if many else self._names.value(default),
                argument=_KINDS[kind],
                position=position if kind in places else None,
            )

    # ---- classes ------------------------------------------------------------------------------------------------

    def _kind(self, cls: griffe.Class) -> str:
        bases = {str(getattr(base, "canonical_path", base)) for owner in [cls, *cls.mro()] for base in owner.bases}
        own = {_plain(base) for base in cls.bases}
        if own & set(_PROTOCOLS):
            return "protocol"
        if bases & set(_DICTS):
            return "typed dict"
        if bases & set(_ENUMS):
            return "enum"
        return "exception" if any(_is_exception(base) for base in bases) else "class"

    def _bases(self, cls: griffe.Class) -> list[str]:
        """The bases of a class; those of a private base stand for it."""
        found: list[str] = []
        for base in cls.bases:
            inner = self._names.find(_plain(base))
            if isinstance(inner, griffe.Class) and is_private(inner.path):
                found += self._bases(inner)
            elif inner is None:
                found.append(self._names.type(base) or "")
            else:
                self._hold(inner)
                found.append(self._shown[inner.path] + str(self._names.type(base)).removeprefix(inner.name))
        return list(dict.fromkeys(found))

    def _hidden_bases(self, cls: griffe.Class) -> list[griffe.Class]:
        """The private bases whose members a class has for its own, the nearest last."""
        found: list[griffe.Class] = []
        for base in reversed(cls.bases):
            inner = self._names.find(_plain(base))
            if isinstance(inner, griffe.Class) and is_private(inner.path):
                found += [*self._hidden_bases(inner), inner]
        return found

    def _decorators(self, found: griffe.Class | griffe.Function, *besides: str) -> list[str]:
        return [
            self._names.type(decorator.value) or ""
            for decorator in found.decorators
            if decorator.callable_path not in (*_SILENT, *besides)
        ]


def _fact(**facets: Any) -> Fact:
    return {name: value for name, value in facets.items() if value is not None and value != []}


def _plain(base: str | griffe.Expr) -> str:
    """The path of a base class without its type arguments."""
    if isinstance(base, griffe.ExprSubscript):
        base = base.left
    return base if isinstance(base, str) else base.canonical_path


def _is_type(found: griffe.Object) -> bool:
    """Whether a class, or what stands for a type: `Event = A | B`."""
    if isinstance(found, griffe.Attribute):
        if not isinstance(found.parent, griffe.Module):
            return False
        if found.annotation is not None:
            return last(str(found.annotation)) == "TypeAlias"
        forms = griffe.ExprSubscript | griffe.ExprBinOp | griffe.ExprName | griffe.ExprAttribute
        return isinstance(found.value, forms) and not found.name.isupper()
    return isinstance(found, griffe.Class)


def _is_exception(base: str) -> bool:
    return last(base).endswith(("Error", "Exception", "Warning")) and "." not in base.removeprefix("builtins.")


def _is_abstract(function: griffe.Function) -> bool:
    return any(decorator.callable_path == "abc.abstractmethod" for decorator in function.decorators)


def _kind_of_method(function: griffe.Function) -> str:
    for label in ("classmethod", "staticmethod"):
        if label in function.labels:
            return label
    return "method"


def _deprecated(found: griffe.Object) -> str | None:
    """What the docstring says after ``Deprecated:``."""
    for line in (found.docstring.value if found.docstring else "").splitlines():
        if line.strip().startswith("Deprecated:"):
            return line.strip().removeprefix("Deprecated:").strip()
    return None
