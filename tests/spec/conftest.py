"""What several tests of the spec tools start from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from brex_accounting.errors import SpecError
from brex_accounting.spec.bundle import make_bundle

from . import documents
from .documents import Tree


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Tree]:
    """The bundle of some documents, by file name, and overlays."""

    def make(parts: dict[str, Tree], *overlays: Tree) -> Tree:
        return make_bundle(documents.folder_of(tmp_path / "openapi", parts, *overlays)).document

    return make


@pytest.fixture
def refused(made: Callable[..., Tree]) -> Callable[..., str]:
    """The text of the error that these documents and overlays give."""

    def refuse(parts: dict[str, Tree], *overlays: Tree) -> str:
        with pytest.raises(SpecError) as caught:
            made(parts, *overlays)
        return str(caught.value)

    return refuse
