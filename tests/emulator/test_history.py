"""What is remembered of a tenant: its journal, and the rules of an honest worker, each broken and not broken."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.history import INVARIANTS, History, Violation
from brex_accounting.emulator.journal import Exchange, Journal, excerpt
from brex_accounting.emulator.stored import StoredRecord

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
REPORT, QUERY = "reportAccountingExportResults", "queryAccountingRecords"


def record(number: int = 1, review_status: str = "READY_FOR_EXPORT") -> StoredRecord:
    return StoredRecord(
        id=f"accr_{number}",
        position=number,
        type="CARD_EXPENSE_POST",
        source_type="CARD",
        review_status=review_status,
        updated_at=NOW,
        version=1,
        amount=Decimal(1),
        currency="USD",
        expense_id=None,
        facts=b"",
        lines=b"",
        counter_lines=b"",
    )


def told(history: History) -> list[tuple[str, dict[str, Any]]]:
    return [(violation.invariant, dict(violation.what)) for violation in history.violations()]


def honest() -> History:
    """A history of a worker that has fetched record 1."""
    history = History(NOW)
    history.fetched.add("accr_1")
    return history


def report(
    history: History,
    found: StoredRecord | None = None,
    *,
    success: bool = True,
    at: datetime = NOW,
    client: str = "a",
    key: str | None = None,
) -> None:
    history.reported(found or record(), success=success, at=at, client=client, key=key)


def exported(history: History, client: str = "a", key: str | None = None) -> None:
    """A worker reports record 1, and it is exported."""
    report(history, client=client, key=key)
    history.exported("accr_1", client=client, key=key)


class TestReportedTwice:
    def test_once(self) -> None:
        """A success that is reported once breaks nothing."""
        history = honest()
        exported(history)
        assert [] == told(history)

    def test_twice(self) -> None:
        """A success for a record that a report has exported is told, with both clients."""
        history = honest()
        exported(history, "a")
        report(history, record(review_status="EXPORTED"), at=NOW + MINUTE, client="b")
        expected = Violation("reported_twice", NOW + MINUTE, {"record": "accr_1", "client": "b", "first_client": "a"})
        assert [expected] == history.violations()

    def test_each_time(self) -> None:
        """Each further report is told anew; the first client stays the first."""
        history = honest()
        exported(history, "a")
        for client in ("b", "c"):
            report(history, record(review_status="EXPORTED"), client=client)
        assert ["a", "a"] == [what["first_client"] for _, what in told(history)]

    def test_a_report_that_was_refused(self) -> None:
        """A second attempt is honest where the first one took no effect."""
        history = honest()
        for _ in range(3):
            report(history)
        assert [] == told(history)

    def test_a_failure_before(self) -> None:
        """A success after any number of failures is honest."""
        history = honest()
        for _ in range(3):
            report(history, success=False)
        exported(history)
        assert [] == told(history)

    def test_a_failure_after(self) -> None:
        """A failure for what is exported is no success that was reported twice."""
        history = honest()
        exported(history)
        report(history, record(review_status="EXPORTED"), success=False)
        assert [] == told(history)

    def test_another_record(self) -> None:
        """Each record counts for itself."""
        history = honest()
        history.fetched.add("accr_2")
        exported(history)
        report(history, record(2))
        assert [] == told(history)

    def test_a_record_that_was_moved_back(self) -> None:
        """What a finance user has moved back may be reported again, once."""
        history = honest()
        exported(history)
        history.moved(record(review_status="PREPARE"), at=NOW)
        exported(history)
        assert [] == told(history)
        report(history, record(review_status="EXPORTED"))
        assert ["reported_twice"] == [name for name, _ in told(history)]

    def test_the_state_of_the_record_counts(self) -> None:
        """A record that is no longer EXPORTED, however that came, may be reported again."""
        history = honest()
        exported(history)
        report(history, record(review_status="READY_FOR_EXPORT"))
        assert [] == told(history)

    def test_moved_back_and_exported_by_others(self) -> None:
        """A report counts only until the record is moved: what others exported later was not reported."""
        history = honest()
        exported(history)
        for stage in ("PREPARE", "EXPORTED"):
            history.moved(record(review_status=stage), at=NOW)
        report(history, record(review_status="EXPORTED"))
        assert ["exported_unreported"] == [name for name, _ in told(history)]

    def test_what_was_exported_by_others(self) -> None:
        """A success for what became EXPORTED without a report is the first report of it."""
        history = honest()
        history.moved(record(review_status="EXPORTED"), at=NOW)
        report(history, record(review_status="EXPORTED"))
        assert ["exported_unreported"] == [name for name, _ in told(history)]


class TestNeverFetched:
    @pytest.mark.parametrize("success", [True, False])
    def test_unseen(self, success: bool) -> None:
        """An outcome for a record that no answer has held is told, whichever outcome it is."""
        history = honest()
        report(history, record(2), success=success)
        assert [("never_fetched", {"record": "accr_2", "client": "a"})] == told(history)

    @pytest.mark.parametrize("success", [True, False])
    def test_seen(self, success: bool) -> None:
        """An outcome for a record that some answer has held is honest."""
        history = honest()
        report(history, success=success)
        assert [] == told(history)

    def test_both_at_once(self) -> None:
        """A record that was never fetched can be reported twice, too."""
        history = History(NOW)
        exported(history)
        report(history, record(review_status="EXPORTED"))
        assert ["never_fetched", "never_fetched", "reported_twice"] == [name for name, _ in told(history)]


class TestExportedUnreported:
    def test_by_a_finance_user(self) -> None:
        """A record that somebody moves to EXPORTED is told."""
        history = honest()
        history.moved(record(review_status="EXPORTED"), at=NOW)
        assert [("exported_unreported", {"record": "accr_1"})] == told(history)

    @pytest.mark.parametrize("review_status", ["PREPARE", "REVIEW", "READY_FOR_EXPORT"])
    def test_elsewhere(self, review_status: str) -> None:
        """Moving it elsewhere is a finance user's right."""
        history = honest()
        history.moved(record(review_status=review_status), at=NOW)
        assert [] == told(history)

    def test_by_a_report(self) -> None:
        """A report exports honestly."""
        history = honest()
        exported(history)
        assert [] == told(history)


class TestTokenReplayed:
    def test_what_the_issuer_has_seen(self) -> None:
        """The issuer's replays come among the others by their time, and are not kept."""
        history = honest()
        for number, minutes in ((2, 1), (3, 3)):
            report(history, record(number), at=NOW + minutes * MINUTE)
        replays = [Violation("token_replayed", NOW + minutes * MINUTE, {"grant": "g"}) for minutes in (4, 2)]
        found = [violation.invariant for violation in history.violations(replays)]
        assert ["never_fetched", "token_replayed", "never_fetched", "token_replayed"] == found
        assert 2 == len(history.violations())


class TestKeys:
    def test_a_repeated_request(self) -> None:
        """The same client with the same key repeats its request, and has reported once."""
        history = honest()
        exported(history, "a", "k")
        report(history, record(review_status="EXPORTED"), key="k")
        assert [] == told(history)

    @pytest.mark.parametrize(("client", "key"), [("a", "other"), ("a", None), ("b", "k"), ("b", None)])
    def test_anything_else(self, client: str, key: str | None) -> None:
        """With another key, without one, or from another client it is a second report."""
        history = honest()
        exported(history, "a", "k")
        report(history, record(review_status="EXPORTED"), client=client, key=key)
        expected = ("reported_twice", {"record": "accr_1", "client": client, "first_client": "a"})
        assert [expected] == told(history)

    def test_no_keys(self) -> None:
        """Two reports without keys are two, though both have none."""
        history = honest()
        exported(history, "a")
        report(history, record(review_status="EXPORTED"))
        assert ["reported_twice"] == [name for name, _ in told(history)]

    def test_a_key_that_is_reused(self) -> None:
        """A key that came back with another request is told each time, with the operation and the client."""
        history = honest()
        for minutes in (1, 2):
            history.key_reused(REPORT, at=NOW + minutes * MINUTE, client="a")
        expected = [
            Violation("key_reused", NOW + minutes * MINUTE, {"operation": REPORT, "client": "a"}) for minutes in (1, 2)
        ]
        assert expected == history.violations()


class TestCopies:
    def test_what_goes_with_it(self) -> None:
        """A copy knows what was fetched and reported, and begins without a breach."""
        history = honest()
        exported(history)
        report(history, record(2))
        copied = history.copy(NOW + MINUTE)
        assert ([], NOW + MINUTE) == (copied.violations(), copied.since)
        report(copied, record(review_status="EXPORTED"))
        assert ["reported_twice"] == [name for name, _ in told(copied)]
        assert ["never_fetched"] == [name for name, _ in told(history)]

    def test_apart(self) -> None:
        """What either learns later the other does not."""
        history = honest()
        copied = history.copy(NOW)
        exported(history)
        copied.fetched.add("accr_2")
        report(history, record(2))
        report(copied, record(review_status="EXPORTED"))
        report(copied, record(2))
        assert (["never_fetched"], []) == ([name for name, _ in told(history)], told(copied))


class Traffic:
    """Requests that come and go, a minute and more apart unless it is said otherwise."""

    def __init__(self) -> None:
        self.history = History(NOW)
        self.numbers = itertools.count(1)
        self.now = NOW
        self.gone: set[int] = set()

    def begin(self, client: str, operation: str = QUERY, *, after: timedelta = MINUTE) -> int:
        number = next(self.numbers)
        self.now += after
        self.history.begin(
            number, client=client, operation=operation, at=self.now, alive=lambda: number not in self.gone
        )
        return number

    def take_turns(self, clients: str, *, after: timedelta = timedelta(seconds=1)) -> None:
        """One request after the other, each answered before the next one comes."""
        for client in clients:
            self.history.end(self.begin(client, after=after))

    def found(self) -> list[tuple[list[str], list[str]]]:
        """Clients and operations of each overlap."""
        assert {name for name, _ in told(self.history)} <= {"two_clients"}
        return [(what["clients"], what["operations"]) for _, what in told(self.history)]


class TestAtOnce:
    def test_at_once(self) -> None:
        """A request that comes in while another client's is under way is told, with clients and operations in order."""
        traffic = Traffic()
        traffic.begin("b", REPORT)
        traffic.begin("a", QUERY)
        assert [(["a", "b"], [QUERY, REPORT])] == traffic.found()
        (violation,) = traffic.history.violations()
        assert traffic.now == violation.at

    def test_the_same_operation(self) -> None:
        """Where both call the same, it is named once."""
        traffic = Traffic()
        traffic.begin("a")
        traffic.begin("b")
        assert [(["a", "b"], [QUERY])] == traffic.found()

    def test_one_client(self) -> None:
        """One client may have as much under way as it likes, whatever it calls."""
        traffic = Traffic()
        for operation in (QUERY, QUERY, REPORT, REPORT, "token", "token"):
            traffic.begin("a", operation, after=timedelta(0))
        assert [] == traffic.found()

    def test_a_pair_is_told_once(self) -> None:
        """Two clients that overlap again and again, in either order, are told once; a third one is told with each."""
        traffic = Traffic()
        for clients in ("ab", "ba", "ab"):
            for number in [traffic.begin(client) for client in clients]:
                traffic.history.end(number)
        assert [["a", "b"]] == [clients for clients, _ in traffic.found()]
        for client in "abc":
            traffic.begin(client)
        assert [["a", "b"], ["a", "c"], ["b", "c"]] == [clients for clients, _ in traffic.found()]

    def test_a_worker_that_died(self) -> None:
        """A request whose sender is gone, though it is not answered yet, is no longer under way."""
        traffic = Traffic()
        traffic.gone.add(traffic.begin("a"))
        traffic.begin("b")
        assert [] == traffic.found()
        traffic.gone.clear()
        traffic.begin("b")
        assert [["a", "b"]] == [clients for clients, _ in traffic.found()]

    def test_ending_what_never_began(self) -> None:
        """The end of a request that a new history has not seen begin does no harm."""
        traffic = Traffic()
        traffic.begin("a")
        for number in (99, 1, 1):
            traffic.history.end(number)
        traffic.begin("b")
        assert [] == traffic.found()


class TestTakingTurns:
    def test_back_and_forth(self) -> None:
        """A client that comes back soon, with another one in between, never left: both are at work."""
        traffic = Traffic()
        traffic.take_turns("ab")
        assert [] == traffic.found()
        traffic.take_turns("a")
        assert [(["a", "b"], [QUERY])] == traffic.found()
        traffic.take_turns("baab")
        assert 1 == len(traffic.found())

    def test_handing_over(self) -> None:
        """A worker that takes over from another, for good, is alone at work."""
        traffic = Traffic()
        traffic.take_turns("aaabbbccc")
        assert [] == traffic.found()

    @pytest.mark.parametrize(("seconds", "pairs"), [(0, 1), (59.999999, 1), (60, 0), (3600, 0)])
    def test_how_soon(self, seconds: float, pairs: int) -> None:
        """Soon is less than a minute since the client itself was last seen."""
        traffic = Traffic()
        traffic.take_turns("ab", after=timedelta(0))
        traffic.take_turns("a", after=timedelta(seconds=seconds))
        assert pairs == len(traffic.found())

    def test_the_last_time_counts(self) -> None:
        """A client that was seen again and again was last seen the last time."""
        traffic = Traffic()
        traffic.take_turns("aaab", after=timedelta(seconds=50))
        traffic.take_turns("a", after=timedelta(seconds=5))
        assert 1 == len(traffic.found())

    def test_three(self) -> None:
        """Who comes back is told with whoever came last."""
        traffic = Traffic()
        traffic.take_turns("abca")
        assert [["a", "c"]] == [clients for clients, _ in traffic.found()]

    def test_a_clock_that_was_set_back(self) -> None:
        """Who was last seen in the future is not taken for somebody who has just been here."""
        traffic = Traffic()
        traffic.take_turns("ab")
        traffic.take_turns("a", after=-timedelta(days=1))
        assert [] == traffic.found()


TRAFFIC = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 8)), max_size=30)


@given(TRAFFIC)
def test_overlaps(steps: list[tuple[str, int]]) -> None:
    """Clients that come back after a minute or more are told just where they overlap, each pair once."""
    traffic, under_way, expected = Traffic(), dict[int, str](), set[tuple[str, ...]]()
    for client, ended in steps:
        if under_way and ended % 2:
            number = sorted(under_way)[ended % len(under_way)]
            traffic.history.end(number)
            del under_way[number]
        expected |= {tuple(sorted((client, other))) for other in under_way.values() if other != client}
        under_way[traffic.begin(client)] = client
    found = [tuple(clients) for clients, _ in traffic.found()]
    assert sorted(expected) == sorted(found)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 70)), max_size=30))
def test_turns(steps: list[tuple[str, int]]) -> None:
    """Clients whose requests never overlap are told just where one comes back within a minute behind another."""
    traffic, last, expected = Traffic(), list[tuple[str, datetime]](), set[tuple[str, ...]]()
    for client, seconds in steps:
        traffic.take_turns(client, after=timedelta(seconds=seconds))
        mine = [at for other, at in last if other == client and at > traffic.now - MINUTE]
        if mine and last[-1][0] != client:
            expected.add(tuple(sorted((client, last[-1][0]))))
        last.append((client, traffic.now))
    assert sorted(expected) == sorted(tuple(clients) for clients, _ in traffic.found())


class TestViolations:
    def test_every_invariant_is_explained(self) -> None:
        """There are six invariants, and each says what breaks it."""
        names = "reported_twice, never_fetched, exported_unreported, token_replayed, two_clients, key_reused"
        assert names == ", ".join(INVARIANTS)
        assert all(text.strip() for text in INVARIANTS.values())

    def test_as_json(self) -> None:
        """A breach is JSON with its name, its time and what it is about."""
        violation = Violation("never_fetched", NOW, {"record": "accr_1", "client": "a"})
        expected = {"invariant": "never_fetched", "at": "2026-11-20T09:30:00Z", "record": "accr_1", "client": "a"}
        assert expected == json.loads(json.dumps(violation.to_json()))

    def test_oldest_first(self) -> None:
        """Breaches come in the order of their times; those of one time in that of their telling."""
        history = History(NOW)
        for number, minutes in ((1, 2), (2, 1), (3, 1)):
            report(history, record(number), success=False, at=NOW + minutes * MINUTE)
        assert ["accr_2", "accr_3", "accr_1"] == [what["record"] for _, what in told(history)]


def open_one(journal: Journal, request: bytes | str = b"{}", **members: Any) -> Exchange:
    known = {
        "at": NOW,
        "operation": "createIntegration",
        "method": "POST",
        "path": "/v3/accounting/integration",
        "client": "user token, agent",
        "idempotency_key": "k",
        "trace_id": "abc",
    }
    return journal.open(request=request, **{**known, **members})


class TestJournal:
    def test_a_new_entry(self) -> None:
        """An entry is under way until it is completed, in place."""
        journal = Journal()
        entry = open_one(journal)
        expected = {
            "number": 1,
            "at": "2026-11-20T09:30:00Z",
            "operation": "createIntegration",
            "method": "POST",
            "path": "/v3/accounting/integration",
            "client": "user token, agent",
            "idempotency_key": "k",
            "request": "{}",
            "trace_id": "abc",
            "status": None,
            "answer": "",
            "answer_size": 0,
            "faults": [],
            "committed": False,
            "ended": "under way",
        }
        assert expected == json.loads(json.dumps(entry.to_json()))
        entry.status, entry.ended = 200, "answered"
        assert [(200, "answered")] == [(kept.status, kept.ended) for kept in journal]

    def test_faults(self) -> None:
        """The faults that struck are told with the rest."""
        entry = open_one(Journal())
        entry.faults = [{"id": "fault_1", "effect": "drop"}]
        assert [{"id": "fault_1", "effect": "drop"}] == json.loads(json.dumps(entry.to_json()))["faults"]

    def test_numbers_go_on(self) -> None:
        """Exchanges are counted from 1; the count goes on when the journal is cleared."""
        journal = Journal()
        assert [1, 2] == [open_one(journal).number for _ in range(2)]
        journal.clear()
        assert (0, []) == (len(journal), list(journal))
        assert 3 == open_one(journal).number

    def test_only_so_many(self) -> None:
        """The latest are kept, oldest first; what was dropped can still be completed by whoever holds it."""
        journal = Journal(size=3)
        first = open_one(journal)
        for _ in range(4):
            open_one(journal)
        first.status = 200
        assert ([3, 4, 5], 3) == ([entry.number for entry in journal], len(journal))

    def test_requests_are_cut(self) -> None:
        """Of a body in bytes the beginning is kept; text was chosen by whoever wrote it, and stays."""
        journal = Journal()
        assert 4096 == len(open_one(journal, b"x" * 10_000).request)
        assert 5000 == len(open_one(journal, "x" * 5000).request)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"", ""),
            (b'{"memo":"caf\xc3\xa9"}', '{"memo":"café"}'),
            (b"\xff\xfe", "��"),
            (b"\x00", "\x00"),
            (b"x" * 4095 + "é".encode(), "x" * 4095 + "�"),
        ],
    )
    def test_excerpts(self, body: bytes, expected: str) -> None:
        """Any body can be shown, whatever it is made of and wherever it is cut, and is JSON text then."""
        assert expected == excerpt(body)
        assert expected == json.loads(json.dumps(expected))

    @given(st.binary(max_size=5000))
    def test_any_body(self, body: bytes) -> None:
        """What is shown of a body is text that UTF-8 can carry, of bounded length."""
        shown: Sequence[str] = excerpt(body)
        assert len("".join(shown).encode()) <= 3 * 4096
