"""The client under every reading of what Brex does not say, over a real socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from brex_accounting import (
    CursorInvalid,
    CursorRefused,
    CursorRepeated,
    EnsureOutcome,
    ExportFailure,
    ExportSuccess,
    PageContradiction,
    PagingError,
    RateLimited,
    RetryPolicy,
    Unprocessable,
)
from brex_accounting.emulator import VARIANTS, Fault, Tenant, TenantPlan, move
from tests import virtual

from . import serving
from .serving import Served, served

RECORDS, PAGE = 100, 30
READY = "READY_FOR_EXPORT"
EACH = [(name, value) for name, variant in VARIANTS.items() for value in variant.values]

FLAWED: dict[tuple[str, str], type[PagingError]] = {
    ("last_cursor", "string"): CursorInvalid,
    ("repeated_cursor", "second"): CursorRepeated,
    ("has_next_page", "true"): PageContradiction,
    ("has_next_page", "false"): PageContradiction,
}
"""Variants under which nobody can tell where a list ends: walks raise, and lose nothing in silence."""


def run(ask: Callable[[Served], Awaitable[Any]], variants: dict[str, str] | None = None, **options: Any) -> Any:
    """What a coroutine function gives while these variants are played."""

    async def main() -> Any:
        plan = TenantPlan(records=RECORDS, seed=7, variants=variants or {})
        async with served(plan, **options) as here:
            return await ask(here)

    return serving.run(main())


def ids_of(tenant: Tenant, **members: str) -> list[str]:
    return [
        record.id
        for record in tenant.records.all()
        if all(getattr(record, name) == value for name, value in members.items())
    ]


def stage_of(tenant: Tenant, record_id: str) -> str:
    record = tenant.records.get(record_id)
    assert record is not None
    return record.review_status


async def walk(here: Served, **filters: Any) -> list[str]:
    return [record.id async for record in here.brex.records.iter(page_size=PAGE, **filters)]


async def read_everything(here: Served) -> None:
    """Records and expenses come whole, each once and in order."""
    tenant = here.tenant
    assert ids_of(tenant) == await walk(here)
    assert ids_of(tenant, source_type="BILL") == await walk(here, source_type="BILL")
    some = ids_of(tenant)[::7]
    assert some == await walk(here, ids=some, single_entry=True)
    expenses = [expense.id async for expense in here.brex.expenses.iter(page_size=PAGE, expand=["merchant"])]
    assert [expense.id for expense in tenant.expenses.all()] == expenses


async def report_everything(here: Served, value: str) -> None:
    """Successes end up exported and failures do not, and the report says where it cannot know."""
    brex, tenant = here.brex, here.tenant
    ready = await walk(here, review_status=READY)
    good, bad, early = ready[2:], ready[:2], ids_of(tenant, review_status="PREPARE", source_type="CARD")[0]
    results = [
        *(ExportSuccess(record_id, reference_id="JE-1") for record_id in [*good, early]),
        *(ExportFailure(record_id, message="no such account") for record_id in bad),
    ]
    report = await brex.records.report(results)
    refused = {refused.accounting_record_id: refused for refused in report.refused}
    settled = [*report.updated, *report.unnamed, *refused]
    assert sorted([*ready, early]) == sorted(settled)
    stages = {record_id: stage_of(tenant, record_id) for record_id in settled}
    assert {"EXPORTED"} == {stages[record_id] for record_id in good}
    assert {"PREPARE" if value == "moves" else READY} == {stages[record_id] for record_id in bad}
    assert ("PREPARE", "not ready for export") == (stages[early], refused[early].reason)
    assert all(refused[record_id].maybe_applied for record_id in refused if record_id != early)
    assert (value == "subset") == bool(report.unnamed)
    # our own lost success, reported again and refused, is what the emulator cannot tell from a second one
    assert [] == [found for found in here.world.violations(tenant) if found.invariant != "reported_twice"]


async def live_through(here: Served) -> None:
    """Integrations, subscriptions, the company and single reads work."""
    brex, tenant = here.brex, here.tenant
    made = await brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42")
    other = await brex.integrations.ensure(vendor="ERP_A", vendor_account_id="43")
    assert (EnsureOutcome.ACTIVE, EnsureOutcome.OTHER_VENDOR_ACCOUNT) == (made.outcome, other.outcome)
    await brex.integrations.disconnect(made.integration_id)
    await brex.integrations.reactivate(made.integration_id)
    hook = await brex.webhooks.subscribe(
        url="https://example.com/hook", event_types=["ACCOUNTING_RECORD_READY_FOR_EXPORT"]
    )
    assert hook == await brex.webhooks.get(hook.id)
    await brex.webhooks.delete(hook.id)
    assert {} == tenant.subscriptions
    assert tenant.company["id"] == (await brex.company.get()).id
    assert RECORDS == len((await brex.records.query(limit=1000)).items)


class TestEveryVariant:
    @pytest.mark.parametrize(("name", "value"), EACH)
    def test_the_whole_client(self, name: str, value: str) -> None:
        """Every resource of the client does its work under every answer to every open question."""

        async def ask(here: Served) -> None:
            await live_through(here)
            if (name, value) not in FLAWED:
                await read_everything(here)
                await report_everything(here, value)

        run(ask, {name: value})


class TestWalks:
    @pytest.mark.parametrize(("name", "value"), FLAWED)
    def test_flaws_are_raised(self, name: str, value: str) -> None:
        """Where nobody can tell what follows, the walk raises, after everything that came before."""

        async def ask(here: Served) -> None:
            seen: list[str] = []

            async def read() -> None:
                async for record in here.brex.records.iter(page_size=PAGE):
                    seen.append(record.id)  # noqa: PERF401 - what came before the error counts

            with pytest.raises(FLAWED[name, value]):
                await read()
            assert seen
            assert seen == ids_of(here.tenant)[: len(seen)]

        run(ask, {name: value})

    def test_a_cursor_expires(self) -> None:
        """A consumer that takes longer than cursors live is told so; from the start, it gets everything."""

        async def ask(here: Served) -> None:
            async def read() -> None:
                async for _ in here.brex.records.iter(page_size=PAGE, prefetch=0):
                    here.tenant.clock.advance(60)

            with pytest.raises(CursorRefused):
                await read()
            assert ids_of(here.tenant) == await walk(here)

        run(ask, {"cursor_lifetime": "600s"})

    @pytest.mark.parametrize("cursor", VARIANTS["cursor"].values)
    def test_records_leave_while_they_are_read(self, cursor: str) -> None:
        """A walk over what it reports as it goes may skip or repeat; passes until one is empty leave nothing behind."""

        async def ask(here: Served) -> None:
            brex, tenant = here.brex, here.tenant
            there = ids_of(tenant, review_status=READY)
            passes: list[list[str]] = []
            while not passes or passes[-1]:
                passes.append([])
                async for record in brex.records.iter(review_status=READY, page_size=10, prefetch=0):
                    await brex.records.report([ExportSuccess(record.id)])
                    passes[-1].append(record.id)
            assert there == sorted([found for one in passes for found in one], key=there.index)
            assert [] == ids_of(tenant, review_status=READY)
            assert (cursor == "offset") == (len(passes) > 2)
            assert [] == here.world.violations(tenant)

        run(ask, {"cursor": cursor})

    def test_a_snapshot_shows_what_has_left(self) -> None:
        """Behind a snapshot, a record that was taken back still comes, in its new stage."""

        async def ask(here: Served) -> None:
            late = ids_of(here.tenant, review_status=READY)[-1]
            stages: dict[str, str] = {}
            async for record in here.brex.records.iter(review_status=READY, page_size=10, prefetch=0):
                if not stages:
                    move(here.tenant, late, "PREPARE")
                stages[record.id] = record.review_status
            assert "PREPARE" == stages[late]

        run(ask, {"cursor": "snapshot"})


class TestReports:
    def test_an_inactive_integration(self) -> None:
        """Where a report needs an active integration, it is raised that there is none: no result is refused for it."""

        async def ask(here: Served) -> None:
            ready = await walk(here, review_status=READY)
            with pytest.raises(Unprocessable) as raised:
                await here.brex.records.report([ExportSuccess(ready[0])])
            assert "INTEGRATION_NOT_ACTIVE" == raised.value.error_code
            assert raised.value.report is not None
            assert (ready[0],) == raised.value.report.unsent

        run(ask, {"inactive_integration": "refuses"})

    @pytest.mark.parametrize("value", VARIANTS["report_moves"].values)
    def test_version(self, value: str) -> None:
        """Whether our own report shows as a change is the tenant's to say."""

        async def ask(here: Served) -> None:
            brex = here.brex
            (ready, *_) = await walk(here, review_status=READY)
            before = await brex.records.get(ready)
            await brex.records.report([ExportSuccess(ready)])
            after = await brex.records.get(ready)
            moved = (before.version, before.updated_at) != (after.version, after.updated_at)
            assert (value == "version", "EXPORTED") == (moved, after.review_status)

        run(ask, {"report_moves": value})

    @pytest.mark.parametrize("value", VARIANTS["bill_ready"].values)
    def test_bills(self, value: str) -> None:
        """A bill can be reported in both readings."""

        async def ask(here: Served) -> None:
            stage = READY if value == "reaches" else "REVIEW"
            bill = ids_of(here.tenant, source_type="BILL", review_status=stage)[0]
            await here.brex.records.get(bill)
            report = await here.brex.records.report([ExportSuccess(bill)])
            assert ((bill,), True) == (report.updated, report.complete)

        run(ask, {"bill_ready": value})


class TestTheRest:
    @pytest.mark.parametrize("value", VARIANTS["retry_after"].values)
    def test_the_limit(self, value: str) -> None:
        """Over the limit, a call waits as long as it is told, or as its own schedule has it."""

        async def ask(here: Served) -> float:
            tenant, clock = here.tenant, virtual.VirtualClock()
            tenant.limit.requests = 5
            tenant.clock.freeze()
            for _ in range(5):
                await here.brex.company.get()
            started = clock.monotonic()
            with pytest.raises(RateLimited) as caught:
                await here.brex.with_options(retry=RetryPolicy(attempts=2)).company.get()
            assert (60.0 if value == "sent" else None) == caught.value.retry_after
            return clock.monotonic() - started

        waited = run(ask, {"retry_after": value})
        assert (value == "sent") == (waited >= 60)

    def test_lost_answers_under_each_reading_of_keys(self) -> None:
        """With keys honoured or not, an integration whose answer was lost is not created twice."""

        async def ask(here: Served) -> None:
            here.tenant.add_fault(Fault(effect="drop", operation="createIntegration", phase="after", times=1))
            await here.brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42")
            assert 1 == len(here.tenant.integrations)

        for value in VARIANTS["idempotency"].values:
            run(ask, {"idempotency": value})
