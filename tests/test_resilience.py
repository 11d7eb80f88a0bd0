"""What an API in alpha, a careless hook and a second client do to a call: nothing that the caller has to know."""

from __future__ import annotations

import asyncio
import datetime
import logging
import re
import zoneinfo
from pathlib import Path
from typing import Any

import pytest

import brex_accounting
import brex_accounting.emulator
import brex_accounting.export
import brex_accounting_client
from brex_accounting import (
    ActiveIntegrationExists,
    BrexError,
    Conflict,
    CursorInvalid,
    EnsureOutcome,
    ExportSuccess,
    NotFound,
    RateLimit,
    Runtime,
)
from tests import virtual, wire
from tests.transport.scripted import COMPANY, Answer, Script, client


def with_client(script: Script, ask: Any, **options: Any) -> Any:
    """What a coroutine function gives for a client, on virtual time."""

    async def main() -> Any:
        async with client(script, **options) as brex:
            return await ask(brex)

    return virtual.run(main())


ODD_BODIES = {
    "no message": {"error_code": "ACTIVE_INTEGRATION_EXISTS", "details": {"existing_integration_id": "int_9"}},
    "null message": {"error_code": "ACTIVE_INTEGRATION_EXISTS", "message": None},
    "details are a list": {"error_code": "ACTIVE_INTEGRATION_EXISTS", "message": "m", "details": []},
    "a number for an id": {
        "error_code": "ACTIVE_INTEGRATION_EXISTS",
        "message": "m",
        "details": {"existing_integration_id": 5, "existing_vendor": "OTHER"},
    },
}


class TestOddErrorBodies:
    @pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
    def test_code_survives(self, body: Any) -> None:
        """One odd field beside the code does not make another error of it."""
        script = Script(Answer(409, wire.dumps(body)))
        with pytest.raises(ActiveIntegrationExists) as caught:
            with_client(script, lambda brex: brex.integrations.create(vendor="ERP_A", vendor_account_id="42"))
        assert "ACTIVE_INTEGRATION_EXISTS" == caught.value.error_code

    def test_details_that_fit_survive(self) -> None:
        """Details are read one by one."""
        script = Script(Answer(409, wire.dumps(ODD_BODIES["a number for an id"])))
        ensured = with_client(script, lambda brex: brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42"))
        assert (EnsureOutcome.OTHER_VENDOR, "OTHER", None) == (
            ensured.outcome,
            ensured.existing_vendor,
            ensured.existing_integration_id,
        )

    def test_null_among_ids(self) -> None:
        """A report learns of the ids that are ids."""
        details = {"duplicate_accounting_record_ids": ["accr_0", None]}
        body = {"error_code": "DUPLICATE_ACCOUNTING_RECORD_IDS", "details": details}
        script = Script(Answer(422, wire.dumps(body)), Answer(200, b'{"updated_accounting_record_ids": ["accr_1"]}'))
        results = [ExportSuccess("accr_0"), ExportSuccess("accr_1")]
        report = with_client(script, lambda brex: brex.records.report(results))
        assert (("accr_1",), "accr_0") == (report.updated, report.refused[0].accounting_record_id)

    def test_nothing_to_read(self) -> None:
        """A body without a code stays an error of its status."""
        with pytest.raises(Conflict) as caught:
            with_client(Script(Answer(409, b'{"error": "x"}')), lambda brex: brex.company.get())
        assert caught.value.error_code is None


class TestReportsOfManyRecords:
    def test_a_route_that_is_gone(self) -> None:
        """404 for whatever is sent is no word about a thousand records, and is not asked for each of them."""
        script = Script(lambda _: Answer(404, wire.dumps({"error_code": "NOT_FOUND", "message": "no route"})))
        results = [ExportSuccess(f"accr_{number}") for number in range(1000)]
        with pytest.raises(NotFound) as caught:
            with_client(script, lambda brex: brex.records.report(results))
        assert len(script.sent) < 20
        assert caught.value.report is not None
        assert 1000 == sum(
            len(part) for part in (caught.value.report.unsent, caught.value.report.unknown, caught.value.report.refused)
        )


class TestHooks:
    @pytest.mark.parametrize("kind", [ValueError, asyncio.CancelledError, GeneratorExit])
    def test_raise_what_they_want(self, kind: type[BaseException]) -> None:
        """What a hook raises never reaches the call, even if it looks like a cancellation."""

        def hook(_: object) -> None:
            raise kind

        assert "cmp_1" == with_client(Script(Answer(200, COMPANY)), lambda brex: brex.company.get(), on_event=hook).id

    def test_logs_may_raise_too(self) -> None:
        """A log filter that raises does not undo a call that was made."""

        class Careless(logging.Filter):
            def filter(self, record: logging.LogRecord) -> bool:
                raise ValueError

        logger = logging.getLogger("brex_accounting")
        careless = Careless()
        logger.addFilter(careless)
        logger.setLevel(logging.DEBUG)
        try:
            assert "cmp_1" == with_client(Script(Answer(200, COMPANY)), lambda brex: brex.company.get()).id
        finally:
            logger.removeFilter(careless)
            logger.setLevel(logging.NOTSET)


class TestSharedLimits:
    def test_the_strictest_is_followed(self) -> None:
        """Another client of the account, or a view, does not undo the share that one agreed on."""
        script = Script(lambda _: Answer(200, COMPANY), one_by_one=False)

        async def main() -> None:
            runtime = Runtime(clock=virtual.VirtualClock())
            limit = RateLimit(requests=10, share=0.5)
            async with client(script, account="acme", runtime=runtime, rate_limit=limit) as brex:
                client(script, account="acme", runtime=runtime)  # without a share, and never even opened
                await asyncio.gather(*[brex.company.get() for _ in range(10)])

        virtual.run(main())
        assert [5, 5] == [sum(time < 60 for time in script.times), sum(time >= 60 for time in script.times)]


class TestFingerprints:
    def test_the_same_filters_in_other_words(self) -> None:
        """A checkpoint fits the same filters, in whatever order, container or time zone they are written."""
        utc = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
        berlin = utc.astimezone(zoneinfo.ZoneInfo("Europe/Berlin"))

        async def resume(brex: Any) -> None:
            for status in (["APPROVED", "SETTLED"], ("SETTLED", "APPROVED"), {"APPROVED", "SETTLED"}):
                for start in (utc, berlin, "2026-01-01T12:00:00Z"):
                    stream = brex.expenses.iter(status=status, updated_at_start=start, resume=checkpoints[0])
                    checkpoints.append(stream.checkpoint)

        checkpoints: list[str | None] = [None]
        with_client(Script(), resume)
        checkpoints[0] = checkpoints[1]
        with_client(Script(), resume)
        assert 1 == len(set(checkpoints))

    def test_another_filter(self) -> None:
        """It fits no other."""

        async def resume(brex: Any) -> None:
            checkpoint = brex.expenses.iter(status=["APPROVED"]).checkpoint
            with pytest.raises(BrexError, match="resume"):
                brex.expenses.iter(status=["SETTLED"], resume=checkpoint)

        with_client(Script(), resume)


class TestCursors:
    @pytest.mark.parametrize("cursor", ["c" * 70_000, "\ud800x"])
    def test_that_cannot_be_sent(self, cursor: str) -> None:
        """A cursor that cannot be sent as it came raises, with the place, after the page that brought it."""
        page = wire.page([wire.record(1)], next_cursor=cursor, has_next_page=True)

        async def walk(brex: Any) -> list[str]:
            stream = brex.records.iter()
            found = [(await anext(stream)).id]
            with pytest.raises(CursorInvalid) as caught:
                await anext(stream)
            assert caught.value.checkpoint
            return found

        assert ["accr_1"] == with_client(Script(Answer(200, wire.dumps(page))), walk)


class TestTypingSample:
    @pytest.mark.parametrize(
        "package", [brex_accounting, brex_accounting_client, brex_accounting.emulator, brex_accounting.export]
    )
    def test_touches_every_public_name(self, package: Any) -> None:
        """The samples that the type checkers read use each name that a user can import."""
        sample = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("typing_*.py")))
        assert [] == [name for name in package.__all__ if len(re.findall(rf"\b{name}\b", sample)) < 2]
