"""The rules: every change has a mark for each way that a value can go."""

from __future__ import annotations

import pytest

from brex_accounting.spec.marking import Change, Flow, Mark, Verdict, gravity, judge

B, P, S = Mark.BREAKING, Mark.PERSON, Mark.SAFE

RULES = {
    Change.FIELD_ADDED: (S, S),
    Change.REQUIRED_FIELD_ADDED: (B, P),
    Change.FIELD_REMOVED: (B, B),
    Change.NOW_REQUIRED: (B, P),
    Change.NOW_OPTIONAL: (S, B),
    Change.NULLABLE_NOW_OPTIONAL: (S, S),
    Change.NULL_ALLOWED: (S, B),
    Change.NULL_ALLOWED_IN_OPTIONAL: (S, S),
    Change.NULL_REFUSED: (B, P),
    Change.NULL_REFUSED_IN_OPTIONAL: (B, S),
    Change.TYPE: (B, B),
    Change.TYPE_SAME_IN_PYTHON: (P, S),
    Change.TEXT_TO_ENUM: (P, S),
    Change.CLASS: (B, B),
    Change.VALUE_ADDED: (S, S),
    Change.VALUE_REMOVED: (B, B),
    Change.TIGHTER: (B, S),
    Change.LOOSER: (S, S),
    Change.OTHER_LIMIT: (P, S),
    Change.DEFAULT: (P, P),
    Change.CHOICE_ADDED: (S, P),
    Change.CHOICE_REMOVED: (B, P),
    Change.DEPRECATED: (P, P),
    Change.NOT_DEPRECATED: (S, S),
    Change.EXTENSION: (S, S),
    Change.KEYWORD: (P, P),
}
"""The marks of what is sent and of what is received."""


class TestJudge:
    @pytest.mark.parametrize("change", Change)
    def test_each_change(self, change: Change) -> None:
        """Each change has the mark that stands above, for what is sent and for what is received."""
        assert RULES[change] == (judge(change, [Flow.SENT]).mark, judge(change, [Flow.RECEIVED]).mark)

    @pytest.mark.parametrize("change", Change)
    def test_both_ways(self, change: Change) -> None:
        """What goes both ways has the graver mark."""
        found = judge(change, [Flow.RECEIVED, Flow.SENT]).mark
        assert min(RULES[change], key=[B, P, S].index) == found

    def test_reasons_of_both_ways(self) -> None:
        """Two reasons are told with their ways, the graver one first; one reason is told once."""
        verdict = judge(Change.FIELD_ADDED, [Flow.SENT, Flow.RECEIVED])
        assert verdict == Verdict(
            S,
            "sent: it is not sent unless a caller sets it; received: it is None where an answer lacks it, and clients "
            "made before pass over it",
        )
        assert "it stays" == judge(Change.NOT_DEPRECATED, [Flow.SENT, Flow.RECEIVED]).why

    def test_what_nobody_uses(self) -> None:
        """A schema that no operation uses is judged as the bundle takes it: as received."""
        assert judge(Change.NOW_OPTIONAL, [Flow.RECEIVED]) == judge(Change.NOW_OPTIONAL, [])


def test_gravity() -> None:
    """Breaking comes first, safe last, as the marks are listed."""
    assert [B, P, S] == list(Mark) == sorted(Mark, key=gravity)
