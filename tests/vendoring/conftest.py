"""What several tests of copies start from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from brex_accounting.vendoring.source import Source
from brex_accounting.vendoring.update import create


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


@pytest.fixture(scope="session")
def made(running: Source, memory: Path) -> Callable[..., Path]:
    """The folder that has a copy of some parts as ``acme_erp._vendor``, and cannot import the original.

    It is made once: what a test changes there, it makes in a copy of its own.
    """

    @cache
    def make(*parts: str) -> Path:
        root = Path(tempfile.mkdtemp(dir=memory)) / "a folder with blanks"
        (root / "acme_erp").mkdir(parents=True)
        (root / "acme_erp" / "__init__.py").touch()
        create(root / "acme_erp" / "_vendor", source=running, parts=parts, package="acme_erp._vendor")
        block(root)
        return root

    return make


def block(root: Path) -> None:
    """Let nobody import the original who looks into a folder first."""
    for name in ("brex_accounting", "brex_accounting_client"):
        (root / f"{name}.py").write_text(f"raise ModuleNotFoundError('the original', name={name!r})\n")
