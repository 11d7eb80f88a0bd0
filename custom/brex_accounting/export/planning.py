"""The dry run: what a run would do now, found out by reading, deciding and validating only."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import evolve

from brex_accounting_client.models import AccountingRecord, AccountingRecordPage, ReviewStatus

from ..clock import Clock, SystemClock
from ..errors import ErpFailed, InvalidArgument
from . import pause
from .deciding import Judge
from .erp import Erp, Posted, Previews
from .events import OnExportEvent, Teller
from .guards import GuardedErp, guard_journal
from .journal import Entry, Journal
from .lists import Lists, counted, sorted_out
from .notes import BEGUN, COMPLETE, check_basis, watermark
from .plan_summary import (
    OnPlanItem,
    PlanAction,
    PlanItem,
    PlanSummary,
    PlanTally,
    item_of,
    item_of_posting,
    item_of_row,
)
from .policy import ExportPolicy
from .posting import Posting, is_other
from .posting_round import in_the_books
from .reading import CHANGES, READY
from .reporting import are_too_many, booked
from .states import SETTLED, State
from .verdicts import CHANGED, GONE, Amend, Leave, LookUp, Post, Put, ReadBack, Verdict, is_parked, shows, was_told

if TYPE_CHECKING:
    from ..client import Brex

ANNOUNCED: Final = "announced"
LEFT: Final = "left in the journal"

"""The note by which a loop says that the journal knows all that the books hold."""

_MOST_ANNOUNCED: Final = 1_000_000
_ROWS: Final = 1000
_CHUNK: Final = 500

_BUSY: Final = "a worker is at work on it"
_NOT_SHOWN: Final = "the ERP does not show it yet"
_OPEN: Final = tuple(state for state in State if state not in SETTLED)
_READ_AGAIN: Final = frozenset({State.READY, State.REJECTED, State.REFUSED, State.WAITING, State.AMENDING})


async def plan(
    brex: Brex,
    erp: Erp,
    journal: Journal,
    policy: ExportPolicy,
    *,
    clock: Clock | None = None,
    on_item: OnPlanItem | None = None,
    on_event: OnExportEvent | None = None,
) -> PlanSummary:
    """Find out what a run would do now, and write nothing anywhere.

    Records are decided about as a run decides, each once. What only the ERP itself finds out when it posts, and what
    changes until the run begins, nobody can foresee.

    Args:
        brex: An open client of the account.
        erp: The ERP's adapter: only ``find``, ``validate`` and ``preview`` are called.
        journal: The account's; it is opened here, and the caller closes it. Pass ``SqliteJournal(path,
            read_only=True)``: that leaves the file alone, and it need not exist.
        policy: What the ledger takes, and when.
        clock: Time.
        on_item: Takes each record for which something is to be done or to be said, as it is found; what it raises ends
            the plan.
        on_event: Takes ``ExportProgress`` objects.

    Raises:
        InvalidArgument: An argument cannot be right.
        CallError: Brex could not be asked.
        ErpFailed: The ERP could not be asked.
        JournalError: The journal failed.
    """
    given: Any = policy
    if not isinstance(given, ExportPolicy):
        message = "policy: expected an ExportPolicy, such as ExportPolicy(basis='accrual')"
        raise InvalidArgument(message)
    tally, teller = PlanTally(on_item), Teller(on_event)
    planner = _Planner(brex, erp, journal, policy, clock=clock or SystemClock(), tally=tally, teller=teller)
    return await planner.made()


class _Planner:
    """Makes one plan."""

    _judge: Judge

    def __init__(
        self,
        brex: Brex,
        erp: Erp,
        journal: Journal,
        policy: ExportPolicy,
        *,
        clock: Clock,
        tally: PlanTally,
        teller: Teller,
    ) -> None:
        self._account = brex.account
        self._erp = GuardedErp(erp, brex.account)
        self._given_erp = erp
        self._journal = guard_journal(journal, brex.account)
        self._policy = policy
        self._clock = clock
        self._tally = tally
        self._lists = Lists(brex, counted(teller))
        self._seen: set[str] = set()

    async def made(self) -> PlanSummary:
        """The plan."""
        await self._journal.open(self._account)
        await check_basis(self._journal, self._policy, note=False)
        rebuilding = await self._journal.note(COMPLETE) is None
        self._judge = Judge(
            policy=self._policy,
            mapping_version=self._erp.mapping_version,
            search_lag=self._erp.search_lag,
            amends=self._erp.amends,
            rebuilding=rebuilding,
        )
        now = self._clock.now()
        paused = await pause.load(self._journal, now=now)
        if paused is not None and paused.next_try <= now:
            paused = None  # the run would try
        await self._by_id(ANNOUNCED, await self._journal.announced(_MOST_ANNOUNCED))
        since = await watermark(self._journal, self._policy)
        await self._list(CHANGES, updated_at_gte=since)
        if since is not None or CHANGES in self._lists.unread:
            await self._list(READY, review_status=ReviewStatus.READY_FOR_EXPORT)
        await self._left_open()
        tally = self._tally
        return PlanSummary(
            account=self._account,
            records=len(self._seen),
            unchanged=tally.unchanged,
            counts={action: tally.counts[action] for action in PlanAction},
            debits=dict(sorted(tally.debits.items())),
            periods={period: dict(sorted(sums.items())) for period, sums in sorted(tally.periods.items())},
            reasons={action: dict(found.most_common()) for action, found in tally.reasons.items()},
            too_many_refusals=await self._are_too_many(),
            rebuilding=rebuilding,
            pause=None if paused is None else paused.cause,
            unread=dict(self._lists.unread),
        )

    async def _are_too_many(self) -> bool:
        refused, posted = self._tally.newly_refused, self._tally.booked
        if not are_too_many(refused, posted):
            return False
        noted, now = await self._journal.note(BEGUN), self._clock.now()
        begun = now if noted is None else datetime.datetime.fromisoformat(noted)
        return are_too_many(refused, posted + await booked(self._journal, begun))

    # ---- reading ------------------------------------------------------------------------------------------------

    async def _list(self, name: str, **filters: Any) -> None:
        async with aclosing(self._lists.pages(name, **filters)) as pages:
            async for page in pages:
                await self._page(page)

    async def _by_id(self, name: str, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _CHUNK):
            await self._list(name, ids=ids[start : start + _CHUNK])

    async def _left_open(self) -> None:
        """What the journal has open and no list has shown."""
        after = ""
        while rows := await self._journal.entries(_OPEN, after=after, limit=_ROWS):
            after = rows[-1].record_id
            settled = await self._settled(row for row in rows if row.record_id not in self._seen)
            again = [id_ for id_, row in settled.items() if self._is_read_again(row)]
            await self._by_id(LEFT, again)
            for id_ in again:
                if id_ not in self._seen and LEFT not in self._lists.unread:
                    self._seen.add(id_)
                    self._tally.add(PlanItem(record_id=id_, action=PlanAction.NEEDS_PERSON, reason=GONE))
            for id_, row in settled.items():
                if id_ not in self._seen:
                    self._seen.add(id_)
                    self._leave(row, None)

    def _is_read_again(self, row: Entry) -> bool:
        """Whether a run would read it by its id; these are the conditions of the run."""
        if row.state not in _READ_AGAIN or self._is_busy(row):
            return False
        if row.state is State.WAITING:
            return row.posting_date is None or not self._policy.is_closed(row.posting_date) or self._never_waits
        if row.state is State.REJECTED:
            return True
        if row.state is State.REFUSED and row.mapping_version != self._erp.mapping_version:
            return True
        return row.due is None or row.due <= self._clock.now()

    @property
    def _never_waits(self) -> bool:
        return self._policy.closed != "wait"

    # ---- what a run settles first -------------------------------------------------------------------------------

    async def _settled(self, rows: Iterable[Entry]) -> dict[str, Entry]:
        """The rows as they are once the run has found out what became of what was broken off."""
        now = self._clock.now()
        settled = {row.record_id: row for row in rows}
        due = [row for row in settled.values() if self._is_due(row)]
        asked = [row.key for row in due if row.state in (State.POSTING, State.PENDING)]
        found = await self._erp.find(asked)
        for row in due:
            match row.state:
                case State.POSTING | State.PENDING if row.key in found:
                    self._tally.recovered += 1
                    after = in_the_books(row, found[row.key], now, owes_receipts=False)
                case State.POSTING if not self._may_still_come(row):
                    after = row.moved(State.READY, at=now, due=now)
                case State.REPORTING:
                    after = row.moved(State.POSTED, at=now, due=now)
                case State.REPORTING_FAILURE:
                    after = row.moved(State.READY, at=now, due=now)
                case _:
                    continue
            settled[row.record_id] = after
        return settled

    def _may_still_come(self, row: Entry) -> bool:
        """Whether the ERP may be at a post still, so that a run would not believe that it does not show."""
        return row.due is None and self._erp.search_lag > 0 and not self._erp.is_idempotent

    def _is_due(self, row: Entry) -> bool:
        turn = row.due if row.lease_until is None else row.lease_until
        return turn is not None and turn <= self._clock.now()

    def _is_busy(self, row: Entry) -> bool:
        return row.owner is not None and row.lease_until is not None and self._clock.now() < row.lease_until

    # ---- one page -----------------------------------------------------------------------------------------------

    async def _page(self, page: AccountingRecordPage) -> None:
        shown, unreadable = sorted_out(page)
        records = {id_: record for id_, record in shown.items() if id_ not in self._seen}
        bad = {id_: why for id_, why in unreadable.items() if id_ not in self._seen}
        rows = await self._settled((await self._journal.load([*records, *bad])).values())
        self._seen |= records.keys() | bad.keys()
        now = self._clock.now()
        verdicts = {id_: self._judge.decide(record, rows.get(id_), now=now) for id_, record in records.items()}
        held = await self._held(verdicts.values())
        for id_, verdict in verdicts.items():
            await self._say(records[id_], rows.get(id_), verdict, held)
        for id_, why in bad.items():
            verdict = self._judge.unreadable(id_, why, rows.get(id_), now=now)
            if isinstance(verdict, Put):
                reason = verdict.entry.reason or ""
                self._tally.add(PlanItem(record_id=id_, action=PlanAction.NEEDS_PERSON, reason=reason))
            else:
                self._leave(rows.get(id_), None)

    async def _held(self, verdicts: Iterable[Verdict]) -> Mapping[str, Posted]:
        """What the books hold of records that may be in them already."""
        keys: list[str] = []
        for verdict in verdicts:
            match verdict:
                case LookUp(entry):
                    keys.append(entry.key)
                case Post(entry, _) if self._judge.rebuilding or entry.attempts or not self._erp.is_idempotent:
                    keys.append(entry.key)
                case _:
                    pass
        return await self._erp.find(keys)

    async def _say(
        self, record: AccountingRecord, row: Entry | None, verdict: Verdict, held: Mapping[str, Posted]
    ) -> None:
        match verdict:
            case Leave():
                self._leave(row, record)
            case Put(entry, rejected):
                self._tally.told_before += rejected is not None and was_told(entry, rejected.message)
                self._put(record, entry, None if rejected is None else rejected.message)
            case LookUp(entry) | Post(entry) if entry.key in held and is_other(
                held[entry.key].content_hash, entry.content_hash
            ):
                self._tally.recovered += isinstance(verdict, Post)
                await self._changed(record, entry, held[entry.key])
            case Post(entry, posting):
                item = await self._post(posting, held)
                self._tally.told_before += item.message is not None and was_told(entry, item.message)
                self._tally.add(item)
            case Amend(entry, posting):
                self._tally.add(await self._amend(entry, posting))
            case ReadBack(entry):
                self._tally.add(item_of(record, PlanAction.REPORT, reference=entry.reference))
            case LookUp(entry) if entry.key in held:
                self._tally.add(item_of(record, PlanAction.RECOGNISE, reference=held[entry.key].reference))
            case LookUp():
                self._tally.unchanged += 1

    async def _changed(self, record: AccountingRecord, row: Entry, posted: Posted) -> None:
        """What is done about a record whose entry in the books holds another content."""
        now = self._clock.now()
        booked = in_the_books(row, posted, now, owes_receipts=False)
        await self._say(record, booked, self._judge.decide(record, booked, now=now), {})

    async def _post(self, posting: Posting, held: Mapping[str, Posted]) -> PlanItem:
        if posting.key in held:  # what is in the books is not rejected, whatever has become of the mapping
            self._tally.recovered += 1
            return item_of_posting(posting, PlanAction.REPORT, reference=held[posting.key].reference)
        (rejected,) = await self._erp.validate([posting])
        if rejected is not None:
            return item_of_posting(posting, PlanAction.REFUSE, reason=rejected.code, message=rejected.message)
        return item_of_posting(posting, PlanAction.POST, preview=self._preview(posting))

    async def _amend(self, entry: Entry, posting: Posting) -> PlanItem:
        (rejected,) = await self._erp.validate([posting])
        if rejected is not None:
            reason = f"{CHANGED}, and not amended: {rejected.code}"
            return item_of_posting(posting, PlanAction.NEEDS_PERSON, reason=reason, reference=entry.reference)
        return item_of_posting(posting, PlanAction.AMEND, reference=entry.reference, preview=self._preview(posting))

    def _preview(self, posting: Posting) -> str | None:
        if not isinstance(self._given_erp, Previews):
            return None
        try:
            text = cast("Any", self._given_erp.preview(posting))
        except ErpFailed:
            raise
        except Exception as error:
            summary = f"the adapter raised {type(error).__name__}"
            raise self._no_preview(summary) from error
        if not isinstance(text, str):
            summary = f"erp.preview: expected text, got {type(text).__name__}"
            raise self._no_preview(summary)
        return text

    def _no_preview(self, summary: str) -> ErpFailed:
        advice = "Nothing was written; mend the adapter, or leave preview out of it."
        return ErpFailed(summary, operation="preview at the ERP", account=self._account, advice=advice)

    def _put(self, record: AccountingRecord, entry: Entry, message: str | None) -> None:
        match entry.state:
            case State.WAITING:
                action = PlanAction.WAIT
            case State.REJECTED:
                action = PlanAction.REFUSE
            case State.NOT_FOR_LEDGER:
                action = PlanAction.NOT_FOR_LEDGER
            case State.NEEDS_PERSON:
                action = PlanAction.NEEDS_PERSON
            case State.POSTED:
                action = PlanAction.REPORT
            case _:  # Brex shows it as exported, as it should
                self._tally.unchanged += 1
                return
        self._tally.add(item_of(record, action, reason=entry.reason or "", message=message, reference=entry.reference))

    # ---- what nothing is done about -----------------------------------------------------------------------------

    def _leave(self, row: Entry | None, record: AccountingRecord | None) -> None:
        if row is None or row.state in SETTLED:
            self._tally.unchanged += 1
            return
        item = item_of_row(row) if record is None else item_of(record, PlanAction.WAIT, reference=row.reference)
        if self._is_busy(row):
            self._tally.add(evolve(item, reason=_BUSY, due=row.lease_until))
            return
        match row.state:
            case State.POSTED if self._is_due(row) and not is_parked(row):
                item = evolve(item, action=PlanAction.REPORT)
            case State.NEEDS_PERSON:
                item = evolve(item, action=PlanAction.NEEDS_PERSON, reason=row.reason or "")
            case State.POSTING | State.PENDING:
                item = evolve(item, reason=_NOT_SHOWN, due=row.due)
            case State.REFUSED:
                item = evolve(item, reason=f"refused before: {row.reason}", due=row.due)
            case _:
                shown = f"it is {row.state}" if record is None else shows(record.review_status)
                item = evolve(item, reason=row.reason or shown, due=row.due)
        self._tally.add(item)


__all__ = ["plan"]
