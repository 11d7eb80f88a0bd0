"""The issuer that most tests ask."""

from __future__ import annotations

import pytest

from tests.emulator.issuer.world import World


@pytest.fixture
def world() -> World:
    return World()
