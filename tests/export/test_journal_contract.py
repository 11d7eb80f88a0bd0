"""The contract of journals catches those that do not keep it."""

from __future__ import annotations

import inspect

import pytest

from brex_accounting.testing import JournalContract, OpenJournal
from tests import virtual
from tests.export import broken_journals
from tests.export.broken_journals import Place, SoundJournal


class TestSoundJournal(JournalContract):
    @pytest.fixture
    def open_journal(self) -> OpenJournal:
        place = Place()
        return lambda: SoundJournal(place)


def failing(journal: type[SoundJournal]) -> set[str]:
    """The tests of the contract that such a journal fails."""
    names = [name for name in dir(JournalContract) if name.startswith("test_")]
    return {name for name in names if not _passes(journal, name)}


def _passes(journal: type[SoundJournal], name: str) -> bool:
    place = Place()
    try:
        virtual.run(getattr(JournalContract(), name)(lambda: journal(place)))
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - a broken journal may fail in any way
        return False
    return True


BROKEN = {
    "ClosesOnce": "test_is_a_journal",
    "StartsWithANote": "test_holds_nothing_at_first",
    "RoundsToMilliseconds": "test_gives_back_every_field",
    "KeepsAmountsAsFloats": "test_gives_back_every_field",
    "SpellsAmountsItsOwnWay": "test_gives_back_every_field",
    "OverwritesWhereNothingIsExpected": "test_adds_a_row_only_where_there_is_none",
    "MakesMissingRows": "test_changes_no_row_that_is_missing",
    "LastWriterWins": "test_changes_only_what_was_seen",
    "GivesUpTheWholeBatch": "test_changes_only_what_was_seen",
    "LeavesTheRevisionOfSilentChanges": "test_counts_every_change",
    "ChecksTooEarly": "test_one_of_several_writers_wins",
    "WritesRowByRow": "test_a_cancelled_write_is_whole_or_not_at_all",
    "ForgetsTheState": "test_walks_over_its_rows",
    "SumsFloats": "test_counts_exactly",
    "TellsSilentChanges": "test_keeps_the_history",
    "OverwritesTheHistory": "test_keeps_the_history",
    "TellsClaims": "test_tells_nothing_that_did_not_happen",
    "ClaimsInAnyOrder": "test_claims_what_is_due",
    "ClaimsMoreThanTheLimit": "test_claims_what_is_due",
    "ClaimsTheUndatedFirst": "test_claims_what_is_not_due_where_that_is_asked",
    "ClaimsWithoutAChange": "test_a_claim_is_a_change",
    "ClaimsItsOwnAgain": "test_claims_nothing_that_is_claimed",
    "EndsLeasesEarly": "test_claims_nothing_that_is_claimed",
    "NeverEndsALease": "test_takes_up_what_a_dead_worker_left",
    "LeavesWhatHasNoDate": "test_takes_up_what_a_dead_worker_left",
    "LooksBeforeItClaims": "test_claims_at_once_share_the_rows",
    "RenewsForAnybody": "test_renews_what_is_still_claimed",
    "RenewsWhatHasChanged": "test_renews_what_is_still_claimed",
    "RenewsNothing": "test_renews_what_is_still_claimed",
    "WakesForWhatIsClaimed": "test_knows_when_the_next_is_due",
    "NotesOnce": "test_keeps_notes",
    "AnnouncesTwice": "test_remembers_what_webhooks_named",
    "AnnouncesInTheOrderOfIds": "test_remembers_what_webhooks_named",
    "ForgetsDeliveries": "test_takes_a_delivery_once",
    "IsAnybodys": "test_is_one_accounts",
    "IsAnybodysWithoutALabel": "test_is_one_accounts",
}


class TestContract:
    def test_passes_a_sound_journal(self) -> None:
        """No test of the contract fails for a journal that keeps it."""
        assert set() == failing(SoundJournal)

    @pytest.mark.parametrize("name", BROKEN)
    def test_fails_a_broken_journal(self, name: str) -> None:
        """For each way of being wrong there is a test that fails, and it is the one that is about it."""
        assert BROKEN[name] in failing(getattr(broken_journals, name))

    def test_knows_all_broken_journals(self) -> None:
        """Each class of the module is in the table, so that none is written and never run."""
        classes = {name for name, kind in vars(broken_journals).items() if _is_broken(kind)}
        assert classes == set(BROKEN)

    def test_has_no_test_that_nothing_fails(self) -> None:
        """Each test of the contract is the one that catches some journal."""
        names = {name for name in dir(JournalContract) if name.startswith("test_")}
        assert names == set(BROKEN.values())

    def test_is_nothing_to_run_by_itself(self) -> None:
        """Its fixture says what to override."""
        fixture = inspect.unwrap(JournalContract.open_journal)
        with pytest.raises(NotImplementedError, match="override this fixture"):
            fixture(JournalContract())


def _is_broken(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, SoundJournal) and kind is not SoundJournal
