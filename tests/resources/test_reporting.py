"""``records.report()``: every result ends up somewhere, whatever the server makes of it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any, Literal

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import (
    AnswerLost,
    Brex,
    CallError,
    ExportFailure,
    ExportReport,
    ExportSuccess,
    Forbidden,
    InvalidArgument,
    NotFound,
    RefusedResult,
    RetryPolicy,
    ServerError,
    Unprocessable,
    UnreadableAnswer,
)
from tests import virtual, wire
from tests.transport.scripted import Answer, Raise, Script, Step, client, play

PATH = "/v3/accounting/records/export-results"
OPERATION = f"POST {PATH}"
LOST = Raise(httpx.ReadError("reset"))
NO_CONNECTION = Raise(httpx.ConnectError("refused"))
QUICK = RetryPolicy(attempts=3, backoff=0.01)

Kind = Literal["ready", "exported", "not ready", "unknown"]
Naming = Literal["all", "first", "nothing", "strangers", "all and strangers"]
Fault = Literal["none", "lost", "lost before", "500", "503 before", "no connection", "429"]
Fatal = Literal["403", "404 of a gateway", "200 unreadable", "lost thrice", "no connection thrice"]

REFUSALS: dict[Kind, tuple[int, str, str]] = {
    "unknown": (404, "NOT_FOUND", "not_found_export_entry_source_ids"),
    "exported": (422, "DUPLICATE_ACCOUNTING_RECORD_IDS", "duplicate_accounting_record_ids"),
    "not ready": (422, "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT", "not_ready_for_export_accounting_record_ids"),
}
REASONS = {"unknown": "not found", "exported": "duplicate", "not ready": "not ready for export"}


def success(record_id: str) -> ExportSuccess:
    return ExportSuccess(
        record_id, reference_id=f"JE-{record_id}", deep_link_url=f"https://erp.example.com/{record_id}"
    )


def ids_in(request: httpx.Request) -> list[str]:
    return [result["accounting_record_id"] for result in wire.loads(request.content)["results"]]


@attrs.define
class FakeBrex:
    """Takes reports in every way that the document leaves open.

    Attributes:
        kinds: What each record is; one that it does not list is unknown.
        atomic: Whether a refusal of some results leaves the others undone.
        naming: What a refusal names.
        codes: Whether a refusal has the documented code, another one, or none.
        names_in_200: What a success names.
        again: What happens to a record that was applied before: refused, or taken as the same.
        keys_count: Whether a key that came before gets the answer that it got.
        faults: What happens to the requests in turn; after the last one nothing does.
    """

    kinds: dict[str, Kind]
    atomic: bool = True
    naming: Naming = "all"
    codes: Literal["documented", "other"] = "documented"
    names_in_200: Literal["all", "none", "first", "all and strangers"] = "all"
    again: Literal["refused", "taken"] = "refused"
    keys_count: bool = False
    faults: list[Fault | Fatal] = attrs.Factory(list)
    applied: Counter[str] = attrs.Factory(Counter)
    named: set[str] = attrs.Factory(set)
    answered: dict[str, Answer] = attrs.Factory(dict)
    requests: list[tuple[str, list[str]]] = attrs.Factory(list)

    def __call__(self, request: httpx.Request) -> Step:
        key, ids = request.headers["Idempotency-Key"], ids_in(request)
        fault = self.faults[len(self.requests)] if len(self.requests) < len(self.faults) else "none"
        self.requests.append((key, ids))
        match fault:
            case "lost before":
                return LOST
            case "503 before":
                return Answer(503)
            case "no connection" | "no connection thrice":
                return NO_CONNECTION
            case "429":
                return Answer(429, {"error_code": "TOO_MANY", "message": "x"})
            case "403":
                return Answer(403, {"error_code": "FORBIDDEN", "message": "x"})
            case "404 of a gateway":
                return Answer(404, b"<html>")
        answer = self.answered.get(key) if self.keys_count else None
        if answer is None:
            answer = self.answered[key] = self.take(ids)
        match fault:
            case "lost" | "lost thrice":
                return LOST
            case "500":
                return Answer(500, b"oops")
            case "200 unreadable" if answer.status == 200:
                return Answer(200, {"updated": ids})
        if answer.status == 200:
            self.named |= set(wire.loads(answer.body)["updated_accounting_record_ids"])
        return answer

    def take(self, ids: list[str]) -> Answer:
        bad = {each: kind for each in ids if (kind := self.kind_of(each)) != "ready"}
        if not (bad and self.atomic):
            self.applied.update(each for each in ids if each not in bad)
        if not bad:
            named = {"all": ids, "none": [], "first": ids[:1], "all and strangers": [*ids, "stranger"]}
            return Answer(200, {"updated_accounting_record_ids": named[self.names_in_200]})
        for kind, (status, code, field) in REFUSALS.items():
            if kind in bad.values():
                return self.refusal(status, code, field, [each for each in bad if bad[each] == kind])
        raise AssertionError

    def refusal(self, status: int, code: str, field: str, ids: list[str]) -> Answer:
        named = {
            "all": ids,
            "first": ids[:1],
            "nothing": [],
            "strangers": ["stranger"],
            "all and strangers": ["stranger", *ids],
        }[self.naming]
        body: dict[str, Any] = {"error_code": code if self.codes == "documented" else "NEW_CODE", "message": "free"}
        if self.naming != "nothing":
            body["details"] = {field: named}
        return Answer(status, body)

    def kind_of(self, record_id: str) -> Kind:
        if self.applied[record_id]:
            return "exported" if self.again == "refused" else "ready"
        return self.kinds.get(record_id, "unknown")


def reported(
    brex: FakeBrex, ids: list[str], *, batch_size: int, key: str | None = "key"
) -> tuple[ExportReport, CallError | None]:
    async def ask(client: Brex) -> tuple[ExportReport, CallError | None]:
        results = [success(each) for each in ids]
        try:
            return await client.records.report(results, idempotency_key=key, batch_size=batch_size), None
        except CallError as error:
            return report_of(error), error

    return play(Script(brex), ask, retry=QUICK)


def report_of(error: CallError) -> ExportReport:
    assert error.report is not None
    return error.report


def places(report: ExportReport) -> list[str]:
    refused = [each.accounting_record_id for each in report.refused]
    return [*report.updated, *report.unnamed, *refused, *report.unknown, *report.unsent]


KINDS: list[Kind] = ["ready", "ready", "ready", "exported", "not ready", "unknown"]
FAULTS: list[Fault] = ["none", "none", "none", "lost", "lost before", "500", "503 before", "no connection", "429"]
FATALS: list[list[Fault | Fatal]] = [
    ["403"],
    ["404 of a gateway"],
    ["200 unreadable"],
    ["lost thrice"] * 3,
    ["no connection thrice"] * 3,
]


@st.composite
def servers(draw: st.DrawFn, *, fatal: bool) -> FakeBrex:
    faults: list[Fault | Fatal] = list(draw(st.lists(st.sampled_from(FAULTS), max_size=6)))
    # three faults in a row would be the end of a call's attempts
    faults = [fault if place % 3 != 2 else "none" for place, fault in enumerate(faults)]
    if fatal:
        faults += draw(st.sampled_from(FATALS))
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=9))
    return FakeBrex(
        {f"accr_{place}": kind for place, kind in enumerate(kinds)},
        atomic=draw(st.booleans()),
        naming=draw(st.sampled_from(["all", "first", "nothing", "strangers", "all and strangers"])),
        codes=draw(st.sampled_from(["documented", "other"])),
        names_in_200=draw(st.sampled_from(["all", "all", "none", "first", "all and strangers"])),
        again=draw(st.sampled_from(["refused", "taken"])),
        keys_count=draw(st.booleans()),
        faults=faults,
    )


def assert_true(brex: FakeBrex, ids: list[str], report: ExportReport, error: CallError | None) -> None:
    """What a report claims is what happened."""
    assert Counter(ids) == Counter(places(report))
    assert (error is not None) >= bool(report.unknown or report.unsent)
    assert set(report.updated) <= brex.named & set(brex.applied)
    for record_id in report.unnamed:
        assert record_id not in brex.named
    for refused in report.refused:
        if brex.applied[refused.accounting_record_id]:
            assert refused.maybe_applied, refused
    for each in (report.updated, report.unnamed, report.unknown, report.unsent):
        assert sorted(each, key=ids.index) == list(each)
    assert [each.accounting_record_id for each in report.refused] == sorted(
        (each.accounting_record_id for each in report.refused), key=ids.index
    )
    assert report.complete == (sorted(report.updated) == sorted(ids))


class TestProperty:
    @given(st.data(), servers(fatal=False), st.integers(1, 4), st.booleans())
    def test_every_result_ends_somewhere(
        self, data: st.DataObject, brex: FakeBrex, batch_size: int, keyed: bool
    ) -> None:
        """Each result is in exactly one place, and no place lies, whatever the server names, applies and loses."""
        ids = data.draw(st.permutations(list(brex.kinds)))
        report, error = reported(brex, ids, batch_size=batch_size, key="key" if keyed else None)
        if isinstance(error, NotFound) and brex.naming == "nothing":
            # Record after record is refused without being named: the request may be what is wrong.
            assert_true(brex, ids, report, error)
            return
        assert error is None
        assert_true(brex, ids, report, error)
        assert set(report.refused) or set(report.updated) | set(report.unnamed) == set(ids)
        # a record that is ready is applied in the end, once at most for each request that was sent with it
        assert {each for each, kind in brex.kinds.items() if kind == "ready"} == set(brex.applied)
        assert max((len(sent) for _, sent in brex.requests), default=0) <= batch_size
        assert len(brex.requests) <= 3 * len(ids) * 3 + 6
        if not keyed:
            assert all(key for key, _ in brex.requests)

    @given(st.data(), servers(fatal=True), st.integers(1, 4))
    def test_also_where_it_ends_in_an_error(self, data: st.DataObject, brex: FakeBrex, batch_size: int) -> None:
        """An error in the middle carries the whole report: what is settled, what nobody knows, what is left."""
        ids = data.draw(st.permutations(list(brex.kinds)))
        report, error = reported(brex, ids, batch_size=batch_size)
        assert_true(brex, ids, report, error)
        if error is not None and error.maybe_applied:
            assert report.unknown

    def test_unsent_is_unseen(self) -> None:
        """What is called unsent was not applied: nobody who sends it again does it twice."""

        partial_servers = st.builds(
            FakeBrex,
            st.lists(st.sampled_from(KINDS), min_size=2, max_size=6).map(
                lambda kinds: {f"accr_{place}": kind for place, kind in enumerate(kinds)}
            ),
            atomic=st.just(False),
            naming=st.sampled_from(["all", "first", "nothing", "strangers"]),
            faults=st.tuples(st.integers(1, 3), st.sampled_from(FATALS)).map(lambda two: ["none"] * two[0] + two[1]),
        )

        @given(partial_servers, st.integers(2, 6))
        def claim(brex: FakeBrex, batch_size: int) -> None:
            report, _ = reported(brex, list(brex.kinds), batch_size=batch_size)
            assert set() == set(report.unsent) & set(brex.applied)

        claim()

    @given(servers(fatal=False), st.integers(1, 4))
    def test_keys_repeat_after_a_restart(self, brex: FakeBrex, batch_size: int) -> None:
        """The same key and results give the same requests with the same keys, also in another process."""
        ids = list(brex.kinds)
        settings = {name: getattr(brex, name) for name in ("atomic", "naming", "codes", "names_in_200", "again")}
        first, second = (
            FakeBrex(brex.kinds, **settings, keys_count=brex.keys_count, faults=brex.faults) for _ in range(2)
        )
        reports = [reported(each, ids, batch_size=batch_size)[0] for each in (first, second)]
        assert first.requests == second.requests
        assert reports[0] == reports[1]
        # one content, one key: and one key, one content
        contents = {(key, tuple(sent)) for key, sent in first.requests}
        assert len(contents) == len({key for key, _ in contents}) == len({sent for _, sent in contents})


class TestRequests:
    def test_on_the_wire(self) -> None:
        """Successes and failures go as the document says; what was not said is not sent."""
        script = Script(Answer(200, {"updated_accounting_record_ids": ["a", "b", "c"]}))
        results = [
            ExportSuccess("a", reference_id="JE-1", deep_link_url="https://erp/JE-1"),
            ExportSuccess("b"),
            ExportFailure("c", message="Invalid GL account"),
        ]
        report = play(script, lambda brex: brex.records.report(results, idempotency_key="acme-7"))
        assert {
            "results": [
                {
                    "accounting_record_id": "a",
                    "success": {"reference_id": "JE-1", "deep_link_url": "https://erp/JE-1"},
                },
                {"accounting_record_id": "b", "success": {}},
                {"accounting_record_id": "c", "failure": {"error_message": "Invalid GL account"}},
            ]
        } == wire.loads(script.sent[0].content)
        assert ("POST", PATH, "acme-7") == (script.sent[0].method, script.sent[0].url.path, script.sent[0].key)
        assert (("a", "b", "c"), True) == (report.updated, report.complete)

    def test_empty(self) -> None:
        """An empty list makes no call, and is complete."""
        script = Script()
        assert ExportReport() == play(script, lambda brex: brex.records.report([]))
        assert ExportReport().complete
        assert [] == script.sent

    def test_batches(self) -> None:
        """Any number of results goes in batches, of 100 by default, each under a key of its own."""
        ids = [f"accr_{n}" for n in range(250)]
        for batch_size, sizes in ((None, [100, 100, 50]), (250, [250]), (1000, [250]), (249, [249, 1])):
            brex = FakeBrex(dict.fromkeys(ids, "ready"))
            options = {} if batch_size is None else {"batch_size": batch_size}
            report = play(
                Script(brex),
                lambda each, options=options: each.records.report(
                    [success(record_id) for record_id in ids], idempotency_key="key", **options
                ),
            )
            assert sizes == [len(sent) for _, sent in brex.requests]
            assert tuple(ids) == report.updated
            keys = [key for key, _ in brex.requests]
            assert len(sizes) == len(set(keys))
            if len(sizes) == 1:
                assert ["key"] == keys
            else:
                assert all(re.fullmatch(r"key-[0-9a-f]{16}", key) for key in keys)

    def test_one_key_for_all_attempts(self) -> None:
        """Without a key of the caller's each request gets one of its own, the same in all its attempts."""
        brex = FakeBrex(dict.fromkeys("abcd", "ready"), faults=["lost", "503 before", "none", "500", "none"])
        report, _ = reported(brex, list("abcd"), batch_size=2, key=None)
        keys = [key for key, _ in brex.requests]
        assert 1 == len(set(keys[:3]))
        assert 1 == len(set(keys[3:]))
        assert 2 == len(set(keys))
        assert ("b", "d") == (report.refused[1].accounting_record_id, report.refused[3].accounting_record_id)

    @pytest.mark.parametrize(
        ("message", "results", "options"),
        [
            (r"^results: expected a list", None, {}),
            (r"^results: expected a list", "accr_1", {}),
            (r"^results: expected a list", iter([ExportSuccess("a")]), {}),
            (r"^results: expected a list", {"a": ExportSuccess("a")}, {}),
            (r"^results\[1\]: expected an ExportSuccess or an ExportFailure, got dict", [ExportSuccess("a"), {}], {}),
            (r"^results\[0\]: expected .* got str", ["accr_1"], {}),
            (r"^results\[2\]: a is in results\[0\] already", [success("a"), success("b"), success("a")], {}),
            (r"^results\[1\]: a is in results\[0\]", [success("a"), ExportFailure("a", message="x")], {}),
            (r"^results\[1\].accounting_record_id: expected", [success("a"), ExportSuccess("")], {}),
            (r"^results\[0\].accounting_record_id: expected", [ExportSuccess(7)], {}),  # type: ignore[arg-type]
            (r"^results\[0\].message: expected", [ExportFailure("a", message=" ")], {}),
            (r"^batch_size: expected a whole number at least 1", [success("a")], {"batch_size": 0}),
            (r"^batch_size: expected", [success("a")], {"batch_size": True}),
            (r"^batch_size: expected", [success("a")], {"batch_size": None}),
            (r"^idempotency_key: expected", [success("a")], {"idempotency_key": ""}),
            (r"^idempotency_key: expected", [success("a")], {"idempotency_key": "a\nb"}),
            (r"^idempotency_key: expected at most 238", [success("a")], {"idempotency_key": "k" * 239}),
        ],
    )
    def test_refused(self, message: str, results: Any, options: dict[str, Any]) -> None:
        """What cannot be right is refused by its place before anything is sent, also where it is in a later batch."""
        script = Script()
        with pytest.raises(InvalidArgument, match=message):
            play(script, lambda brex: brex.records.report(results, **{"batch_size": 1, **options}))
        assert [] == script.sent

    @pytest.mark.parametrize(
        "bad",
        [
            ExportSuccess("b", reference_id=7),  # type: ignore[arg-type]
            ExportSuccess("b", deep_link_url=object()),  # type: ignore[arg-type]
            ExportSuccess("b", reference_id="\ud800"),
            ExportFailure("b", message="\ud800"),
            ExportSuccess("\ud800"),
        ],
        ids=["number", "object", "surrogate", "surrogate in a message", "surrogate in an id"],
    )
    def test_values_of_a_later_batch(self, bad: Any) -> None:
        """A value that cannot be sent is refused before the first batch is, or what became of that one is lost."""
        brex = FakeBrex({"a": "ready", "b": "ready"})
        with pytest.raises(InvalidArgument):
            play(Script(brex), lambda each: each.records.report([success("a"), bad], batch_size=1))
        assert [] == brex.requests


class TestRefusals:
    @pytest.mark.parametrize("kind", REFUSALS)
    def test_named(self, kind: Kind) -> None:
        """A named record is refused with the reason, the status and the code; the others are sent again."""
        brex = FakeBrex({"a": "ready", "b": kind, "c": "ready"})
        report, _ = reported(brex, ["a", "b", "c"], batch_size=10)
        status, code, _ = REFUSALS[kind]
        assert (("a", "c"), (), (), ()) == (report.updated, report.unnamed, report.unknown, report.unsent)
        (refused,) = report.refused
        expected = RefusedResult(
            accounting_record_id="b",
            reason=REASONS[kind],
            status_code=status,
            error_code=code,
            trace_id=None,
            maybe_applied=False,
        )
        assert expected == refused
        assert [["a", "b", "c"], ["a", "c"]] == [sent for _, sent in brex.requests]
        assert not report.complete

    def test_several_reasons(self) -> None:
        """One refusal after the other is worked off, until what is left is taken."""
        kinds: dict[str, Kind] = {"a": "ready", "b": "unknown", "c": "exported", "d": "not ready", "e": "ready"}
        report, _ = reported(FakeBrex(kinds), list(kinds), batch_size=10)
        assert ("a", "e") == report.updated
        assert [("b", "not found"), ("c", "duplicate"), ("d", "not ready for export")] == [
            (each.accounting_record_id, each.reason) for each in report.refused
        ]
        # b was refused by the first request it was in; c and d went along with one that was refused before
        assert [False, True, True] == [each.maybe_applied for each in report.refused]

    def test_partial(self) -> None:
        """Where a refusal of one applied the others, their second refusal says so: nobody takes it for the truth."""
        brex = FakeBrex({"a": "ready", "b": "not ready", "c": "ready"}, atomic=False)
        report, _ = reported(brex, ["a", "b", "c"], batch_size=10)
        assert {"a": 1, "c": 1} == brex.applied
        assert [("a", True), ("b", False), ("c", True)] == [
            (each.accounting_record_id, each.maybe_applied) for each in report.refused
        ]

    @pytest.mark.parametrize("naming", ["nothing", "strangers"])
    def test_nothing_named(self, naming: Naming) -> None:
        """A refusal that names none of the batch is halved until it can only mean one."""
        kinds: dict[str, Kind] = dict.fromkeys("abcdefgh", "ready") | {"f": "not ready"}
        brex = FakeBrex(kinds, naming=naming)
        report, _ = reported(brex, list(kinds), batch_size=8)
        assert tuple("abcdegh") == report.updated
        assert [("f", "not ready for export")] == [(each.accounting_record_id, each.reason) for each in report.refused]
        assert ["abcdefgh", "abcd", "efgh", "ef", "e", "f", "gh"] == ["".join(sent) for _, sent in brex.requests]

    def test_unknown_code(self) -> None:
        """A code that no document lists is a reason of its own."""
        answer = Answer(422, {"error_code": "PERIOD_CLOSED", "message": "x"}, headers={"X-Brex-Trace-Id": "t-1"})
        report = play(Script(answer), lambda brex: brex.records.report([success("a")]))
        (refused,) = report.refused
        assert ("other", 422, "PERIOD_CLOSED", "t-1", False) == (
            refused.reason,
            refused.status_code,
            refused.error_code,
            refused.trace_id,
            refused.maybe_applied,
        )

    def test_without_an_integration(self) -> None:
        """That no integration is active is about the account, not about results: it is raised, and refuses nothing."""
        script = Script(Answer(422, {"error_code": "INTEGRATION_NOT_ACTIVE", "message": "x"}))
        with pytest.raises(Unprocessable) as caught:
            play(script, lambda brex: brex.records.report([success("a"), success("b")]))
        assert "INTEGRATION_NOT_ACTIVE" == caught.value.error_code
        assert ExportReport(unsent=("a", "b")) == caught.value.report

    def test_after_a_lost_answer(self) -> None:
        """A duplicate after a lost answer is most likely our own doing, and says that it may be."""
        brex = FakeBrex({"a": "ready", "b": "exported"}, faults=["lost"], atomic=False)
        report, _ = reported(brex, ["a", "b"], batch_size=2)
        assert [("a", "duplicate", True), ("b", "duplicate", True)] == [
            (each.accounting_record_id, each.reason, each.maybe_applied) for each in report.refused
        ]

    def test_200_without_names(self) -> None:
        """A 200 that does not name a record leaves it apart from what was updated; strangers do not turn up."""
        brex = FakeBrex(dict.fromkeys("abc", "ready"), names_in_200="first")
        report, _ = reported(brex, list("abc"), batch_size=3)
        assert (("a",), ("b", "c"), False) == (report.updated, report.unnamed, report.complete)
        brex = FakeBrex(dict.fromkeys("abc", "ready"), names_in_200="all and strangers")
        assert ("a", "b", "c") == reported(brex, list("abc"), batch_size=3)[0].updated

    def test_gateway_404(self) -> None:
        """A 404 that is nobody's word about these results, such as HTML, is an error and refuses nothing."""
        script = Script(Answer(404, b"<html>"))
        with pytest.raises(NotFound) as caught:
            play(script, lambda brex: brex.records.report([success("a")]))
        assert ExportReport(unsent=("a",)) == caught.value.report


class TestErrors:
    @pytest.mark.parametrize(
        ("faults", "kind", "unknown", "unsent"),
        [
            (["none", "403"], Forbidden, "", "cdef"),
            (["none", "lost", "lost", "lost"], AnswerLost, "cd", "ef"),
            (["none", "500", "500", "500"], ServerError, "cd", "ef"),
            (["none", "no connection", "no connection", "no connection"], CallError, "", "cdef"),
            (["none", "lost", "no connection", "no connection"], CallError, "cd", "ef"),
            (["none", "200 unreadable"], UnreadableAnswer, "cd", "ef"),
            (["none", "429", "429", "429"], CallError, "", "cdef"),
        ],
    )
    def test_in_the_middle(self, faults: list[Any], kind: type[CallError], unknown: str, unsent: str) -> None:
        """An error in the second of three batches says what is settled, what nobody knows and what is left."""
        brex = FakeBrex(dict.fromkeys("abcdef", "ready"), faults=faults)
        report, error = reported(brex, list("abcdef"), batch_size=2)
        assert ExportReport(updated=("a", "b"), unknown=tuple(unknown), unsent=tuple(unsent)) == report
        assert isinstance(error, kind)
        assert bool(unknown) == error.maybe_applied
        assert OPERATION == error.operation
        assert not report.complete

    @pytest.mark.parametrize("naming", ["all", "nothing"])
    def test_after_a_refusal(self, naming: Naming) -> None:
        """Results that went along with a refused request may have been applied with it: they are not unsent."""
        kinds: dict[str, Kind] = {"a": "ready", "b": "not ready", "c": "ready", "d": "ready"}
        brex = FakeBrex(kinds, naming=naming, atomic=False, faults=["none", "403"])
        report, _ = reported(brex, list(kinds), batch_size=4)
        assert {"a", "c", "d"} == set(brex.applied)
        assert () == report.unsent
        assert {"a", "c", "d"} <= set(report.unknown)

    def test_text_says_nothing(self) -> None:
        """The report hangs on the error outside its text."""
        brex = FakeBrex({"a": "ready"}, faults=["403"])
        _, error = reported(brex, ["a"], batch_size=1)
        assert error is not None
        assert "ExportReport" not in f"{error}{error!r}{error.args}"


class TestRestart:
    def test_after_a_crash(self) -> None:
        """A worker that is killed in the middle and starts again with the same key repeats the same keys."""
        ids = list("abcdef")
        brex = FakeBrex(dict.fromkeys(ids, "ready"), keys_count=True)

        async def killed() -> None:
            async def hang(request: httpx.Request) -> httpx.Response:
                step = brex(request)
                if len(brex.requests) == 2:
                    await asyncio.sleep(3600)
                assert isinstance(step, Answer)
                return httpx.Response(step.status, content=step.body)

            async with client(httpx.MockTransport(hang), timeout=9000.0, deadline=9000.0) as each:
                results = [success(record_id) for record_id in ids]
                task = asyncio.create_task(each.records.report(results, idempotency_key="key", batch_size=2))
                await asyncio.sleep(10)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

        virtual.run(killed())
        before = list(brex.requests)
        assert [["a", "b"], ["c", "d"]] == [sent for _, sent in before]
        report, _ = reported(brex, ids, batch_size=2)
        assert tuple(ids) == report.updated
        assert before == brex.requests[2:4]
        assert dict.fromkeys(ids, 1) == brex.applied
