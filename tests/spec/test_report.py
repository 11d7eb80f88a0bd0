"""The report: for a terminal, and as Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from brex_accounting.spec.comparison import Comparison, Difference, Mark
from brex_accounting.spec.report import render, render_markdown

from . import changes
from .changes import CASES
from .comparing import changed
from .documents import ACCOUNTING

REPORTS = Path(__file__).parent / "reports"
LONG = Difference(
    mark=Mark.PERSON,
    where="GET /a query " + "q" * 130,
    what="type: string → " + "x" * 130,
    why="many words " * 30,
    operations=("GET /a", "POST /a/{id}"),
    python=("read_a(q=)",),
    methods=("brex.a.get",),
    emulator="not covered: HANDLERS has no readA",
)
SHORT = Difference(
    mark=Mark.SAFE, where="T.f", what="a new optional field: `a|b`", why="so_it_is", operations=("GET /a",)
)


def comparison(*differences: Difference, prose: int = 0) -> Comparison:
    return Comparison(document="team_api.yaml", differences=differences, prose=prose)


class TestTerminal:
    def test_nothing(self) -> None:
        """Where nothing differs, one line says so, and one more counts texts that do."""
        assert "team_api.yaml: no differences.\n" == render(comparison())
        expected = (
            "team_api.yaml: no differences.\n1 text differs: the prose of the published document is ours, and stays.\n"
        )
        assert expected == render(comparison(prose=1))

    def test_a_difference(self) -> None:
        """A difference has its place, what changed and why, and only the rows that it has something for."""
        expected = """\
team_api.yaml: 1 difference: 0 breaking for callers, 0 need a person, 1 safe.
2 texts differ: the prose of the published document is ours, and stays.

SAFE (1)

  T.f
    what       a new optional field: `a|b`
    why        so_it_is
    reaches    GET /a
"""
        assert expected == render(comparison(SHORT, prose=2))

    def test_counts(self) -> None:
        """The first line counts all marks, the gravest first."""
        first = render(comparison(LONG, SHORT, SHORT)).splitlines()[0]
        assert "team_api.yaml: 3 differences: 0 breaking for callers, 1 needs a person, 2 safe." == first

    @pytest.mark.parametrize("case", CASES)
    def test_width(self, case: str) -> None:
        """No line of a report is longer than 120 columns."""
        lines = (REPORTS / f"{case}.txt").read_text(encoding="utf-8").splitlines()  # what is rendered, word for word
        assert [] == [line for line in lines if len(line) > 120 or line != line.rstrip()]

    def test_words_without_an_end(self) -> None:
        """A word that no line can hold is broken, and an operation is never parted from its path."""
        text = render(comparison(LONG))
        assert max(map(len, text.splitlines())) <= 120
        assert "q" * 130 in text.replace("\n", "").replace(" ", "")
        assert "    reaches    GET /a, POST /a/{id}\n" in text

    def test_orders_for_the_terminal(self) -> None:
        """A document cannot make the report give a terminal orders, or look like another report."""
        hostile = Difference(
            mark=Mark.SAFE,
            where="T.\x1b[2Jf",
            what="values are new: A\r\nSAFE (0)\x9b1m, \ud800\u202e",
            why="so",
            operations=("GET /\x07a",),
        )
        expected = r"""
  T.\x1b[2Jf
    what       values are new: A SAFE (0)\x9b1m, \ud800\u202e
    why        so
    reaches    GET /\x07a
"""
        assert render(comparison(hostile)).endswith(expected)
        assert render_markdown(comparison(hostile)).isascii()

    def test_order(self) -> None:
        """The order of a report is that of marks, places and words, whatever the order of the document."""

        def reordered(document: changes.Tree) -> None:
            changes.enums(document)
            document["components"]["schemas"] = dict(reversed(changes.schemas(document).items()))
            document["paths"] = dict(reversed(document["paths"].items()))
            for name in ("SourceType", "AccountingErrorCode"):
                changes.schemas(document)[name]["enum"].reverse()

        assert render(changed(ACCOUNTING, changes.enums)) == render(changed(ACCOUNTING, reordered))


class TestMarkdown:
    def test_nothing(self) -> None:
        """Where nothing differs, one line says so."""
        assert "`team_api.yaml`: no differences.\n" == render_markdown(comparison())

    def test_differences(self) -> None:
        """The same facts as a list, with the signs that Markdown would take for its own escaped."""
        expected = """\
`team_api.yaml`: 2 differences: 1 breaking for callers, 0 need a person, 1 safe. 3 texts differ, and ours stay.

**Breaking for callers**

- `T.g`: the field is gone
  - why: the attribute is gone from the model
  - reaches: GET /a, GET /b/{id}
  - Python: T.g
  - used by: brex.a.get\\_all

**Safe**

- `T.f`: a new optional field: \\`a\\|b\\`
  - why: so\\_it\\_is
  - reaches: GET /a
"""
        gone = Difference(
            mark=Mark.BREAKING,
            where="T.g",
            what="the field is gone",
            why="the attribute is gone from the model",
            operations=("GET /a", "GET /b/{id}"),
            python=("T.g",),
            methods=("brex.a.get_all",),
        )
        assert expected == render_markdown(comparison(gone, SHORT, prose=3))
