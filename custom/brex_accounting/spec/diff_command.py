"""``python -m brex_accounting.spec diff NEW``: what a new document changes, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ..errors import SpecError
from .comparison import Comparison, Ground, Mark, compare
from .document import Node, load
from .emulated import Emulated
from .public_methods import PublicMethods
from .rehearsal import Sources
from .report import render

APIS: Final[Mapping[str, str]] = {name: f"{name}_api.yaml" for name in ("accounting", "expenses", "webhooks", "team")}
"""The published documents by what the command line calls them."""

SAME, SAFE, NOT_SAFE = 0, 2, 3
"""Exit statuses; 1 is an error."""


def diff(root: Path, api: str, new: Path) -> int:
    """Print what a new document changes.

    Args:
        root: The project: holds ``openapi/``.
        api: Which document it is to take the place of: one of ``APIS``.
        new: The new document, YAML or JSON.

    Returns:
        The exit status: 0 nothing differs, 2 all differences are safe, 3 some are not.

    Raises:
        SpecError: A document cannot be read or compared.
    """
    found = comparison_with(root, api, _read(new))
    print(render(found), end="")
    if not found.differences:
        return SAME
    return SAFE if all(difference.mark is Mark.SAFE for difference in found.differences) else NOT_SAFE


def comparison_with(root: Path, api: str, incoming: Node) -> Comparison:
    """Compare a published document with a new one, on the ground of the project as it is.

    Raises:
        SpecError: A document cannot be read or compared.
    """
    sources = Sources.read(root / "openapi")
    name = APIS[api]
    ground = Ground(sources, PublicMethods(), Emulated())
    return compare(sources.documents[name], incoming, document=name, ground=ground)


def _read(path: Path) -> Node:
    document = load(path)
    version = str(document.get("openapi", "none"))
    if not version.startswith("3.0"):
        message = f"{path.name}: is OpenAPI {version}, expected 3.0"
        raise SpecError(message)
    return document


__all__ = ["APIS", "NOT_SAFE", "SAFE", "SAME", "comparison_with", "diff"]
