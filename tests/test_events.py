"""Events and logs: what a client tells of its work, in which order, and what it never tells."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import logging
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import attrs
import httpx
import pytest

import brex_accounting
from brex_accounting import (
    AttemptEnded,
    Brex,
    BrexError,
    CallEnded,
    CallError,
    CallStarted,
    Conflict,
    Event,
    ExportFailure,
    InvalidArgument,
    PageReached,
    RateLimit,
    RetryPolicy,
    UnknownSeen,
    Waiting,
    events,
)
from brex_accounting.errors import ReauthorizationCause
from brex_accounting.events import Outcome, WaitCause, logger, printable_name
from tests import virtual, wire
from tests.transport.scripted import (
    COMPANY,
    GET,
    INTEGRATION,
    POST,
    Answer,
    Cut,
    Hang,
    Raise,
    Script,
    Step,
    client,
    play,
    runtime,
)

CANARY = "Ada Quill <ada@example.com>"
COMPANY_CALL = "GET /v2/company"


def told(*steps: Step, ask: Any = GET.ask, **options: Any) -> list[Event]:
    """The events of one call, however it ends."""
    seen: list[Event] = []

    async def main() -> None:
        async with client(Script(*steps), on_event=seen.append, account="acme", **options) as brex:
            with contextlib.suppress(BrexError, TypeError):
                await ask(brex)

    virtual.run(main())
    return seen


def kinds(seen: list[Event]) -> list[type[Event]]:
    return [type(event) for event in seen]


def only(seen: list[Event], kind: type[Event]) -> Any:
    (found,) = [event for event in seen if isinstance(event, kind)]
    return found


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log, with everything in it."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


class TestEvents:
    def test_of_a_success(self) -> None:
        """A call that succeeds begins, is attempted once, and ends."""
        answer = Answer(200, COMPANY, headers={"X-Brex-Trace-Id": "trace-1"}, after=0.25)
        where: dict[str, Any] = {"operation": COMPANY_CALL, "account": "acme", "call": 1}
        assert [
            CallStarted(**where),
            AttemptEnded(
                **where, attempt=1, outcome="answered", status_code=200, trace_id="trace-1", seconds=pytest.approx(0.25)
            ),
            CallEnded(**where, error=None, error_code=None, attempts=1, seconds=pytest.approx(0.25)),
        ] == told(answer)

    def test_of_a_retry(self) -> None:
        """Between two attempts stands the wait, with its length and cause."""
        seen = told(Answer(503), Answer(200, COMPANY))
        assert [CallStarted, AttemptEnded, Waiting, AttemptEnded, CallEnded] == kinds(seen)
        attempts = [event for event in seen if isinstance(event, AttemptEnded)]
        assert [(1, 503), (2, 200)] == [(event.attempt, event.status_code) for event in attempts]
        wait, end = only(seen, Waiting), only(seen, CallEnded)
        assert "back-off" == wait.cause
        assert 0.0 < wait.seconds <= 0.5
        assert (None, 2, wait.seconds) == (end.error, end.attempts, pytest.approx(end.seconds))

    def test_of_what_brex_asked_for(self) -> None:
        """A wait that Brex asked for says so."""
        wait = only(told(Answer(429, headers={"Retry-After": "7"}), Answer(200, COMPANY), rate_limit=None), Waiting)
        assert "retry-after" == wait.cause
        assert 7.0 <= wait.seconds <= 7.5

    def test_of_the_rate_limit(self) -> None:
        """So does the wait for a turn, which comes before the attempt."""

        async def twice(brex: Brex) -> None:
            await brex.company.get()
            await brex.company.get()

        seen = told(*[Answer(200, COMPANY)] * 2, ask=twice, rate_limit=RateLimit(requests=1))
        assert [CallStarted, AttemptEnded, CallEnded, CallStarted, Waiting, AttemptEnded, CallEnded] == kinds(seen)
        assert "rate limit" == only(seen, Waiting).cause
        assert 60.0 == pytest.approx(only(seen, Waiting).seconds, abs=0.01)
        assert [1, 1, 1, 2, 2, 2, 2] == [event.call for event in seen]  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("step", "outcome", "status"),
        [
            (Answer(503), "answered", 503),
            (Raise(httpx.ConnectError("")), "not sent", None),
            (Raise(httpx.ReadError("")), "answer lost", None),
            (Cut(200, b"{"), "answer lost", None),
            (Raise(httpx.ReadTimeout("")), "timed out", None),
            (Hang(), "timed out", None),
        ],
        ids=repr,
    )
    def test_outcomes(self, step: Step, outcome: str, status: int | None) -> None:
        """Each attempt says how it ended, whatever becomes of the call."""
        attempt = only(told(step, retry=None), AttemptEnded)
        assert (outcome, status) == (attempt.outcome, attempt.status_code)
        assert outcome in get_args(Outcome)

    def test_of_a_cancelled_call(self) -> None:
        """A call that is cancelled ends too."""
        seen: list[Event] = []

        async def main() -> None:
            async with client(Script(Hang()), on_event=seen.append) as brex:
                task = asyncio.create_task(brex.company.get())
                await asyncio.sleep(2.0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        virtual.run(main())
        assert [CallStarted, AttemptEnded, CallEnded] == kinds(seen)
        assert ("cancelled", 2.0) == (only(seen, AttemptEnded).outcome, only(seen, AttemptEnded).seconds)
        assert "CancelledError" == only(seen, CallEnded).error

    def test_of_an_error(self) -> None:
        """A call that fails names the class of its error, and Brex's code."""
        body = {"error_code": "ACTIVE_INTEGRATION_EXISTS", "message": CANARY}
        end = only(told(Answer(409, body), ask=POST.ask), CallEnded)
        assert ("ActiveIntegrationExists", "ACTIVE_INTEGRATION_EXISTS") == (end.error, end.error_code)

    def test_of_an_error_of_programming(self) -> None:
        """So does one that ends in an error of programming."""
        end = only(told(Raise(TypeError(CANARY))), CallEnded)
        assert ("TypeError", None, 1) == (end.error, end.error_code, end.attempts)

    def test_of_a_deadline(self) -> None:
        """A wait that does not come about is none."""
        seen = told(Answer(503, headers={"Retry-After": "60"}), deadline=5.0)
        assert [CallStarted, AttemptEnded, CallEnded] == kinds(seen)
        assert "DeadlineExceeded" == only(seen, CallEnded).error

    def test_refused_arguments_are_no_call(self) -> None:
        """What is refused before anything happens is not told."""

        async def ask(brex: Brex) -> None:
            await brex.records.get("")

        assert [] == told(ask=ask)

    def test_of_pages(self) -> None:
        """A stream tells of each page that its reader comes to, and how many records could not be read."""
        bodies = [
            wire.page([wire.record(0), wire.record(1, version="x")], next_cursor="c", has_next_page=True),
            wire.page([]),
        ]

        async def ask(brex: Brex) -> None:
            async for _ in brex.records.iter(on_bad_record="collect"):
                pass

        seen = told(*[Answer(200, body) for body in bodies], ask=ask)
        where: dict[str, Any] = {"operation": "GET /v3/accounting/records", "account": "acme"}
        assert [PageReached(**where, items=1, bad_records=1), PageReached(**where, items=0, bad_records=0)] == [
            event for event in seen if isinstance(event, PageReached)
        ]

    def test_calls_are_numbered(self) -> None:
        """All events of one call have its number, also among other calls and other views."""
        seen: list[Event] = []

        async def main() -> None:
            script = Script(lambda _: Answer(200, COMPANY, after=1.0), one_by_one=False)
            async with client(script, account="acme", on_event=seen.append) as brex:
                other = brex.for_account("globex", "bxt_globex")
                await asyncio.gather(*[view.company.get() for view in (brex, other, brex)])

        virtual.run(main())
        by_call = [(event.call, event.account) for event in seen if isinstance(event, CallEnded)]
        assert [(1, "acme"), (2, "globex"), (3, "acme")] == sorted(by_call)

    def test_a_view_can_have_another_hook(self) -> None:
        """with_options replaces the hook, or takes it away."""
        first: list[Event] = []
        second: list[Event] = []

        async def main() -> None:
            async with client(Script(*[Answer(200, COMPANY)] * 3), on_event=first.append) as brex:
                await brex.with_options(on_event=second.append).company.get()
                await brex.with_options(on_event=None).company.get()
                assert [] == first
                await brex.with_options(timeout=5.0).company.get()

        virtual.run(main())
        assert 3 == len(first) == len(second)


class TestHooks:
    @pytest.mark.parametrize("error", [ValueError("hook"), BrexError("hook"), TimeoutError("hook")], ids=repr)
    def test_what_they_raise_never_reaches_the_call(self, error: Exception, log: pytest.LogCaptureFixture) -> None:
        """A hook that raises at every event disturbs nothing, and each time it is logged."""
        calls = 0

        def hook(_: Event) -> None:
            nonlocal calls
            calls += 1
            raise error

        script = Script(Answer(503), Answer(200, COMPANY))
        assert "cmp_1" == play(script, GET.ask, on_event=hook).id
        assert 2 == len(script.sent)
        complaints = [record for record in log.records if record.levelno == logging.ERROR]
        assert 5 == calls == len(complaints)
        assert {"brex_accounting"} == {record.name for record in complaints}
        assert all(record.exc_info is not None and record.exc_info[1] is error for record in complaints)

    def test_an_error_of_the_call_stays_the_error(self) -> None:
        """Nor does it take the place of the call's own error."""

        def hook(_: Event) -> None:
            raise ValueError

        with pytest.raises(Conflict) as caught:
            play(Script(Answer(409)), POST.ask, on_event=hook)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    def test_in_streams(self) -> None:
        """Nor does it end a stream."""

        def hook(_: Event) -> None:
            raise ValueError

        async def ask(brex: Brex) -> list[str]:
            return [record.id async for record in brex.records.iter()]

        body = wire.page([wire.record(0, brand_new=1)])
        assert ["accr_0"] == play(Script(Answer(200, body)), ask, on_event=hook)

    def test_coroutine_functions_are_refused(self) -> None:
        """A function that would have to be awaited is refused, in whatever it is wrapped."""

        async def hook(_: Event) -> None:
            raise NotImplementedError

        class Hook:
            async def method(self, _: Event) -> None:
                raise NotImplementedError

        for refused in (hook, functools.partial(hook), Hook().method, functools.partial(Hook().method)):
            with pytest.raises(InvalidArgument, match="on_event: expected a plain function"):
                client(Script(), on_event=refused)
            with pytest.raises(InvalidArgument, match="on_event: expected a plain function"):
                client(Script()).with_options(on_event=refused)

    def test_objects_that_are_called_like_coroutines_are_refused(self) -> None:
        """So is an object whose call would have to be awaited."""

        class Hook:
            async def __call__(self, _: Event) -> None:
                raise NotImplementedError

        with pytest.raises(InvalidArgument, match="on_event: expected a plain function"):
            client(Script(), on_event=Hook())

    @pytest.mark.parametrize("hook", [5, "print", [print], object()])
    def test_what_cannot_be_called_is_refused(self, hook: Any) -> None:
        """So is what is no function at all."""
        with pytest.raises(InvalidArgument, match="on_event: expected a plain function"):
            client(Script(), on_event=hook)

    def test_run_at_once(self) -> None:
        """A hook runs in the event loop, before the call goes on."""
        times: list[float] = []
        play(Script(Answer(200, COMPANY, after=2.0)), GET.ask, on_event=lambda _: times.append(now()))
        assert [0.0, 2.0, 2.0] == times


def now() -> float:
    return asyncio.get_running_loop().time()


class TestLogs:
    def test_same_facts(self, log: pytest.LogCaptureFixture) -> None:
        """Each event is one log record of the package's logger, at its level, with the same facts."""
        seen = told(Answer(503), Answer(200, {**COMPANY, "brand_new": 1}))
        records = [record for record in log.records if record.name == "brex_accounting"]
        assert [(event.level, event.text()) for event in seen] == [
            (record.levelno, record.getMessage()) for record in records
        ]
        assert all(event.operation in event.text() and "[acme]" in event.text() for event in seen)

    def test_levels(self, log: pytest.LogCaptureFixture) -> None:
        """Waits and what is unknown are worth an INFO; everything else is for DEBUG."""
        log.set_level(logging.INFO, logger="brex_accounting")
        seen = told(Answer(503), Answer(200, {**COMPANY, "brand_new": 1}))
        records = [record for record in log.records if record.name == "brex_accounting"]
        assert [event.text() for event in seen if isinstance(event, (Waiting, UnknownSeen))] == [
            record.getMessage() for record in records
        ]

    def test_without_a_hook(self, log: pytest.LogCaptureFixture) -> None:
        """The log needs no hook."""
        play(Script(Answer(503), Answer(200, {**COMPANY, "brand_new": 1})), GET.ask)
        assert 6 == len([record for record in log.records if record.name == "brex_accounting"])

    def test_quiet_by_default(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing is logged at WARNING or above while nothing is wrong with the client itself."""
        caplog.set_level(logging.WARNING)
        with pytest.raises(CallError):
            play(Script(*[Answer(503)] * 5), GET.ask)
        assert [] == caplog.records

    def test_the_logger_is_the_packages(self) -> None:
        """The logger has the name of the package, and no handlers of ours."""
        assert ("brex_accounting", []) == (logger.name, logger.handlers)

    def test_each_copy_has_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A copy of the package under another parent logs under its own name."""
        source = Path(brex_accounting.__file__).parent
        shutil.copytree(source, tmp_path / "globex_erp" / "vendored", ignore=shutil.ignore_patterns("__pycache__"))
        (tmp_path / "globex_erp" / "__init__.py").touch()
        monkeypatch.syspath_prepend(str(tmp_path))
        try:
            copied = importlib.import_module("globex_erp.vendored.events")
            assert "globex_erp.vendored" == copied.logger.name
        finally:
            for name in [name for name in sys.modules if name.partition(".")[0] == "globex_erp"]:
                del sys.modules[name]


RECORD = "GET /v3/accounting/records/{accounting_record_id}"


def records_of(*records: dict[str, Any]) -> Any:
    async def ask(brex: Brex) -> None:
        for record in records:
            await brex.records.get(record["id"])

    return ask


def unknown(*records: dict[str, Any]) -> list[tuple[str, str]]:
    """What is told of records that are fetched one by one."""
    seen = told(*[Answer(200, record) for record in records], ask=records_of(*records))
    return [(event.kind, event.name) for event in seen if isinstance(event, UnknownSeen)]


class TestUnknown:
    def test_fields(self) -> None:
        """A field that no document lists is told by its JSON path, at every depth."""
        record = wire.record(0, brand_new={"a": 1})
        record["user"]["brand_new"] = "x"
        record["line_items"][1]["brand_new"] = None
        assert {
            ("field", "$.brand_new"),
            ("field", "$.user.brand_new"),
            ("field", "$.line_items[].brand_new"),
        } == set(unknown(record))

    def test_enum_values(self) -> None:
        """A value that no document lists is told with its class."""
        record = wire.record(0, type="BRAND_NEW", source_type="NEWER")
        assert {("enum value", "AccountingRecordType.BRAND_NEW"), ("enum value", "SourceType.NEWER")} == set(
            unknown(record)
        )

    def test_nothing_new(self) -> None:
        """An answer that is what its document says tells nothing."""
        assert [] == unknown(wire.record(0), wire.record(1))

    def test_once(self) -> None:
        """Each is told once, however often it comes; another one is told again."""
        records = [wire.record(n, brand_new=n, type="BRAND_NEW") for n in range(3)] + [wire.record(3, other=1)]
        assert [("enum value", "AccountingRecordType.BRAND_NEW"), ("field", "$.brand_new"), ("field", "$.other")] == (
            unknown(*records)
        )

    def test_once_for_each_account(self) -> None:
        """Views and clients of one account in one runtime tell it once; another account tells it again."""
        seen: list[Event] = []

        async def ask(brex: Brex) -> None:
            await brex.company.get()

        async def main() -> None:
            shared = runtime()
            options: dict[str, Any] = {"account": "acme", "on_event": seen.append, "runtime": shared}
            script = Script(lambda _: Answer(200, {**COMPANY, "brand_new": 1, "accountType": "NEWER"}))
            async with client(script, **options) as brex:
                await ask(brex)
                await ask(brex.with_options(timeout=5.0))
                async with client(script, **options) as again:
                    await ask(again)
                await ask(brex.for_account("globex", "bxt_globex"))

        virtual.run(main())
        assert [
            ("acme", "AccountType.NEWER"),
            ("acme", "$.brand_new"),
            ("globex", "AccountType.NEWER"),
            ("globex", "$.brand_new"),
        ] == [(event.account, event.name) for event in seen if isinstance(event, UnknownSeen)]

    def test_of_pages(self) -> None:
        """All records of a first page are looked at, and their paths are paths within a page."""

        async def ask(brex: Brex) -> None:
            async for _ in brex.records.iter():
                pass

        records = [wire.record(0), wire.record(1, brand_new=1), wire.record(2, type="BRAND_NEW")]
        records[0]["line_items"][1]["newer"] = 1
        seen = told(Answer(200, wire.page(records, page_news=1)), ask=ask)
        assert {
            "AccountingRecordType.BRAND_NEW",
            "$.page_news",
            "$.items[].brand_new",
            "$.items[].line_items[].newer",
        } == {event.name for event in seen if isinstance(event, UnknownSeen)}

    def test_later_pages(self) -> None:
        """A value that comes in a later page, in any record, is told as well."""

        async def ask(brex: Brex) -> None:
            async for _ in brex.records.iter():
                pass

        pages = [
            wire.page([wire.record(0)], next_cursor="c", has_next_page=True),
            wire.page([wire.record(1), wire.record(2, type="BRAND_NEW")]),
        ]
        seen = told(*[Answer(200, page) for page in pages], ask=ask)
        assert "AccountingRecordType.BRAND_NEW" == only(seen, UnknownSeen).name

    @pytest.mark.parametrize("name", ["ada@example.com", "Ada Quill", "a\nb", "é", "x" * 201, '"', "a/b"])
    def test_what_looks_like_data_is_not_told(self, name: str) -> None:
        """A name that does not look like one may be somebody's data: it is not told at all."""
        assert printable_name(name) is None
        assert [] == unknown(wire.record(0, **{name: 1}, type=name))

    def test_not_without_end(self) -> None:
        """An account's memory is bounded: a thousand names are told, and data in place of names is not."""
        record = wire.record(0, **{f"field_{n}": 1 for n in range(3000)})
        assert 900 < len(unknown(record, record)) <= 1000

    def test_nobody_listens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where neither hook nor log wants to know, nobody looks."""

        def look(*_: Any, **__: Any) -> None:
            raise NotImplementedError

        caller = importlib.import_module("brex_accounting.transport.caller")
        monkeypatch.setattr(caller, "Watch", look)
        play(Script(Answer(200, COMPANY)), GET.ask)
        with pytest.raises(NotImplementedError):
            play(Script(Answer(200, COMPANY)), GET.ask, on_event=print)


ALLOWED: dict[str, dict[str, Any]] = {
    "Event": {},
    "CallStarted": {"call": int},
    "AttemptEnded": {
        "call": int,
        "attempt": int,
        "outcome": get_args(Outcome),
        "status_code": int,
        "trace_id": re.compile(r"[\w.:-]{1,80}", re.ASCII),
        "seconds": float,
    },
    "Waiting": {"call": int, "cause": get_args(WaitCause), "seconds": float},
    "CallEnded": {
        "call": int,
        "error": re.compile(r"[A-Za-z]+"),
        "error_code": re.compile(r"[\w.:-]{1,80}", re.ASCII),
        "attempts": int,
        "seconds": float,
    },
    "PageReached": {"items": int, "bad_records": int},
    "TokensRefreshed": {"seconds": float, "rotated": bool, "recovered": bool},
    "RefreshDelayed": {
        "error": re.compile(r"[A-Za-z]+"),
        "error_code": re.compile(r"[a-z0-9_]{1,64}", re.ASCII),
        "seconds": float,
    },
    "ReauthorizationNeeded": {"cause": get_args(ReauthorizationCause)},
    "GrantAging": {"what": ("grant", "refresh token"), "days": float},
    "UnknownSeen": {"kind": ("field", "enum value"), "name": re.compile(r"[\w.\[\]$-]{1,200}", re.ASCII)},
}
KINDS = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)]

EVERYTHING: list[tuple[Step, ...]] = [
    (Answer(200, INTEGRATION),),
    (Answer(200, {**INTEGRATION, CANARY: CANARY, "status": CANARY, "brand_new": CANARY}),),
    (Answer(200, {**INTEGRATION, "created_at": CANARY}),),
    (Answer(200, CANARY.encode(), headers={"X-Brex-Trace-Id": "Ada Quill", "Set-Cookie": "s=Ada"}),),
    (Answer(409, {"error_code": CANARY, "message": CANARY, "details": {"existing_vendor": CANARY}}),),
    (Answer(409, {"error_code": "NEW_CODE", "message": CANARY}),),
    (Answer(400, {"type": CANARY, "message": CANARY, "code": CANARY}),),
    (Answer(302, headers={"Location": "https://example.com/?name=Ada"}),),
    (Answer(503, CANARY.encode(), headers={"Retry-After": "Ada"}), Raise(httpx.ReadError(CANARY)), Answer(429)),
    (Raise(httpx.ConnectError(CANARY)), Raise(httpx.ProxyError(CANARY)), Cut(200, CANARY.encode())),
    (Raise(TypeError(CANARY)),),
]


class TestAllowList:
    def test_is_complete(self) -> None:
        """The list below has every event and every one of its attributes; a new one has to be thought about."""
        assert {kind.__name__ for kind in KINDS} == set(ALLOWED)
        for kind in KINDS:
            names = {attribute.name for attribute in attrs.fields(kind)}
            assert {"operation", "account", *ALLOWED[kind.__name__]} == names

    @pytest.mark.parametrize("kind", KINDS)
    def test_small_and_frozen(self, kind: type[Event]) -> None:
        """An event cannot be changed, and has no room for more."""
        event = only_event(kind)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            event.operation = "x"  # type: ignore[misc]
        assert not hasattr(event, "__dict__")

    def test_all_are_public(self) -> None:
        """Every event can be imported from the package."""
        assert {kind.__name__ for kind in KINDS} <= set(brex_accounting.__all__)

    @pytest.mark.parametrize("script", EVERYTHING, ids=range(len(EVERYTHING)))
    def test_no_free_text(self, script: tuple[Step, ...], log: pytest.LogCaptureFixture) -> None:
        """Whatever comes over the wire, no event and no log record holds anything but what the list allows."""
        writes = {"vendor": CANARY, "vendor_account_id": CANARY, "idempotency_key": "key-of-Ada"}
        policy = RetryPolicy(attempts=len(script))
        seen = told(
            *script, ask=lambda brex: brex.integrations.create(**writes), credentials="bxt_of_Ada", retry=policy
        )
        assert seen
        for event in seen:
            assert ("POST /v3/accounting/integration", "acme") == (event.operation, event.account)
            for name, allowed in ALLOWED[type(event).__name__].items():
                assert fits(getattr(event, name), allowed), event
            assert "Ada" not in repr(event) + event.text()
        assert_clean(log)

    def test_streams(self, log: pytest.LogCaptureFixture) -> None:
        """So it is with streams: no filter, id, cursor or record is told."""
        body = wire.page([wire.record(0, memo=CANARY), wire.record(1, version="Ada")], next_cursor="Ada-cursor")

        async def ask(brex: Brex) -> None:
            async for _ in brex.records.iter(ids=["Ada-id"], on_bad_record="collect"):
                pass

        seen = told(Answer(200, {**body, "has_next_page": True}), Answer(410), ask=ask)
        assert PageReached in kinds(seen)
        assert "Ada" not in repr(seen)
        assert_clean(log)

    def test_reports(self, log: pytest.LogCaptureFixture) -> None:
        """And with reports."""
        seen = told(
            Answer(422, {"error_code": "DUPLICATE_ACCOUNTING_RECORD_IDS", "message": CANARY}),
            ask=lambda brex: brex.records.report([ExportFailure("accr_Ada", message=CANARY)]),
        )
        assert "Ada" not in repr(seen)
        assert_clean(log)

    def test_codes_of_other_peoples_errors(self) -> None:
        """What an error that is not ours calls its error_code is its own business."""

        class Foreign(TypeError):
            error_code = CANARY

        end = only(told(Raise(Foreign())), CallEnded)
        assert ("Foreign", None) == (end.error, end.error_code)


def fits(value: object, allowed: Any) -> bool:
    match allowed:
        case _ if value is None:
            return True
        case re.Pattern():
            return isinstance(value, str) and allowed.fullmatch(value) is not None
        case tuple():
            return value in allowed
        case _:
            return type(value) is allowed


def assert_clean(log: pytest.LogCaptureFixture) -> None:
    """No record of any logger holds a canary: not in its text, its arguments, or anything else it carries."""
    assert log.records
    for record in log.records:
        assert "Ada" not in record.getMessage()
        assert "Ada" not in repr(record.args)
        assert "Ada" not in repr({**vars(record), "exc_info": None})


def only_event(kind: type[Event]) -> Event:
    return kind(operation=RECORD, account=None, **dict.fromkeys(ALLOWED[kind.__name__], 1))
