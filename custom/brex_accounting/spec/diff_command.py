"""``python -m brex_accounting.spec diff NEW``: what a new document changes, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..errors import SpecError
from .comparison import Comparison, Ground, Mark, compare
from .dialect import read_published
from .document import Node
from .emulated import Emulated
from .facts import Facts
from .layout import Layout
from .public_methods import PublicMethods
from .rehearsal import Sources
from .report import render
from .staging import settle

APIS: Final[Mapping[str, str]] = {name: f"{name}_api.yaml" for name in ("accounting", "expenses", "webhooks", "team")}
"""The published documents by what the command line calls them."""

SAME, SAFE, NOT_SAFE = 0, 2, 3
"""Exit statuses; 1 is an error."""


def diff(layout: Layout, api: str, new: Path) -> int:
    """Print what a new document changes.

    Args:
        layout: The project.
        api: Which document it is to take the place of: one of ``APIS``.
        new: The new document, YAML or JSON.

    Returns:
        The exit status: 0 nothing differs, 2 all differences are safe, 3 some are not.

    Raises:
        SpecError: A document cannot be read or compared.
    """
    settle(layout.root)
    found = comparison_with(layout, APIS[api], read_published(new).tree)
    print(render(found), end="")
    if not found.differences:
        return SAME
    return SAFE if all(difference.mark is Mark.SAFE for difference in found.differences) else NOT_SAFE


def comparison_with(layout: Layout, document: str, incoming: Node) -> Comparison:
    """Compare a published document with a new one, on the ground of the project as it is.

    Args:
        layout: The project.
        document: The file name of the published one.
        incoming: The new one, an OpenAPI 3.0 tree.

    Raises:
        SpecError: A document cannot be read or compared, or the new one is another API's.
    """
    sources = Sources.read(layout.documents)
    _refuse_another(sources, document, incoming)
    ground = Ground(sources, PublicMethods(), Emulated())
    return compare(sources.documents[document], incoming, document=document, ground=ground)


def _refuse_another(sources: Sources, document: str, incoming: Node) -> None:
    """Refuse what was given for the wrong document: all of ours would be gone, and overlays would be blamed."""
    theirs = _calls(incoming, f"the new {document}")
    calls = {name: _calls(tree, name) for name, tree in sources.documents.items()}
    if not calls[document] or calls[document] & theirs:
        return
    owners = [api for api, name in APIS.items() if calls[name] & theirs]
    message = (
        f"the new {document}: calls itself {incoming['info']['title']!r}, and has none of the operations of "
        f"{document}; " + (f"it may be meant for --api {owners[0]}" if owners else "it may be of another API of Brex's")
    )
    raise SpecError(message)


def _calls(tree: Node, name: str) -> frozenset[str]:
    """What tells operations and events again: method and path, and the operationId of those that have moved."""
    endpoints = Facts.read(tree, name).endpoints
    return frozenset(
        {*endpoints, *(str(one.node["operationId"]) for one in endpoints.values() if "operationId" in one.node)}
    )


__all__ = ["APIS", "NOT_SAFE", "SAFE", "SAME", "comparison_with", "diff"]
