"""What several tests of copies start from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from brex_accounting.vendoring.source import Source


@pytest.fixture(scope="session")
def running() -> Source:
    """The checkout that these tests are of."""
    return Source.running()


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory, if there is such: nothing here cuts the power, and all that is written is made durable."""
    place = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=place if place.is_dir() else None) as made:
        yield Path(made)
