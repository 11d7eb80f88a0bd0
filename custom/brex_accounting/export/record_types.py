"""Which types of accounting records belong into the books under which basis, and how surely that is known.

Brex says of two types which view they belong to: ``REIMBURSEMENT_EXPENSE_APPROVAL`` is the accrual record of a
reimbursement, ``REIMBURSEMENT_EXPENSE_POST`` the cash record of the same one
(https://developer.brex.com/openapi/accounting_api). An account may emit both, so a ledger that takes both has each
reimbursement twice. Everything else here follows from the lines that a record brings, and is marked as assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import frozen

Basis = Literal["accrual", "cash"]
"""The accounting basis of a ledger; nobody but its owner knows it."""

Certainty = Literal["documented", "assumed", "unexplained"]


@frozen
class RecordType:
    """One type of accounting record.

    Attributes:
        bases: The bases under whose books it belongs.
        legs: What its lines debit and credit, in words.
        certainty: ``documented`` where Brex says which view it belongs to, ``assumed`` where the lines say it, and
            ``unexplained`` where Brex lists the constant and nothing else.
    """

    bases: frozenset[Basis]
    legs: str
    certainty: Certainty


_BOTH: Final[frozenset[Basis]] = frozenset({"accrual", "cash"})
_ACCRUAL: Final[frozenset[Basis]] = frozenset({"accrual"})
_CASH: Final[frozenset[Basis]] = frozenset({"cash"})

_MOVEMENT: Final = "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_"

RECORD_TYPES: Final[Mapping[str, RecordType]] = {
    "CARD_EXPENSE_POST": RecordType(_BOTH, "expense / card", "assumed"),
    "CARD_EXPENSE_REFUND": RecordType(_BOTH, "card / expense", "assumed"),
    "CARD_EXPENSE_REPAYMENT": RecordType(_BOTH, "clearing / expense", "assumed"),
    "CARD_PAYMENT": RecordType(_BOTH, "card / bank", "assumed"),
    "CARD_PAYMENT_REFUND": RecordType(_BOTH, "bank / card", "assumed"),
    "REWARD_REDEMPTION": RecordType(_BOTH, "bank / rewards", "assumed"),
    "REIMBURSEMENT_EXPENSE_APPROVAL": RecordType(_ACCRUAL, "expense / owed to the employee", "documented"),
    "REIMBURSEMENT_EXPENSE_POST": RecordType(_CASH, "expense / bank", "documented"),
    "REIMBURSEMENT_EXPENSE_REPAYMENT": RecordType(_BOTH, "bank / expense", "assumed"),
    # The cash record goes from the expense to the bank by itself: with the movements the bank would have it twice.
    f"{_MOVEMENT}PAYIN": RecordType(_ACCRUAL, "clearing / bank", "assumed"),
    f"{_MOVEMENT}PAYOUT": RecordType(_ACCRUAL, "owed to the employee / clearing", "assumed"),
    f"{_MOVEMENT}PAYOUT_REVERSAL": RecordType(_ACCRUAL, "clearing / owed to the employee", "assumed"),
    f"{_MOVEMENT}REFUND": RecordType(_ACCRUAL, "bank / clearing", "assumed"),
    # Bills have no cash record of their own: without the bill, its payment would leave a payable that nobody owes.
    "BILL_EXPENSE": RecordType(_BOTH, "expense / payable", "assumed"),
    "BILL_EXPENSE_PAYMENT": RecordType(_BOTH, "payable / bank", "assumed"),
    "BILL_EXPENSE_CARD_PAYMENT": RecordType(_BOTH, "payable / card", "assumed"),
    "BILL_MONEY_MOVEMENT_PAYIN": RecordType(_BOTH, "as its lines say", "unexplained"),
    "INVOICE": RecordType(_BOTH, "as its lines say", "unexplained"),
    "INVOICE_PAYMENT": RecordType(_BOTH, "as its lines say", "unexplained"),
}
"""Every type that Brex lists (https://developer.brex.com/openapi/accounting_api), by its name."""


def types_of(basis: Basis) -> frozenset[str]:
    """The record types that belong into books of a basis.

    Args:
        basis: ``accrual`` or ``cash``.
    """
    return frozenset(name for name, kind in RECORD_TYPES.items() if basis in kind.bases)


__all__ = ["RECORD_TYPES", "Basis", "Certainty", "RecordType", "types_of"]
