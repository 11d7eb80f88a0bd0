"""The emulator that most tests ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.asking import Emulator


@pytest.fixture
def brex() -> Iterator[Emulator]:
    made = Emulator()
    yield made
    made.check()
