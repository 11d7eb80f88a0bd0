"""The semantic difference of two published documents: what changes for callers, and what people have to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from .document import Node
from .document_comparison import whole
from .emulated import Emulated
from .facts import Facts, texts
from .findings import Finding, Place, Sides
from .marking import Mark, gravity
from .operation_comparison import OperationComparison
from .pairing import pair
from .public_methods import PublicMethods
from .python_names import PythonNames
from .rehearsal import Rehearsal, Sources, rehearse
from .schema_comparison import SchemaComparison


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
        emulator: Whether the emulator covers what is new, None where nothing is, or there is no emulator.
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
    before = rehearse(ground.sources, document, published, checked=False)
    after = rehearse(ground.sources, document, incoming)
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
    found = [*schemas.named(), *OperationComparison(sides, schemas).all(), *whole(published, incoming, document)]
    told = [*_told(sides, found), *_about_the_bundle(after, document)]
    return Comparison(
        document=document,
        differences=tuple(
            sorted(told, key=lambda one: (gravity(one.mark), one.where, one.what, one.why, one.operations))
        ),
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
        where = str(first.place) if len(group) == 1 else f"{first.place.local} of {len(group)} operations"
        yield Difference(
            mark=first.verdict.mark,
            where=where,
            what=first.what,
            why=first.verdict.why,
            operations=tuple(operations),
            python=tuple(sorted({name for finding in group for name in finding.python})),
            methods=tuple(sorted({method for where in operations for method in _methods(sides, where)})),
            emulator=first.emulator if sides.emulated.is_there else None,
        )


def _methods(sides: Sides, where: str) -> Iterator[str]:
    kind, _, name = where.partition(" ")
    if kind == "EVENT":
        yield from sides.methods.of_event(name)
    for names in (sides.new_names, sides.old_names):
        function = names.function(where)
        if function is not None:
            yield from sides.methods.of(function)


def _operations(sides: Sides, place: Place) -> tuple[str, ...]:
    if place.is_schema:
        return sides.pairs.users.get(place.subject, ())
    return (place.subject,) if " " in place.subject else ()


def _about_the_bundle(after: Rehearsal, document: str) -> Iterator[Difference]:
    unsolved = "the client cannot be made from it before this is solved in openapi/overlays"
    needless = "`update` takes the action out of its overlay, and there is nothing else to be done"
    told = ((Mark.PERSON, unsolved, after.obstacles), (Mark.SAFE, needless, after.needless))
    for mark, why, labels in told:
        for what in labels:
            yield Difference(mark=mark, where=f"the bundle of the new {document}", what=what, why=why)


def _prose(sides: Sides) -> int:
    """How many texts differ in places that both documents have."""
    mine, theirs = texts(sides.old, dict(sides.pairs.schemas)), texts(sides.new, {})
    places = {place for place in mine.keys() | theirs.keys() if place[:-1] in mine and place[:-1] in theirs}
    return sum(1 for place in places if mine.get(place) != theirs.get(place))


__all__ = ["Comparison", "Difference", "Ground", "Mark", "compare"]
