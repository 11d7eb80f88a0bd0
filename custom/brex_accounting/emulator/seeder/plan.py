"""What to seed: how much, from which number, and how it reads what Brex leaves open."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Final

import attrs

from ...errors import InvalidArgument
from ..stored import StoredExpense, StoredRecord

SEED_UNTIL: Final = datetime(2026, 6, 30, tzinfo=timezone.utc)
"""The newest seeded moment, so that one seed gives the same data on any day."""

MOST_RECORDS: Final = 1_000_000
_GREATEST_SEED: Final = 2**63 - 1
_YEARS: Final = (1972, 2999)  # what every platform's C library can turn into a date

REIMBURSEMENTS: Final = ("both", "accrual", "cash")
SOURCE_IDS: Final = ("expense", "other")


@attrs.frozen
class SeedPlan:
    """What to seed. The same plan gives the same bytes on any machine and any day.

    Args:
        records: How many accounting records, from 0 to 1,000,000.
        seed: The number that the data grows from, from 0 to 2**63 - 1.
        until: The newest moment of the data, with a time zone; the data covers the 180 days before it.
        bill_ready: Whether bill records may be READY_FOR_EXPORT.
        reimbursements: Which of the accrual and the cash record a reimbursement has: both, accrual or cash.
        source_id: Whether ``source_id`` is the id of the expense (expense) or of another kind (other).
        owner: Whose data it is: another owner has other ids, and otherwise the same data.

    Raises:
        InvalidArgument: One of them cannot be right; the text names it.
    """

    records: int = 500
    seed: int = 1
    until: datetime = SEED_UNTIL
    bill_ready: bool = False
    reimbursements: str = "both"
    source_id: str = "expense"
    owner: str = ""

    def __attrs_post_init__(self) -> None:
        _check_number("records", self.records, MOST_RECORDS)
        _check_number("seed", self.seed, _GREATEST_SEED)
        _check_until(self.until)
        if type(self.bill_ready) is not bool:
            message = f"bill_ready: expected True or False, got {self.bill_ready!r}"
            raise InvalidArgument(message)
        _check_choice("reimbursements", self.reimbursements, REIMBURSEMENTS)
        _check_choice("source_id", self.source_id, SOURCE_IDS)


@attrs.frozen
class Seeded:
    """What a plan gives.

    Args:
        company: The company as the Team API shows it.
        records: The accounting records; the place in the list is the position of each.
        expenses: The expenses that they come from, and some without a record; again in the order of their positions.
    """

    company: dict[str, Any]
    records: list[StoredRecord]
    expenses: list[StoredExpense]


def _check_number(name: str, value: object, most: int) -> None:
    if type(value) is not int or not 0 <= value <= most:
        message = f"{name}: expected a whole number from 0 to {most}, got {value!r}"
        raise InvalidArgument(message)


def _check_until(value: object) -> None:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        message = f"until: expected a datetime with a time zone, such as tzinfo=timezone.utc, got {value!r}"
        raise InvalidArgument(message)
    if not _YEARS[0] <= value.year <= _YEARS[1]:
        message = f"until: expected a year from {_YEARS[0]} to {_YEARS[1]}, got {value.year}"
        raise InvalidArgument(message)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        message = f"{name}: expected one of {', '.join(choices)}, got {value!r}"
        raise InvalidArgument(message)


__all__ = ["SEED_UNTIL", "SeedPlan", "Seeded"]
