"""Emulators with more records than one page shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.asking import Emulator


@pytest.fixture
def large() -> Iterator[Emulator]:
    """One with records of all kinds and stages, more than a page holds by default."""
    made = Emulator(records=320)
    yield made
    made.check()


@pytest.fixture
def huge() -> Iterator[Emulator]:
    """One with more records than any page may hold."""
    made = Emulator(records=1100)
    yield made
    made.check()
