"""The page of what Brex changed, and the version that follows."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from brex_accounting.errors import SpecError
from brex_accounting.spec.changes import Entry, next_version, with_entry
from brex_accounting.spec.dialect import Published
from brex_accounting.spec.merging import Lost, Merged

ENTRY = Entry(
    today=date(2026, 2, 3),
    document="accounting_api.yaml",
    source="new.yaml",
    published=Published(tree={}, openapi="3.1.0", title="Accounting API", version="2", sha256="ab12"),
    differences="No differences.\n",
    merged=Merged(
        text="", tree={}, to_write=("paths./a.get", "components.schemas.B"), lost=(Lost(where="info.x", text="Words."),)
    ),
    gone=("accounting.yaml, action 9: $.a",),
)
PAGE = """\
# What Brex changed

Every change of a published document that this client has taken over, newest first; `update` writes the entries.

## 2026-02-03: `accounting_api.yaml`, Accounting API 2

From `new.yaml` (OpenAPI 3.1.0, sha256 `ab12`).

No differences.

### Overlay actions that have become needless and are gone

- accounting.yaml, action 9: $.a

### To be described

- `paths./a.get`
- `components.schemas.B`

### Prose that has lost its place

- `info.x`: Words.
"""


class TestEntries:
    def test_the_first(self) -> None:
        """The first entry begins the page."""
        assert PAGE == with_entry(None, ENTRY)

    def test_the_next(self) -> None:
        """The next one is put above it; what is empty is left out."""
        plain = evolve(ENTRY, today=date(2026, 3, 1), gone=(), merged=Merged(text="", tree={}, to_write=(), lost=()))
        head, entry = PAGE.split("\n## ")
        expected = (
            f"{head}\n## 2026-03-01: `accounting_api.yaml`, Accounting API 2\n\n"
            f"From `new.yaml` (OpenAPI 3.1.0, sha256 `ab12`).\n\nNo differences.\n\n## {entry}"
        )
        assert expected == with_entry(PAGE, plain)

    def test_a_head_of_ones_own(self) -> None:
        """What a person wrote above the entries, or below, stays."""
        found = with_entry("# Ours\n\nWords.\n", ENTRY)
        assert found.startswith("# Ours\n\nWords.\n\n## 2026-02-03: ")


class TestVersion:
    @pytest.mark.parametrize(
        ("current", "visible", "expected"),
        [("0.1.0", True, "0.2.0"), ("0.1.3", False, "0.1.4"), ("1.9.9", True, "1.10.0"), ("2.0.0rc1", False, "2.0.1")],
    )
    def test_the_next(self, current: str, expected: str, *, visible: bool) -> None:
        """What shows in Python is a minor release, what does not a patch."""
        assert expected == next_version(current, visible=visible)

    def test_no_version(self) -> None:
        """A version of another form is named."""
        with pytest.raises(SpecError, match=r"^version\.py: 'next' is no version of three numbers"):
            next_version("next", visible=True)
