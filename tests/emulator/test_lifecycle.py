"""The life of an account, held against a plain model: integration, records, reports, clock, tokens, variants."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from brex_accounting.emulator import Tenant, TenantPlan, move, recode
from brex_accounting.emulator.clock import timestamp
from brex_accounting.emulator.issuer import API_SCOPES
from brex_accounting.emulator.stored import FILE_HOST, SIGNATURE, StoredRecord
from tests.emulator.asking import (
    EXPENSES,
    INTEGRATION,
    RECORDS,
    RESULTS,
    START,
    TOKEN,
    Emulator,
    Reply,
    failure,
    report,
    success,
)
from tests.wire import loads

STAGES = ("PREPARE", "REVIEW", "READY_FOR_EXPORT", "EXPORTED")
SOURCES = ("CARD", "REIMBURSEMENT", "BILL")
VENDORS = ("ERP_A", "ERP_B")
ACCOUNTS = ("41", "42")
KEYS = ("key-1", "key-2")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GRACE = timedelta(seconds=30)
CHOICES = {
    "report_422": ("atomic", "partial"),
    "report_200": ("all", "subset"),
    "failure_result": ("stays", "moves"),
    "report_moves": ("version", "nothing"),
    "bill_ready": ("never", "reaches"),
    "idempotency": ("honoured", "ignored"),
    "cursor": ("offset", "key", "snapshot"),
    "inactive_integration": ("ignored", "refuses"),
}
"""The variants that are changed on the way, with the default first."""

OPERATIONS = {
    "createIntegration": ("POST", {"accounting.integration.write"}),
    "disconnectIntegration": ("POST", {"accounting.integration.write"}),
    "reactivateIntegration": ("POST", {"accounting.integration.write"}),
    "getAccountingRecord": ("GET", {"accounting.record.read", "accounting.record.write"}),
    "queryAccountingRecords": ("GET", {"accounting.record.read", "accounting.record.write"}),
    "reportAccountingExportResults": ("POST", {"accounting.record.write"}),
}
"""The operations that are called, with the scopes; any of them will do."""


@attrs.frozen(eq=False)
class Record:
    """A record of the model. A change makes a new one, so that a copy of the state costs little."""

    members: dict[str, Any]
    expense_id: str | None
    single: int
    """How many of its lines the single-entry view has."""

    @property
    def id(self) -> str:
        return self.members["id"]

    @property
    def stage(self) -> str:
        return self.members["review_status"]

    @property
    def source(self) -> str:
        return self.members["source_type"]

    @property
    def updated_at(self) -> datetime:
        return datetime.fromisoformat(self.members["updated_at"])

    def served(self, *, single_entry: bool) -> dict[str, Any]:
        lines = self.members["line_items"]
        return {**self.members, "line_items": lines[: self.single] if single_entry else lines}


@attrs.frozen
class Remembered:
    """The first answer to a key."""

    at: datetime
    request: tuple[str, Any]
    """Path and body."""
    status: int
    body: Any


@attrs.define
class Memory:
    """What an account remembers of requests."""

    answers: dict[tuple[str, str], Remembered] = attrs.field(factory=dict)
    """By operation and key."""
    fetched: set[str] = attrs.field(factory=set)
    reported: dict[str, tuple[str, str | None]] = attrs.field(factory=dict)
    """By whom and under which key a record was exported."""

    def copy(self) -> Memory:
        return Memory(dict(self.answers), set(self.fetched), dict(self.reported))


@attrs.define
class State:
    """What a snapshot of an account holds."""

    now: datetime
    records: dict[str, Record]
    variants: dict[str, str]
    memory: Memory = attrs.field(factory=Memory)
    integrations: dict[str, dict[str, str]] = attrs.field(factory=dict)
    exported: dict[str, str] = attrs.field(factory=dict)
    """When expenses were exported, by their id."""

    def copy(self) -> State:
        integrations = {name: dict(found) for name, found in self.integrations.items()}
        return State(
            now=self.now,
            records=dict(self.records),
            variants=dict(self.variants),
            memory=self.memory.copy(),
            integrations=integrations,
            exported=dict(self.exported),
        )

    def change(self, record: Record, *, quietly: bool = False, **members: Any) -> None:
        """Put another state of a record in place of this one."""
        if not quietly:
            members |= {"version": record.members["version"] + 1, "updated_at": timestamp(self.now)}
        self.records[record.id] = attrs.evolve(record, members={**record.members, **members})


@attrs.define
class Grant:
    """A consent: the refresh token that is current, and the last one that was used up."""

    refresh: str
    refreshed_at: datetime
    ended: bool = False
    used: list[str] = attrs.field(factory=list)
    rotation: tuple[datetime, str] | None = None
    """When it was last rotated, and the access token that came of it."""


@attrs.define
class Token:
    """A bearer token; one without a grant never expires."""

    value: str
    scopes: frozenset[str]
    grant: Grant | None = None
    issued_at: datetime = START

    @property
    def client(self) -> str:
        """Tokens of one grant are one client."""
        return self.value if self.grant is None else str(id(self.grant))

    def good(self, now: datetime) -> bool:
        return self.grant is None or (not self.grant.ended and now - self.issued_at < HOUR)


@attrs.define
class Outcome:
    """What the model says of a request.

    Args:
        status: Of the answer.
        body: Of the answer, without the message of an error; or a function that checks it and says what it is.
        committed: Whether anything changed.
    """

    status: int
    body: Any
    committed: bool = False


def refused(status: int, code: str, **details: Any) -> Outcome:
    body: dict[str, Any] = {"error_code": code}
    return Outcome(status, body | {"details": details} if details else body)


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A served record without the signatures of its receipts, which are made anew each time."""
    for receipt in record.get("receipts") or ():
        if receipt.get("download_uris"):
            receipt["download_uris"] = [uri.partition("?")[0] for uri in receipt["download_uris"]]
    return record


def lines_balance(record: dict[str, Any]) -> bool:
    sums: Counter[tuple[str, str]] = Counter()
    for line in record["line_items"]:
        amount = line["amount"]
        sums[line["type"], amount["currency"]] += amount["amount"]
    return all(sums["DEBIT", currency] == sums["CREDIT", currency] for _, currency in sums)


def read_stored(brex: Emulator, record: StoredRecord) -> dict[str, Any]:
    """A record as it is stored, as it would be served, without asking for it."""
    host = f"{brex.world.file_url}/{brex.tenant.name}".encode()
    facts = record.facts.replace(FILE_HOST, host).replace(b"?" + SIGNATURE, b"")
    return loads(b"".join(record.pieces(facts, single_entry=False)))


class Lifecycle(RuleBasedStateMachine):
    """One account of an emulator, and beside it another one that nobody touches."""

    # ---- beginning ----------------------------------------------------------------------------------------------

    @initialize(
        seed=st.integers(0, 4),
        variants=st.fixed_dictionaries(
            {name: st.sampled_from((values[0], *values)) for name, values in CHOICES.items()}
        ),
        connected=st.booleans(),
    )
    def begin(self, seed: int, variants: dict[str, str], connected: bool) -> None:
        self.brex = Emulator(records=24, seed=seed, variants=variants)
        self.tenant = self.brex.tenant
        self.other = self.brex.world.add("globex", TenantPlan(records=24, seed=seed + 100, start=START))
        self.other_before = untouchable(self.other)
        self.foreign = next(iter(self.other.records.all())).id
        self.seen: dict[str, tuple[StoredRecord, Record]] = {}
        records = {
            it.id: Record(read_stored(self.brex, it), it.expense_id, it.lines.count(b'"id":"arli_'))
            for it in self.tenant.records.all()
        }
        self.state = State(START, records, dict(variants))
        self.first = self.state.copy()
        self.breaches: list[tuple[str, str]] = []
        self.set_back = timedelta()
        self.snapshots: dict[str, State] = {}
        self.full = Token(self.brex.token, frozenset(API_SCOPES))
        narrow = frozenset({"accounting.record.read"})
        self.tokens = [Token(self.brex.world.issuer.user_token("main", narrow), narrow)]
        self.grants: list[Grant] = []
        self.bodies: dict[str, list[dict[str, Any]]] = {}
        self.strays = self.entries = 0
        if connected:
            self.connect(self.full, VENDORS[0], ACCOUNTS[0], None)

    # ---- one exchange -------------------------------------------------------------------------------------------

    def exchange(
        self,
        token: Token,
        operation: str,
        outcome: Callable[[], Outcome],
        path: str,
        *,
        query: Sequence[tuple[str, Any]] = (),
        value: Any = None,
        key: str | None = None,
    ) -> None:
        """Send a request; hold its answer and its journal entry against the model."""
        self.token = token
        method, scopes = OPERATIONS[operation]
        if not token.good(self.lived()):
            expected = Outcome(401, {"error_code": "UNAUTHORIZED"})
        elif not token.scopes & scopes:
            expected = Outcome(403, {"error_code": "FORBIDDEN"})
        elif value == report():
            expected = refused(422, "INVALID_REQUEST")
        else:
            expected = self.carried_out(operation, outcome, (path, value), key if method == "POST" else None)
        reply = self.brex.ask(method, path, query, value=value, key=key, token=token.value)
        assert expected.status == reply.status, (expected, reply)
        found = body_of(reply)
        wanted = expected.body(found) if callable(expected.body) else expected.body
        assert wanted == found
        self.check_entry(operation, reply, expected, key, stray=token.value == "unknown")

    def lived(self) -> datetime:
        return self.state.now + self.set_back

    def draw_token(self, data: st.DataObject) -> Token:
        """Mostly the one with all scopes."""
        if data.draw(st.integers(0, 5), label="another token") < 5:
            return self.full
        unknown = Token("unknown", frozenset(), Grant("", START, ended=True))
        return data.draw(st.sampled_from([*self.tokens[-5:], unknown]), label="token")

    def carried_out(
        self, operation: str, outcome: Callable[[], Outcome], request: tuple[str, Any], key: str | None
    ) -> Outcome:
        """The first answer again if the key is known, else a new one."""
        if key is None or self.state.variants["idempotency"] == "ignored":
            return outcome()
        answers, now = self.state.memory.answers, self.state.now
        known = answers.get((operation, key))
        if known is not None and now - known.at < DAY:
            if known.request != request:
                self.breaches.append(("key_reused", operation))
            return Outcome(known.status, known.body)
        new = outcome()
        if not new.committed:
            return new

        def told(found: Any) -> Any:
            # An integration's id is known from the answer only.
            body = new.body(found) if callable(new.body) else new.body
            answers[operation, key] = Remembered(now, request, new.status, copy.deepcopy(body))
            return body

        return Outcome(new.status, told, committed=True)

    def check_entry(self, operation: str, reply: Reply, expected: Outcome, key: str | None, *, stray: bool) -> None:
        journal = self.brex.world.strays if stray else self.tenant.journal
        self.strays += stray
        self.entries += not stray
        assert (self.strays, self.entries) == (len(self.brex.world.strays), len(self.tenant.journal))
        entry = list(journal)[-1]
        assert (
            operation,
            reply.status,
            expected.committed,
            key,
            "answered",
            reply.header("x-brex-trace-id"),
            timestamp(self.state.now),
        ) == (
            entry.operation,
            entry.status,
            entry.committed,
            entry.idempotency_key,
            entry.ended,
            entry.trace_id,
            timestamp(entry.at),
        )

    # ---- integrations -------------------------------------------------------------------------------------------

    def active(self) -> dict[str, str] | None:
        return next((it for it in self.state.integrations.values() if it["status"] == "ACTIVE"), None)

    @rule(
        data=st.data(),
        vendor=st.sampled_from(VENDORS),
        account=st.sampled_from(ACCOUNTS),
        key=st.none() | st.sampled_from(KEYS),
    )
    def create(self, data: st.DataObject, vendor: str, account: str, key: str | None) -> None:
        self.connect(self.draw_token(data), vendor, account, key)

    def connect(self, token: Token, vendor: str, account: str, key: str | None) -> None:
        asked = {"vendor": vendor, "vendor_account_id": account}

        def outcome() -> Outcome:
            active = self.active()
            if active is None:
                return Outcome(200, created, committed=True)
            if asked.items() <= active.items():
                return Outcome(200, dict(active))
            same = active["vendor"] == vendor
            code = "VENDOR_ACCOUNT_ID_MISMATCH" if same else "ACTIVE_INTEGRATION_EXISTS"
            return refused(409, code, **self.existing(active, vendor))

        def created(found: Any) -> Any:
            name = found["integration_id"]
            assert name not in self.state.integrations
            made = {**asked, "integration_id": name, "status": "ACTIVE", "created_at": timestamp(self.state.now)}
            self.state.integrations[name] = made
            return dict(made)

        self.exchange(token, "createIntegration", outcome, INTEGRATION, value=asked, key=key)

    def existing(self, active: dict[str, str], vendor: str) -> dict[str, str]:
        return {
            "existing_integration_id": active["integration_id"],
            "existing_vendor": active["vendor"],
            "requested_vendor": vendor,
        }

    @rule(data=st.data(), action=st.sampled_from(["disconnect", "reactivate"]), key=st.none() | st.sampled_from(KEYS))
    def change_integration(self, data: st.DataObject, action: str, key: str | None) -> None:
        names = [*self.state.integrations] * 3 + ["int_unknown"]
        name = data.draw(st.sampled_from(names), label="integration")
        disconnects = action == "disconnect"
        self.exchange(
            self.draw_token(data),
            f"{action}Integration",
            lambda: self.disconnected(name) if disconnects else self.reactivated(name),
            f"{INTEGRATION}/{name}/{action}",
            key=key,
        )

    def disconnected(self, name: str) -> Outcome:
        found = self.state.integrations.get(name)
        if found is None:
            return refused(404, "NOT_FOUND", integration_id=name)
        if found["status"] != "ACTIVE":
            return refused(409, "INTEGRATION_NOT_ACTIVE", integration_id=name, current_status="DISABLED")
        found["status"] = "DISABLED"
        return Outcome(200, dict(found), committed=True)

    def reactivated(self, name: str) -> Outcome:
        found, active = self.state.integrations.get(name), self.active()
        if found is None:
            return refused(404, "NOT_FOUND", integration_id=name)
        if active is not None:
            details = {"integration_id": name, "current_status": found["status"]}
            return refused(409, "ACTIVE_INTEGRATION_EXISTS", **self.existing(active, found["vendor"]), **details)
        found["status"] = "ACTIVE"
        return Outcome(200, dict(found), committed=True)

    # ---- reading ------------------------------------------------------------------------------------------------

    @rule(data=st.data(), single_entry=st.booleans())
    def get(self, data: st.DataObject, single_entry: bool) -> None:
        """A record, and perhaps the expense of one that was exported."""
        if self.state.exported and data.draw(st.booleans(), label="expense"):
            self.read_expense(data.draw(st.sampled_from(sorted(self.state.exported)), label="expense"))
        record_id = data.draw(self.any_id(), label="record")

        def outcome() -> Outcome:
            record = self.state.records.get(record_id)
            if record is None:
                return refused(404, "NOT_FOUND")
            self.state.memory.fetched.add(record_id)
            return Outcome(200, record.served(single_entry=single_entry))

        query = [("single_entry", single_entry)]
        path = f"{RECORDS}/{record_id}"
        self.exchange(self.draw_token(data), "getAccountingRecord", outcome, path, query=query)

    def any_id(self) -> st.SearchStrategy[str]:
        return st.sampled_from([*self.state.records, "accr_unknown", self.foreign])

    def read_expense(self, expense_id: str) -> None:
        """The expense of an exported record says so."""
        expense = self.brex.get(f"{EXPENSES}/{expense_id}").json
        self.entries += 1
        assert self.state.exported[expense_id] == expense["exported_at"] == expense["updated_at"]

    @rule(data=st.data(), limit=st.integers(1, 30), single_entry=st.booleans())
    def query(self, data: st.DataObject, limit: int, single_entry: bool) -> None:
        """The first page of a list that is narrowed by any filters."""
        filters = self.draw_filters(data)

        def outcome() -> Outcome:
            if is_refused(filters):
                return refused(400, "INVALID_REQUEST")
            return Outcome(200, lambda found: self.page(found, filters, limit, single_entry=single_entry))

        query = [*written(filters), ("limit", limit), ("single_entry", single_entry)]
        self.exchange(self.draw_token(data), "queryAccountingRecords", outcome, RECORDS, query=query)

    def page(self, found: Any, filters: dict[str, Any], limit: int, *, single_entry: bool) -> Any:
        """The first page as it has to be; the cursor is what it is."""
        matches = self.matches(filters)
        more = len(matches) > limit
        assert (found["next_cursor"] is not None) == more
        self.state.memory.fetched.update(record.id for record in matches[:limit])
        return {
            "items": [record.served(single_entry=single_entry) for record in matches[:limit]],
            "total_count": len(matches),
            "has_next_page": more,
            "next_cursor": found["next_cursor"],
        }

    def draw_filters(self, data: st.DataObject) -> dict[str, Any]:
        moments = sorted({record.updated_at for record in self.state.records.values()})
        near = st.builds(
            lambda at, delta: at + timedelta(microseconds=delta), st.sampled_from(moments), st.integers(-1, 1)
        )
        days = st.builds(lambda at: at.date(), st.sampled_from(moments))
        optional = {
            "ids": st.lists(self.any_id(), min_size=1, max_size=20),
            "review_status": st.sampled_from(STAGES),
            "source_type": st.sampled_from(SOURCES),
            **{f"updated_at[{bound}]": near | days for bound in ("gt", "gte", "lt", "lte")},
        }
        names = data.draw(st.sets(st.sampled_from(sorted(optional)), max_size=3), label="filters")
        return {name: data.draw(optional[name], label=name) for name in sorted(names)}

    def matches(self, filters: dict[str, Any]) -> list[Record]:
        return [record for record in self.state.records.values() if self.fits(record, filters)]

    def fits(self, record: Record, filters: dict[str, Any]) -> bool:
        hidden = record.source == "BILL" and self.state.variants["bill_ready"] == "never"
        for name, wanted in filters.items():
            match name:
                case "ids":
                    fits = record.id in wanted
                case "review_status":
                    fits = record.stage == wanted and not hidden
                case "source_type":
                    fits = record.source == wanted
                case "updated_at[gt]":
                    fits = record.updated_at > instant(wanted)
                case "updated_at[gte]":
                    fits = record.updated_at >= instant(wanted)
                case "updated_at[lt]":
                    fits = record.updated_at < instant(wanted)
                case _:
                    fits = record.updated_at <= instant(wanted)
            if not fits:
                return False
        return True

    @rule(data=st.data(), single_entry=st.booleans())
    def walk(self, data: st.DataObject, single_entry: bool) -> None:
        """All pages of a list, of any sizes, while finance moves records and cursors come to mean another thing."""
        filters = self.draw_filters(data)
        if is_refused(filters):
            return
        mode, cursor = self.state.variants["cursor"], None
        kept = [record.id for record in self.matches(filters)]
        place = 0  # offset in the list or in what was kept, or how many records lie behind
        for _ in range(2 * len(self.state.records)):
            limit = data.draw(st.integers(1, 12), label="limit")
            matches, order = self.matches(filters), list(self.state.records)
            if mode == "offset":
                items, place = matches[place : place + limit], place + limit
                more = place < len(matches)
            elif mode == "key":
                ahead = [record for record in matches if order.index(record.id) >= place]
                items, more = ahead[:limit], len(ahead) > limit
                place = order.index(items[-1].id) + 1 if items else place
            else:
                items, place = [self.state.records[name] for name in kept[place : place + limit]], place + limit
                more = place < len(kept)
            query = [*written(filters), ("limit", limit), ("single_entry", single_entry)]
            page = self.brex.get(RECORDS, query if cursor is None else [*query, ("cursor", cursor)])
            self.entries += 1
            self.state.memory.fetched.update(record.id for record in items)
            expected = [record.served(single_entry=single_entry) for record in items]
            found = body_of(page)
            assert (200, expected, len(matches), more) == (
                page.status,
                found["items"],
                found["total_count"],
                found["has_next_page"],
            )
            cursor = found["next_cursor"]
            assert more == (cursor is not None)
            if cursor is None:
                return
            if data.draw(st.booleans(), label="meanwhile"):
                record = self.state.records[data.draw(st.sampled_from(order), label="moved")]
                self.move(record, data.draw(st.sampled_from(STAGES), label="stage"))
                self.choose("cursor", data.draw(st.sampled_from(CHOICES["cursor"]), label="cursor"))
        message = "the walk has no end"
        raise AssertionError(message)

    # ---- reporting ----------------------------------------------------------------------------------------------

    @rule(data=st.data(), key=st.none() | st.sampled_from(KEYS))
    def report_ready(self, data: st.DataObject, key: str | None) -> None:
        """Outcomes for some records that are ready."""
        ready = [it.id for it in self.state.records.values() if self.ready(it)]
        if ready:
            names = data.draw(st.lists(st.sampled_from(ready), min_size=1, max_size=7, unique=True), label="ids")
            self.report(data, names, key)

    @rule(data=st.data(), key=st.none() | st.sampled_from(KEYS))
    def report_any(self, data: st.DataObject, key: str | None) -> None:
        """Outcomes for any records, some more than once, or a report that cannot be read."""
        ready = [it.id for it in self.state.records.values() if self.ready(it)] or [self.foreign]
        some = st.lists(st.sampled_from(ready) | self.any_id(), max_size=7)
        self.report(data, data.draw(some, label="ids"), key)

    def report(self, data: st.DataObject, names: list[str], key: str | None) -> None:
        results = [data.draw(st.sampled_from([success, success, failure]), label="outcome")(name) for name in names]
        if key is not None:
            self.bodies[key] = results
        self.send_report(data, results, key)

    @precondition(lambda self: self.bodies)
    @rule(data=st.data())
    def report_again(self, data: st.DataObject) -> None:
        """A report comes again with its key."""
        key = data.draw(st.sampled_from(sorted(self.bodies)), label="key")
        self.send_report(data, self.bodies[key], key)

    def send_report(self, data: st.DataObject, results: list[dict[str, Any]], key: str | None) -> None:
        token, operation = self.draw_token(data), "reportAccountingExportResults"
        self.exchange(token, operation, lambda: self.reported(results, key), RESULTS, value=report(*results), key=key)

    def ready(self, record: Record) -> bool:
        if record.source == "BILL" and self.state.variants["bill_ready"] == "never":
            return record.stage in ("REVIEW", "READY_FOR_EXPORT")
        return record.stage == "READY_FOR_EXPORT"

    def reported(self, results: list[dict[str, Any]], key: str | None) -> Outcome:
        variants, records = self.state.variants, self.state.records
        if variants["inactive_integration"] == "refuses" and self.active() is None:
            return refused(422, "INTEGRATION_NOT_ACTIVE")
        names = [result["accounting_record_id"] for result in results]
        counts = Counter(names)
        twice = [name for name, count in counts.items() if count > 1]
        unknown = [name for name in counts if name not in records]
        unready = [name for name in counts if name in records and not self.ready(records[name])]
        self.note(results, key)
        outcome = None
        if twice:
            outcome = refused(422, "DUPLICATE_ACCOUNTING_RECORD_IDS", duplicate_accounting_record_ids=twice)
        elif unknown:
            outcome = refused(404, "NOT_FOUND", not_found_export_entry_source_ids=unknown)
        elif unready:
            code = "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT"
            outcome = refused(422, code, not_ready_for_export_accounting_record_ids=unready)
        bad = {*twice, *unknown, *unready}
        if outcome is None:
            for result in results:
                self.settle(result, key)
            named = names if variants["report_200"] == "all" else [it for at, it in enumerate(names, 1) if at % 3]
            return Outcome(200, {"updated_accounting_record_ids": named}, committed=True)
        if variants["report_422"] == "partial":
            for result in results:
                if result["accounting_record_id"] not in bad:
                    self.settle(result, key)
                    outcome.committed = True
        return outcome

    def settle(self, result: dict[str, Any], key: str | None) -> None:
        record, variants = self.state.records[result["accounting_record_id"]], self.state.variants
        stage = record.stage
        if "success" in result:
            stage = "EXPORTED"
            self.state.memory.reported[record.id] = (self.token.client, key)
            if record.expense_id is not None:
                self.state.exported[record.expense_id] = timestamp(self.state.now)
        elif variants["failure_result"] == "moves":
            stage = "PREPARE"
        self.state.change(record, quietly=variants["report_moves"] == "nothing", review_status=stage)

    def note(self, results: list[dict[str, Any]], key: str | None) -> None:
        """The breaches of a report, whatever becomes of it."""
        memory = self.state.memory
        for result in results:
            record = self.state.records.get(result["accounting_record_id"])
            if record is None:
                continue
            if record.id not in memory.fetched:
                self.breaches.append(("never_fetched", record.id))
            repeats = key is not None and memory.reported.get(record.id) == (self.token.client, key)
            if "success" in result and record.stage == "EXPORTED" and record.id in memory.reported and not repeats:
                self.breaches.append(("reported_twice", record.id))

    # ---- finance ------------------------------------------------------------------------------------------------

    @rule(data=st.data(), recodes=st.booleans())
    def finance(self, data: st.DataObject, recodes: bool) -> None:
        """Somebody in finance moves a record, or recodes it."""
        record = self.state.records[data.draw(st.sampled_from(list(self.state.records)), label="record")]
        if recodes:
            self.recode(data, record)
        else:
            self.move(record, data.draw(st.sampled_from([*STAGES, "READY_FOR_EXPORT"]), label="stage"))

    def move(self, record: Record, stage: str) -> None:
        move(self.tenant, record.id, stage)
        self.state.change(record, review_status=stage)
        self.state.memory.reported.pop(record.id, None)
        if stage == "EXPORTED":
            self.breaches.append(("exported_unreported", record.id))

    def recode(self, data: st.DataObject, record: Record) -> None:
        """Choose another value, on all lines of the single-entry view or on one of them."""
        all_lines = copy.deepcopy(record.members["line_items"])
        lines = all_lines[: record.single]
        fields = {it["brex_field_id"] for line in lines for it in line["accounting_field_values"]}
        field = data.draw(st.sampled_from([*sorted(fields), "ef_new"]), label="field")
        value = {
            "brex_field_value_id": data.draw(st.sampled_from(["efo_1", "efo_2"]), label="value"),
            "remote_field_value_id": data.draw(st.sampled_from([None, "7"]), label="remote value"),
        }
        line = data.draw(st.none() | st.sampled_from(lines), label="line")
        recode(self.tenant, record.id, brex_field_id=field, line_item_id=line and line["id"], **value)
        for chosen in lines if line is None else [line]:
            held = [it for it in chosen["accounting_field_values"] if it["brex_field_id"] == field]
            if not held:
                held = [{"brex_field_id": field, "remote_field_id": None}]
                chosen["accounting_field_values"] += held
            for one in held:
                one.update(value)
        self.state.change(record, line_items=all_lines)

    # ---- time and settings --------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.000_001, 1, 29.5, 30, 1800, 3599.5, 3600, 86_399, 86_400, 200_000]))
    def advance(self, seconds: float) -> None:
        self.brex.advance(seconds)
        self.state.now += timedelta(seconds=seconds)

    @rule(data=st.data(), name=st.sampled_from(sorted(CHOICES)))
    def change_variant(self, data: st.DataObject, name: str) -> None:
        self.choose(name, data.draw(st.sampled_from(CHOICES[name]), label=name))

    def choose(self, name: str, value: str) -> None:
        self.brex.choose(**{name: value})
        self.state.variants[name] = value

    # ---- tokens -------------------------------------------------------------------------------------------------

    @rule(data=st.data(), grants=st.booleans())
    def token(self, data: st.DataObject, grants: bool) -> None:
        """A user token with fewer scopes, or a consent: an access token for an hour, and a refresh token."""
        every = frozenset(API_SCOPES)
        scopes = data.draw(st.just(every) | st.frozensets(st.sampled_from(API_SCOPES)), label="scopes")
        issuer = self.brex.world.issuer
        if not grants:
            self.tokens.append(Token(issuer.user_token("main", scopes), scopes))
            return
        made = issuer.grant("main", scopes)
        self.grants.append(Grant(made.refresh_token, self.lived()))
        self.tokens.append(Token(made.access_token, scopes, self.grants[-1], self.lived()))

    @precondition(lambda self: self.grants)
    @rule(data=st.data())
    def refresh(self, data: st.DataObject) -> None:
        """The newest refresh token of a grant, or a used one; seldom, all consents are withdrawn instead."""
        kind = data.draw(st.sampled_from(["newest"] * 4 + ["used"] * 3 + ["withdraw"]), label="kind")
        if kind == "withdraw":
            self.brex.world.issuer.revoke_tenant("main")
            for grant in self.grants:
                grant.ended = True
        elif kind == "used" and any(grant.used for grant in self.grants):
            self.replay(data)
        else:
            self.renew(data)

    def renew(self, data: st.DataObject) -> None:
        """The newest refresh token gives another access token, with the scopes of the consent."""
        grant = data.draw(st.sampled_from(self.grants[-3:]), label="grant")
        reply = self.brex.form(TOKEN, grant_type="refresh_token", refresh_token=grant.refresh)
        self.entries += 1
        if grant.ended or self.lived() - grant.refreshed_at >= 90 * DAY:
            assert (400, "invalid_grant") == (reply.status, reply.json["error"])
            return
        found = reply.json
        assert (200, 3600) == (reply.status, found["expires_in"])
        scopes = next(token.scopes for token in self.tokens if token.grant is grant)
        assert {*scopes, "offline_access"} == set(found["scope"].split())
        self.tokens.append(Token(found["access_token"], scopes, grant, self.lived()))
        grant.used.append(grant.refresh)
        grant.refresh, grant.refreshed_at = found["refresh_token"], self.lived()
        grant.rotation = (self.lived(), found["access_token"])
        assert grant.refresh not in grant.used

    def replay(self, data: st.DataObject) -> None:
        """A used refresh token gets the same pair again for 30 s, if it was the last one; else it ends its grant."""
        grant = data.draw(st.sampled_from([grant for grant in self.grants if grant.used]), label="grant")
        token = data.draw(st.sampled_from(grant.used), label="token")
        reply = self.brex.form(TOKEN, grant_type="refresh_token", refresh_token=token)
        self.entries += 1
        found = reply.json
        at, access = grant.rotation or (START, "")
        if not grant.ended and token == grant.used[-1] and self.lived() - at < GRACE:
            pair = (found["access_token"], found["refresh_token"])
            assert (200, (access, grant.refresh)) == (reply.status, pair)
            return
        assert (400, "invalid_grant") == (reply.status, found["error"])
        grant.ended = True

    # ---- the way back -------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def way_back(self, data: st.DataObject) -> None:
        """A snapshot is made or restored; seldom, the account is reset."""
        kind = data.draw(st.sampled_from(["snapshot"] * 3 + ["restore"] * 4 + ["reset"]), label="kind")
        if kind == "reset":
            self.reset()
        elif kind == "restore" and self.snapshots:
            self.restore(data.draw(st.sampled_from(sorted(self.snapshots)), label="snapshot"))
        else:
            name = self.tenant.snapshot()
            assert name not in self.snapshots
            self.snapshots[name] = self.state.copy()

    def restore(self, name: str) -> None:
        """All but tokens and journal is as it was."""
        self.tenant.restore(name)
        self.go_back(self.snapshots[name])

    def reset(self) -> None:
        """All but tokens is as it was at first; the journal is empty."""
        self.tenant.reset()
        self.go_back(self.first)
        self.entries = 0

    def go_back(self, state: State) -> None:
        """Breaches are forgotten; the time that tokens live by does not go back."""
        lived = self.lived()
        self.state, self.breaches = state.copy(), []
        self.set_back += max(timedelta(), lived - self.lived())

    # ---- what holds at any time ---------------------------------------------------------------------------------

    @invariant()
    def records_are_as_in_the_model(self) -> None:
        assert list(self.state.records) == [record.id for record in self.tenant.records.all()]
        for record in self.tenant.records.all():
            modelled = self.state.records[record.id]
            if self.seen.get(record.id) == (record, modelled):
                continue  # neither has changed since the last time
            found = read_stored(self.brex, record)
            assert modelled.members == found
            assert lines_balance(found)
            assert (modelled.stage, modelled.updated_at) == (record.review_status, record.updated_at)
            self.seen[record.id] = (record, modelled)

    @invariant()
    def the_rest_is_too(self) -> None:
        tenant = self.tenant
        assert self.state.integrations == {name: attrs.asdict(found) for name, found in tenant.integrations.items()}
        exported = {it.id: it.changes["exported_at"] for it in tenant.expenses.all() if "exported_at" in it.changes}
        assert self.state.exported == exported
        assert self.state.now == tenant.now()
        assert self.state.variants == {name: tenant.variants[name] for name in CHOICES}
        known = ("reported_twice", "never_fetched", "exported_unreported", "key_reused")
        found = [it for it in self.brex.world.violations(tenant) if it.invariant in known]
        assert self.breaches == [(it.invariant, it.what.get("record") or it.what["operation"]) for it in found]

    @invariant()
    def nothing_else_moves(self) -> None:
        assert self.other_before == untouchable(self.other)
        assert [] == self.brex.world.bugs

    def teardown(self) -> None:
        if hasattr(self, "brex"):
            self.brex.check()


def is_refused(filters: dict[str, Any]) -> bool:
    return "review_status" in filters and filters.get("source_type") == "BILL"


def written(filters: dict[str, Any]) -> list[tuple[str, str]]:
    """Filters as a query."""
    pairs: list[tuple[str, str]] = []
    for name, value in filters.items():
        match value:
            case list():
                pairs += [(name, item) for item in value]
            case datetime():
                pairs.append((name, timestamp(value)))
            case date():
                pairs.append((name, value.isoformat()))
            case _:
                pairs.append((name, value))
    return pairs


def instant(bound: date) -> datetime:
    """A date is its first instant."""
    if isinstance(bound, datetime):
        return bound
    return datetime(bound.year, bound.month, bound.day, tzinfo=timezone.utc)


def body_of(reply: Reply) -> Any:
    """An answer's body to compare: without messages and signatures."""
    if reply.status != 200:
        return reply.error
    found = reply.json
    if "items" in found:
        return {**found, "items": [plain(item) for item in found["items"]]}
    return plain(found)


def untouchable(tenant: Tenant) -> tuple[Any, ...]:
    """All of a tenant; stored items never change, so that those that are the same have not changed."""
    return (
        [*map(id, tenant.records.all())],
        [*map(id, tenant.expenses.all())],
        dict(tenant.integrations),
        tenant.given_ids,
        len(tenant.journal),
        len(tenant.ledger),
        tenant.variants.all(),
        tenant.now(),
        json.dumps(tenant.faults.snapshot()),
    )


TestLifecycle = Lifecycle.TestCase
