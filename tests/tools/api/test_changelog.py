"""What ``CHANGELOG.md`` says of changes of the API."""

from __future__ import annotations

import pytest

from tools.api.changelog import tell
from tools.api.changes import Change
from tools.errors import ToolError

START = """\
# Changelog

## [Unreleased]

### Added

- A thing by hand, on `brex_accounting.Brex`.

### Fixed

- Another: it
  takes two lines.

## [0.1.0] - 2026-01-01

### Added

- `brex_accounting.f` is new: `function`
"""
NEW = Change("brex_accounting.g", None, "function", "addition")
GONE = Change("brex_accounting.f", "function", None, "breaking")
WIDER = Change("brex_accounting.f(a)", "int", "int | str", "addition")
WIDEST = Change("brex_accounting.f(a)", "int | str", "int | str | None", "addition")
BACK = Change("brex_accounting.f(a)", "int | str", "int", "breaking")
BREX = Change("brex_accounting_client.models.Money.currency", "str", "Currency", "breaking")
BREX_NEW = Change("brex_accounting_client.models.Money.rate", None, "str = None, keyword only", "addition")
OLD_WAY = Change("brex_accounting.f", "function", "function, deprecated: use g", "other", deprecates=True)


def unreleased(changelog: str) -> str:
    """The part for what is not released."""
    return changelog.partition("## [Unreleased]\n")[2].partition("## [0.1.0]")[0].strip()


class TestTell:
    def test_each_section(self) -> None:
        """Changes stand below what was written by hand, in the order of the sections; what breaks says so."""
        told = tell(START, [NEW, GONE, WIDER, BREX, BREX_NEW])
        assert (
            """\
# Changelog

## [Unreleased]

### Brex changed

- **Breaking:** `brex_accounting_client.models.Money.currency`: `str` → `Currency`
- `brex_accounting_client.models.Money.rate` is new: `str = None, keyword only`

### Added

- A thing by hand, on `brex_accounting.Brex`.
- `brex_accounting.g` is new: `function`

### Changed

- `brex_accounting.f(a)`: `int` → `int | str`

### Removed

- **Breaking:** `brex_accounting.f` is gone; it was `function`

### Fixed

- Another: it
  takes two lines.

## [0.1.0] - 2026-01-01

### Added

- `brex_accounting.f` is new: `function`
"""
            == told
        )

    def test_a_deprecation(self) -> None:
        """The announcement of a removal has a section of its own."""
        told = unreleased(tell(START, [OLD_WAY]))
        assert "### Deprecated\n\n- `brex_accounting.f`: `function` → `function, deprecated: use g`" in told

    def test_nothing_changes_nothing(self) -> None:
        """No change leaves the file as it is."""
        assert START == tell(START, [])

    def test_twice_is_once(self) -> None:
        """The same changes again, as after a run that was broken off, add nothing."""
        once = tell(START, [NEW, GONE, WIDER, BREX])
        assert once == tell(once, [NEW, GONE, WIDER, BREX])

    def test_code_in_code(self) -> None:
        """A docstring or a value with backticks is shown whole, and leaves no line when it is taken back."""
        with_code = "function, deprecated: since 0.2; use `g` or ``h``"
        old_way = Change("brex_accounting.f", "function", with_code, "other", deprecates=True)
        mark = Change("brex_accounting.g(mark)", None, "= '`'", "addition")
        told = tell(START, [old_way, mark])
        assert f"- `brex_accounting.f`: `function` → ``` {with_code} ```\n" in told
        assert "- `brex_accounting.g(mark)` is new: `` = '`' ``\n" in told
        assert told == tell(told, [old_way, mark])
        back = Change("brex_accounting.f", with_code, "function", "other")
        assert START == tell(told, [back, Change(mark.path, "= '`'", None, "breaking")])

    def test_changed_twice(self) -> None:
        """Two changes of an element are one line, from what was released to what is."""
        told = unreleased(tell(tell(START, [WIDER]), [WIDEST]))
        assert "- `brex_accounting.f(a)`: `int` → `int | str | None`" in told
        assert 1 == told.count("brex_accounting.f(a)")

    def test_changed_back(self) -> None:
        """What is as it was released leaves no line, and no empty section."""
        assert START == tell(tell(START, [WIDER]), [BACK])

    def test_added_and_taken_back(self) -> None:
        """What came and went between two releases leaves no line."""
        gone = Change(NEW.path, "function", None, "breaking")
        assert START == tell(tell(START, [NEW]), [gone])

    def test_added_and_changed(self) -> None:
        """What is new is new as it is now, and breaks nobody; so does a part of it."""
        told = tell(START, [NEW])
        again = Change(NEW.path, "function", "async function", "breaking")
        part = Change(f"{NEW.path}(a)", None, "int", "breaking")
        assert unreleased(tell(START, [NEW])).replace("`function`", "`async function`") == unreleased(
            tell(told, [again, part])
        )

    def test_removed_and_put_back(self) -> None:
        """What is back as it was leaves no line."""
        back = Change(GONE.path, None, "function", "addition")
        assert START == tell(tell(START, [GONE]), [back])

    def test_removed_and_put_back_otherwise(self) -> None:
        """What is back in another form is a change, and one that breaks."""
        back = Change(GONE.path, None, "async function", "addition")
        told = unreleased(tell(tell(START, [GONE]), [back]))
        assert "### Changed\n\n- **Breaking:** `brex_accounting.f`: `function` → `async function`" in told
        assert "Removed" not in told

    def test_released_lines_stay(self) -> None:
        """Lines below a version are history: what happens to their elements later does not touch them."""
        told = tell(START, [GONE])
        assert told.endswith("## [0.1.0] - 2026-01-01\n\n### Added\n\n- `brex_accounting.f` is new: `function`\n")

    def test_no_place(self) -> None:
        """A file without the heading is refused, with the remedy."""
        with pytest.raises(ToolError, match=r"has no line '## \[Unreleased\]' to tell changes under; add it above"):
            tell("# Changelog\n", [NEW])
