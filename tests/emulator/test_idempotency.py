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


class TestLedger:
    def test_unknown_keys(self) -> None:
        """A key that was never used has no answer."""
        assert Ledger().find("createIntegration", "k", NOW) is None

    def test_the_first_answer(self) -> None:
        """A key finds the answer that it was given, as often as one asks."""
        ledger = Ledger()
        ledger.remember("createIntegration", "k", FIRST, NOW)
        assert [FIRST] * 3 == [ledger.find("createIntegration", "k", NOW) for _ in range(3)]

    @pytest.mark.parametrize("key", ["K", "k ", " k", "", "kk"])
    def test_other_keys(self, key: str) -> None:
        """Keys are compared letter by letter."""
        ledger = Ledger()
        ledger.remember("createIntegration", "k", FIRST, NOW)
        assert ledger.find("createIntegration", key, NOW) is None

    def test_other_operations(self) -> None:
        """The same key means something else to another operation."""
        ledger = Ledger()
        ledger.remember("createIntegration", "k", FIRST, NOW)
        assert ledger.find("reportAccountingExportResults", "k", NOW) is None
        ledger.remember("reportAccountingExportResults", "k", SECOND, NOW)
        assert FIRST == ledger.find("createIntegration", "k", NOW)

    def test_for_a_day(self) -> None:
        """A key is remembered for a day to the microsecond, counted from its answer, not from its last use."""
        ledger = Ledger()
        ledger.remember("createIntegration", "k", FIRST, NOW)
        assert timedelta(days=1) == LIFETIME
        last = NOW + LIFETIME - timedelta(microseconds=1)
        assert [FIRST, FIRST] == [ledger.find("createIntegration", "k", at) for at in (NOW + LIFETIME / 2, last)]
        assert ledger.find("createIntegration", "k", NOW + LIFETIME) is None

    def test_a_key_that_has_expired(self) -> None:
        """An expired key can be used anew, and then counts from then on."""
        ledger = Ledger()
        ledger.remember("createIntegration", "k", FIRST, NOW)
        ledger.remember("createIntegration", "k", SECOND, NOW + LIFETIME)
        assert SECOND == ledger.find("createIntegration", "k", NOW + LIFETIME + LIFETIME / 2)
        assert 1 == len(ledger)

    def test_forgetting(self) -> None:
        """A ledger that is cleared knows nothing."""
        ledger = Ledger()
        ledger.remember("createIntegration", "k", FIRST, NOW)
        ledger.clear()
        assert (None, 0) == (ledger.find("createIntegration", "k", NOW), len(ledger))


KEYS = st.tuples(st.sampled_from(["create", "report", "upload"]), st.sampled_from(["", "a", "b", "ä", "a:b"]))


@given(st.lists(st.tuples(KEYS, st.integers(0, 20)), max_size=30))
def test_any_use(uses: list[tuple[tuple[str, str], int]]) -> None:
    """Used as the emulator does, each key keeps its first answer for a day, whatever other keys do meanwhile."""
    ledger, now, model = Ledger(), NOW, dict[tuple[str, str], tuple[datetime, Answer]]()
    for number, ((operation, key), hours) in enumerate(uses):
        now += timedelta(hours=hours)
        since, expected = model.get((operation, key), (now - LIFETIME, None))
        found = ledger.find(operation, key, now)
        assert (expected if now - since < LIFETIME else None) == found
        if found is None:
            model[operation, key] = (now, Answer(200, str(number).encode()))
            ledger.remember(operation, key, model[operation, key][1], now)
