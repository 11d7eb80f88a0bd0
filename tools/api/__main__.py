"""``python -m tools.api check|accept``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..errors import ToolError
from ..files import replace_all
from . import record
from .changelog import tell
from .changes import Change, compare
from .surface import read

ROOTS: Final = (
    "brex_accounting",
    "brex_accounting.export",
    "brex_accounting.export.beancount",
    "brex_accounting.emulator",
    "brex_accounting.testing",
    "brex_accounting_client.models",
)
"""The modules that users import from, by README and docs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status: 0 done, 1 the API is not what is recorded, or cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m tools.api", description=__doc__)
    parser.add_argument("command", choices=("check", "accept"), help="see what changed, or record it")
    parser.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")
    parser.add_argument("--module", action="append", help="a module whose __all__ is public (default: the project's)")
    options = parser.parse_args(arguments)
    try:
        return _run(options.command, options.root, options.module or ROOTS)
    except (ToolError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(command: str, root: Path, modules: Sequence[str]) -> int:
    path, changelog = root / "api" / "public.json", root / "CHANGELOG.md"
    surface = read(modules, [root / "custom", root])
    recorded, text = record.load(path), record.dump(surface)
    changes = compare(recorded, surface) if recorded else []  # the first record announces nothing
    is_current = path.exists() and path.read_text(encoding="utf-8") == text
    for change in changes:
        print(_shown(change))
    if command == "check":
        remedy = "run `make accept-api`, and review what it writes"
        verdict = "as api/public.json records it" if is_current else f"which api/public.json does not record; {remedy}"
        print(f"public API: {len(surface)} elements, {verdict}")
        return 0 if is_current else 1
    news = tell(changelog.read_text(encoding="utf-8"), changes) if recorded else None
    path.parent.mkdir(exist_ok=True)
    replace_all({path: text} if news is None else {changelog: news, path: text})
    print(f"public API: {len(surface)} elements recorded in api/public.json")
    return 0


def _shown(change: Change) -> str:
    old, new = change.old or "nothing", change.new or "nothing"
    return f"{change.severity}: {change.path}: {old} → {new}"


if __name__ == "__main__":
    sys.exit(main())
