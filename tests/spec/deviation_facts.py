"""What the bundle says on the wire otherwise than the published documents, as text with a deviation on each line.

``python -m tests.spec.deviation_facts FOLDER BUNDLE`` prints them for the documents in a folder; an update of a
document writes them into ``facts/``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from . import wire_facts
from .wire_facts import Difference, Tree

PAGE = Path(__file__).parent / "facts" / "deviations.txt"
DOCUMENTS = ("accounting_api.yaml", "expenses_api.yaml", "webhooks_api.yaml", "team_api.yaml")
HEAD = """\
# What the bundle says otherwise than Brex published it, as tests/spec/wire_facts.py reads it: place, published, bundle.
# An update of a document writes this page. Whoever edits an overlay by hand, and means it, edits its lines here.
"""


def pinned(difference: Difference) -> tuple[str, str, Any, Any]:
    """A difference in a named schema is one, however many operations reach it."""
    if difference.whole[:2] != ("components", "schemas"):
        return difference.row()
    _, _, schema, *inside = difference.whole
    return (f"schema {schema}", "/".join(map(str, inside)), difference.published, difference.bundled)


def line(difference: Difference) -> str:
    subject, path, published, bundled = pinned(difference)
    before, after = (json.dumps(value, sort_keys=True) for value in (published, bundled))
    return f"{subject} {path}: {before} → {after}"


def page(differences: list[Difference]) -> str:
    parts = [HEAD]
    for owner in (*DOCUMENTS, "bundle"):
        lines = sorted({line(each) for each in differences if each.owner == owner})
        parts += [f"\n{owner}\n", *(f"    {each}\n" for each in lines)] if lines else []
    return "".join(parts)


def main(folder: Path, bundle: Path) -> None:
    def read(path: Path) -> Tree:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))

    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(page(wire_facts.differences({name: read(folder / name) for name in DOCUMENTS}, read(bundle))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
