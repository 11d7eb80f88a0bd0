"""The ledger of idempotency keys."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator.answers import Answer
from brex_accounting.emulator.idempotency import LIFETIME, Ledger

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
FIRST, SECOND = Answer(200, b'{"n":1}', committed=True), Answer(200, b'{"n":2}', committed=True)
CREATE, REPORT = "createIntegration", "reportAccountingExportResults"


def used(answer: Answer = FIRST, at: datetime = NOW) -> Ledger:
    """A ledger in which one key has been used."""
    ledger = Ledger()
    ledger.remember(CREATE, "k", "path body", answer, at)
    return ledger


class TestLedger:
    def test_unknown_keys(self) -> None:
        """A key that was never used has no answer."""
        assert Ledger().find(CREATE, "k", "path body", NOW) is None

    def test_the_first_answer(self) -> None:
        """A key finds the answer that it was given, as often as one asks."""
        ledger = used()
        assert [(FIRST, True)] * 3 == [ledger.find(CREATE, "k", "path body", NOW) for _ in range(3)]

    @pytest.mark.parametrize("content", ["", "path body ", "path Body", "path\nbody", "path body\ud800"])
    def test_another_request(self, content: str) -> None:
        """With another path or body a key finds its answer all the same, and is told apart."""
        assert (FIRST, False) == used().find(CREATE, "k", content, NOW)

    @pytest.mark.parametrize("key", ["K", "k ", " k", "", "kk"])
    def test_other_keys(self, key: str) -> None:
        """Keys are compared letter by letter."""
        assert used().find(CREATE, key, "path body", NOW) is None

    def test_other_operations(self) -> None:
        """The same key means something else to another operation."""
        ledger = used()
        assert ledger.find(REPORT, "k", "path body", NOW) is None
        ledger.remember(REPORT, "k", "path body", SECOND, NOW)
        assert (FIRST, True) == ledger.find(CREATE, "k", "path body", NOW)

    def test_for_a_day(self) -> None:
        """A key is remembered for a day to the microsecond, counted from its answer, not from its last use."""
        ledger = used()
        assert timedelta(days=1) == LIFETIME
        last = NOW + LIFETIME - timedelta(microseconds=1)
        for at in (NOW, NOW + LIFETIME / 2, last):
            assert (FIRST, True) == ledger.find(CREATE, "k", "path body", at)
        assert ledger.find(CREATE, "k", "path body", NOW + LIFETIME) is None

    def test_a_key_that_has_expired(self) -> None:
        """An expired key can be used anew, for another request too, and then counts from then on."""
        ledger = used()
        ledger.remember(CREATE, "k", "other body", SECOND, NOW + LIFETIME)
        assert (SECOND, True) == ledger.find(CREATE, "k", "other body", NOW + LIFETIME + LIFETIME / 2)
        assert 1 == len(ledger)

    def test_copies(self) -> None:
        """A copy knows what was remembered, and what either learns later the other does not."""
        ledger = used()
        copied = ledger.copy()
        ledger.remember(CREATE, "l", "", SECOND, NOW)
        copied.remember(REPORT, "k", "", SECOND, NOW)
        assert (FIRST, True) == copied.find(CREATE, "k", "path body", NOW)
        assert (None, None) == (copied.find(CREATE, "l", "", NOW), ledger.find(REPORT, "k", "", NOW))
        assert (2, 2) == (len(ledger), len(copied))


KEYS = st.tuples(st.sampled_from(["create", "report", "upload"]), st.sampled_from(["", "a", "b", "ä", "a:b"]))


@given(st.lists(st.tuples(KEYS, st.sampled_from(["x", "y"]), st.integers(0, 20)), max_size=30))
def test_any_use(uses: list[tuple[tuple[str, str], str, int]]) -> None:
    """Used as the emulator does, each key keeps its first answer for a day, whatever other keys do meanwhile."""
    ledger, now, model = Ledger(), NOW, dict[tuple[str, str], tuple[datetime, str, Answer]]()
    for number, ((operation, key), content, hours) in enumerate(uses):
        now += timedelta(hours=hours)
        since, first, answer = model.get((operation, key), (now - LIFETIME, "", FIRST))
        expected = (answer, first == content) if now - since < LIFETIME else None
        assert expected == ledger.find(operation, key, content, now)
        if expected is None:
            model[operation, key] = (now, content, Answer(200, str(number).encode()))
            ledger.remember(operation, key, content, model[operation, key][2], now)
