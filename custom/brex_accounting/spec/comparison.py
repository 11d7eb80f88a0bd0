"""The semantic difference of two published documents: what changes for callers, and what people have to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from .document import Node
from .emulated import Emulated
from .facts import PROSE, Facts, texts
from .findings import Finding, Place, Sides
from .marking import Mark, Verdict, gravity
from .operation_comparison import OperationComparison
from .pairing import pair
from .public_methods import PublicMethods
from .python_names import PythonNames
from .rehearsal import Sources, rehearse
from .schema_comparison import SchemaComparison

_COMPARED: frozenset[str] = frozenset(
    {"openapi", "info", "servers", "security", "tags", "paths", "components", "x-webhooks"}
)


@frozen(kw_only=True)
class Difference:
    """One difference, told once, however many operations it reaches.

    Attributes:
        mark: What it asks of people.
        where: The place, as on the wire.
        what: What changed, old → new.
        why: Why it has this mark, and the remedy where a person is needed.
        operations: The operations and events that it reaches.
        python: The names that it touches.
        methods: The public methods that use them.
        emulator: Whether the emulator covers what is new, None where nothing is.
    """

    mark: Mark
    where: str
    what: str
    why: str
    operations: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    emulator: str | None = None


@frozen(kw_only=True)
class Comparison:
    """All differences of two documents, the gravest first.

    Attributes:
        document: The file name of the published one.
        differences: What differs.
        prose: How many texts differ; they are not taken over.
    """

    document: str
    differences: tuple[Difference, ...]
    prose: int


@frozen
class Ground:
    """What a comparison stands on beside the documents.

    Attributes:
        sources: The other documents, and the overlays.
        methods: The public methods.
        emulated: What the emulator knows.
    """

    sources: Sources
    methods: PublicMethods
    emulated: Emulated


def compare(published: Node, incoming: Node, *, document: str, ground: Ground) -> Comparison:
    """Compare two versions of a document.

    Args:
        published: The one that the client is made from now, an OpenAPI 3.0 tree.
        incoming: The new one, the same.
        document: The file name of the published one.
        ground: What the client and the emulator are.

    Raises:
        SpecError: One of them is not of OpenAPI's form, so that nothing can be compared.
    """
    old, new = Facts.read(published, document), Facts.read(incoming, f"the new {document}")
    before, after = (rehearse(ground.sources, document, tree) for tree in (published, incoming))
    sides = Sides(
        old=old,
        new=new,
        pairs=pair(old, new),
        old_names=PythonNames(before.tree, before.names),
        new_names=PythonNames(after.tree, after.names),
        methods=ground.methods,
        emulated=ground.emulated,
    )
    schemas = SchemaComparison(sides)
    found = [*schemas.named(), *OperationComparison(sides, schemas).all(), *_top(published, incoming, document)]
    told = [*_told(sides, found), *_obstacles(after.obstacles, document)]
    return Comparison(
        document=document,
        differences=tuple(sorted(told, key=lambda one: (gravity(one.mark), one.where, one.what))),
        prose=_prose(sides),
    )


def _told(sides: Sides, findings: Iterable[Finding]) -> Iterator[Difference]:
    """Findings as differences; those that say the same of several operations are one."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        place = finding.place
        own = str(place) if place.is_schema or not place.part else place.local
        groups.setdefault((place.is_schema, own, finding.what, finding.verdict, finding.emulator), []).append(finding)
    for group in groups.values():
        first = group[0]
        operations = sorted({where for finding in group for where in _operations(sides, finding.place)})
        functions = [
            function
            for where in operations
            for names in (sides.new_names, sides.old_names)
            if (function := names.function(where)) is not None
        ]
        where = str(first.place) if len(group) == 1 else f"{first.place.local} of {len(group)} operations"
        yield Difference(
            mark=first.verdict.mark,
            where=where,
            what=first.what,
            why=first.verdict.why,
            operations=tuple(operations),
            python=tuple(sorted({name for finding in group for name in finding.python})),
            methods=tuple(sorted({method for function in functions for method in sides.methods.of(function)})),
            emulator=first.emulator,
        )


def _operations(sides: Sides, place: Place) -> tuple[str, ...]:
    if place.is_schema:
        return sides.pairs.users.get(place.subject, ())
    return (place.subject,) if " " in place.subject else ()


def _obstacles(obstacles: Iterable[str], document: str) -> Iterator[Difference]:
    for obstacle in obstacles:
        yield Difference(
            mark=Mark.PERSON,
            where=f"the bundle of the new {document}",
            what=obstacle,
            why="the client cannot be made from it before this is solved in openapi/overlays",
        )


def _top(old: Node, new: Node, document: str) -> Iterator[Finding]:
    """What stands above all operations."""
    place = Place(document, document, is_schema=True)
    before, after = (str(tree.get("info", {}).get("version", "none")) for tree in (old, new))
    if before != after:
        yield _above(place, f"info.version: {before} → {after}", Mark.SAFE, "it names the document, and no call")
    mine, theirs = (sorted(str(server.get("url")) for server in tree.get("servers", [])) for tree in (old, new))
    if mine != theirs:
        why = "the client's base URL and the overlays name hosts: see whether they are still the right ones"
        yield _above(place, f"servers: {', '.join(mine) or 'none'} → {', '.join(theirs) or 'none'}", Mark.PERSON, why)
    yield from _schemes(place, old, new)
    for key in sorted((old.keys() | new.keys()) - _COMPARED - PROSE):
        if _plain(old.get(key)) != _plain(new.get(key)):
            mark = Mark.SAFE if key.startswith("x-") else Mark.PERSON
            why = (
                "an extension goes over no wire"
                if mark is Mark.SAFE
                else "there is no rule for it: find out what it means"
            )
            yield _above(place, f"{key} differs", mark, why)
    for section in sorted(old.get("components", {}).keys() | new.get("components", {}).keys()):
        if section not in ("schemas", "securitySchemes", "examples"):
            mine_, theirs_ = (tree.get("components", {}).get(section, {}) for tree in (old, new))
            if _plain(mine_) != _plain(theirs_):
                why = "parts that several operations share: what they change in each is told there, if it is used"
                yield _above(place, f"components.{section} differs", Mark.PERSON, why)


def _schemes(place: Place, old: Node, new: Node) -> Iterator[Finding]:
    before, after = (tree.get("components", {}).get("securitySchemes", {}) for tree in (old, new))
    for name in sorted(before.keys() | after.keys()):
        mine, theirs = before.get(name), after.get(name)
        if mine is None or theirs is None:
            what = f"security scheme {name}: {'new' if mine is None else 'gone'}"
            mark = Mark.SAFE if mine is None else Mark.PERSON
            why = (
                "each operation says whether it needs it"
                if mine is None
                else "see what takes its place, and who signs in with it"
            )
            yield _above(place, what, mark, why)
            continue
        if _plain(_without_scopes(mine)) != _plain(_without_scopes(theirs)):
            why = "tokens are got in another way: see that OAuthApp and its issuer still fit"
            yield _above(place, f"security scheme {name}: {_short(mine)} → {_short(theirs)}", Mark.PERSON, why)
        scopes, others = _scopes(mine), _scopes(theirs)
        if others - scopes:
            why = "a scope is asked for only by whoever names it; each operation says whether it needs it"
            yield _above(
                place, f"security scheme {name}: new scopes {', '.join(sorted(others - scopes))}", Mark.SAFE, why
            )
        if scopes - others:
            why = "an issuer may refuse a consent that asks for it: see who names it"
            yield _above(
                place, f"security scheme {name}: scopes gone {', '.join(sorted(scopes - others))}", Mark.PERSON, why
            )


def _above(place: Place, what: str, mark: Mark, why: str) -> Finding:
    return Finding(place=place, what=what, verdict=Verdict(mark, why))


def _scopes(scheme: Node) -> set[str]:
    return {scope for flow in scheme.get("flows", {}).values() for scope in flow.get("scopes", {})}


def _without_scopes(scheme: Node) -> Node:
    flows = {name: {**flow, "scopes": None} for name, flow in scheme.get("flows", {}).items()}
    return {**scheme, "flows": flows}


def _short(scheme: Node) -> str:
    return json.dumps(_plain(_without_scopes(scheme)), ensure_ascii=False, sort_keys=True, default=str)


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _plain(part) for key, part in tree.items() if key not in PROSE}
    return [_plain(part) for part in tree] if isinstance(tree, list) else tree


def _prose(sides: Sides) -> int:
    """How many texts differ in places that both documents have."""
    mine, theirs = texts(sides.old, dict(sides.pairs.schemas)), texts(sides.new, {})
    places = {place for place in mine.keys() | theirs.keys() if place[:-1] in mine and place[:-1] in theirs}
    return sum(1 for place in places if mine.get(place) != theirs.get(place))


__all__ = ["Comparison", "Difference", "Ground", "Mark", "compare"]
