"""``python -m brex_accounting.spec diff NEW``: what a new document changes, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .comparison import Comparison, Ground, Mark, compare
from .dialect import read_published
from .document import Node
from .emulated import Emulated
from .layout import Layout
from .public_methods import PublicMethods
from .rehearsal import Sources
from .report import render

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
        SpecError: A document cannot be read or compared.
    """
    sources = Sources.read(layout.documents)
    ground = Ground(sources, PublicMethods(), Emulated())
    return compare(sources.documents[document], incoming, document=document, ground=ground)


__all__ = ["APIS", "NOT_SAFE", "SAFE", "SAME", "comparison_with", "diff"]
