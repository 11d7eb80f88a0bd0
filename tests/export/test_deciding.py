"""What is decided about a record: any record, in any state, under any policy."""

from __future__ import annotations

import datetime
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.export import Entry, ExportPolicy, State
from brex_accounting.export.deciding import Judge
from brex_accounting.export.posting import content_hash, posting_date
from brex_accounting.export.states import check_move
from brex_accounting.export.verdicts import (
    CHANGED,
    CLOSED,
    ELSEWHERE,
    KEPT,
    SETTLING,
    UNDER_WAY,
    Amend,
    Leave,
    LookUp,
    Post,
    Put,
    ReadBack,
    Verdict,
    is_in_the_books,
)
from brex_accounting.testing import make_posting
from brex_accounting_client.models import AccountingRecord, AccountingRecordType, LineItemType, ReviewStatus, SourceType

NOW = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
ACCRUAL = ExportPolicy(basis="accrual")
READY = make_posting(1).record
EXPORTED = attrs.evolve(READY, review_status=ReviewStatus.EXPORTED)
RECODED = make_posting(1, account="6410").record


def row(state: State, record: AccountingRecord = READY, **changes: object) -> Entry:
    """A row as the journal has it of a record that it has read."""
    entry = Entry(
        record_id=record.id,
        state=state,
        since=NOW - HOUR,
        revision=3,
        content_hash=content_hash(record),
        posting_date=posting_date(record),
        reference="JE-1" if state in (State.POSTED, State.EXPORTED, State.AMENDING) else None,
    )
    return entry.changed(**changes)


def decide(record: AccountingRecord, entry: Entry | None, **options: object) -> Verdict:
    judge = Judge(**{"policy": ACCRUAL, **options})  # type: ignore[arg-type]
    return judge.decide(record, entry, now=NOW)


def put(verdict: Verdict) -> tuple[State, str | None]:
    assert isinstance(verdict, Put)
    return verdict.entry.state, verdict.entry.reason


class TestOutside:
    """Records that are not in the books."""

    def test_what_is_ready_is_posted(self) -> None:
        """A record that is ready and new is posted, under its own id and its own date."""
        verdict = decide(READY, None)
        assert isinstance(verdict, Post)
        assert (READY.id, posting_date(READY), 1) == (
            verdict.posting.key,
            verdict.posting.date,
            verdict.posting.attempt,
        )

    @pytest.mark.parametrize("stage", [ReviewStatus.PREPARE, ReviewStatus.REVIEW, ReviewStatus("SOMETHING_NEW")])
    def test_what_is_not_ready_is_left(self, stage: ReviewStatus) -> None:
        """Earlier stages, and stages that nobody knows, are left alone."""
        assert isinstance(decide(attrs.evolve(READY, review_status=stage), None), Leave)

    def test_a_bill_is_posted_on_arrival_only_if_the_policy_says_so(self) -> None:
        """A bill in review is left by one policy and posted by the other; an exported one by neither."""
        bill = attrs.evolve(
            READY,
            type=AccountingRecordType.BILL_EXPENSE,
            source_type=SourceType.BILL,
            review_status=ReviewStatus.REVIEW,
        )
        arrival = ExportPolicy(basis="accrual", bills="arrival")
        assert isinstance(decide(bill, None), Leave)
        assert isinstance(decide(bill, None, policy=arrival), Post)
        assert isinstance(decide(attrs.evolve(bill, review_status=ReviewStatus.EXPORTED), None, policy=arrival), Leave)

    def test_a_card_is_never_posted_on_arrival(self) -> None:
        """The policy for bills is for bills."""
        in_review = attrs.evolve(READY, review_status=ReviewStatus.REVIEW)
        assert isinstance(decide(in_review, None, policy=ExportPolicy(basis="accrual", bills="arrival")), Leave)

    def test_what_the_policy_leaves_out(self) -> None:
        """The other basis and what lies before the start are not for this ledger; an unknown type needs a person."""
        cash = attrs.evolve(READY, type=AccountingRecordType.REIMBURSEMENT_EXPENSE_POST)
        assert put(decide(cash, None)) == (State.NOT_FOR_LEDGER, "type REIMBURSEMENT_EXPENSE_POST")
        late = ExportPolicy(basis="accrual", start=posting_date(READY) + datetime.timedelta(days=1))
        assert put(decide(READY, None, policy=late)) == (State.NOT_FOR_LEDGER, f"before {late.start}")
        assert isinstance(decide(READY, None, policy=ExportPolicy(basis="accrual", start=posting_date(READY))), Post)
        strange = attrs.evolve(READY, type=AccountingRecordType("CRYPTO_POST"))
        assert put(decide(strange, None)) == (State.NEEDS_PERSON, "unknown record type CRYPTO_POST")

    def test_what_was_left_out_is_taken_when_the_policy_changes(self) -> None:
        """It is posted as soon as the ledger takes it."""
        assert isinstance(decide(READY, row(State.NOT_FOR_LEDGER, reason="before 2027-01-01")), Post)

    def test_lines_that_do_not_balance_need_a_person(self) -> None:
        """Nothing is rejected at Brex for what our own checks find."""
        one_sided = attrs.evolve(READY, line_items=[x for x in READY.line_items if x.type is LineItemType.DEBIT])
        assert put(decide(one_sided, None)) == (State.NEEDS_PERSON, "debits and credits differ in USD")

    @pytest.mark.parametrize("closed", ["wait", "next open date", "fail"])
    def test_closed_periods(self, closed: str) -> None:
        """A record of a closed period waits, moves to the next open day, or is rejected."""
        policy = ExportPolicy(basis="accrual", closed_through=posting_date(READY), closed=closed)  # type: ignore[arg-type]
        verdict = decide(READY, None, policy=policy)
        match closed:
            case "wait":
                assert put(verdict) == (State.WAITING, CLOSED)
                waiting = row(State.WAITING, reason=CLOSED)
                assert isinstance(decide(READY, waiting, policy=policy), Leave)
                assert isinstance(decide(READY, waiting), Post)
            case "next open date":
                assert isinstance(verdict, Post)
                assert verdict.posting.date == posting_date(READY) + datetime.timedelta(days=1)
            case _:
                assert put(verdict) == (State.REJECTED, CLOSED)

    def test_a_refused_record_rests(self) -> None:
        """It is tried again when content or mapping changes or its time has come, and not before."""
        refused = row(State.REFUSED, reason="no-account", due=NOW + HOUR, mapping_version="1")
        assert isinstance(decide(READY, refused, mapping_version="1"), Leave)
        assert isinstance(decide(READY, refused, mapping_version="2"), Post)
        assert isinstance(decide(RECODED, refused, mapping_version="1"), Post)
        assert isinstance(decide(READY, refused.changed(due=NOW), mapping_version="1"), Post)

    def test_exported_by_somebody_else(self) -> None:
        """What nobody here posted and Brex shows as exported is left if it is new, and needs a person if it is not."""
        assert isinstance(decide(EXPORTED, None), Leave)
        assert put(decide(EXPORTED, row(State.REFUSED))) == (State.NEEDS_PERSON, ELSEWHERE)
        assert isinstance(decide(EXPORTED, None, rebuilding=True), LookUp)

    def test_a_repost_is_posted_whatever_brex_shows(self) -> None:
        """A person wants it once more, under a key of its own."""
        verdict = decide(EXPORTED, row(State.READY, generation=2))
        assert isinstance(verdict, Post)
        assert verdict.posting.key == f"{READY.id}~2"

    def test_other_content_waits_for_the_first_post(self) -> None:
        """While an earlier post of other content may still come into the books, the new one is not sent."""
        tried = row(State.READY, attempts=1, since=NOW - datetime.timedelta(seconds=60))
        assert isinstance(decide(RECODED, tried, search_lag=120), Leave)
        assert isinstance(decide(READY, tried, search_lag=120), Post)
        assert isinstance(decide(RECODED, tried, search_lag=30), Post)


class TestInTheBooks:
    """Records that have been posted."""

    def test_a_change_is_amended_or_needs_a_person(self) -> None:
        """Other content is brought into the books where the ERP can, and else waits, remembered by its hash."""
        for state in (State.POSTED, State.EXPORTED):
            amend = decide(RECODED, row(state), amends=True)
            assert isinstance(amend, Amend)
            assert content_hash(RECODED) == amend.posting.content_hash
            wait = decide(RECODED, row(state))
            assert put(wait) == (State.NEEDS_PERSON, CHANGED)
            assert isinstance(wait, Put)
            assert content_hash(RECODED) == wait.entry.seen_hash

    def test_a_version_is_no_change(self) -> None:
        """Our own report may raise version and updated_at."""
        reported = attrs.evolve(EXPORTED, version=99, updated_at=NOW)
        assert isinstance(decide(reported, row(State.EXPORTED), amends=True), Leave)

    def test_what_is_being_edited_is_left(self) -> None:
        """A record that somebody took back to an earlier stage is amended when it is ready again."""
        edited = attrs.evolve(RECODED, review_status=ReviewStatus.PREPARE)
        assert isinstance(decide(edited, row(State.EXPORTED), amends=True), Leave)

    def test_a_change_that_a_person_knows_of_is_told_once(self) -> None:
        """The same change again writes nothing; a change back settles it."""
        waiting = row(State.NEEDS_PERSON, reason=CHANGED, reference="JE-1", seen_hash=content_hash(RECODED))
        assert isinstance(decide(RECODED, waiting), Leave)
        assert put(decide(EXPORTED, waiting))[0] is State.EXPORTED
        assert put(decide(READY, waiting))[0] is State.POSTED

    def test_a_lost_success_is_recognised(self) -> None:
        """A posted record that Brex shows as exported has been reported."""
        assert put(decide(EXPORTED, row(State.POSTED, due=NOW)))[0] is State.EXPORTED

    def test_wanted_once_more(self) -> None:
        """A record that is ready again is read back first, and not before Brex has had time to show our report."""
        assert isinstance(decide(READY, row(State.EXPORTED)), ReadBack)
        fresh = row(State.EXPORTED, since=NOW - SETTLING / 2)
        assert isinstance(decide(READY, fresh), Leave)
        assert isinstance(decide(READY, fresh.changed(reason=KEPT)), ReadBack)

    def test_what_somebody_is_at_is_left(self) -> None:
        """A claimed record is nobody else's business, until the claim ends."""
        claimed = row(State.POSTED, owner="other", lease_until=NOW + HOUR, due=NOW)
        assert isinstance(decide(EXPORTED, claimed), Leave)
        assert isinstance(decide(EXPORTED, claimed.changed(lease_until=NOW)), Put)


STATES = st.sampled_from(list(State))
RECORDS = st.builds(
    lambda posting, stage, type_, source: attrs.evolve(posting, review_status=stage, type=type_, source_type=source),
    st.sampled_from([READY, RECODED, make_posting(1, amounts=[("0", "JPY")]).record]),
    st.sampled_from([*ReviewStatus, ReviewStatus("NEW_STAGE")]),
    st.sampled_from([*AccountingRecordType, AccountingRecordType("NEW_TYPE")]),
    st.sampled_from(list(SourceType)),
)
REFERRED = frozenset({State.POSTED, State.REPORTING, State.EXPORTED, State.AMENDING, State.PENDING, State.IGNORED})


def possible(state: State, *, reference: str | None, **members: object) -> Entry:
    """A row as the loop writes it: only what is in the books has a reference, and what needs a person may have one."""
    if state is not State.NEEDS_PERSON:
        reference = "JE-1" if state in REFERRED else None
    return row(state, reference=reference, **members)


ROWS = st.builds(
    possible,
    STATES,
    reason=st.sampled_from([None, CHANGED, CLOSED, KEPT, ELSEWHERE, "Brex shows REVIEW", "no-account"]),
    reference=st.sampled_from([None, "JE-1"]),
    attempts=st.integers(0, 5),
    generation=st.integers(1, 2),
    due=st.sampled_from([None, NOW - HOUR, NOW, NOW + HOUR]),
    since=st.sampled_from([NOW - HOUR, NOW]),
    owner=st.none(),
    seen_hash=st.sampled_from([None, content_hash(RECODED)]),
)
JUDGES = st.builds(
    Judge,
    policy=st.builds(
        ExportPolicy,
        basis=st.sampled_from(["accrual", "cash"]),
        start=st.sampled_from([None, posting_date(READY), datetime.date(2027, 1, 1)]),
        closed_through=st.sampled_from([None, posting_date(READY)]),
        closed=st.sampled_from(["wait", "next open date", "fail"]),
        bills=st.sampled_from(["ready", "arrival"]),
    ),
    mapping_version=st.sampled_from([None, "1"]),
    search_lag=st.sampled_from([0.0, 120.0]),
    amends=st.booleans(),
    rebuilding=st.booleans(),
)


class TestAnything:
    """Whatever a record, a row and a policy say."""

    @given(judge=JUDGES, record=RECORDS, entry=st.none() | ROWS)
    def test_each_decision_is_a_move_that_there_is(
        self, judge: Judge, record: AccountingRecord, entry: Entry | None
    ) -> None:
        """No decision leaves the table of moves, and nothing that may be in the books is posted under the same key."""
        verdict = judge.decide(record, entry, now=NOW)
        old = None if entry is None else entry.state
        match verdict:
            case Put(changed):
                check_move(old, changed.state)
                assert changed.owner is None
            case Post(changed, posting):
                check_move(old, State.POSTING)
                assert entry is None or not is_in_the_books(entry)
                assert old not in (State.POSTING, State.PENDING, State.REPORTING, State.AMENDING, State.IGNORED)
                assert record.type in judge.policy.types
                assert not judge.policy.is_closed(posting.date)
                assert posting.content_hash == changed.content_hash == content_hash(record)
            case Amend(changed, posting):
                check_move(old, State.AMENDING)
                assert judge.amends
                assert posting.content_hash != changed.content_hash or old is State.AMENDING
            case ReadBack(changed):
                check_move(old, State.POSTED)
            case LookUp(changed):
                assert entry is None
                assert judge.rebuilding
                assert changed.revision == 0
            case Leave():
                pass

    @given(judge=JUDGES, record=RECORDS, entry=st.none() | ROWS)
    def test_a_decision_is_made_once(self, judge: Judge, record: AccountingRecord, entry: Entry | None) -> None:
        """What was written down is not decided again: passes come to an end."""
        verdict = judge.decide(record, entry, now=NOW)
        if isinstance(verdict, Put) and verdict.rejected is None:
            again = judge.decide(record, verdict.entry.changed(revision=9), now=NOW)
            assert not isinstance(again, Put) or again.entry.state is not verdict.entry.state
            if isinstance(again, Put):
                third = judge.decide(record, again.entry.changed(revision=10), now=NOW)
                assert not isinstance(third, Put)

    @given(state=STATES, entry=ROWS)
    def test_what_cannot_be_read_needs_a_person_once(self, state: State, entry: Entry) -> None:
        """It is written down once, and never while somebody may be at it."""
        judge = Judge(policy=ACCRUAL)
        verdict = judge.unreadable(entry.record_id, "$.amount expected a number", entry.changed(state=state), now=NOW)
        if isinstance(verdict, Put):
            check_move(state, State.NEEDS_PERSON)
            settled = verdict.entry.changed(revision=9)
            assert isinstance(judge.unreadable(entry.record_id, "$.amount expected a number", settled, now=NOW), Leave)
        else:
            assert state in (*UNDER_WAY, State.AMENDING, State.IGNORED) or entry.reason == KEPT


def test_amounts_that_no_sum_holds_stay_out_of_the_journal() -> None:
    """An amount with a thousand digits needs a person, and its digits are not written down."""
    huge = attrs.evolve(READY, amount=attrs.evolve(READY.amount, amount=Decimal("1E+999")))
    verdict = decide(huge, None)
    assert isinstance(verdict, Put)
    assert (State.NEEDS_PERSON, None) == (verdict.entry.state, verdict.entry.amount)
