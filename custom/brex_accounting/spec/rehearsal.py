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


@frozen
class Sources:
    """What the bundle is made of.

    Attributes:
        documents: The published documents by file name.
        overlays: All overlays, in their order.
        overlaid: What ``overlay`` gives for each document.
    """

    documents: Mapping[str, Node]
    overlays: tuple[Overlay, ...] = ()
    overlaid: Mapping[str, tuple[Node, tuple[str, ...]]] = field(repr=False)

    @overlaid.default
    def _overlay_all(self) -> Mapping[str, tuple[Node, tuple[str, ...]]]:
        return {name: self.overlay(name, document) for name, document in self.documents.items()}

    def overlay(self, name: str, document: Node) -> tuple[Node, tuple[str, ...]]:
        """Apply the overlays of a document to it, or to another in its place.

        Returns:
            What comes of the actions that fit, and why the others do not.
        """
        refused: list[str] = []
        for overlay in self.overlays:
            if overlay.extends.rpartition("/")[2] == name:
                document, errors = overlay.apply_what_fits(document)
                refused += map(str, errors)
        return document, tuple(refused)

    @classmethod
    def read(cls, folder: Path) -> Sources:
        """Read the folder that ``make_bundle`` reads.

        Raises:
            SpecError: A document or an overlay cannot be read; the text names it.
        """
        documents = {name: load(folder / name) for name in DOCUMENTS}
        overlays = tuple(Overlay.read(path) for path in sorted((folder / "overlays").glob("*.yaml")))
        return cls(documents, overlays)


@frozen
class Rehearsal:
    """What became of the attempt.

    Attributes:
        tree: The bundle, or what could be made of it: the document with the overlay actions that fit.
        names: What the tree calls the schemas of the document.
        obstacles: Why there is no bundle; empty where there is one.
    """

    tree: Node
    names: dict[str, str]
    obstacles: tuple[str, ...]


def rehearse(sources: Sources, name: str, document: Node, *, checked: bool = True) -> Rehearsal:
    """Make the bundle with one document in place of the one of its name, and go on where something is refused.

    Args:
        sources: The other documents, and all overlays.
        name: Whose place the document takes.
        document: An OpenAPI 3.0 tree.
        checked: Whether the bundle is checked for what the generator could not carry, which takes the most time.
    """
    is_known = document == sources.documents.get(name)
    overlaid, refused = sources.overlaid[name] if is_known else sources.overlay(name, document)
    obstacles = list(refused)
    parts = {**{other: tree for other, (tree, _) in sources.overlaid.items()}, name: overlaid}
    names = {schema: str(body.get("x-name", schema)) for schema, body in schemas(overlaid).items()}
    tree = _joined(parts, obstacles, checked=checked)
    if tree is None:
        tree = _joined({name: overlaid}, obstacles, checked=checked) or overlaid
    return Rehearsal(tree, names, tuple(obstacles))


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
