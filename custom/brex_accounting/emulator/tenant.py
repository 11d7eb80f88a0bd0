"""One Brex account with everything that belongs to it: data, clock, faults, variants, journal."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import attrs

from ..errors import InvalidArgument
from .clock import TenantClock, timestamp
from .fault_plan import FaultPlan
from .faults import Fault
from .history import History
from .holdings import Integration, Subscription, Upload
from .idempotency import Ledger
from .journal import Journal
from .limiter import Limit
from .seeder import SEED_UNTIL, Seeded, SeedPlan, seed
from .signer import Signer
from .stored import StoredExpense, StoredRecord
from .stores import Store
from .variants import Variants
from .walks import Walks

_TICK: Final = timedelta(microseconds=1)

DEFAULT_NAME: Final = "main"
"""The tenant that is there from the start; the others have ids of their own for the same data."""


@attrs.frozen
class TenantPlan:
    """What a tenant starts with, and goes back to when it is reset.

    Args:
        records: How many accounting records.
        seed: Makes other data of the same kind.
        start: Where the clock begins; None for the real instant.
        until: The newest moment in the data, unless the clock begins before it.
        rate_limit: Requests in 60 seconds; None for any number.
        variants: Answers to open questions that differ from the default, by name.
    """

    records: int = 500
    seed: int = 1
    start: datetime | None = None
    until: datetime = SEED_UNTIL
    rate_limit: int | None = 1000
    variants: Mapping[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen
class _Snapshot:
    clock: tuple[datetime, float, float]
    rate_limit: int | None
    walks: Walks
    ledger: Ledger
    history: History
    variants: Mapping[str, str]
    faults: Any
    records: Mapping[str, StoredRecord]
    expenses: Mapping[str, StoredExpense]
    integrations: Mapping[str, Integration]
    subscriptions: Mapping[str, Subscription]
    uploads: Mapping[str, Upload]
    files: Mapping[str, tuple[str, bytes]]
    company: Mapping[str, Any]
    counter: int


class Tenant:
    """One Brex account.

    Args:
        name: What to call it; it is its id in the control API and, with a prefix, nothing that Brex would show.
        plan: What it starts with.
        monotonic: Real seconds that never go back.
    """

    journal: Journal
    clock: TenantClock
    variants: Variants
    faults: FaultPlan
    limit: Limit
    generation: int
    company: Mapping[str, Any]
    records: Store[StoredRecord]
    expenses: Store[StoredExpense]
    integrations: dict[str, Integration]
    subscriptions: dict[str, Subscription]
    uploads: dict[str, Upload]
    files: dict[str, tuple[str, bytes]]
    walks: Walks
    ledger: Ledger
    history: History
    signer: Signer

    def __init__(
        self, name: str, plan: TenantPlan | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._plan = plan or TenantPlan()
        self._monotonic = monotonic
        self._snapshots: dict[str, _Snapshot] = {}
        self.journal = Journal()
        self.clock = TenantClock(self._plan.start, monotonic)
        self.variants = Variants(**self._plan.variants)
        self.faults = FaultPlan()
        self.limit = Limit(self._plan.rate_limit)
        self._set_back = timedelta()
        self.generation = 0
        """Counts how often the data has begun anew."""
        self._empty()
        self.seed(self._plan.records, self._plan.seed)

    def __repr__(self) -> str:
        return f"Tenant({self._name!r}, {len(self.records)} records)"

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    def now(self) -> datetime:
        """The instant on its clock."""
        return self.clock.now()

    def lived(self) -> datetime:
        """The instant that tokens live by: the clock's, but it does not go back when a reset sets that back."""
        return self.now() + self._set_back

    def clock_at(self, lived: datetime) -> datetime:
        """What the clock showed at an instant that tokens live by, since it was last set back."""
        return lived - self._set_back

    def timestamp(self) -> str:
        """The instant on its clock, as Brex writes it."""
        return timestamp(self.now())

    @property
    def given_ids(self) -> int:
        """How many ids it has given."""
        return self._counter

    @property
    def webhook_secrets(self) -> tuple[tuple[str, str], ...]:
        """The secrets that sign its deliveries, with their status."""
        digest = hashlib.sha256(f"webhook secret of {self._name}".encode()).digest()
        return ((base64.b64encode(digest).decode(), "ACTIVE"),)

    def new_id(self, prefix: str) -> str:
        """An id that the tenant has not given before; the same ones in every run.

        Args:
            prefix: What ids of this kind begin with.
        """
        self._counter += 1
        return f"{prefix}_{self._name}_{self._counter:06d}"

    def add_fault(self, fault: Fault) -> str:
        """Put a fault in force from now on.

        Args:
            fault: The rule.

        Returns:
            Its id, under which ``faults`` knows it.
        """
        return self.faults.add(fault, now=self.now())

    # ---- data ---------------------------------------------------------------------------------------------------

    def seed(self, records: int, seed_number: int) -> None:
        """Replace records, expenses and company.

        Args:
            records: How many accounting records.
            seed_number: The same number makes the same data.

        Raises:
            InvalidArgument: One of them is out of range.
        """
        seeded = self._seeded(records, seed_number)
        self._begin_anew()
        self.walks, self.ledger = Walks(self._name), Ledger()
        self.company = {**seeded.company, "id": f"company_{self._name}"}
        self.records = Store(seeded.records)
        self.expenses = Store(seeded.expenses)
        self.history = History(self.lived())

    def add(self, records: int, seed_number: int) -> list[str]:
        """Let new records come in, behind those that are there; they have changed just now.

        Args:
            records: How many.
            seed_number: One that this tenant has not been seeded with.

        Returns:
            Their ids.

        Raises:
            InvalidArgument: Some of them are there already: the number has been used.
        """
        seeded = self._seeded(records, seed_number)
        if any(self.records.get(record.id) for record in seeded.records):
            message = f"seed: {seed_number} has been used for this tenant; take another number"
            raise InvalidArgument(message)
        now = self.now()
        first, first_expense = len(self.records), len(self.expenses)
        for record in seeded.records:
            self.records.put(attrs.evolve(record, position=first + record.position, updated_at=now))
        for expense in seeded.expenses:
            self.expenses.put(attrs.evolve(expense, position=first_expense + expense.position))
        return [record.id for record in seeded.records]

    def changed(self, record: StoredRecord, *, quietly: bool = False, **members: Any) -> StoredRecord:
        """Put a new state of a record in place of the old one.

        Args:
            record: The old state.
            quietly: Leave version and updated_at as they are.
            **members: What differs.
        """
        if not quietly:
            members |= {"version": record.version + 1, "updated_at": self.now()}
        changed = attrs.evolve(record, **members)
        self.records.put(changed)
        return changed

    def change_expense(self, expense_id: str, **members: Any) -> StoredExpense:
        """Change members of an expense.

        Args:
            expense_id: The expense.
            **members: New values as plain JSON.

        Raises:
            InvalidArgument: There is no such expense.
        """
        expense = self._expense(expense_id)
        now = self.now()
        changes = {**expense.changes, **members, "updated_at": timestamp(now)}
        changed = attrs.evolve(expense, updated_at=now, changes=changes)
        self.expenses.put(changed)
        return changed

    def receive(self, upload_id: str, content_type: str, content: bytes) -> None:
        """Take in a file that was announced, and attach it to its expense if it has one.

        Args:
            upload_id: What the announcement was answered with.
            content_type: Of the file.
            content: All of it.

        Raises:
            InvalidArgument: Nothing was announced under this id.
        """
        upload = self.uploads.get(upload_id)
        if upload is None:
            message = f"upload_id: nothing was announced as {upload_id!r}"
            raise InvalidArgument(message)
        is_new = upload_id not in self.files
        self.files[upload_id] = (content_type, content)
        if upload.expense_id is not None and is_new:
            expense = self.change_expense(upload.expense_id)
            receipts = (*expense.uploaded, (upload_id, quote(upload.name, safe="")))
            self.expenses.put(attrs.evolve(expense, uploaded=receipts))

    def totals(self) -> dict[str, dict[str, str]]:
        """The sum of the records' amounts by type and currency, as exact decimal text."""
        sums: dict[str, dict[str, Any]] = {}
        for record in self.records.all():
            by_currency = sums.setdefault(record.type, {})
            by_currency[record.currency] = by_currency.get(record.currency, 0) + record.amount
        return {name: {code: f"{amount:f}" for code, amount in found.items()} for name, found in sums.items()}

    # ---- all of it ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Go back to the start: data, clock, variants, faults and journal; tokens live on."""
        self._set_clock(TenantClock(self._plan.start, self._monotonic))
        self.variants = Variants(**self._plan.variants)
        self.faults.clear()
        self.journal.clear()
        self.limit = Limit(self._plan.rate_limit)
        self._empty()
        self.seed(self._plan.records, self._plan.seed)

    def snapshot(self) -> str:
        """Remember data, clock, variants, faults, limit, cursors, idempotency keys and what was fetched and reported.

        Returns:
            The id under which ``restore`` finds them.
        """
        snapshot_id = f"snapshot_{len(self._snapshots) + 1}"
        self._snapshots[snapshot_id] = _Snapshot(
            clock=self.clock.snapshot(),
            rate_limit=self.limit.requests,
            walks=self.walks.copy(),
            ledger=self.ledger.copy(),
            history=self.history.copy(self.lived()),
            variants=self.variants.all(),
            faults=self.faults.snapshot(),
            records=self.records.snapshot(),
            expenses=self.expenses.snapshot(),
            integrations=dict(self.integrations),
            subscriptions=dict(self.subscriptions),
            uploads=dict(self.uploads),
            files=dict(self.files),
            company=self.company,
            counter=self._counter,
        )
        return snapshot_id

    def restore(self, snapshot_id: str) -> None:
        """Go back to a snapshot; tokens and journal live on, and breaches of invariants are forgotten.

        Args:
            snapshot_id: What ``snapshot`` returned; it can be used again.

        Raises:
            InvalidArgument: There is no such snapshot.
        """
        found = self._snapshots.get(snapshot_id)
        if found is None:
            message = f"id: there is no snapshot {snapshot_id!r}"
            raise InvalidArgument(message)
        clock = TenantClock(None, self._monotonic)
        clock.restore(found.clock)
        self._set_clock(clock)
        self.variants = Variants(**found.variants)
        self.faults.restore(found.faults)
        self.limit = Limit(found.rate_limit)
        self._empty()
        self._begin_anew()
        self.walks, self.ledger = found.walks.copy(), found.ledger.copy()
        self._counter = found.counter
        self.records, self.expenses = Store(found.records.values()), Store(found.expenses.values())
        self.integrations, self.subscriptions = dict(found.integrations), dict(found.subscriptions)
        self.uploads, self.files = dict(found.uploads), dict(found.files)
        self.company = found.company
        self.history = found.history.copy(self.lived())

    def to_json(self) -> dict[str, Any]:
        """What it is, in figures."""
        return {
            "name": self._name,
            "company_id": self.company["id"],
            "records": len(self.records),
            "expenses": len(self.expenses),
            "now": timestamp(self.now()),
            "frozen": self.clock.frozen,
            "rate_limit": self.limit.requests,
        }

    def _seeded(self, records: int, seed_number: int) -> Seeded:
        plan = SeedPlan(
            records=records,
            seed=seed_number,
            until=self._plan.until if self._plan.start is None else min(self._plan.until, self._plan.start),
            owner="" if self._name == DEFAULT_NAME else self._name,
            bill_ready=self.variants["bill_ready"] == "reaches",
            reimbursements=self.variants["reimbursements"],
            source_id=self.variants["source_id"],
        )
        return seed(plan)

    def _set_clock(self, clock: TenantClock) -> None:
        lived = self.lived()
        self.clock = clock
        self._set_back += max(timedelta(), lived - self.lived())

    def _begin_anew(self) -> None:
        """From now on, whatever belongs to the data so far is of the past: requests under way, signed addresses."""
        self.generation += 1
        self._set_back += _TICK  # on a clock that stands still, too, what comes now is later than what was
        self.signer = Signer(self._name, self.generation)

    def _empty(self) -> None:
        self._counter = 0
        self.integrations, self.subscriptions = {}, {}
        self.uploads, self.files = {}, {}

    def _expense(self, expense_id: str) -> StoredExpense:
        expense = self.expenses.get(expense_id)
        if expense is None:
            message = f"expense_id: there is no expense {expense_id!r}"
            raise InvalidArgument(message)
        return expense


__all__ = ["DEFAULT_NAME", "Tenant", "TenantPlan"]
