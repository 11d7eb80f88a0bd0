"""spec-change.md is true: its report is the one of that step, and its marks are all that there are."""

from __future__ import annotations

from brex_accounting.spec.comparison import Mark
from tests.docs.fences import ROOT, of

PAGE = ROOT / "docs" / "spec-change.md"
REPORT = ROOT / "tests" / "spec" / "reports" / "january.txt"


class TestPage:
    def test_report_is_the_one_of_the_step(self) -> None:
        """The report on the page is the one that the tests of ``diff`` expect of the real step."""
        (shown,) = of(PAGE, "text")
        assert REPORT.read_text().rstrip("\n") == shown.text

    def test_marks_are_all_of_them(self) -> None:
        """The table has a row for each mark, and no other."""
        text = PAGE.read_text()
        table = text[text.index("| mark |") :].partition("\n\n")[0]
        assert [str(mark) for mark in Mark] == [row.split("|")[1].strip() for row in table.splitlines()[2:]]
