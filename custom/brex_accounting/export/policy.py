"""What a ledger takes, and when: the questions about an export that only its owner can answer."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any, Literal, get_args

from attrs import field, frozen

from ..errors import InvalidArgument
from .record_types import RECORD_TYPES, Basis, types_of

ClosedPeriod = Literal["wait", "next open date", "fail"]
"""What becomes of a record that belongs into a closed period.

- ``wait``: it is posted when the period is opened again; nothing is reported until then.
- ``next open date``: it is posted on the first day after ``closed_through``.
- ``fail``: the failure is reported to Brex.
"""

Bills = Literal["ready", "arrival"]
"""When a bill is posted: when Brex shows it as READY_FOR_EXPORT, or as soon as it is seen.

Brex does not support ``review_status`` as a filter for bills, and does not say whether bills ever reach that stage.
"""


def _types(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(map(str, value))


@frozen(kw_only=True)
class ExportPolicy:
    """What a ledger takes, and when.

    Attributes:
        basis: ``accrual`` or ``cash``. There is no default: an account may emit both records of one reimbursement, and
            a ledger that takes both has it twice.
        record_types: The types that the ledger takes; None for those of the basis (``RECORD_TYPES``). A type that is
            known and left out is not for this ledger, and nothing is reported about it; a type that nobody knows waits
            for a person.
        start: The first posting date; nothing before it is posted or reported.
        closed_through: The last day of the closed periods; None where all are open.
        closed: What becomes of a record in a closed period.
        bills: When a bill is posted.

    Raises:
        InvalidArgument: One of them cannot be right.
    """

    basis: Basis
    record_types: frozenset[str] | None = field(default=None, converter=_types)
    start: datetime.date | None = None
    closed_through: datetime.date | None = None
    closed: ClosedPeriod = "wait"
    bills: Bills = "ready"

    def __attrs_post_init__(self) -> None:
        _one_of("basis", self.basis, get_args(Basis))
        _one_of("closed", self.closed, get_args(ClosedPeriod))
        _one_of("bills", self.bills, get_args(Bills))
        _check_date("start", self.start)
        _check_date("closed_through", self.closed_through)
        if self.closed == "next open date" and self.closed_through == datetime.date.max:
            message = "closed_through: expected a date with a day after it, since closed is 'next open date'"
            raise InvalidArgument(message)
        unknown = sorted((self.record_types or frozenset()) - RECORD_TYPES.keys())
        if unknown:
            message = f"record_types: {unknown[0]!r} is no type that Brex lists; RECORD_TYPES has them all"
            raise InvalidArgument(message)
        if self.record_types is not None and not self.record_types:
            message = "record_types: expected at least one type, or None for those of the basis"
            raise InvalidArgument(message)

    @property
    def types(self) -> frozenset[str]:
        """The types that the ledger takes."""
        return types_of(self.basis) if self.record_types is None else self.record_types

    def is_closed(self, date: datetime.date) -> bool:
        """Whether a date lies in a closed period."""
        return self.closed_through is not None and date <= self.closed_through

    @property
    def next_open_date(self) -> datetime.date | None:
        """The first day after the closed periods; None where all are open."""
        return None if self.closed_through is None else self.closed_through + datetime.timedelta(days=1)

    @property
    def fingerprint(self) -> str:
        """What decides which records are taken, as text: where it differs, records that were passed over count anew."""
        return f"{self.basis} {','.join(sorted(self.types))} {self.start} {self.bills}"


def _one_of(name: str, value: object, choices: Collection[str]) -> None:
    if value not in choices:
        message = f"{name}: expected {' or '.join(map(repr, choices))}, got {value!r}"
        raise InvalidArgument(message)


def _check_date(name: str, value: object) -> None:
    if value is not None and (not isinstance(value, datetime.date) or isinstance(value, datetime.datetime)):
        message = f"{name}: expected a date, such as datetime.date(2026, 1, 31): posting dates have no time"
        raise InvalidArgument(message)


__all__ = ["Bills", "ClosedPeriod", "ExportPolicy"]
