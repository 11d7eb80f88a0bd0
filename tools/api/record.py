"""The file that holds the recorded surface: JSON, one element a line, sorted by path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from ..errors import ToolError
from .surface import Surface


def dump(surface: Surface) -> str:
    """The text of the file."""
    lines = [f"  {json.dumps(path)}: {_line(fact)}" for path, fact in sorted(surface.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def load(path: Path) -> Surface:
    """Read the file; empty where there is none.

    Raises:
        ToolError: It is no record.
    """
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        message = f"{path}: cannot be read as JSON ({error}); restore it, or delete it and run `make accept-api`"
        raise ToolError(message) from None
    if not isinstance(found, dict) or not all(_is_fact(fact) for fact in cast("dict[str, Any]", found).values()):
        message = (
            f"{path}: is no record of elements, each with its kind; restore it, or delete it and run `make accept-api`"
        )
        raise ToolError(message)
    return cast("Surface", found)


def _is_fact(found: object) -> bool:
    return isinstance(found, dict) and isinstance(cast("dict[str, Any]", found).get("kind"), str)


def _line(fact: object) -> str:
    return json.dumps(fact, ensure_ascii=False)
