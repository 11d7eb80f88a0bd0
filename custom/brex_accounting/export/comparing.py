"""What Brex, the journal and the books say of one record, compared. Nothing here waits or asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from attrs import frozen

from .policy import ExportPolicy
from .posting import is_other
from .sides import BrexSays, Group, JournalSays, LedgerSays
from .states import State

EXPORTED: Final = "EXPORTED"
READY: Final = "READY_FOR_EXPORT"

_PASSED_OVER: Final = frozenset({State.NOT_FOR_LEDGER, State.IGNORED})
_ON_ITS_WAY: Final = frozenset({State.POSTING, State.PENDING})


class DifferenceKind(StrEnum):
    """How the sides can differ about a record."""

    NOT_IN_JOURNAL = "in the books and not in the journal"
    NOT_IN_LEDGER = "in the journal and not in the books"
    NOT_REPORTED = "in the books and not shown as exported"
    JOURNAL_BEHIND = "in the books, and the journal does not know yet"
    EXPORTED_ELSEWHERE = "shown as exported and not in the books"
    UNKNOWN_TO_BREX = "in the books and unknown to Brex"
    UNREADABLE = "in the books and unreadable at Brex"
    AMOUNTS = "amounts differ"
    DATES = "dates differ"
    REFERENCE = "references differ"
    TWICE = "in the books twice"
    CHANGED = "changed since it was posted"
    EDITED = "edited in the books since it was posted"
    FOREIGN = "in the books and of no record of this account"
    NOT_REPORTABLE = "in the books, and Brex takes no report of it yet"
    SUPERSEDED = "an older posting of a record that was posted once more"
    KEPT = "differs, and a person keeps what is in the books"
    BY_HAND = "posted by hand, under a reference that a person gave"
    IGNORED = "in the books, and a person decided to ignore it"


_K = DifferenceKind

INFORMATIONAL: Final = frozenset({_K.NOT_REPORTABLE, _K.SUPERSEDED, _K.KEPT, _K.BY_HAND, _K.IGNORED})
"""What a person or Brex has decided: it is listed, and the sides agree all the same."""

_RUN: Final = "Let a run come to its end, and reconcile again."
_LOOK: Final = "Look at the entry; mend it in the ERP, or decide with resolve."

REMEDIES: Final[Mapping[DifferenceKind, str]] = {
    _K.NOT_IN_JOURNAL: "Run once with rebuild=True: what the journal does not know is asked of the ERP.",
    _K.NOT_IN_LEDGER: "Find out who took it out; resolve it with 'repost', or with 'posted' and its reference.",
    _K.NOT_REPORTED: _RUN,
    _K.JOURNAL_BEHIND: _RUN,
    _K.EXPORTED_ELSEWHERE: "Find out who exported it; resolve it with 'posted' and its reference, or with 'ignore'.",
    _K.UNKNOWN_TO_BREX: "See that the journal, the books and the client are of one account; ask Brex for the record.",
    _K.UNREADABLE: "Upgrade brex-accounting-client; if it stays, tell Brex support the record's id.",
    _K.AMOUNTS: _LOOK,
    _K.DATES: _LOOK,
    _K.REFERENCE: _LOOK,
    _K.TWICE: "Take one of the entries out of the books; see that the adapter passes ErpContract.",
    _K.CHANGED: "Let a run amend it, or decide with resolve where it needs a person, or where no run does.",
    _K.EDITED: "Look at its lines; mend them in the books, or resolve it with 'keep' where they are meant.",
    _K.FOREIGN: "Take it out of the books; where they serve several accounts, reconcile with shared_books=True.",
    _K.NOT_REPORTABLE: "Nothing is to be done: it is reported when Brex shows it as ready for export.",
    _K.SUPERSEDED: "See that the older entry is taken back in the books.",
    _K.KEPT: "Nothing is to be done.",
    _K.BY_HAND: "Nothing is to be done; the entry itself was not compared.",
    _K.IGNORED: "See that the entry belongs into the books.",
}


@frozen(kw_only=True)
class Difference:
    """Something about a record that the sides do not agree on.

    Attributes:
        record_id: The record.
        kind: What it is.
        brex: What Brex shows, None where it shows no such record.
        journal: What the journal says, None where it says nothing.
        ledger: The entries that this is about, none where there are none.
    """

    record_id: str
    kind: DifferenceKind
    brex: BrexSays | None
    journal: JournalSays | None
    ledger: tuple[LedgerSays, ...] = ()

    @property
    def is_informational(self) -> bool:
        """Whether the sides agree all the same, because it was decided so."""
        return self.kind in INFORMATIONAL

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REMEDIES[self.kind]


Amounts: TypeAlias = Mapping[str, Decimal]


@frozen(kw_only=True)
class Comparison:
    """Compares what the sides say.

    Attributes:
        policy: What the ledger takes, and when.
        is_whole: Whether Brex's list was read to its end, so that what is not in it is unknown to Brex.
        shared_books: Whether the books hold entries of other accounts too.
    """

    policy: ExportPolicy
    is_whole: bool = True
    shared_books: bool = False

    def differences(self, group: Group) -> Iterator[Difference]:
        """What the sides do not agree on.

        Args:
            group: What they say of one record.
        """
        older, current = self.parted(group)
        for kind in self._kinds(group, current):
            yield Difference(
                record_id=group.record_id, kind=kind, brex=group.brex, journal=group.journal, ledger=current
            )
        if older:
            yield Difference(
                record_id=group.record_id, kind=_K.SUPERSEDED, brex=group.brex, journal=group.journal, ledger=older
            )

    def parted(self, group: Group) -> tuple[tuple[LedgerSays, ...], tuple[LedgerSays, ...]]:
        """The entries of older generations, and those that count.

        Args:
            group: What the sides say of one record.
        """
        newest = max((entry.generation for entry in group.ledger), default=1)
        if group.journal is not None:
            newest = max(newest, group.journal.generation)
        older = tuple(entry for entry in group.ledger if entry.generation < newest)
        return older, tuple(entry for entry in group.ledger if entry.generation == newest)

    def is_foreign(self, group: Group) -> bool:
        """Whether only the books know of a record.

        Args:
            group: What the sides say of one record.
        """
        return group.brex is None and group.journal is None

    def _kinds(self, group: Group, current: tuple[LedgerSays, ...]) -> Iterator[DifferenceKind]:
        brex, journal = group.brex, group.journal
        if len(current) > 1:
            yield _K.TWICE
        if self.is_foreign(group):
            if self.is_whole and not self.shared_books:
                yield _K.FOREIGN
            return
        if not current:
            yield from self._without_entry(brex, journal)
            return
        if journal is None or journal.generation != current[0].generation:
            yield _K.NOT_IN_JOURNAL
            known = None
        elif journal.state is State.IGNORED:
            yield _K.IGNORED
            return
        else:
            known = journal
            yield from self._against_journal(brex, journal, current)
        if any(entry.is_edited for entry in current):
            yield _K.EDITED
        yield from self._against_brex(brex, known, current)

    def _without_entry(self, brex: BrexSays | None, journal: JournalSays | None) -> Iterator[DifferenceKind]:
        if journal is None or journal.state in _PASSED_OVER:
            return  # never for these books, or exported by somebody else
        if journal.is_in_the_books:
            yield _K.NOT_IN_LEDGER
            if brex is None and self.is_whole:
                yield _K.UNKNOWN_TO_BREX
        elif brex is not None and brex.review_status == EXPORTED:
            yield _K.EXPORTED_ELSEWHERE

    def _against_journal(
        self, brex: BrexSays | None, journal: JournalSays, current: tuple[LedgerSays, ...]
    ) -> Iterator[DifferenceKind]:
        if not journal.is_in_the_books:
            yield _K.JOURNAL_BEHIND if journal.state in _ON_ITS_WAY else _K.NOT_IN_JOURNAL
            return
        # While it is amended nobody knows which version the books hold.
        if journal.state is not State.AMENDING and any(entry.reference != journal.reference for entry in current):
            yield _K.REFERENCE
        is_told = brex is not None and brex.review_status == EXPORTED
        if is_told and journal.state in (State.POSTED, State.REPORTING, State.AMENDING):
            yield _K.JOURNAL_BEHIND

    def _against_brex(
        self, brex: BrexSays | None, journal: JournalSays | None, current: tuple[LedgerSays, ...]
    ) -> Iterator[DifferenceKind]:
        if brex is None:
            if self.is_whole:
                yield _K.UNKNOWN_TO_BREX
            return
        if brex.review_status is None:
            yield _K.UNREADABLE
            return
        if brex.review_status != EXPORTED and journal is not None and journal.is_in_the_books:
            is_early = journal.is_parked and brex.review_status != READY
            yield _K.NOT_REPORTABLE if is_early else _K.NOT_REPORTED
        # What the books hold counts as well: the journal may have been made anew when the record had changed already.
        booked = {entry.content_hash for entry in current}
        if journal is not None and journal.is_in_the_books:
            booked.add(journal.content_hash)
        if any(is_other(content, brex.content_hash) for content in booked):
            yield _K.CHANGED
        if any(not _same(entry.debits, brex.debits) for entry in current) or _amount_differs(brex, journal):
            yield _K.AMOUNTS
        elif any(self._dates_differ(brex, journal, entry) for entry in current):
            yield _K.DATES

    def _dates_differ(self, brex: BrexSays, journal: JournalSays | None, entry: LedgerSays) -> bool:
        if entry.date is None or brex.date is None or entry.date == brex.date:
            return False
        if entry.date < brex.date:  # a closed period moves entries to later days only
            return True
        if journal is not None and journal.date not in (None, brex.date):  # moved by this policy, or by one of before
            return entry.date != journal.date
        # A journal that was lost does not know of it.
        last = self.policy.next_open_date
        return last is None or not self.policy.is_closed(brex.date) or entry.date > last


def _amount_differs(brex: BrexSays, journal: JournalSays | None) -> bool:
    """Whether the journal has another amount of the same content."""
    if journal is None or not journal.is_in_the_books or journal.amount is None:
        return False
    if is_other(journal.content_hash, brex.content_hash):
        return False
    return (journal.amount, journal.currency) != (brex.amount, brex.currency)


def _same(held: Amounts | None, shown: Amounts) -> bool:
    """Whether the sums are the same money; nothing of a currency is as good as zero of it."""
    if held is None:
        return True
    return all(held.get(code, Decimal()) == shown.get(code, Decimal()) for code in {*held, *shown})


__all__ = ["EXPORTED", "INFORMATIONAL", "REMEDIES", "Comparison", "Difference", "DifferenceKind"]
