"""Brex, the journal and the books held against each other, record by record and by currency."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import aclosing, closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import evolve, field, frozen

from brex_accounting_client.models import AccountingRecord

from ..clock import Clock, SystemClock
from ..errors import ExportError, InvalidArgument
from .comparing import EXPORTED, INFORMATIONAL, Comparison, Difference, DifferenceKind
from .erp import Erp
from .events import OnExportEvent, Teller
from .guards import guard_journal
from .journal import Journal
from .listed_books import ListedBooks, is_money, walk
from .lists import Lists, counted, id_of
from .policy import ExportPolicy
from .posting import EXACT, content_hash, debits, posting_date
from .sides import BrexSays, Group, JournalSays, LedgerSays, Sides
from .states import State
from .summary import MOST_LISTED
from .verdicts import is_in_the_books, is_parked

if TYPE_CHECKING:
    from ..client import Brex

ALL: Final = "all records"

_TURN: Final = 500
"""After so many records others get their turn on the event loop."""

_KEEPABLE: Final = frozenset(
    {DifferenceKind.AMOUNTS, DifferenceKind.DATES, DifferenceKind.CHANGED, DifferenceKind.EDITED}
)
"""What is no difference any more when a person has decided to keep what is in the books."""

OnDifference: TypeAlias = Callable[[Difference], object]


@frozen(kw_only=True)
class Totals:
    """How many records, and what they come to.

    Attributes:
        records: How many; entries on the side of the books.
        debits: The exact sum of their debits, by currency; empty for the journal, which has none.
        amounts: The exact sum of the records' amounts, by currency; empty for the books, which have none.
    """

    records: int = 0
    debits: Mapping[str, Decimal] = field(factory=dict[str, Decimal])
    amounts: Mapping[str, Decimal] = field(factory=dict[str, Decimal])


@frozen(kw_only=True)
class Reconciliation:
    """What came of holding the three sides against each other.

    Attributes:
        account: The account label.
        at: When it began.
        records: How many different records the three sides name.
        brex: Records that Brex shows as exported and that the books or the journal count as theirs.
        journal: Records that are in the books by the journal.
        unreported: Records that the books hold and that Brex does not show as exported: with these, ``brex`` comes to
            what ``ledger`` does.
        ledger: Entries in the books, each as often as it is there, without those of older postings.
        states: What the journal has in the books, by state.
        elsewhere: Records that Brex shows as exported and that neither the books nor the journal ever had: exported by
            somebody else, before the first posting date, or not for this ledger. They are no difference.
        unreadable: Records of Brex that cannot be read; those that are in the books are differences.
        counts: How many differences there are, by kind.
        differences: Those that fail first, at most ``MOST_LISTED`` of each sort; ``on_difference`` takes all of them.
        compares_amounts: Whether the ERP lists its entries. Without that only their presence, references and hashes are
            compared, and nothing is known of entries that the journal does not name.
        unread: Why Brex's list could not be read to its end: then nobody can say that all agrees.
    """

    account: str | None
    at: datetime.datetime
    records: int
    brex: Totals
    unreported: Totals
    journal: Totals
    ledger: Totals
    states: Mapping[State, Totals]
    elsewhere: Totals
    unreadable: int
    counts: Mapping[DifferenceKind, int]
    differences: tuple[Difference, ...]
    compares_amounts: bool
    unread: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def is_complete(self) -> bool:
        """Whether Brex's list was read to its end."""
        return not self.unread

    @property
    def agrees(self) -> bool:
        """Whether all was read, and the three sides say the same but for what a person has decided."""
        return self.is_complete and self.counts.keys() <= INFORMATIONAL


async def reconcile(
    brex: Brex,
    erp: Erp,
    journal: Journal,
    policy: ExportPolicy,
    *,
    folder: str | Path | None = None,
    shared_books: bool = False,
    clock: Clock | None = None,
    on_difference: OnDifference | None = None,
    on_event: OnExportEvent | None = None,
) -> Reconciliation:
    """Hold Brex, the journal and the books against each other; nothing is written but a temporary file.

    The sides are read one after the other, so what a run does meanwhile may show as a difference.

    Args:
        brex: An open client of the account.
        erp: The ERP's adapter: only ``list_entries``, or ``find`` where it has none, is called.
        journal: The account's; it is opened here, and the caller closes it. It may be opened for reading only.
        policy: What the ledger takes, and when.
        folder: Where the temporary file is; None for the usual place.
        shared_books: Whether the books hold entries of other accounts too, which are passed over then.
        clock: Time.
        on_difference: Takes each difference as it is found; what it raises ends the reconciliation.
        on_event: Takes ``ExportProgress`` objects.

    Raises:
        InvalidArgument: An argument cannot be right.
        CallError: Brex could not be asked.
        ErpFailed: The ERP could not be asked, or lists what no books can hold.
        JournalError: The journal failed.
        ExportError: The temporary file cannot be written.
    """
    given: Any = policy
    if not isinstance(given, ExportPolicy):
        message = "policy: expected an ExportPolicy, such as ExportPolicy(basis='accrual')"
        raise InvalidArgument(message)
    at = (clock or SystemClock()).now()
    books = ListedBooks(erp, brex.account)
    rows = guard_journal(journal, brex.account)
    await rows.open(brex.account)
    lists = Lists(brex, counted(Teller(on_event)))
    with Sides(folder, brex.account) as sides:
        await _read_brex(lists, sides)
        await _read_journal(rows, sides)
        await books.read(rows, sides)
        comparison = Comparison(policy=policy, is_whole=not lists.unread, shared_books=shared_books)
        findings = _Findings(comparison, rows, on_difference)
        try:
            with closing(sides.groups()) as groups:
                for number, group in enumerate(groups, 1):
                    await findings.add(group)
                    if number % _TURN == 0:
                        await asyncio.sleep(0)
        except ArithmeticError as error:
            summary = f"there is no exact sum of the amounts ({type(error).__name__})"
            advice = "Look for an amount that no money can have."
            raise ExportError(summary, operation="reconcile", account=brex.account, advice=advice) from error
    return findings.result(account=brex.account, at=at, lists=lists, compares_amounts=books.are_listed)


# ---- reading --------------------------------------------------------------------------------------------------------


async def _read_brex(lists: Lists, sides: Sides) -> None:
    async with aclosing(lists.pages(ALL)) as pages:
        async for page in pages:
            sides.add(BrexSays(record_id=id_of(bad)) for bad in page.bad_records)
            sides.add(map(_shown, page.items))


def _shown(record: AccountingRecord) -> BrexSays:
    amounts = [record.amount.amount, *(line.amount.amount for line in record.line_items)]
    if not all(map(is_money, amounts)):
        return BrexSays(record_id=record.id)
    return BrexSays(
        record_id=record.id,
        review_status=str(record.review_status),
        record_type=str(record.type),
        date=posting_date(record),
        content_hash=content_hash(record),
        amount=record.amount.amount,
        currency=record.amount.currency,
        debits=debits(record),
    )


async def _read_journal(journal: Journal, sides: Sides) -> None:
    async for rows in walk(journal):
        sides.add(
            JournalSays(
                record_id=row.record_id,
                state=row.state,
                generation=row.generation,
                is_in_the_books=is_in_the_books(row),
                is_parked=is_parked(row),
                reference=row.reference,
                content_hash=row.content_hash,
                amount=row.amount,
                currency=row.currency,
                date=row.posting_date,
            )
            for row in rows
        )


# ---- what is found --------------------------------------------------------------------------------------------------


class _Sum:
    """A total while it grows."""

    def __init__(self) -> None:
        self.records = 0
        self.debits: dict[str, Decimal] = {}
        self.amounts: dict[str, Decimal] = {}

    def add(self, said: BrexSays | JournalSays | LedgerSays) -> None:
        self.records += 1
        if not isinstance(said, JournalSays):
            for currency, amount in (said.debits or {}).items():
                self.debits[currency] = EXACT.add(self.debits.get(currency, Decimal()), amount)
        if not isinstance(said, LedgerSays) and said.amount is not None and said.currency is not None:
            self.amounts[said.currency] = EXACT.add(self.amounts.get(said.currency, Decimal()), said.amount)

    def total(self) -> Totals:
        debits, amounts = dict(sorted(self.debits.items())), dict(sorted(self.amounts.items()))
        return Totals(records=self.records, debits=debits, amounts=amounts)


class _Findings:
    """What was found so far.

    Args:
        comparison: Compares the sides.
        journal: Is asked what a person has decided.
        on_difference: Takes each difference.
    """

    def __init__(self, comparison: Comparison, journal: Journal, on_difference: OnDifference | None) -> None:
        self._comparison = comparison
        self._journal = journal
        self._on_difference = on_difference
        self._records = 0
        self._brex, self._unreported, self._elsewhere = _Sum(), _Sum(), _Sum()
        self._booked, self._ledger = _Sum(), _Sum()
        self._states: dict[State, _Sum] = {}
        self._unreadable = 0
        self._counts: Counter[DifferenceKind] = Counter()
        self._failing: list[Difference] = []
        self._decided: list[Difference] = []

    async def add(self, group: Group) -> None:
        """Add what the sides say of a record."""
        passed_over = self._comparison.shared_books and self._comparison.is_foreign(group)
        if not passed_over:
            self._records += 1
            self._sum_up(group)
        kinds: set[DifferenceKind] = set()
        for found in self._comparison.differences(group):
            difference = await self._as_decided(found)
            if difference.kind in kinds or passed_over:
                continue
            kinds.add(difference.kind)
            self._counts[difference.kind] += 1
            listed = self._decided if difference.is_informational else self._failing
            if len(listed) < MOST_LISTED:
                listed.append(difference)
            if self._on_difference is not None:
                self._on_difference(difference)

    def _sum_up(self, group: Group) -> None:
        brex, journal = group.brex, group.journal
        _, current = self._comparison.parted(group)
        for entry in current:
            self._ledger.add(entry)
        if journal is not None and journal.is_in_the_books:
            self._booked.add(journal)
            self._states.setdefault(journal.state, _Sum()).add(journal)
        if brex is None:
            return
        if brex.review_status is None:
            self._unreadable += 1
        elif brex.review_status == EXPORTED:
            passed_over = journal is None or journal.state in (State.NOT_FOR_LEDGER, State.IGNORED)
            is_ours = bool(current) or not passed_over
            (self._brex if is_ours else self._elsewhere).add(brex)
        elif current:
            self._unreported.add(brex)

    async def _as_decided(self, found: Difference) -> Difference:
        """The difference, or what a person has made of it: the history says."""
        journal = found.journal
        if journal is None or not journal.is_in_the_books:
            return found
        match found.kind:
            case kind if kind in _KEEPABLE and _is_seen(found):
                events = await self._journal.history(journal.record_id)
                if any(
                    event.reason == "kept"
                    and event.content_hash == journal.content_hash
                    and event.generation == journal.generation
                    for event in events
                ):
                    return evolve(found, kind=DifferenceKind.KEPT)
            case DifferenceKind.NOT_IN_LEDGER:
                events = await self._journal.history(journal.record_id)
                if any(
                    event.state is State.POSTED
                    and event.note is not None
                    and event.reference == journal.reference
                    and event.generation == journal.generation
                    for event in events
                ):
                    return evolve(found, kind=DifferenceKind.BY_HAND)
            case _:
                pass
        return found

    def result(
        self, *, account: str | None, at: datetime.datetime, lists: Lists, compares_amounts: bool
    ) -> Reconciliation:
        """What came of it."""
        return Reconciliation(
            account=account,
            at=at,
            records=self._records,
            brex=self._brex.total(),
            unreported=self._unreported.total(),
            journal=self._booked.total(),
            ledger=self._ledger.total(),
            states={state: total.total() for state, total in self._states.items()},
            elsewhere=self._elsewhere.total(),
            unreadable=self._unreadable,
            counts={kind: self._counts[kind] for kind in DifferenceKind if self._counts[kind]},
            differences=(*self._failing, *self._decided),
            compares_amounts=compares_amounts,
            unread=dict(lists.unread),
        )


def _is_seen(found: Difference) -> bool:
    """Whether Brex shows the content that the journal has, so that a person can have decided about it."""
    brex, journal = found.brex, found.journal
    return brex is not None and journal is not None and brex.content_hash == journal.content_hash


__all__ = [
    "ALL",
    "Difference",
    "DifferenceKind",
    "OnDifference",
    "Reconciliation",
    "Totals",
    "reconcile",
]
