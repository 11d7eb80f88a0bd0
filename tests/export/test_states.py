"""The table of moves: every state is in it, can be reached and left, and a move that is not there is a mistake."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.export.journal import Entry
from brex_accounting.export.states import IN_THE_BOOKS, MOVES, SETTLED, UNKNOWN, State, check_move

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(hours=1)
STATES = st.sampled_from(State)


def reached_from(start: State | None, *, without: frozenset[State] = frozenset()) -> set[State]:
    """The states that some moves lead to, none of them through a state of ``without``."""
    found: set[State] = set()
    ahead = [start]
    while ahead:
        for state in MOVES[ahead.pop()] - without - found:
            found.add(state)
            ahead.append(state)
    return found


class TestMoves:
    def test_names_every_state(self) -> None:
        """Each state, and a record that was never seen, has a row."""
        assert {None, *State} == set(MOVES)

    def test_reaches_every_state(self) -> None:
        """Whatever state there is, a new record can come to it."""
        assert set(State) == reached_from(None)

    @pytest.mark.parametrize("state", State)
    def test_leads_everywhere_to_an_end(self, state: State) -> None:
        """From each state a record can be exported, be ignored, or wait for a person: none is a dead end."""
        assert State.EXPORTED in reached_from(state)
        assert state in SETTLED | {State.NEEDS_PERSON} or State.NEEDS_PERSON in MOVES[state]

    def test_amends_only_what_is_in_the_books(self) -> None:
        """An amendment follows a post, or the decision of a person."""
        before = {old for old, targets in MOVES.items() if State.AMENDING in targets}
        assert {State.POSTED, State.EXPORTED, State.NEEDS_PERSON} == before

    def test_posts_nothing_again_whose_fate_is_unknown(self) -> None:
        """An unknown report or amendment never leads to another post by itself."""
        for state in (State.REPORTING, State.AMENDING):
            assert not MOVES[state] & {State.READY, State.POSTING}

    def test_asks_brex_only_about_what_is_decided(self) -> None:
        """REPORTING follows POSTED alone, REPORTING_FAILURE follows REJECTED alone."""
        before = {state: {old for old, targets in MOVES.items() if state in targets} for state in State}
        assert {State.POSTED} == before[State.REPORTING]
        assert {State.REJECTED} == before[State.REPORTING_FAILURE]

    def test_begins_nothing_unknown_with_a_new_record(self) -> None:
        """Of the states whose outcome is unknown a new record can only be in POSTING."""
        assert {State.POSTING} == MOVES[None] & UNKNOWN

    def test_leaves_no_entry_behind_unsaid(self) -> None:
        """From the books a record never goes to where nothing stands for it but by a person or a new post."""
        for state in IN_THE_BOOKS:
            left = MOVES[state] - IN_THE_BOOKS
            assert left <= {State.NEEDS_PERSON, State.READY, State.IGNORED}


class TestSets:
    def test_settled_is_where_nothing_is_to_be_done(self) -> None:
        """Exported, left out and ignored records; none of them has an unknown outcome."""
        assert {State.EXPORTED, State.NOT_FOR_LEDGER, State.IGNORED} == set(SETTLED)
        assert not SETTLED & UNKNOWN

    def test_unknown_can_always_go_to_a_person(self) -> None:
        """What cannot be found out by asking is decided by a person."""
        assert all(State.NEEDS_PERSON in MOVES[state] for state in UNKNOWN)

    def test_spelling_is_for_people_and_files(self) -> None:
        """Values are told apart without looking at capitals, and are in journals for good."""
        assert len(State) == len({state.value.casefold() for state in State})
        assert [
            "ready",
            "posting",
            "pending",
            "posted",
            "reporting",
            "exported",
            "amending",
            "rejected",
            "reporting failure",
            "refused",
            "waiting",
            "needs a person",
            "not for this ledger",
            "ignored",
        ] == [state.value for state in State]


class TestCheckMove:
    @given(STATES | st.none(), STATES)
    def test_takes_what_the_table_has(self, old: State | None, new: State) -> None:
        """A move of the table and staying are taken, and all others are mistakes of the program."""
        if old is new or new in MOVES[old]:
            check_move(old, new)
        else:
            with pytest.raises(AssertionError, match=f"no move from {old} to {new}"):
                check_move(old, new)


class TestMoved:
    def entry(self, state: State = State.READY, revision: int = 1) -> Entry:
        return Entry(
            record_id="accr_1",
            state=state,
            since=NOW,
            revision=revision,
            reference="JE-1",
            attempts=2,
            reason="closed",
            due=NOW,
            owner="w1",
            lease_until=NOW,
        )

    def test_leaves_behind_what_belonged_to_the_state(self) -> None:
        """Reason, due date and claim are gone, the rest stays, and so does the revision, which the writer has seen."""
        moved = self.entry().moved(State.POSTING, at=LATER)
        expected = Entry(record_id="accr_1", state=State.POSTING, since=LATER, revision=1, reference="JE-1", attempts=2)
        assert expected == moved

    def test_takes_changes(self) -> None:
        """What is named is set, a claim that is to be kept too."""
        moved = self.entry().moved(State.WAITING, at=LATER, reason="closed", owner="w1", lease_until=LATER, due=LATER)
        assert ("closed", "w1", LATER, LATER) == (moved.reason, moved.owner, moved.lease_until, moved.due)

    def test_makes_no_move_that_is_not_there(self) -> None:
        """A move that the table does not have is a mistake of the program."""
        with pytest.raises(AssertionError, match="no move from ready to reporting"):
            self.entry().moved(State.REPORTING, at=LATER)

    def test_starts_from_nothing_where_there_is_no_row(self) -> None:
        """A row that is yet to be written moves as one that was never seen, whatever its state says."""
        assert State.EXPORTED is self.entry(revision=0).moved(State.EXPORTED, at=LATER).state
        with pytest.raises(AssertionError, match="no move from None"):
            self.entry(State.POSTED, revision=0).moved(State.AMENDING, at=LATER)

    def test_has_a_key_for_each_generation(self) -> None:
        """The first one is the record's id; a record that is posted once more has another key."""
        entry = self.entry()
        again = entry.moved(State.READY, at=LATER, generation=2)
        assert ("accr_1", "accr_1~2") == (entry.key, again.key)
