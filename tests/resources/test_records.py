"""``brex.records``: what goes over the wire, and what comes out of pages."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from brex_accounting import (
    AnswerLost,
    BadRequest,
    Brex,
    CursorRefused,
    Event,
    InvalidArgument,
    NotFound,
    PageReached,
    Runtime,
    ServerError,
    Stream,
    UnreadableRecords,
)
from brex_accounting_client.models import ReviewStatus, SourceType
from tests import virtual, wire
from tests.transport.scripted import Answer, Raise, Script, client, play

PATH = "/v3/accounting/records"
UTC = datetime.timezone.utc
INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
BAD = wire.record(9, amount={"amount": "a lot", "currency": "USD"})
LOST = Raise(httpx.ReadError("reset"))


def page(*numbers: int, cursor: str | None = None) -> Answer:
    return Answer(
        200, wire.page([wire.record(n) for n in numbers], next_cursor=cursor, has_next_page=cursor is not None)
    )


def pairs(script: Script) -> list[list[tuple[str, str]]]:
    """The query of each request, in its order."""
    return [list(sent.url.params.multi_items()) for sent in script.sent]


async def ids_of(stream: Stream[Any]) -> list[str]:
    async with stream:
        return [record.id async for record in stream]


async def collect(stream: Stream[Any], found: list[str]) -> None:
    """Keep what came before an error."""
    async for record in stream:
        found.append(record.id)  # noqa: PERF401 - a comprehension would lose them


class TestGet:
    def test_request(self) -> None:
        """The id is one segment of the path; single_entry is sent as it was said, and not otherwise."""
        script = Script(lambda _: Answer(200, wire.record(1)))

        async def ask(brex: Brex) -> None:
            await brex.records.get("accr_1")
            await brex.records.get("accr_1", single_entry=True)
            await brex.records.get("accr_1", single_entry=False)
            await brex.records.get("a/b?c")

        play(script, ask)
        expected = [
            f"{PATH}/accr_1",
            f"{PATH}/accr_1?single_entry=true",
            f"{PATH}/accr_1?single_entry=false",
            f"{PATH}/a%2Fb%3Fc",
        ]
        assert expected == [sent.url.raw_path.decode() for sent in script.sent]
        assert {"GET"} == {sent.method for sent in script.sent}
        assert [None] * 4 == [sent.key for sent in script.sent]

    def test_answer(self) -> None:
        """Money keeps its digits, unknown fields and values break nothing."""
        body = wire.record(1, amount={"amount": Decimal("100.10"), "currency": "XTS"}, type="NEW_TYPE", new_field=[1])
        record = play(Script(Answer(200, body)), lambda brex: brex.records.get("accr_1"))
        assert ("100.10", "NEW_TYPE", False) == (str(record.amount.amount), record.type, record.type.is_known)

    @pytest.mark.parametrize("record_id", ["", "  ", None, 7, ["accr_1"], "..", "."])
    def test_bad_id(self, record_id: Any) -> None:
        """An id that is none is refused: the URL would name the list, or another operation."""
        script = Script()
        with pytest.raises(InvalidArgument, match="id: expected"):
            play(script, lambda brex: brex.records.get(record_id))
        assert [] == script.sent

    @pytest.mark.parametrize("flag", [1, "true", 0])
    def test_bad_flag(self, flag: Any) -> None:
        """single_entry is True or False."""
        with pytest.raises(InvalidArgument, match=r"^single_entry: expected True or False"):
            play(Script(), lambda brex: brex.records.get("accr_1", single_entry=flag))

    def test_unknown(self) -> None:
        """An unknown record is NotFound, with the account, the trace id and what to check."""
        answer = Answer(404, {"error_code": "NOT_FOUND", "message": "x"}, headers={"X-Brex-Trace-Id": "t-1"})
        with pytest.raises(NotFound, match="account acme, trace t-1") as caught:
            play(Script(answer), lambda brex: brex.records.get("accr_1"), account="acme")
        assert f"GET {PATH}/{{record_id}}" == caught.value.operation


QUERIES: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, []),
    ({"ids": ["b", "a", "b"]}, [("ids", "b"), ("ids", "a")]),
    ({"ids": (f"accr_{n}" for n in range(500))}, [("ids", f"accr_{n}") for n in range(500)]),
    ({"review_status": "READY_FOR_EXPORT"}, [("review_status", "READY_FOR_EXPORT")]),
    ({"review_status": ReviewStatus.REVIEW}, [("review_status", "REVIEW")]),
    ({"review_status": "NEW_STAGE", "source_type": "CARD"}, [("review_status", "NEW_STAGE"), ("source_type", "CARD")]),
    ({"source_type": SourceType.BILL}, [("source_type", "BILL")]),
    (
        {"source_type": "BILL", "updated_at_gt": "2025-01-01"},
        [("source_type", "BILL"), ("updated_at[gt]", "2025-01-01")],
    ),
    ({"updated_at_gte": "2025-01-01"}, [("updated_at[gte]", "2025-01-01")]),
    ({"updated_at_gte": datetime.date(2025, 1, 1)}, [("updated_at[gte]", "2025-01-01")]),
    ({"updated_at_gte": "2025-01-01T10:00:00+05:30"}, [("updated_at[gte]", "2025-01-01T04:30:00Z")]),
    ({"updated_at_gte": datetime.datetime(2025, 1, 1, tzinfo=UTC)}, [("updated_at[gte]", "2025-01-01T00:00:00Z")]),
    (
        {"updated_at_gt": datetime.datetime(2025, 1, 1, 10, tzinfo=INDIA)},
        [("updated_at[gt]", "2025-01-01T04:30:00Z")],
    ),
    (
        {"updated_at_gt": datetime.datetime(2025, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)},
        [("updated_at[gt]", "2025-01-01T00:00:00.123456Z")],
    ),
    (
        {"updated_at_gt": "2025-01-01", "updated_at_lt": "2025-02-01"},
        [("updated_at[gt]", "2025-01-01"), ("updated_at[lt]", "2025-02-01")],
    ),
    ({"updated_at_lte": "2025-01-01"}, [("updated_at[lte]", "2025-01-01")]),
    ({"single_entry": False}, [("single_entry", "false")]),
    ({"limit": 1}, [("limit", "1")]),
    ({"limit": 1000}, [("limit", "1000")]),
    ({"cursor": "a b&c=d+é"}, [("cursor", "a b&c=d+é")]),
]

REFUSED: list[tuple[str, dict[str, Any]]] = [
    (r"^ids: expected a list of strings", {"ids": "accr_1"}),
    (r"^ids: expected a list of strings", {"ids": 7}),
    (r"^ids: expected 1 to 500 ids, got 0; iter\(ids=...\) takes any number", {"ids": []}),
    (r"^ids: expected 1 to 500 ids, got 501; iter", {"ids": [f"accr_{n}" for n in range(501)]}),
    (r"^ids\[1\]: expected a string", {"ids": ["accr_1", ""]}),
    (r"^review_status: Brex has it for cards .* updated_at_gt", {"review_status": "REVIEW", "source_type": "BILL"}),
    (
        r"^review_status: Brex has it for cards",
        {"review_status": ReviewStatus.REVIEW, "source_type": SourceType.BILL},
    ),
    (r"^review_status: expected a string", {"review_status": ""}),
    (r"^source_type: expected a string", {"source_type": ["CARD"]}),
    (r"^updated_at_gt: a datetime without a time zone", {"updated_at_gt": datetime.datetime(2025, 1, 1)}),
    (r"^updated_at_gte: expected a date", {"updated_at_gte": "last week"}),
    (r"^updated_at_lt: expected a date", {"updated_at_lt": 1735689600}),
    (r"^updated_at_lte: expected a date", {"updated_at_lte": "2025-13-01"}),
    (r"^single_entry: expected True or False", {"single_entry": "yes"}),
]


class TestQuery:
    @pytest.mark.parametrize(("arguments", "expected"), QUERIES)
    def test_on_the_wire(self, arguments: dict[str, Any], expected: list[tuple[str, str]]) -> None:
        """What was said is sent, exactly and nothing else: no default limit, no empty parameter."""
        script = Script(page(1))
        found = play(script, lambda brex: brex.records.query(**arguments))
        assert [expected] == pairs(script)
        assert ("GET", PATH) == (script.sent[0].method, script.sent[0].url.path)
        assert (["accr_1"], None, False) == (
            [item.id for item in found.items],
            found.next_cursor,
            found.has_next_page,
        )

    @pytest.mark.parametrize(
        ("message", "arguments"),
        [
            *REFUSED,
            (r"^limit: expected a whole number from 1 to 1000, got 0", {"limit": 0}),
            (r"^limit: expected a whole number from 1 to 1000, got 1001", {"limit": 1001}),
            (r"^limit: expected a whole number", {"limit": True}),
            (r"^limit: expected a whole number", {"limit": 10.0}),
            (r"^cursor: expected a string", {"cursor": ""}),
            (r"^on_bad_record: expected 'raise' or 'collect'", {"on_bad_record": "skip"}),
        ],
    )
    def test_refused(self, message: str, arguments: dict[str, Any]) -> None:
        """What cannot be right is refused by name, with the remedy, before anything is sent."""
        script = Script()
        with pytest.raises(InvalidArgument, match=message):
            play(script, lambda brex: brex.records.query(**arguments))
        assert [] == script.sent

    def test_raw(self) -> None:
        """A page has its own bytes and those of each record."""
        answer = page(1, 2)
        found = play(Script(answer), lambda brex: brex.records.query())
        assert answer.body == bytes(found.raw)
        assert wire.dumps(wire.record(2)) == found.raw_item(1)

    def test_bad_record_raises(self) -> None:
        """By default a record that cannot be read raises, with the place, the good ones and the bytes."""
        answer = Answer(200, wire.page([wire.record(1), BAD, wire.record(2)]))
        with pytest.raises(UnreadableRecords, match=r"accr_9.*\$\.items\[1\]\.amount\.amount") as caught:
            play(Script(answer), lambda brex: brex.records.query(), account="acme")
        error = caught.value
        assert ["accr_1", "accr_2"] == [item.id for item in error.page.items]
        assert [(1, "accr_9")] == [(bad.index, bad.id) for bad in error.bad_records]
        assert (1, 200, False, "acme") == (error.attempts, error.status_code, error.maybe_applied, error.account)

    def test_bad_record_is_collected(self) -> None:
        """With on_bad_record="collect" the page comes back without it, and has it aside."""
        answer = Answer(200, wire.page([wire.record(1), BAD, wire.record(2)]))
        found = play(Script(answer), lambda brex: brex.records.query(on_bad_record="collect"))
        assert ["accr_1", "accr_2"] == [item.id for item in found.items]
        assert ["accr_9"] == [bad.id for bad in found.bad_records]
        assert wire.dumps(BAD) == found.bad_records[0].raw


STREAM_QUERIES = [
    (arguments, expected) for arguments, expected in QUERIES if not {"limit", "cursor", "ids"} & set(arguments)
]


class TestIter:
    @pytest.mark.parametrize(("arguments", "expected"), STREAM_QUERIES)
    @pytest.mark.parametrize("method", ["iter", "pages"])
    def test_on_the_wire(self, method: str, arguments: dict[str, Any], expected: list[tuple[str, str]]) -> None:
        """All filters are carried on every page, exactly, with the page's cursor and no limit of our own."""
        script = Script(page(1, cursor="c1"), page(cursor="c2"), page(2))

        async def ask(brex: Brex) -> int:
            return len([item async for item in getattr(brex.records, method)(**arguments)])

        assert {"iter": 2, "pages": 3}[method] == play(script, ask)
        cursors = [[], [("cursor", "c1")], [("cursor", "c2")]]
        assert [sorted(expected + cursor) for cursor in cursors] == [sorted(each) for each in pairs(script)]

    def test_page_size(self) -> None:
        """page_size is the limit of every page."""
        script = Script(page(1, cursor="c1"), page(2))
        play(script, lambda brex: ids_of(brex.records.iter(page_size=1000)))
        assert [{"limit": "1000"}, {"limit": "1000", "cursor": "c1"}] == [dict(each) for each in pairs(script)]

    @pytest.mark.parametrize("method", ["iter", "pages"])
    @pytest.mark.parametrize(
        ("message", "arguments"),
        [
            *[(message, arguments) for message, arguments in REFUSED if "1 to 500" not in message],
            (r"^page_size: expected a whole number from 1 to 1000, got 0", {"page_size": 0}),
            (r"^page_size: expected a whole number from 1 to 1000, got 1001", {"page_size": 1001}),
            (r"^page_size: expected", {"page_size": "100"}),
            (r"^prefetch: expected a number of pages", {"prefetch": -1}),
            (r"^prefetch: expected a number of pages", {"prefetch": True}),
            (r"^on_bad_record: expected", {"on_bad_record": "ignore"}),
            (r"^resume: ", {"resume": "no checkpoint"}),
            (r"^resume: expected the text of a checkpoint", {"resume": 7}),
        ],
    )
    def test_refused(self, method: str, message: str, arguments: dict[str, Any]) -> None:
        """What cannot be right is refused where the stream is made, not at its first item."""
        brex = Brex("bxt_token", runtime=Runtime())
        with pytest.raises(InvalidArgument, match=message):
            getattr(brex.records, method)(**arguments)

    def test_many_ids(self) -> None:
        """Ids come in calls of 500, each id once; those that Brex does not return are named."""

        def answer(request: httpx.Request) -> Answer:
            wanted = [value for name, value in request.url.params.multi_items() if name == "ids"]
            return Answer(200, wire.page([wire.record(0, id=each) for each in wanted if not each.endswith("7")]))

        script = Script(answer)
        ids = [f"id_{n}" for n in range(1201)]

        async def ask(brex: Brex) -> tuple[list[str], tuple[str, ...]]:
            stream = brex.records.iter(ids=[*ids, *ids[:5]])
            return await ids_of(stream), stream.missing_ids

        found, missing = play(script, ask)
        assert [each for each in ids if not each.endswith("7")] == found
        assert tuple(each for each in ids if each.endswith("7")) == missing
        assert [500, 500, 201] == [len(each) for each in pairs(script)]

    def test_no_ids(self) -> None:
        """An empty list of ids is an empty stream, and asks nothing; it is not everything."""
        script = Script()
        assert [] == play(script, lambda brex: ids_of(brex.records.iter(ids=[])))
        assert [] == play(script, lambda brex: ids_of(brex.records.pages(ids=[])))
        assert [] == script.sent

    def test_with_raw(self) -> None:
        """with_raw=True gives each record with its own bytes, digits as they came."""
        bodies = [wire.record(n, amount={"amount": Decimal("1.10"), "currency": "USD"}) for n in (1, 2)]

        async def ask(brex: Brex) -> list[tuple[str, bytes]]:
            return [(record.id, raw) async for record, raw in brex.records.iter(with_raw=True)]

        found = play(Script(Answer(200, wire.page(bodies))), ask)
        assert [(body["id"], wire.dumps(body)) for body in bodies] == found

    def test_bad_record_raises(self) -> None:
        """A bad record ends the walk before its page, with a checkpoint that fetches that page again."""
        script = Script(page(1, 2, cursor="c1"), Answer(200, wire.page([wire.record(3), BAD])), page(3, 4))

        async def ask(brex: Brex) -> tuple[list[str], UnreadableRecords, list[str]]:
            found: list[str] = []
            with pytest.raises(UnreadableRecords) as caught:
                await collect(brex.records.iter(), found)
            return found, caught.value, await ids_of(brex.records.iter(resume=caught.value.checkpoint))

        found, error, rest = play(script, ask)
        assert (["accr_1", "accr_2"], ["accr_3", "accr_4"]) == (found, rest)
        assert ["accr_3"] == [item.id for item in error.page.items]
        assert [{}, {"cursor": "c1"}, {"cursor": "c1"}] == [dict(each) for each in pairs(script)]

    def test_bad_record_is_collected(self) -> None:
        """With on_bad_record="collect" the walk goes on, and the stream has the bad ones aside, in order."""
        pages = [wire.page([wire.record(1), BAD], next_cursor="c1", has_next_page=True), wire.page([BAD])]
        events: list[Event] = []

        async def ask(brex: Brex) -> tuple[list[str], list[str | None]]:
            stream = brex.records.iter(on_bad_record="collect")
            return await ids_of(stream), [bad.id for bad in stream.bad_records]

        found = play(Script(*[Answer(200, each) for each in pages]), ask, on_event=events.append)
        assert (["accr_1"], ["accr_9", "accr_9"]) == found
        reached = [(event.items, event.bad_records) for event in events if isinstance(event, PageReached)]
        assert [(1, 1), (0, 1)] == reached

    @pytest.mark.parametrize("prefetch", [0, 1, 3])
    @pytest.mark.parametrize(
        ("failure", "kind"),
        [(Answer(500), ServerError), (LOST, AnswerLost), (Answer(401), Exception)],
        ids=["500", "lost", "401"],
    )
    def test_checkpoint_on_errors(self, prefetch: int, failure: Any, kind: type[Exception]) -> None:
        """An error in the middle carries where the caller stood; a new stream goes on there."""
        script = Script(page(1, 2, cursor="c1"), failure, page(3))

        async def ask(brex: Brex) -> tuple[list[str], list[str]]:
            found: list[str] = []
            with pytest.raises(kind) as caught:
                await collect(brex.records.iter(prefetch=prefetch, review_status="REVIEW"), found)
            rest = brex.records.iter(prefetch=prefetch, review_status="REVIEW", resume=caught.value.checkpoint)
            return found, await ids_of(rest)

        assert (["accr_1", "accr_2"], ["accr_3"]) == play(script, ask, retry=None)
        assert ["c1", "c1"] == [dict(each).get("cursor") for each in pairs(script)[1:]]

    def test_resume_refuses_other_filters(self) -> None:
        """A checkpoint of one list is refused by another: other filters, other ids, another account, no filters."""
        script = Script(page(1, 2, cursor="c1"))

        async def checkpoint(brex: Brex) -> str:
            async with brex.records.iter(review_status="REVIEW", prefetch=0) as stream:
                await anext(stream)
                return stream.checkpoint

        async def main() -> None:
            async with client(script, account="acme") as brex:
                mark = await checkpoint(brex)
                brex.records.iter(review_status="REVIEW", page_size=5, resume=mark)
                for arguments in (
                    {},
                    {"review_status": "PREPARE"},
                    {"review_status": "REVIEW", "updated_at_gt": "2025-01-01"},
                    {"ids": ["accr_1"]},
                ):
                    with pytest.raises(InvalidArgument, match="another list"):
                        brex.records.iter(**arguments, resume=mark)
                other = brex.for_account("globex", "bxt_2")
                with pytest.raises(InvalidArgument, match="another list"):
                    other.records.iter(review_status="REVIEW", resume=mark)
                with pytest.raises(InvalidArgument, match="another list"):
                    brex.expenses.iter(resume=mark)

        virtual.run(main())

    def test_lowered_page_size(self) -> None:
        """Where Brex refuses a page size that was fine, the error says so, and a smaller one goes on from there."""
        refusal = Answer(400, {"error_code": "INVALID_REQUEST", "message": "limit"})

        async def first(brex: Brex) -> None:
            await ids_of(brex.records.iter(page_size=1000))

        with pytest.raises(BadRequest, match="smaller page_size"):
            play(Script(refusal), first)
        script = Script(page(1, 2, cursor="c1"), refusal, page(3))

        async def later(brex: Brex) -> tuple[str, list[str]]:
            with pytest.raises(CursorRefused, match="smaller page_size with resume") as caught:
                await ids_of(brex.records.iter(page_size=1000, prefetch=0))
            return str(caught.value), await ids_of(brex.records.iter(page_size=100, resume=caught.value.checkpoint))

        text, rest = play(script, later)
        assert ["accr_3"] == rest
        assert "start again without resume" in text

    def test_events(self) -> None:
        """Each page that the caller reaches is told once, in order."""
        events: list[Event] = []
        script = Script(page(1, 2, cursor="c1"), page(cursor="c2"), page(3))
        play(script, lambda brex: ids_of(brex.records.iter(prefetch=2)), account="acme", on_event=events.append)
        reached = [(event.items, event.account) for event in events if isinstance(event, PageReached)]
        assert [(2, "acme"), (0, "acme"), (1, "acme")] == reached


class TestPages:
    def test_all_pages(self) -> None:
        """pages() gives every page, empty ones too, each with its bytes."""
        answers = [page(1, cursor="c1"), page(cursor="c2"), page(2)]

        async def ask(brex: Brex) -> list[tuple[list[str], bytes]]:
            return [([item.id for item in each.items], bytes(each.raw)) async for each in brex.records.pages()]

        expected = [(["accr_1"], answers[0].body), ([], answers[1].body), (["accr_2"], answers[2].body)]
        assert expected == play(Script(*answers), ask)


class TestTextThatCannotBeSent:
    """Half of a surrogate pair is a string in Python and nothing on the wire."""

    @pytest.mark.parametrize(
        "ask",
        [
            lambda brex: brex.records.get("accr_\ud800"),
            lambda brex: brex.records.query(cursor="\ud800"),
            lambda brex: brex.records.query(ids=["\ud800"]),
            lambda brex: brex.expenses.update("expense_1", memo="\ud800"),
            lambda brex: brex.webhooks.get("\ud800"),
            lambda brex: brex.integrations.create(vendor="\ud800", vendor_account_id="42"),
        ],
        ids=["path", "query", "ids", "memo", "webhook", "body"],
    )
    def test_is_refused(self, ask: Any) -> None:
        """It is refused as an argument before anything is sent."""
        script = Script()
        with pytest.raises(InvalidArgument):
            play(script, ask)
        assert [] == script.sent
