"""The bundle as it would be with another document, as far as it can be made, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

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
    """

    documents: Mapping[str, Node]
    overlays: tuple[Overlay, ...]

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


def rehearse(sources: Sources, name: str, document: Node) -> Rehearsal:
    """Make the bundle with one document in place of the one of its name, and go on where something is refused.

    Args:
        sources: The other documents, and all overlays.
        name: Whose place the document takes.
        document: An OpenAPI 3.0 tree.
    """
    parts = {**sources.documents, name: document}
    obstacles: list[str] = []
    for overlay in sources.overlays:
        extended = overlay.extends.rpartition("/")[2]
        if extended in parts:
            parts[extended], refused = overlay.apply_what_fits(parts[extended])
            obstacles += [str(error) for error in refused if extended == name]
    names = {schema: str(body.get("x-name", schema)) for schema, body in schemas(parts[name]).items()}
    tree = _joined(parts, obstacles)
    if tree is None:
        return Rehearsal(_joined({name: parts[name]}, []) or parts[name], names, tuple(obstacles))
    return Rehearsal(tree, names, tuple(obstacles))


def _joined(parts: Mapping[str, Node], obstacles: list[str]) -> Node | None:
    try:
        tree = join(dict(parts))
    except SpecError as error:
        obstacles.append(str(error))
        return None
    try:
        check_references(tree)
        mark(tree)
        check(tree)
    except SpecError as error:
        obstacles.append(str(error))
    return tree


__all__ = ["Rehearsal", "Sources", "rehearse"]
