"""What a comparison finds, and where: places that have a name on the wire and names in Python."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import evolve, field, frozen

from .document import Node
from .emulated import Emulated
from .facts import Facts
from .marking import Flow, Verdict
from .pairing import Pairs, received, sent
from .public_methods import PublicMethods
from .python_names import PythonNames

_JSON = " application/json"


@frozen
class Place:
    """A place in both documents, or in the one that has it.

    Attributes:
        old: The schema's name, or the operation, in the old document; None where it is new.
        new: The same in the new document; None where it is gone.
        is_schema: Whether it stands in a named schema.
        part: Of an operation: ``query limit``, ``body application/json``, ``200 application/json``; else empty.
        path: The fields that lead on from there; ``[]`` leads into a list.
        flows: Which way the value goes.
        optional: Whether the value may be left out.
    """

    old: str | None
    new: str | None
    is_schema: bool
    part: str = ""
    path: tuple[str, ...] = ()
    flows: frozenset[Flow] = frozenset()
    optional: bool = False

    @property
    def subject(self) -> str:
        """The schema or operation, as the new document calls it."""
        return self.new or self.old or ""

    @property
    def is_argument(self) -> bool:
        """Whether it is in a parameter."""
        return not self.is_schema and self.part.partition(" ")[0] in ("query", "path", "header", "cookie")

    @property
    def local(self) -> str:
        """The place without its operation, or whole where it is in a schema."""
        start = self.subject if self.is_schema else self.part.removesuffix(_JSON)
        return start + "".join(part if part == "[]" else f".{part}" for part in self.path)

    def __str__(self) -> str:
        return self.local if self.is_schema else f"{self.subject} {self.local}".rstrip()

    def at(self, part: str, *, optional: bool = False) -> Place:
        """The place of a field, or of the items of a list, within this one."""
        return evolve(self, path=(*self.path, part), optional=optional)


@frozen(kw_only=True)
class Finding:
    """One difference, before those that say the same of several operations are made one.

    Attributes:
        place: Where.
        what: What changed.
        verdict: How grave that is, and why.
        python: The names that it touches.
        emulator: Whether the emulator knows what is new, None where nothing is.
    """

    place: Place
    what: str
    verdict: Verdict
    python: tuple[str, ...] = ()
    emulator: str | None = None


@frozen
class Sides:
    """Both documents, what corresponds in them, and what their parts are called in Python.

    Attributes:
        old: The document as published so far.
        new: The one that comes in.
        pairs: What corresponds.
        old_names: Names in the client that there is.
        new_names: Names in the client that there would be.
        methods: The public methods.
        emulated: What the emulator knows.
    """

    old: Facts
    new: Facts
    pairs: Pairs
    old_names: PythonNames = field(repr=False)
    new_names: PythonNames = field(repr=False)
    methods: PublicMethods = field(repr=False)
    emulated: Emulated = field(repr=False)

    def python(self, place: Place) -> tuple[str, ...]:
        """The names of a place, in either client."""
        found: list[str] = []
        for names, subject, facts in self._both(place):
            if place.is_schema:
                found += names.in_schema(subject, place.path, place.flows)
                found += () if place.path else names.users(subject)
            elif place.part:
                found += _in_operation(names, subject, facts, place)
            else:
                function = names.function(subject)
                found += () if function is None else (function,)
        return tuple(sorted(set(found)))

    def members(self, place: Place, values: Collection[str]) -> tuple[str, ...]:
        """The members of the enum in a place that some values are, in either client."""
        found: list[str] = []
        for names, subject, facts in self._both(place):
            if place.is_schema:
                found += names.members(subject, place.path, values)
            else:
                schema = _schema_at(facts, subject, place.part)
                found += names.members_in_operation(subject, _inner_name(place.part), schema, place.path, values)
        return tuple(sorted(set(found)))

    def classes(self, place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The classes of what is written out in a place, in the old client and in the new one."""
        found: list[tuple[str, ...]] = []
        for names, subject, facts in self._both(place):
            if place.is_schema:
                found.append(names.classes_at(subject, place.path, place.flows))
            else:
                schema = _schema_at(facts, subject, place.part)
                name = names.class_in_operation(subject, _inner_name(place.part), schema, place.path)
                found.append(() if name is None else (name,))
        before, after = found
        return before, after

    def stays_in_python(self, place: Place) -> bool:
        """Whether a value has the same plain type in both clients, since an overlay gives it that type already."""
        if place.old is None or place.new is None:
            return False
        if place.is_argument:
            mine, theirs = (
                names.argument_schemas(subject, _parameter(place), place.part.partition(" ")[0])
                for names, subject, _ in self._both(place)
            )
            return bool(mine) and mine == theirs and len(place.path) < 2
        if not place.is_schema:
            return False
        before = self.old_names.types(place.old, place.path, place.flows)
        return bool(before) and before == self.new_names.types(place.new, place.path, place.flows)

    def renamed_members(self, place: Place, values: Sequence[str]) -> list[tuple[str, str]]:
        """The members of some values that have another name in the new client: some are named after their number."""
        pairs: list[tuple[str, str]] = []
        for value in values:
            before, after = (
                [member.rpartition(".")[2] for member in self.members(side, [value])]
                for side in (evolve(place, new=None), evolve(place, old=None))
            )
            if before and after and before != after:
                pairs.append((before[0], after[0]))
        return pairs

    def _both(self, place: Place) -> list[tuple[PythonNames, str, Facts]]:
        both = ((self.old_names, place.old, self.old), (self.new_names, place.new, self.new))
        return [(names, subject, facts) for names, subject, facts in both if subject is not None]


def _in_operation(names: PythonNames, where: str, facts: Facts, place: Place) -> tuple[str, ...]:
    function = names.function(where)
    if function is None:
        return ()
    kind = place.part.partition(" ")[0]
    if place.is_argument:
        return tuple(f"{function}({argument}=)" for argument in names.arguments(where, _parameter(place), kind))
    schema = _schema_at(facts, where, place.part)
    found = names.in_operation(where, _inner_name(place.part), schema, place.path)
    return found or (function,)


def _parameter(place: Place) -> str:
    """The parameter that a place is in, or the one that an overlay makes of a field of it."""
    name = place.part.partition(" ")[2]
    return f"{name}[{place.path[0]}]" if place.path and place.path[0] != "[]" else name


def _schema_at(facts: Facts, where: str, part: str) -> Node:
    endpoint = next(endpoint for endpoint in facts.endpoints.values() if endpoint.where == where)
    return dict([*sent(endpoint), *received(endpoint)]).get(part, {})


def _inner_name(part: str) -> str:
    """What the generator calls a schema that an operation writes out, after the operation."""
    kind, _, name = part.partition(" ")
    if kind == "body":
        return "body"
    return f"response_{kind}" if kind[:1].isdigit() or kind == "default" else name


def sorted_words(words: Sequence[object]) -> str:
    """Words in an order that does not depend on the document's."""
    return ", ".join(sorted(map(str, words)))


__all__ = ["Finding", "Place", "Sides", "sorted_words"]
