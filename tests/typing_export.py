"""User code that exports, with an adapter of its own; mypy and pyright check it strictly, nothing runs it."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal

from brex_accounting import Brex, BrexError, ErpFailed, ExportError, JournalError, LedgerError, WebhookEvent
from brex_accounting.export import (
    MOVES,
    RECORD_TYPES,
    Amends,
    Attaches,
    Attention,
    BeancountLedger,
    Change,
    Count,
    Difference,
    DifferenceKind,
    Entry,
    Erp,
    Event,
    ExportEvent,
    ExportLoop,
    ExportPaused,
    ExportPolicy,
    ExportProgress,
    ExportResumed,
    Journal,
    LedgerEntry,
    ListsEntries,
    OnExportEvent,
    Outcome,
    Pending,
    PlanAction,
    PlanItem,
    PlanSummary,
    Posted,
    Posting,
    Previews,
    ReceiptFile,
    Reconciliation,
    RecordType,
    Rejected,
    Repeats,
    Resolution,
    RunEnded,
    RunSummary,
    SqliteJournal,
    State,
    Totals,
    Validates,
    plan,
    reconcile,
)
from brex_accounting.testing import ErpContract, JournalContract, OpenErp, OpenJournal, make_posting


class AcmeErp:
    """An adapter with everything that an adapter can have."""

    repeats: Repeats = "searchable"
    search_lag = 5.0
    batch_size = 50
    mapping_version = "7"

    def __init__(self) -> None:
        self._entries: dict[str, LedgerEntry] = {}

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        """Put entries into the books."""
        outcomes: list[Outcome] = []
        for posting in postings:
            if posting.record.vendor is None:
                outcomes.append(Rejected("The record has no vendor.", code="no-vendor"))
            elif posting.attempt > 5:
                outcomes.append(Pending(f"P-{posting.fence}"))
            else:
                reference = f"JE-{len(self._entries)}"
                self._entries[posting.key] = LedgerEntry(
                    key=posting.key,
                    reference=reference,
                    date=posting.date,
                    debits=posting.debits,
                    content_hash=posting.content_hash,
                    is_edited=False,
                )
                outcomes.append(Posted(reference, deep_link=f"https://erp.example.com/{reference}"))
        return outcomes

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        """The entries that are in the books."""
        found = {key: self._entries[key] for key in keys if key in self._entries}
        return {key: Posted(entry.reference, content_hash=entry.content_hash) for key, entry in found.items()}

    async def validate(self, posting: Posting) -> Rejected | None:
        """Why it would be rejected."""
        return None if posting.lines else Rejected("no lines")

    def preview(self, posting: Posting) -> str:
        """The text of the entry."""
        return f"{posting.date} {posting.content_hash}"

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        """Bring an entry to other content."""
        return posted if posting.key in self._entries else Rejected("gone", code="gone")

    async def attach(self, posting: Posting, receipt: ReceiptFile) -> None:
        """Attach a receipt."""
        print(posting.key, receipt.receipt_id, receipt.path, receipt.content_type, receipt.size, receipt.sha256)

    async def list_entries(self) -> AsyncIterator[LedgerEntry]:
        """Everything that was posted."""
        for entry in self._entries.values():
            yield entry


def tell(event: ExportEvent) -> None:
    """Take every kind of event."""
    match event:
        case ExportProgress(stage=stage, seen=seen, expected=expected):
            print(stage, seen, expected, event.posted, event.reported)
        case ExportPaused(cause=cause, next_try=next_try):
            print(event.account, cause, next_try)
        case ExportResumed(since=since):
            print(event.account, since)
        case RunEnded(error=error, next_run=next_run):
            print(event.account, error, next_run)


async def export(brex: Brex, event: WebhookEvent) -> RunSummary:
    """Run, decide, look."""
    acme = AcmeErp()
    erp: Erp = acme
    abilities: tuple[Validates, Previews, Amends, Attaches, ListsEntries] = (acme, acme, acme, acme, acme)
    journal: Journal = SqliteJournal("export.db", patience=5.0)
    policy = ExportPolicy(
        basis="cash",
        record_types=frozenset({"CARD_EXPENSE_POST"}),
        start=datetime.date(2026, 1, 1),
        closed_through=datetime.date(2026, 3, 31),
        closed="fail",
        bills="arrival",
    )
    hook: OnExportEvent = tell
    async with ExportLoop(brex, erp, journal, policy, company_id="c", lease=60.0, on_event=hook) as loop:
        if await loop.handle(event):
            summary = await loop.run_once(accept_refusals=True, rebuild=True)
        else:
            summary = await loop.run_once()
        decision: Resolution = "posted"
        row: Entry = await loop.resolve("accr_1", decision, reference="JE-1", reason="by hand")
        print(row.key, row.state is State.POSTED, await loop.retry([row.record_id]), len(abilities))
        await loop.resume()
        loop.stop()
        await loop.run_forever(every=datetime.timedelta(minutes=30))
    attention: tuple[Attention, ...] = (*summary.refusals, *summary.needs_person)
    print([(one.record_id, one.reason, one.message) for one in attention], summary.advice, summary.next_due)
    amounts: Mapping[str, Decimal] = summary.amounts
    print(amounts, summary.ended == "too many refusals", summary.pause)
    return summary


async def look(brex: Brex) -> bool:
    """A dry run, the journal, and the three sides."""
    journal = SqliteJournal("export.db", read_only=True)
    policy = ExportPolicy(basis="accrual")
    items: list[PlanItem] = []
    async with BeancountLedger("books.beancount", mapping={"account": {"field": "account"}}) as books:
        made: PlanSummary = await plan(brex, books, journal, policy, on_item=items.append)
        found: Reconciliation = await reconcile(brex, books, journal, policy)
    print(made.too_many_refusals, [item.record_id for item in items if item.action is PlanAction.POST])
    totals: Totals = found.ledger
    differences: tuple[Difference, ...] = found.differences
    kinds: set[DifferenceKind] = {difference.kind for difference in differences}
    counts: Sequence[Count] = await journal.counts()
    history: Sequence[Event] = await journal.history("accr_1")
    print(totals.debits, kinds, [count.amount for count in counts], [event.note for event in history])
    kind: RecordType = RECORD_TYPES["CARD_PAYMENT"]
    print(kind.legs, kind.certainty, MOVES[None], Change)
    return found.agrees


async def cautious(brex: Brex) -> str:
    """Code that catches what an export raises."""
    try:
        await look(brex)
    except (ErpFailed, JournalError, LedgerError, ExportError) as error:
        return f"{error.operation} {error.account} {error.advice}"
    except BrexError as error:
        return str(error)
    return ""


class TestAcmeErp(ErpContract):
    """The contract, as an adapter's author runs it."""

    def opener(self) -> OpenErp:
        """Opens handles on the same books."""
        erp = AcmeErp()
        return lambda: erp


class TestAcmeJournal(JournalContract):
    """The same for a journal."""

    def opener(self) -> OpenJournal:
        """Opens handles on the same file."""
        return lambda: SqliteJournal("export.db")


def numbers() -> Posting:
    """A posting to try an adapter with."""
    return make_posting(2, amounts=[("12.50", "USD"), ("3", "JPY")])
