"""Schemas compared: fields, types, null, enums, limits. What only is written in another way is no difference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from .document import Node, is_list, is_object
from .facts import PROSE, Value, fold, has_class, in_words, kind, python_type, shown
from .findings import Finding, Place, Sides
from .marking import Change, Flow, Mark, Verdict, judge

_NONE: Final = "none"
_MOST: Final = frozenset({"maximum", "maxLength", "maxItems", "maxProperties"})
_LEAST: Final = frozenset({"minimum", "minLength", "minItems", "minProperties"})
_OTHER_LIMITS: Final = frozenset({"pattern", "multipleOf", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum"})
_COMPARED: Final = frozenset({"type", "format", "enum", "properties", "required", "items", "allOf", "oneOf", "anyOf"})
_NEW_CLASS: Final = Verdict(Mark.SAFE, "a new class takes nothing away")
_NO_CLASS: Final = Verdict(Mark.SAFE, "it has no class of its own")
_NOT_CARRIED: Final = Verdict(
    Mark.PERSON, "an overlay writes the parameter out, and the generator does not see this part: add an action for it"
)
_HOLDS_ANYWAY: Final = (
    ("additionalProperties", True),
    ("deprecated", False),
    ("exclusiveMaximum", False),
    ("exclusiveMinimum", False),
    ("minItems", 0),
    ("minLength", 0),
    ("minProperties", 0),
    ("readOnly", False),
    ("uniqueItems", False),
    ("writeOnly", False),
)
_SHAPED: Final = frozenset({"object", "enum", "list", "choice", "missing"})
"""What is not the same in Python because it is of the same sort."""


class SchemaComparison:
    """Compares the schemas of two documents.

    Args:
        sides: The documents.
    """

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def named(self) -> Iterator[Finding]:
        """Differences of the named schemas, each once, however many operations it reaches."""
        sides = self._sides
        mine = sides.pairs.schemas
        for name in sides.new.schemas.keys() - set(mine.values()):
            place = self._place(None, name)
            yield from self._appeared(place)
        for name in sides.old.schemas.keys() - mine.keys():
            place = self._place(name, None)
            classes = sides.python(place)
            change = Change.CLASS if has_class(sides.old.body_of(fold(sides.old.schemas[name]))) else None
            verdict = judge(change, place.flows) if change else _NO_CLASS
            yield Finding(place=place, what="the schema is gone", verdict=verdict, python=classes)
        for old, new in mine.items():
            place = self._place(old, new)
            if old != new:
                yield self._renamed(place)
            else:
                yield from self._split(place)
            yield from self.used(place, sides.old.schemas[old], sides.new.schemas[new])

    def used(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        """Differences of a schema where it is used or defined."""
        mine, theirs = fold(old), fold(new)
        yield from self._null(place, mine, theirs)
        if mine.ref is not None and theirs.ref is not None and self._is_same(mine.ref, theirs.ref):
            yield from self._keywords(place, mine.body, theirs.body)
            return
        if mine.ref is None and theirs.ref is None:
            yield from self._bodies(place, mine.body, theirs.body)
            return
        one, other = self._sides.old.body_of(mine), self._sides.new.body_of(theirs)
        if one is None or other is None:
            yield self._retyped(place, mine, theirs, Change.TYPE)
        elif not has_class(one) and not has_class(other):  # a name that nothing in Python has
            yield from self._bodies(place, one, other)
        elif kind(one) == kind(other) and self._say_the_same(one, other):
            yield self._retyped(place, mine, theirs, Change.CLASS)
        else:
            yield self._retyped(place, mine, theirs, _type_change(one, other))

    # ---- named schemas ----------------------------------------------------------------------------------------------

    def _place(self, old: str | None, new: str | None) -> Place:
        flows = self._sides.pairs.flows.get(new or old or "", frozenset())
        return Place(old, new, is_schema=True, flows=flows)

    def _appeared(self, place: Place) -> Iterator[Finding]:
        facts, name = self._sides.new, place.subject
        value = fold(facts.schemas[name])
        body = facts.body_of(value) or {}
        words = sorted(map(str, body.get("enum", ()))) or sorted(facts.fields_of(body)[0])
        yield Finding(
            place=place,
            what=f"a new schema: {in_words(evolve(value, ref=None, body=body), facts)}",
            verdict=_NEW_CLASS if has_class(body) else _NO_CLASS,
            python=self._sides.python(place),
            emulator=self._sides.emulated.words(words) if words else None,
        )

    def _renamed(self, place: Place) -> Finding:
        old, new = place.old or "", place.new or ""
        before = self._sides.old_names.classes(old, place.flows)
        after = self._sides.new_names.classes(new, place.flows)
        verdict = Verdict(
            Mark.BREAKING,
            f"code that names the class no longer finds it; an overlay action (target: $.components.schemas.{new}, "
            f"update: {{x-name: {before[0] if before else old}}}) keeps the name",
        )
        if before == after:
            verdict = Verdict(Mark.SAFE, "the class keeps its name")
        elif not has_class(self._sides.old.body_of(fold(self._sides.old.schemas[old]))):
            verdict = _NO_CLASS
        return Finding(place=place, what=f"renamed: {old} → {new}", verdict=verdict, python=self._sides.python(place))

    def _split(self, place: Place) -> Iterator[Finding]:
        """A class of another name for the same schema: it is sent, and now received as well, or has another title."""
        old, new = place.old or "", place.new or ""
        for flow in sorted(self._sides.pairs.old_flows.get(old, ())) or [Flow.RECEIVED]:
            before = self._sides.old_names.classes(old, [flow])
            after = self._sides.new_names.classes(new, [flow])
            if (
                before != after
                and before
                and after
                and has_class(self._sides.old.body_of(fold(self._sides.old.schemas[old])))
            ):
                yield Finding(
                    place=place,
                    what=f"the class of what is {flow}: {', '.join(before)} → {', '.join(after)}",
                    verdict=Verdict(
                        Mark.BREAKING,
                        "code that names the class no longer finds it there: a schema that goes both ways has a class "
                        "for each, and a title is what a class is called by",
                    ),
                    python=tuple(sorted({*before, *after})),
                )

    # ---- values -----------------------------------------------------------------------------------------------------

    def _null(self, place: Place, old: Value, new: Value) -> Iterator[Finding]:
        if old.nullable == new.nullable:
            return
        if new.nullable:
            change = Change.NULL_ALLOWED_IN_OPTIONAL if place.optional else Change.NULL_ALLOWED
            yield self._found(place, "null: refused → allowed", change)
        else:
            change = Change.NULL_REFUSED_IN_OPTIONAL if place.optional else Change.NULL_REFUSED
            yield self._found(place, "null: allowed → refused", change)

    def _bodies(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        if kind(old) != kind(new):
            yield self._retyped(place, Value(None, False, old), Value(None, False, new), _type_change(old, new))  # noqa: FBT003
            yield from self._keywords(place, old, new)
            return
        if place.path or not place.is_schema:
            yield from self._classes(place)
        match kind(old):
            case "object":
                yield from self._objects(place, old, new)
            case "enum":
                yield from self._enums(place, old, new)
            case "list":
                yield from self.used(place.at("[]"), old.get("items", {}), new.get("items", {}))
            case "choice":
                yield from self._choices(place, old, new)
            case _:
                pass
        if kind(old) == "object" and old.get("type") != new.get("type"):
            what = f"type: {old.get('type', _NONE)} → {new.get('type', _NONE)}"
            yield self._found(place, what, Change.TYPE_SAME_IN_PYTHON)
        if old.get("format") != new.get("format"):
            what = f"format: {old.get('format', _NONE)} → {new.get('format', _NONE)}"
            yield self._found(place, what, self._in_python(place, _type_change(old, new)))
        yield from self._keywords(place, old, new)

    def _classes(self, place: Place) -> Iterator[Finding]:
        """What is written out is called after its place and its title, which is else no more than a text."""
        before, after = self._sides.classes(place)
        if not set(before) <= set(after) and after:
            found = self._found(place, f"the class: {', '.join(before)} → {', '.join(after)}", Change.CLASS)
            yield evolve(found, python=tuple(sorted({*before, *after})))

    def _objects(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        mine, theirs = ([fold(part) for part in body.get("allOf", ())] for body in (old, new))
        refs, others = ({value.ref for value in side if value.ref is not None} for side in (mine, theirs))
        if refs and {self._sides.pairs.schemas.get(ref) for ref in refs} == others:
            # What the parts have in common with other schemas is told there, once.
            old, new = ({"type": "object", "allOf": _written_out(body)} for body in (old, new))
        fields, needed = self._sides.old.fields_of(old)
        others_fields, others_needed = self._sides.new.fields_of(new)
        for name in sorted(fields.keys() | others_fields.keys()):
            if name not in others_fields:
                yield self._found(place.at(name), "the field is gone", Change.FIELD_REMOVED)
            elif name not in fields:
                yield self._new_field(place.at(name), others_fields[name], required=name in others_needed)
            else:
                required = (name in needed, name in others_needed)
                yield from self._field(place.at(name), fields[name], others_fields[name], required)
        for name in sorted((needed ^ others_needed) - (fields.keys() | others_fields.keys())):
            # Of a part that is described under its own name.
            is_needed = name in others_needed
            what = "optional → required" if is_needed else "required → optional"
            yield self._found(place.at(name), what, Change.NOW_REQUIRED if is_needed else Change.NOW_OPTIONAL)

    def _field(self, place: Place, old: Node, new: Node, required: tuple[bool, bool]) -> Iterator[Finding]:
        was, is_now = required
        if was and not is_now:
            change = Change.NULLABLE_NOW_OPTIONAL if fold(old).nullable else Change.NOW_OPTIONAL
            yield self._found(place, "required → optional", change)
        elif is_now and not was:
            yield self._found(place, "optional → required", Change.NOW_REQUIRED)
        yield from self.used(evolve(place, optional=not is_now), old, new)

    def _new_field(self, place: Place, schema: Node, *, required: bool) -> Finding:
        value = fold(schema)
        what = f"a new {'required' if required else 'optional'} field: {in_words(value, self._sides.new)}"
        change = Change.REQUIRED_FIELD_ADDED if required else Change.FIELD_ADDED
        found = self._found(place, what + (", nullable" if value.nullable else ""), change)
        if place.is_argument and not found.python and not required:
            found = evolve(found, verdict=_NOT_CARRIED)
        return evolve(found, emulator=self._sides.emulated.words([place.path[-1]]))

    def _enums(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        before, after = (sorted(map(str, side["enum"])) for side in (old, new))
        added, removed = (
            [value for value in one if value not in other] for one, other in ((after, before), (before, after))
        )
        if added:
            found = self._found(place, f"{_values(added)} new: {', '.join(added)}", Change.VALUE_ADDED)
            known = self._sides.emulated.words(added)
            yield evolve(found, python=self._sides.members(place, added) or found.python, emulator=known)
        if removed:
            found = self._found(place, f"{_values(removed)} gone: {', '.join(removed)}", Change.VALUE_REMOVED)
            yield evolve(found, python=self._sides.members(place, removed) or found.python)
        for was, is_now in self._sides.renamed_members(place, [value for value in before if value in after]):
            found = self._found(place, f"the member {was} is called {is_now} now", Change.VALUE_REMOVED)
            yield evolve(found, python=(was, is_now))
        if old.get("type") != new.get("type"):
            yield self._found(place, f"type: {old.get('type', _NONE)} → {new.get('type', _NONE)}", Change.TYPE)

    def _choices(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        before, after = (_alternatives(side) for side in (old, new))
        names = self._sides.pairs.schemas
        mine = {json.dumps(_canonical(part, names), sort_keys=True, default=str): part for part in before}
        theirs = {json.dumps(_canonical(part, {}), sort_keys=True, default=str): part for part in after}
        for text in sorted(theirs.keys() - mine.keys()):
            yield self._found(
                place, f"a new alternative: {in_words(fold(theirs[text]), self._sides.new)}", Change.CHOICE_ADDED
            )
        for text in sorted(mine.keys() - theirs.keys()):
            yield self._found(
                place, f"an alternative is gone: {in_words(fold(mine[text]), self._sides.old)}", Change.CHOICE_REMOVED
            )
        if ("oneOf" in old) != ("oneOf" in new):
            yield self._found(place, "oneOf and anyOf have changed places", Change.KEYWORD)

    def _keywords(self, place: Place, old: Node, new: Node) -> Iterator[Finding]:
        old, new = _said(old), _said(new)
        for key in sorted((old.keys() | new.keys()) - _COMPARED - PROSE):
            before, after = old.get(key), new.get(key)
            if key in old and key in new and _canonical(before, self._sides.pairs.schemas) == _canonical(after, {}):
                continue
            change = _keyword_change(key, before, after)
            yield self._found(place, f"{key}: {shown(old, key)} → {shown(new, key)}", change)

    # ---- what all have in common ------------------------------------------------------------------------------------

    def _is_same(self, old: str, new: str) -> bool:
        known = self._sides.pairs.schemas.get(old)
        return known == new if known is not None else old == new

    def _say_the_same(self, old: Node, new: Node) -> bool:
        one, other = _canonical(old, self._sides.pairs.schemas), _canonical(new, {})
        return bool(one == other)

    def _retyped(self, place: Place, old: Value, new: Value, change: Change) -> Finding:
        words = f"{in_words(old, self._sides.old)} → {in_words(new, self._sides.new)}"
        return self._found(place, f"type: {words}", self._in_python(place, change))

    def _in_python(self, place: Place, change: Change) -> Change:
        """The change as callers see it, who have another type only where no overlay gives both the same."""
        is_kept = change is Change.TYPE and self._sides.stays_in_python(place)
        return Change.TYPE_SAME_IN_PYTHON if is_kept else change

    def _found(self, place: Place, what: str, change: Change) -> Finding:
        return Finding(place=place, what=what, verdict=judge(change, place.flows), python=self._sides.python(place))


def _type_change(old: Node, new: Node) -> Change:
    if kind(old) == "string" and kind(new) == "enum" and python_type(old) == "str":
        return Change.TEXT_TO_ENUM
    is_same = python_type(old) == python_type(new) and python_type(old) not in _SHAPED
    return Change.TYPE_SAME_IN_PYTHON if is_same else Change.TYPE


def _said(body: Node) -> Node:
    """A schema's keywords without those that say what holds anyway."""
    return {key: value for key, value in body.items() if (key, value) not in _HOLDS_ANYWAY}


def _keyword_change(key: str, old: Any, new: Any) -> Change:
    if key in _MOST or key in _LEAST:
        if not all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in (old, new)
        ):
            return Change.OTHER_LIMIT
        if old is None or new is None:
            return Change.TIGHTER if old is None else Change.LOOSER
        return Change.TIGHTER if (new < old) == (key in _MOST) else Change.LOOSER
    if key in _OTHER_LIMITS:
        return Change.OTHER_LIMIT
    if key == "deprecated":
        return Change.DEPRECATED if new else Change.NOT_DEPRECATED
    if key == "default":
        return Change.DEFAULT
    is_extension = key.startswith("x-") and key != "x-enum-varnames"
    return Change.EXTENSION if is_extension else Change.KEYWORD


def _canonical(tree: Any, names: Mapping[str, str]) -> Any:
    """A tree of schemas without prose and order, and with the names that the new document has."""
    if is_object(tree):
        value = fold(tree)
        if value.ref is not None:
            return {"ref": names.get(value.ref, value.ref), "null": value.nullable, **_plain(value.body, names)}
        return {"null": value.nullable, **_plain(value.body, names)}
    if is_list(tree):
        return [_canonical(part, names) for part in tree]
    return (type(tree).__name__, tree)


def _plain(body: Node, names: Mapping[str, str]) -> Node:
    found: Node = {}
    for key, part in _said(body).items():
        if key in PROSE:
            continue
        if key == "properties":
            found[key] = {name: _canonical(field, names) for name, field in part.items()}
        elif key in ("required", "enum"):
            found[key] = sorted(map(str, part))
        elif key in ("default", "example"):
            found[key] = json.dumps(part, sort_keys=True, default=str)
        else:
            found[key] = _canonical(part, names)
    return found


def _written_out(body: Node) -> list[Node]:
    own = {key: part for key, part in body.items() if key != "allOf"}
    return [part for part in body.get("allOf", ()) if fold(part).ref is None] + [own]


def _alternatives(body: Node) -> list[Node]:
    return [*body.get("oneOf", ()), *body.get("anyOf", ())]


def _values(values: list[str]) -> str:
    return "the value is" if len(values) == 1 else "values are"


__all__ = ["SchemaComparison"]
