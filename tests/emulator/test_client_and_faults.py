"""Every fault reaches the client as the recovery or the typed error that it promises, over a real socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from brex_accounting import (
    AnswerLost,
    AttemptTimedOut,
    BrexError,
    CallError,
    ExportReport,
    ExportSuccess,
    Forbidden,
    RateLimited,
    ServerError,
    Unauthorized,
    UnknownSeen,
    UnreadableAnswer,
    UnreadableRecords,
)
from brex_accounting.emulator import EFFECTS, Fault, TenantPlan
from brex_accounting_client.models import AccountingRecord
from tests import virtual

from . import serving
from .serving import Served, served

QUERY, GET, REPORT = "queryAccountingRecords", "getAccountingRecord", "reportAccountingExportResults"
READY = "READY_FOR_EXPORT"


def run(ask: Callable[[Served], Awaitable[Any]], *faults: Fault, **options: Any) -> Any:
    """What a coroutine function gives, with these faults in force."""

    async def main() -> Any:
        async with served(**options) as here:
            for fault in faults:
                here.tenant.add_fault(fault)
            return await ask(here)

    return serving.run(main())


def raised(ask: Callable[[Served], Awaitable[Any]], *faults: Fault, **options: Any) -> CallError:
    with pytest.raises(BrexError) as caught:
        run(ask, *faults, **options)
    assert isinstance(caught.value, CallError)
    return caught.value


async def walk(here: Served) -> list[str]:
    return [record.id async for record in here.brex.records.iter(page_size=100)]


async def get_first(here: Served) -> AccountingRecord:
    return await here.brex.records.get(next(iter(here.tenant.records.all())).id)


async def report_ready(here: Served) -> tuple[ExportReport, list[str], Served]:
    ready = [record.id async for record in here.brex.records.iter(review_status=READY)]
    return await here.brex.records.report([ExportSuccess(record_id) for record_id in ready]), ready, here


PASSING: dict[str, Fault] = {
    "status": Fault(effect="status", operation=QUERY, every=2),
    "status after": Fault(effect="status", operation=QUERY, phase="after", every=2),
    "429": Fault(effect="status", status=429, operation=QUERY, every=2),
    "429, Retry-After": Fault(effect="status", status=429, retry_after=30, operation=QUERY, every=2),
    "520": Fault(effect="status", status=520, operation=QUERY, every=2),
    "drop": Fault(effect="drop", operation=QUERY, every=2),
    "drop after": Fault(effect="drop", operation=QUERY, phase="after", every=2),
    "reset": Fault(effect="reset", operation=QUERY, every=2),
    "reset after": Fault(effect="reset", operation=QUERY, phase="after", every=2),
    "cut_body": Fault(effect="cut_body", operation=QUERY, every=2),
    "cut_body, nothing kept": Fault(effect="cut_body", keep=0.0, operation=QUERY, every=2),
    "cut_body, chunked": Fault(effect="cut_body", chunked=True, operation=QUERY, every=2),
    "cut_body before": Fault(effect="cut_body", phase="before", operation=QUERY, every=2),
    "hang": Fault(effect="hang", operation=QUERY, every=2),
    "hang after": Fault(effect="hang", phase="after", operation=QUERY, every=2),
    "latency": Fault(effect="latency", delay=20.0, operation=QUERY),
    "latency, too much": Fault(effect="latency", delay=40.0, operation=QUERY, every=2),
    "latency after": Fault(effect="latency", phase="after", delay=20.0, operation=QUERY),
    "slow_body": Fault(effect="slow_body", pieces=5, delay=2.0, operation=QUERY),
    "slow_body, too slow": Fault(effect="slow_body", pieces=5, delay=20.0, operation=QUERY, every=2),
    "html": Fault(effect="html", operation=QUERY, every=2),
    "unknown_enum": Fault(effect="unknown_enum", operation=QUERY),
    "unknown_field": Fault(effect="unknown_field", operation=QUERY),
    "lone_surrogate": Fault(effect="lone_surrogate", operation=QUERY),
}
"""Faults in spite of which a walk ends as if there were none."""

RAISED: dict[str, tuple[Fault, type[CallError]]] = {
    "status": (Fault(effect="status"), ServerError),
    "429": (Fault(effect="status", status=429), RateLimited),
    "403": (Fault(effect="status", status=403), Forbidden),
    "drop": (Fault(effect="drop"), AnswerLost),
    "reset": (Fault(effect="reset"), AnswerLost),
    "cut_body": (Fault(effect="cut_body"), AnswerLost),
    "hang": (Fault(effect="hang"), AttemptTimedOut),
    "latency": (Fault(effect="latency", delay=40.0), AttemptTimedOut),
    "slow_body": (Fault(effect="slow_body", pieces=5, delay=20.0), AttemptTimedOut),
    "bad_json": (Fault(effect="bad_json"), UnreadableAnswer),
    "html": (Fault(effect="html"), ServerError),
    "html, 200": (Fault(effect="html", status=200), UnreadableAnswer),
    "wrong_schema": (Fault(effect="wrong_schema"), UnreadableAnswer),
    "wrong_page": (Fault(effect="wrong_page"), UnreadableAnswer),
    "expired_token": (Fault(effect="expired_token"), Unauthorized),
    "empty": (Fault(effect="empty"), UnreadableAnswer),
}
"""Faults that do not end, with the error that they become."""


class TestRecovery:
    @pytest.mark.parametrize("name", PASSING)
    def test_a_walk_ends(self, name: str) -> None:
        """Every record comes, each once and in order, and the fault did strike."""

        async def ask(here: Served) -> None:
            assert [record.id for record in here.tenant.records.all()] == await walk(here)
            (standing,) = here.tenant.faults.all(now=here.tenant.now())
            assert standing.fired > 0

        run(ask, PASSING[name])

    @pytest.mark.parametrize("after", [False, True])
    def test_retry_after_is_waited_for(self, *, after: bool) -> None:
        """The seconds that a 429 asks for go by, whether it strikes before or after the request takes effect."""

        async def ask(here: Served) -> None:
            started = virtual.VirtualClock().monotonic()
            await get_first(here)
            assert 30 <= virtual.VirtualClock().monotonic() - started < 32

        phase = "after" if after else "before"
        run(ask, Fault(effect="status", status=429, retry_after=30, phase=phase, times=1))

    def test_constants_of_tomorrow(self) -> None:
        """A constant that no document lists is handed out as it is, and told to the hook."""

        async def ask(here: Served) -> None:
            record = await get_first(here)
            assert any(not value.is_known for value in (record.type, record.review_status, record.source_type))
            assert [1] == [1 for event in here.events if isinstance(event, UnknownSeen)]

        run(ask, Fault(effect="unknown_enum", operation=GET))

    def test_half_a_character(self) -> None:
        """A text with half of a surrogate pair costs no record; the text has a replacement character."""

        async def ask(here: Served) -> None:
            page = await here.brex.records.query(limit=10)
            assert [0] == list(page.repaired)
            assert "\ufffd" in str(page.items[0])

        run(ask, Fault(effect="lone_surrogate", operation=QUERY))

    def test_one_bad_record(self) -> None:
        """One record that cannot be read costs itself and no other."""

        async def ask(here: Served) -> None:
            async with here.brex.records.iter(page_size=100, on_bad_record="collect") as stream:
                read = [record.id async for record in stream]
            ids = [record.id for record in here.tenant.records.all()]
            assert [record_id for index, record_id in enumerate(ids) if index % 100] == read
            assert 3 == len(stream.bad_records)

        run(ask, Fault(effect="wrong_schema", operation=QUERY))

    def test_a_bad_record_stops_a_walk(self) -> None:
        """Unless told to collect, a walk says which record cannot be read."""
        error = raised(walk, Fault(effect="wrong_schema", operation=QUERY))
        assert isinstance(error, UnreadableRecords)


class TestErrors:
    @pytest.mark.parametrize("name", RAISED)
    def test_typed(self, name: str) -> None:
        """A fault that does not end is the error that it promises, with operation and account."""
        fault, kind = RAISED[name]
        error = raised(get_first, fault)
        assert kind is type(error)
        assert ("GET /v3/accounting/records/{record_id}", "acme") == (error.operation, error.account)

    def test_every_effect_is_tried(self) -> None:
        """No effect is left out, neither here nor above."""
        tried = {fault.effect for fault in PASSING.values()} | {fault.effect for fault, _ in RAISED.values()}
        assert set(EFFECTS) == tried


ONE_REQUEST = TenantPlan(records=60, seed=7)
"""So few records that one request reports all that are ready."""

LOSING = ("drop", "reset", "cut_body", "hang", "status", "html")


class TestReports:
    @pytest.mark.parametrize("effect", LOSING)
    def test_lost_after_it_took_effect(self, effect: str) -> None:
        """Committed, and then the answer was lost: the same key is sent again, and nothing happens twice."""

        async def ask(here: Served) -> None:
            report, ready, _ = await report_ready(here)
            assert (ready, True) == (list(report.updated), report.complete)
            entries = [entry for entry in here.tenant.journal if entry.operation == REPORT]
            assert [True, False] == [entry.committed for entry in entries]
            assert 1 == len({entry.idempotency_key for entry in entries})
            assert [] == here.world.violations(here.tenant)

        run(ask, Fault(effect=effect, operation=REPORT, phase="after", times=1), plan=ONE_REQUEST)

    @pytest.mark.parametrize("effect", LOSING)
    def test_lost_before_it_took_effect(self, effect: str) -> None:
        """Lost on the way there: it is sent again and takes effect once."""

        async def ask(here: Served) -> None:
            report, ready, _ = await report_ready(here)
            assert ready == list(report.updated)
            entries = [entry for entry in here.tenant.journal if entry.operation == REPORT]
            assert [False, True] == [entry.committed for entry in entries]
            assert {"EXPORTED"} == {here.tenant.records.get(record_id).review_status for record_id in ready}  # type: ignore[union-attr]

        run(ask, Fault(effect=effect, operation=REPORT, phase="before", times=1), plan=ONE_REQUEST)

    @pytest.mark.parametrize("effect", LOSING)
    def test_lost_for_good(self, effect: str) -> None:
        """An outcome that nobody can tell is told as such: maybe applied, and the records unknown."""
        fault = Fault(effect=effect, operation=REPORT, phase="after")
        error = raised(report_ready, fault)
        assert error.maybe_applied
        assert error.report is not None
        assert (True, ()) == (bool(error.report.unknown), error.report.updated)

    def test_keys_that_mean_nothing(self) -> None:
        """Where keys are ignored, our own lost success comes back as a refusal that says so, and nothing is lost."""

        async def ask(here: Served) -> None:
            report, ready, _ = await report_ready(here)
            assert (ready, ()) == ([refused.accounting_record_id for refused in report.refused], report.updated)
            assert all(refused.maybe_applied for refused in report.refused)
            assert {"EXPORTED"} == {here.tenant.records.get(record_id).review_status for record_id in ready}  # type: ignore[union-attr]

        plan = TenantPlan(records=60, seed=7, variants={"idempotency": "ignored"})
        run(ask, Fault(effect="drop", operation=REPORT, phase="after", times=1), plan=plan)


class TestLifecycle:
    def test_create_is_not_done_twice(self) -> None:
        """An integration whose answer was lost is the one that the next attempt gets."""

        async def ask(here: Served) -> None:
            ensured = await here.brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42")
            assert [ensured.integration_id] == list(here.tenant.integrations)

        run(ask, Fault(effect="drop", operation="createIntegration", phase="after", times=2))

    def test_deleted_before_the_answer_was_lost(self) -> None:
        """A subscription that is gone because the first attempt deleted it counts as deleted."""

        async def ask(here: Served) -> None:
            made = await here.brex.webhooks.subscribe(
                url="https://example.com/hook", event_types=["ACCOUNTING_RECORD_READY_FOR_EXPORT"]
            )
            await here.brex.webhooks.delete(made.id)
            assert {} == here.tenant.subscriptions

        fault = Fault(effect="drop", operation="deleteSubscription", phase="after", times=1)
        run(ask, fault, plan=TenantPlan(records=1, variants={"unknown_subscription": "missing"}))
