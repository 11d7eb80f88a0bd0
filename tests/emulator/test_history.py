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
REPORT, QUERY, TOKEN = "reportAccountingExportResults", "queryAccountingRecords", "token"


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


def exported(history: History, client: str = "a") -> None:
    """A worker reports record 1, and it is exported."""
    history.reported(record(), success=True, at=NOW, client=client)
    history.exported("accr_1", client=client)


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
        history.reported(record(review_status="EXPORTED"), success=True, at=NOW + MINUTE, client="b")
        expected = Violation("reported_twice", NOW + MINUTE, {"record": "accr_1", "client": "b", "first_client": "a"})
        assert [expected] == history.violations()

    def test_each_time(self) -> None:
        """Each further report is told anew; the first client stays the first."""
        history = honest()
        exported(history, "a")
        for client in ("b", "c"):
            history.reported(record(review_status="EXPORTED"), success=True, at=NOW, client=client)
        assert ["a", "a"] == [what["first_client"] for _, what in told(history)]

    def test_a_report_that_was_refused(self) -> None:
        """A second attempt is honest where the first one took no effect."""
        history = honest()
        for _ in range(3):
            history.reported(record(), success=True, at=NOW, client="a")
        assert [] == told(history)

    def test_a_failure_before(self) -> None:
        """A success after any number of failures is honest."""
        history = honest()
        for _ in range(3):
            history.reported(record(), success=False, at=NOW, client="a")
        exported(history)
        assert [] == told(history)

    def test_a_failure_after(self) -> None:
        """A failure for what is exported is no success that was reported twice."""
        history = honest()
        exported(history)
        history.reported(record(review_status="EXPORTED"), success=False, at=NOW, client="a")
        assert [] == told(history)

    def test_another_record(self) -> None:
        """Each record counts for itself."""
        history = honest()
        history.fetched.add("accr_2")
        exported(history)
        history.reported(record(2), success=True, at=NOW, client="a")
        assert [] == told(history)

    def test_a_record_that_was_moved_back(self) -> None:
        """What a finance user has moved back may be reported again, once."""
        history = honest()
        exported(history)
        history.moved(record(review_status="PREPARE"), at=NOW)
        exported(history)
        assert [] == told(history)
        history.reported(record(review_status="EXPORTED"), success=True, at=NOW, client="a")
        assert ["reported_twice"] == [name for name, _ in told(history)]

    def test_the_state_of_the_record_counts(self) -> None:
        """A record that is no longer EXPORTED, however that came, may be reported again."""
        history = honest()
        exported(history)
        history.reported(record(review_status="READY_FOR_EXPORT"), success=True, at=NOW, client="a")
        assert [] == told(history)

    def test_moved_back_and_exported_by_others(self) -> None:
        """A report counts only until the record is moved: what others exported later was not reported."""
        history = honest()
        exported(history)
        for stage in ("PREPARE", "EXPORTED"):
            history.moved(record(review_status=stage), at=NOW)
        history.reported(record(review_status="EXPORTED"), success=True, at=NOW, client="a")
        assert ["exported_unreported"] == [name for name, _ in told(history)]

    def test_what_was_exported_by_others(self) -> None:
        """A success for what became EXPORTED without a report is the first report of it."""
        history = honest()
        history.moved(record(review_status="EXPORTED"), at=NOW)
        history.reported(record(review_status="EXPORTED"), success=True, at=NOW, client="a")
        assert ["exported_unreported"] == [name for name, _ in told(history)]


class TestNeverFetched:
    @pytest.mark.parametrize("success", [True, False])
    def test_unseen(self, success: bool) -> None:
        """An outcome for a record that no answer has held is told, whichever outcome it is."""
        history = honest()
        history.reported(record(2), success=success, at=NOW, client="a")
        assert [("never_fetched", {"record": "accr_2", "client": "a"})] == told(history)

    @pytest.mark.parametrize("success", [True, False])
    def test_seen(self, success: bool) -> None:
        """An outcome for a record that some answer has held is honest."""
        history = honest()
        history.reported(record(), success=success, at=NOW, client="a")
        assert [] == told(history)

    def test_both_at_once(self) -> None:
        """A record that was never fetched can be reported twice, too."""
        history = History(NOW)
        exported(history)
        history.reported(record(review_status="EXPORTED"), success=True, at=NOW, client="a")
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
            history.reported(record(number), success=True, at=NOW + minutes * MINUTE, client="a")
        replays = [Violation("token_replayed", NOW + minutes * MINUTE, {"grant": "g"}) for minutes in (4, 2)]
        found = [violation.invariant for violation in history.violations(replays)]
        assert ["never_fetched", "token_replayed", "never_fetched", "token_replayed"] == found
        assert 2 == len(history.violations())


class Traffic:
    """Requests that come and go."""

    def __init__(self) -> None:
        self.history = History(NOW)
        self.numbers = itertools.count(1)

    def begin(self, client: str, operation: str = QUERY, key: str | None = None) -> int:
        number = next(self.numbers)
        self.history.begin(number, client=client, operation=operation, at=NOW + number * MINUTE, key=key)
        return number

    def found(self) -> list[tuple[list[str], list[str]]]:
        """Clients and operations of each overlap."""
        assert {name for name, _ in told(self.history)} <= {"two_clients"}
        return [(what["clients"], what["operations"]) for _, what in told(self.history)]


class TestTwoClients:
    def test_one_after_the_other(self) -> None:
        """Clients that take turns, however fast, are no two at once."""
        traffic = Traffic()
        for client in "abab":
            traffic.history.end(traffic.begin(client, REPORT))
        assert [] == traffic.found()

    def test_at_once(self) -> None:
        """A request that comes in while another client's is under way is told, with clients and operations in order."""
        traffic = Traffic()
        traffic.begin("b", REPORT)
        traffic.begin("a", QUERY)
        assert [(["a", "b"], [QUERY, REPORT])] == traffic.found()
        (violation,) = traffic.history.violations()
        assert NOW + 2 * MINUTE == violation.at

    def test_the_same_operation(self) -> None:
        """Where both call the same, it is named once."""
        traffic = Traffic()
        traffic.begin("a")
        traffic.begin("b")
        assert [(["a", "b"], [QUERY])] == traffic.found()

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

    def test_one_client_reading(self) -> None:
        """One client may read as much at once as it likes."""
        traffic = Traffic()
        for _ in range(5):
            traffic.begin("a", QUERY)
        assert [] == traffic.found()

    @pytest.mark.parametrize("operation", [REPORT, TOKEN])
    def test_one_client_at_odds_with_itself(self, operation: str) -> None:
        """Two workers with the same credentials show where they report, or refresh, at once."""
        traffic = Traffic()
        first = traffic.begin("a", operation)
        traffic.begin("a", operation)
        assert [(["a"], [operation])] == traffic.found()
        traffic.history.end(first)
        traffic.begin("a", operation)
        assert 2 == len(traffic.found())

    def test_one_client_reading_and_reporting(self) -> None:
        """Reading while a report is under way is what one worker does."""
        traffic = Traffic()
        traffic.begin("a", REPORT)
        traffic.begin("a", QUERY)
        assert [] == traffic.found()

    def test_a_retry(self) -> None:
        """A client that sends the same again with the same key, because it gave up waiting, is one client."""
        traffic = Traffic()
        traffic.begin("a", REPORT, "k")
        traffic.begin("a", REPORT, "k")
        assert [] == traffic.found()
        traffic.begin("a", REPORT, "other")
        assert [(["a"], [REPORT])] * 2 == traffic.found()

    def test_no_key_is_no_retry(self) -> None:
        """Without keys nobody can tell a retry from a second worker."""
        traffic = Traffic()
        traffic.begin("a", REPORT)
        traffic.begin("a", REPORT)
        assert 1 == len(traffic.found())

    def test_a_key_of_somebody_else(self) -> None:
        """The same key from another client is no retry."""
        traffic = Traffic()
        traffic.begin("a", REPORT, "k")
        traffic.begin("b", REPORT, "k")
        assert [(["a", "b"], [REPORT])] == traffic.found()

    def test_refreshing_meanwhile(self) -> None:
        """A refresh beside calls to the API is no second client, since the issuer knows a worker by another name."""
        traffic = Traffic()
        traffic.begin("client/grant", REPORT)
        traffic.begin("client", TOKEN)
        traffic.begin("client/grant", QUERY)
        assert [] == traffic.found()
        traffic.begin("other client", TOKEN)
        assert [(["client", "other client"], [TOKEN])] == traffic.found()

    def test_ending_what_never_began(self) -> None:
        """The end of a request that a new history has not seen begin does no harm."""
        traffic = Traffic()
        traffic.begin("a")
        traffic.history.end(99)
        traffic.history.end(1)
        traffic.history.end(1)
        traffic.begin("b")
        assert [] == traffic.found()


TRAFFIC = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 8)), max_size=30)


@given(TRAFFIC)
def test_overlaps(steps: list[tuple[str, int]]) -> None:
    """Readers are told about just when two of them overlap, each pair once, whoever came first."""
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


class TestViolations:
    def test_every_invariant_is_explained(self) -> None:
        """There are five invariants, and each says what breaks it."""
        expected = ["reported_twice", "never_fetched", "exported_unreported", "token_replayed", "two_clients"]
        assert expected == list(INVARIANTS)
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
            history.reported(record(number), success=False, at=NOW + minutes * MINUTE, client="a")
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
