"""The pattern of ``docs/versions.md`` for what is going to be removed."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from tools.api.changelog import tell
from tools.api.changes import compare

from .made_up import surface

PAGE = Path(__file__).parents[3] / "docs" / "versions.md"
BLOCK, RENAMED = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


class TestPattern:
    def test_warns_the_caller(self) -> None:
        """The old way does what it did, and the warning stands at the line that called it."""
        names: dict[str, Any] = {"__name__": "page"}
        exec(compile(BLOCK, "page.py", "exec"), names)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert [0, 1] == names["fetch_all"](2)
        assert [(DeprecationWarning, __file__)] == [(each.category, each.filename) for each in caught]
        assert "fetch_all is deprecated since 0.3 and will be gone in 0.5; use read_all" == str(caught[0].message)

    def test_renamed(self) -> None:
        """What has the new name is found under the old one, without a warning; the old one warns its caller."""
        names: dict[str, Any] = {"__name__": "page", "warnings": warnings}
        exec(compile(RENAMED, "page.py", "exec"), names)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            error = names["StoreError"]("full")
            with pytest.raises(names["StoreFailed"], match="full"):
                raise error
            assert [] == caught
            assert ("full",) == names["StoreFailed"]("full").args
        assert [(DeprecationWarning, __file__)] == [(each.category, each.filename) for each in caught]

    def test_a_new_name_is_recorded(self, tmp_path: Path) -> None:
        """The record takes the old name for deprecated and the new one for an addition, and nothing for a break."""
        old = surface(tmp_path / "old", '__all__ = ["StoreFailed"]\nclass StoreFailed(Exception): ...\n')
        new = surface(tmp_path / "new", f'__all__ = ["StoreError", "StoreFailed"]\nimport warnings\n{RENAMED}')
        changes = {change.path.removeprefix("made_up."): change for change in compare(old, new)}
        assert {"StoreError": "addition", "StoreFailed": "other", "StoreFailed(args)": "addition"} == {
            path: change.severity for path, change in changes.items()
        }
        assert changes["StoreFailed"].deprecates

    def test_is_recorded(self, tmp_path: Path) -> None:
        """The record sees the announcement, and the changelog has it under *Deprecated*."""
        head = '__all__ = ["fetch_all"]\n'
        old = surface(tmp_path / "old", head + BLOCK.replace("Deprecated: since 0.3, gone in 0.5; use read_all.", ""))
        new = surface(tmp_path / "new", head + BLOCK)
        told = tell("## [Unreleased]\n", compare(old, new))
        line = (
            "- `made_up.fetch_all`: `function -> list[int]` → "
            "`function -> list[int], deprecated: since 0.3, gone in 0.5; use read_all.`"
        )
        assert told.splitlines()[1:5] == ["", "### Deprecated", "", line]
