"""brex.md and testing.md name what the emulator has: every open question with its answers, and every fault."""

from __future__ import annotations

import re

from brex_accounting.emulator import EFFECTS, VARIANTS
from tests.docs.fences import ROOT


class TestPage:
    def test_open_questions_are_the_variants(self) -> None:
        """Each row is a variant, in the emulator's order, with all of its answers, the default first."""
        text = (ROOT / "docs" / "brex.md").read_text()
        rows = [re.split(r" *\| *", row)[1:-1] for row in text.splitlines() if row.startswith("| `")]
        expected = [
            (name, tuple(variant.values), variant.certainty, variant.question.partition("?")[0])
            for name, variant in VARIANTS.items()
        ]
        found = [
            (name.strip("`"), tuple(re.findall(r"`([^`]+)`", answers)), certainty, question.rstrip("?"))
            for name, question, answers, certainty in rows
        ]
        assert expected == found
        assert all(variant.default == next(iter(variant.values)) for variant in VARIANTS.values())

    def test_every_fault_is_named(self) -> None:
        """The table of faults names each effect, and nothing that is none."""
        text = (ROOT / "docs" / "testing.md").read_text()
        table = text[text.index("| fault |") :].partition("\n\n")[0]
        first = "\n".join(row.split("|")[1] for row in table.splitlines())
        named = set(re.findall(r"`([a-z_]+)`", first)) - {"retry_after"}
        assert set(EFFECTS) == named
