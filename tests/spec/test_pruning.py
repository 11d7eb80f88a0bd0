"""Overlay files without actions that have become needless."""

from __future__ import annotations

from pathlib import Path

import pytest

from brex_accounting.spec.overlay import Overlay
from brex_accounting.spec.pruning import pruned

from .documents import PROJECT

TEXT = """\
# Why we differ.
overlay: 1.0.0
info:
  title: Some
  version: 1.0.0
extends: ../some.yaml
actions:
  - target: $.a
    description: &why >-
      A reason that is told once, at some length, and referred to by all actions that have the same one, for there are
      several.
    update:
      x: 1
  # The second.
  - target: $.b
    description: *why
    update:
      x: 1
  - target: $.c
    description: *why
    remove: true
  - target: $.d
    description: Another.
    remove: true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


class TestPruning:
    def test_none(self, file: Path) -> None:
        """Without anything to take out the text is what it was."""
        assert TEXT == pruned(file, [])

    @pytest.mark.parametrize(
        "path", sorted((PROJECT / "openapi" / "overlays").glob("*.yaml")), ids=lambda path: path.stem
    )
    def test_the_layout_of_ours(self, path: Path) -> None:
        """Each of our overlays comes out byte for byte."""
        assert path.read_text(encoding="utf-8") == pruned(path, [])

    def test_one_of_many(self, file: Path) -> None:
        """Only its own lines go."""
        gone = "  - target: $.c\n    description: *why\n    remove: true\n"
        assert TEXT.replace(gone, "") == pruned(file, [3])

    def test_the_one_with_the_anchor(self, file: Path) -> None:
        """The reason moves to the next action that refers to it, and the others refer to it there."""
        found = pruned(file, [1])
        assert found is not None
        file.write_text(found, encoding="utf-8")
        reason = (
            "A reason that is told once, at some length, and referred to by all actions that have the same one, for "
            "there are several."
        )
        actions = Overlay.read(file).actions
        assert ["$.b", "$.c", "$.d"] == [action["target"] for action in actions]
        assert [reason, reason, "Another."] == [action["description"] for action in actions]
        assert (1, 1) == (found.count("&why"), found.count("*why"))

    def test_all_with_the_anchor(self, file: Path) -> None:
        """Where nobody refers to it any more, it goes."""
        found = pruned(file, [2, 1, 3])
        assert found is not None
        assert found.endswith("actions:\n  - target: $.d\n    description: Another.\n    remove: true\n")

    def test_every_action(self, file: Path) -> None:
        """An overlay without actions is none."""
        assert pruned(file, [1, 2, 3, 4]) is None

    def test_it_only_reads(self, file: Path) -> None:
        """The file stays as it is."""
        pruned(file, [1])
        assert TEXT == file.read_text(encoding="utf-8")
