"""The structure of a new document in the document that we have: what stays keeps our prose, our comments and its place.

What is the same node is told by what goes over the wire: an operation by its method and path, or by its operationId
where it has moved, a parameter by its name and place, a property by its name, a schema by the places that refer to it.
Brex's own prose and examples are not taken over; what is new gets an empty description, and is listed as something to
write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import field, frozen

from ..errors import SpecError
from . import roundtrip
from .document import Node, is_list, is_object, load_text
from .grammar import DATA, child, is_foreign, is_named, prose, rank, takes_description
from .renaming import align

_ORDERED = frozenset({"[server]", "[schema]", f"[{DATA}]", DATA})
"""Lists whose order says something: which server is the default, what a choice tries first, what an operation is filed
under. In all others the order of our document stays."""


@frozen(kw_only=True)
class Lost:
    """Prose of ours whose node is gone.

    Attributes:
        where: The place that it had.
        text: What it said.
    """

    where: str
    text: str


@frozen(kw_only=True)
class Merged:
    """Our document with the structure of a new one.

    Attributes:
        text: The document as it is to be written.
        tree: The same, read.
        to_write: Places that want a description of ours.
        lost: Our prose that has no place any more.
    """

    text: str
    tree: Node
    to_write: tuple[str, ...]
    lost: tuple[Lost, ...]


def merge(path: Path, incoming: Node) -> Merged:
    """Put the structure of a new document into ours.

    Args:
        path: Our document; it is read, not written.
        incoming: The new one: valid, OpenAPI 3.0, every reference leading somewhere.

    Raises:
        SpecError: Our document cannot be read, or shares a node between two places by a YAML alias.
    """
    ours = roundtrip.read(path)
    if not is_object(ours):
        message = f"{path.name}: expected an OpenAPI object at the top"
        raise SpecError(message)
    if roundtrip.shares_nodes(ours):
        message = f"{path.name}: has a node in two places by a YAML alias; write it out twice"
        raise SpecError(message)
    align(ours, incoming)
    merger = _Merger()
    merger.merge(ours, incoming, "document", (), named=False)
    text, tree = _written(ours, incoming)
    if tree is None:  # a comment can stand in the way of what has come or gone beside it
        roundtrip.drop_comments(ours)
        text, tree = _written(ours, incoming)
    if tree is None:
        message = f"{path.name}: the merged document would not have the structure of the new one; nothing is written"
        raise SpecError(message)
    lost = (*merger.lost, *_lost_comments(path.read_text(encoding="utf-8"), text))
    return Merged(text=text, tree=tree, to_write=tuple(merger.to_write), lost=lost)


def _written(ours: Any, incoming: Node) -> tuple[str, Node | None]:
    """The text of a merged tree, and what it reads as, None if that is not what it has to say."""
    text = roundtrip.text_of(ours)
    try:
        tree = load_text(text, "merged")
    except SpecError:
        return text, None
    return text, tree if _canonical(structure(tree)) == _canonical(structure(incoming)) else None


def structure(tree: object, kind: str = "document") -> Any:
    """What a document says of the wire: without prose, examples and marks of tools, and lists that are sets in order.

    Args:
        tree: A part of an OpenAPI 3.0 document.
        kind: What it is, in the words of ``grammar``.
    """
    if is_object(tree):
        if kind == "schema" and _is_bare_wrapper(tree):
            return structure(tree["allOf"][0], kind)
        if kind == "{text}":
            return dict.fromkeys(tree, "")
        kept = {key: part for key, part in tree.items() if key not in prose(kind) and not is_foreign(kind, key)}
        return {key: structure(part, child(kind, key)) for key, part in kept.items()}
    if is_list(tree):
        parts = [structure(part, _item(kind)) for part in tree]
        return parts if kind in _ORDERED else sorted(parts, key=_canonical)
    return tree


def _canonical(tree: object) -> str:
    return json.dumps(tree, sort_keys=True, default=str)  # unlike ``==`` it tells 1, 1.0 and true apart


def _item(kind: str) -> str:
    return kind[1:-1] if kind.startswith("[") else DATA


def _is_bare_wrapper(schema: Node) -> bool:
    """Whether a schema only wraps another, so that prose can stand beside a reference."""
    return set(schema) - prose("schema") == {"allOf"} and len(schema["allOf"]) == 1


@frozen
class _Merger:
    to_write: list[str] = field(factory=list[str])
    lost: list[Lost] = field(factory=list[Lost])

    def merge(self, ours: Any, theirs: Any, kind: str, at: tuple[str, ...], *, named: bool) -> Any:
        """What is to stand in the place of ours: ours itself, changed, or something new."""
        if is_object(ours) and is_object(theirs):
            self._merge_object(ours, theirs, kind, at, named=named)
            return ours
        if is_list(ours) and is_list(theirs):
            self._merge_list(ours, theirs, kind, at)
            return ours
        if type(theirs) in type(ours).__mro__ and ours == theirs:
            return ours
        self._lose(ours, kind, at)
        return self._new(theirs, kind, at, named=named)

    def _merge_object(self, ours: Any, theirs: Node, kind: str, at: tuple[str, ...], *, named: bool) -> None:
        was_reference = "$ref" in ours
        if kind == "schema":
            theirs = _dressed(ours, theirs)
        for key in list(ours):
            if key not in theirs and key not in prose(kind) and not is_foreign(kind, key):
                self._lose(ours[key], child(kind, key), (*at, key))
                del ours[key]
        if kind == "{text}":
            theirs = {key: ours.get(key, "") for key in theirs}
        for key, part in theirs.items():
            if key in prose(kind) or is_foreign(kind, key):
                continue
            here, inner, within = child(kind, key), (*at, key), kind == "{schema}"
            if key not in ours:
                _insert(ours, key, self._new(part, here, inner, named=within), kind, theirs)
                continue
            merged = self.merge(ours[key], part, here, inner, named=within)
            if merged is not ours[key]:
                ours[key] = merged
        if "$ref" in ours and kind != DATA:
            self._undress(ours, kind, at)
        elif was_reference:
            self._describe(ours, kind, at, named=named, place=len(self.to_write))

    def _undress(self, ours: Any, kind: str, at: tuple[str, ...]) -> None:
        """A reference has nothing beside it in OpenAPI 3.0."""
        for key in [key for key in ours if key in prose(kind)]:
            self._lose_text(ours[key], (*at, key))
            del ours[key]

    def _merge_list(self, ours: Any, theirs: list[Any], kind: str, at: tuple[str, ...]) -> None:
        if kind == DATA and _canonical(ours) == _canonical(theirs):
            return
        item = _item(kind)
        partners = _partners(ours, theirs, item)
        for index in reversed(range(len(ours))):
            if index not in partners.values():
                self._lose(ours[index], item, (*at, _label(ours[index], index)))
        kept = {index: ours[mine] for index, mine in partners.items()}
        merged = [
            self.merge(kept[index], part, item, (*at, _label(part, index)), named=False)
            if index in kept
            else self._new(part, item, (*at, _label(part, index)), named=False)
            for index, part in enumerate(theirs)
        ]
        _arrange(ours, merged, partners, ordered=kind in _ORDERED)

    def _new(self, theirs: Any, kind: str, at: tuple[str, ...], *, named: bool) -> Any:
        if is_object(theirs):
            if kind == DATA:
                return roundtrip.styled(theirs)
            made = roundtrip.styled({})
            place = len(self.to_write)
            if kind == "{text}":
                theirs = dict.fromkeys(theirs, "")
            keys = [key for key in theirs if key not in prose(kind) and not is_foreign(kind, key)]
            if not is_named(kind):
                keys.sort(key=lambda key: rank(kind, key))
            for key in keys:
                part = self._new(theirs[key], child(kind, key), (*at, key), named=kind == "{schema}")
                made[_styled_key(key)] = part
            self._describe(made, kind, at, named=named, place=place)
            return made
        if is_list(theirs):
            item = _item(kind)
            made = roundtrip.styled([])
            for index, part in enumerate(theirs):
                made.append(self._new(part, item, (*at, _label(part, index)), named=False))
            return made
        if kind == "text":
            self.to_write.append(_place(at))
        elif kind == "value":
            self.to_write.append(f"{_place(at[:-1])}, new value {theirs!r}, if the description tells of the values")
        return roundtrip.styled(theirs)

    def _describe(self, made: Any, kind: str, at: tuple[str, ...], *, named: bool, place: int) -> None:
        """Give a new object an empty description, and list it above what it holds."""
        if "$ref" in made or "description" in made or not takes_description(kind, named=named):
            return
        _insert(made, "description", roundtrip.styled_text(""), kind, {})
        self.to_write.insert(place, _place(at))

    def _lose(self, ours: Any, kind: str, at: tuple[str, ...]) -> None:
        """Put down the prose of a part of our document that goes."""
        if kind == "text":
            self._lose_text(ours, at)
        elif is_object(ours) and kind != DATA:
            for key, part in ours.items():
                if key in prose(kind):
                    self._lose_text(part, (*at, key))
                else:
                    self._lose(part, child(kind, key), (*at, key))
        elif is_list(ours):
            for index, part in enumerate(ours):
                self._lose(part, _item(kind), (*at, _label(part, index)))

    def _lose_text(self, part: Any, at: tuple[str, ...]) -> None:
        text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False, default=str)
        if text:
            self.lost.append(Lost(where=_place(at), text=" ".join(text.split())))


def _dressed(ours: Node, theirs: Node) -> Node:
    """Their schema in the dress of ours, where both only differ in whether a reference is wrapped."""
    wrapped = is_list(ours.get("allOf")) and len(ours["allOf"]) == 1
    if "$ref" in theirs and wrapped and set(ours) & prose("schema"):
        return {"allOf": [{"$ref": theirs["$ref"]}]}
    if "$ref" in ours and _is_bare_wrapper(theirs):
        inner = theirs["allOf"][0]
        return inner if is_object(inner) and "$ref" in inner else theirs
    return theirs


def _insert(ours: Any, key: str, value: Any, kind: str, theirs: Node) -> None:
    """Put a key where it belongs: after its neighbour in their document, or where our documents have such a key."""
    mine = list(ours)
    if is_named(kind):
        before = list(theirs)[: list(theirs).index(key)]
        known = [mine.index(name) + 1 for name in before if name in ours]
        place = known[-1] if known else 0
    else:
        place = next((index for index, name in enumerate(mine) if rank(kind, name) > rank(kind, key)), len(mine))
    if not mine:
        ours.fa.set_block_style()
    ours.insert(place, _styled_key(key), value)


def _styled_key(key: str) -> str:
    return roundtrip.styled_text(key)


def _arrange(ours: Any, merged: list[Any], partners: dict[int, int], *, ordered: bool) -> None:
    """Make our list hold the merged entries, touching as little of it as can be."""
    mine = [partners[index] for index in sorted(partners)]
    if ordered and mine != sorted(mine):
        del ours[:]
        ours.extend(merged)
        return
    for index, place in partners.items():
        if ours[place] is not merged[index]:
            ours[place] = merged[index]
    places = dict(partners)
    for place in reversed(range(len(ours))):
        if place not in partners.values():
            del ours[place]
            places = {index: at - (at > place) for index, at in places.items()}
    if not ours and merged:
        ours.fa.set_block_style()
    for index, entry in enumerate(merged):
        if index in places:
            continue
        place = places[index - 1] + 1 if index else 0
        ours.insert(place, entry)
        places = {other: at + (at >= place) for other, at in places.items()}
        places[index] = place


def _partners(ours: list[Any], theirs: list[Any], item: str) -> dict[int, int]:
    """For each of their entries that is also ours: its index there and here."""
    pairs: dict[int, int] = {}
    identities: list[Callable[[Any], str]] = [_wire_identity]
    if item == "schema":
        identities += [_structure_of_schema, _any]
    for identity in identities:
        free = [index for index in range(len(ours)) if index not in pairs.values()]
        for index, part in enumerate(theirs):
            if index in pairs:
                continue
            wanted = identity(part)
            partner = next((mine for mine in free if identity(ours[mine]) == wanted), None)
            if partner is not None:
                pairs[index] = partner
                free.remove(partner)
    return pairs


def _structure_of_schema(part: Any) -> str:
    return _canonical(structure(part, "schema"))


def _any(_: Any) -> str:
    return "one that is left"


def _wire_identity(part: Any) -> str:
    """What makes an entry of a list the same entry in another document, as text."""
    if not is_object(part):
        return _canonical(part)
    for keys in (("$ref",), ("in", "name"), ("name",), ("url",)):
        if all(key in part for key in keys):
            return _canonical([part[key] for key in keys])
    return _canonical(sorted(part)) if all(is_list(scopes) for scopes in part.values()) else _canonical(part)


def _label(part: Any, index: int) -> str:
    """An entry of a list as people name it."""
    if not is_object(part):
        return str(part)
    for keys in (("in", "name"), ("name",), ("url",)):
        if all(key in part for key in keys):
            return " ".join(str(part[key]) for key in keys)
    return str(index)


def _place(at: tuple[str, ...]) -> str:
    return ".".join(at)


def _lost_comments(before: str, after: str) -> Iterator[Lost]:
    kept = {line.strip() for line in after.splitlines()}
    for number, line in enumerate(before.splitlines(), 1):
        comment = line.strip()
        if comment.startswith("#") and comment not in kept:
            yield Lost(where=f"a comment in line {number}", text=comment)


__all__ = ["Lost", "Merged", "merge", "structure"]
