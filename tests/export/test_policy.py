"""What a ledger takes, and when, as its owner says it."""

from __future__ import annotations

import datetime
from typing import Any

import attrs
import pytest

from brex_accounting.errors import BrexError, InvalidArgument
from brex_accounting.export import RECORD_TYPES, ExportPolicy
from brex_accounting.export.record_types import types_of

JAN_31 = datetime.date(2026, 1, 31)


class TestExportPolicy:
    def test_has_no_default_basis(self) -> None:
        """Nobody but the owner knows the basis, so it has to be said."""
        with pytest.raises(TypeError, match="basis"):
            ExportPolicy()  # type: ignore[call-arg]

    @pytest.mark.parametrize(
        ("wrong", "text"),
        [
            ({"basis": "modified"}, r"^basis: expected 'accrual' or 'cash', got 'modified'$"),
            ({"basis": None}, r"^basis: expected 'accrual' or 'cash', got None$"),
            ({"closed": "never"}, r"^closed: expected 'wait' or 'next open date' or 'fail', got 'never'$"),
            ({"bills": "later"}, r"^bills: expected 'ready' or 'arrival', got 'later'$"),
            ({"start": "2026-01-31"}, r"^start: expected a date"),
            ({"start": datetime.datetime(2026, 1, 31)}, r"^start: expected a date"),
            ({"closed_through": "2026-01-31"}, r"^closed_through: expected a date"),
            ({"closed_through": datetime.datetime(2026, 1, 31)}, r"^closed_through: expected a date"),
            (
                {"closed_through": datetime.date.max, "closed": "next open date"},
                r"^closed_through: expected a date with a day after it",
            ),
            ({"record_types": ["CARD_EXPENSE_POST", "CARD_EXPENSES"]}, r"^record_types: 'CARD_EXPENSES' is no type"),
            ({"record_types": "CARD_PAYMENT"}, r"^record_types: "),
            ({"record_types": []}, r"^record_types: expected at least one type, or None"),
        ],
    )
    def test_refuses_what_cannot_be_right(self, wrong: dict[str, Any], text: str) -> None:
        """Each argument that cannot be right is named, with what is expected."""
        with pytest.raises(InvalidArgument, match=text) as caught:
            ExportPolicy(**{"basis": "accrual", **wrong})
        assert isinstance(caught.value, BrexError)
        assert isinstance(caught.value, ValueError)

    @pytest.mark.parametrize("basis", ["accrual", "cash"])
    def test_takes_the_types_of_its_basis(self, basis: Any) -> None:
        """Without a list it takes what belongs into books of the basis."""
        assert types_of(basis) == ExportPolicy(basis=basis).types

    def test_takes_the_types_that_are_named(self) -> None:
        """A list stands for itself, in any collection, and decides alone."""
        named = ["CARD_PAYMENT", "REIMBURSEMENT_EXPENSE_POST"]
        policy = ExportPolicy(basis="accrual", record_types=named)  # type: ignore[arg-type]
        assert frozenset(named) == policy.types
        assert ExportPolicy(basis="accrual", record_types=frozenset(named)) == policy
        assert ExportPolicy(basis="cash", record_types=frozenset(RECORD_TYPES)).types == RECORD_TYPES.keys()

    def test_closes_through_a_day(self) -> None:
        """The last closed day is closed, the next one is the first open one."""
        policy = ExportPolicy(basis="cash", closed_through=JAN_31)
        assert policy.is_closed(JAN_31)
        assert policy.is_closed(datetime.date(2020, 1, 1))
        assert not policy.is_closed(datetime.date(2026, 2, 1))
        assert datetime.date(2026, 2, 1) == policy.next_open_date

    def test_closes_nothing_unless_told(self) -> None:
        """Without closed periods every day is open, and there is no next one."""
        policy = ExportPolicy(basis="cash")
        assert not policy.is_closed(datetime.date.min)
        assert policy.next_open_date is None
        assert "wait" == policy.closed

    @pytest.mark.parametrize(
        "change",
        [
            {"basis": "cash"},
            {"record_types": frozenset({"CARD_PAYMENT"})},
            {"record_types": frozenset({"CARD_PAYMENT", "INVOICE"})},
            {"start": JAN_31},
            {"bills": "arrival"},
        ],
    )
    def test_fingerprint_changes_with_what_is_taken(self, change: dict[str, Any]) -> None:
        """Whatever decides which records are taken is in the fingerprint."""
        policy = ExportPolicy(basis="accrual")
        assert policy.fingerprint != attrs.evolve(policy, **change).fingerprint

    @pytest.mark.parametrize("change", [{"closed_through": JAN_31}, {"closed": "fail"}])
    def test_fingerprint_passes_over_closed_periods(self, change: dict[str, Any]) -> None:
        """A period that is closed passes no record over for good, so months can be closed without a second look."""
        policy = ExportPolicy(basis="accrual")
        assert policy.fingerprint == attrs.evolve(policy, **change).fingerprint

    def test_fingerprint_has_one_spelling(self) -> None:
        """The order in which types are named does not count, nor whether those of the basis are named at all."""
        names = sorted(types_of("cash"))
        spelled = [
            ExportPolicy(basis="cash"),
            ExportPolicy(basis="cash", record_types=frozenset(names)),
            ExportPolicy(basis="cash", record_types=reversed(names)),  # type: ignore[arg-type]
        ]
        assert 1 == len({policy.fingerprint for policy in spelled})
