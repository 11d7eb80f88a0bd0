"""The bundle as it would be with another document, as far as it can be made, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from ..errors import SpecError
from .bundle import DOCUMENTS, join, mark
from .check import check, check_references
from .document import Node, load, schemas
from .overlay import Overlay

Overlaid = tuple[Node, tuple[str, ...], tuple[str, ...]]
"""A document after the overlay actions that fit, why others do not, and which change nothing."""


@frozen
class Sources:
    """What the bundle is made of.

    Attributes:
        documents: The published documents by file name.
        overlays: All overlays, in their order.
        overlaid: The documents after their overlays.
    """

    documents: Mapping[str, Node]
    overlays: tuple[Overlay, ...]
    overlaid: Mapping[str, Overlaid] = field(repr=False)

    @classmethod
    def of(cls, documents: Mapping[str, Node], overlays: tuple[Overlay, ...] = ()) -> Sources:
        """Apply overlays to documents.

        Args:
            documents: By file name.
            overlays: In their order.
        """
        return cls(documents, overlays, {name: _overlaid(overlays, name, tree) for name, tree in documents.items()})

    @classmethod
    def read(cls, folder: Path) -> Sources:
        """Read the folder that ``make_bundle`` reads.

        Raises:
            SpecError: A document or an overlay cannot be read; the text names it.
        """
        documents = {name: load(folder / name) for name in DOCUMENTS}
        return cls.of(documents, tuple(Overlay.read(path) for path in sorted((folder / "overlays").glob("*.yaml"))))

    def with_overlays(self, name: str, document: Node) -> Overlaid:
        """A document in the place of the one of its name, after the overlays of that one."""
        if document == self.documents.get(name):
            return self.overlaid[name]
        return _overlaid(self.overlays, name, document)


@frozen
class Rehearsal:
    """What became of the attempt.

    Attributes:
        tree: The bundle, or what could be made of it: the document with the overlay actions that fit.
        names: What the tree calls the schemas of the document.
        obstacles: Why there is no bundle; empty where there is one.
        needless: The overlay actions that change nothing.
    """

    tree: Node
    names: dict[str, str]
    obstacles: tuple[str, ...]
    needless: tuple[str, ...] = ()


def rehearse(sources: Sources, name: str, document: Node, *, checked: bool = True) -> Rehearsal:
    """Make the bundle with one document in place of the one of its name, and go on where something is refused.

    Args:
        sources: The other documents, and all overlays.
        name: Whose place the document takes.
        document: An OpenAPI 3.0 tree.
        checked: Whether the bundle is checked for what the generator could not carry, which takes the most time.
    """
    overlaid, refused, needless = sources.with_overlays(name, document)
    obstacles = list(refused)
    parts = {**{other: tree for other, (tree, _, _) in sources.overlaid.items()}, name: overlaid}
    names = {schema: str(body.get("x-name", schema)) for schema, body in schemas(overlaid).items()}
    tree = _joined(parts, obstacles, checked=checked)
    if tree is None:
        tree = _joined({name: overlaid}, obstacles, checked=checked) or overlaid
    return Rehearsal(tree, names, tuple(obstacles), needless)


def _overlaid(overlays: tuple[Overlay, ...], name: str, document: Node) -> Overlaid:
    refused: list[str] = []
    needless: list[str] = []
    for overlay in overlays:
        if overlay.extends.rpartition("/")[2] == name:
            document, errors, idle = overlay.apply_what_fits(document)
            refused += map(str, errors)
            needless += idle
    return document, tuple(refused), tuple(needless)


def _joined(parts: Mapping[str, Node], obstacles: list[str], *, checked: bool) -> Node | None:
    try:
        tree = join(dict(parts))
    except SpecError as error:
        obstacles.append(str(error))
        return None
    try:
        check_references(tree)
        mark(tree)
        if checked:
            check(tree)
    except SpecError as error:
        obstacles.append(str(error))
    except RecursionError:  # the validator follows references that lead in a circle and nowhere else
        obstacles.append("some schemas consist of nothing but each other, in a circle")
    return tree


__all__ = ["Rehearsal", "Sources", "rehearse"]
