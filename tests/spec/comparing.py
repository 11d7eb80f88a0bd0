"""Comparisons for the tests: of documents that stay as they are, or of made-up ones alone."""

from __future__ import annotations

import copy
from functools import cache

from brex_accounting.spec.comparison import Comparison, Difference, Ground, compare
from brex_accounting.spec.emulated import Emulated
from brex_accounting.spec.public_methods import PublicMethods
from brex_accounting.spec.rehearsal import Sources

from .changes import Change
from .documents import FROZEN, TEAM, Tree, document, reported


@cache
def ground() -> Ground:
    return Ground(Sources.read(FROZEN), PublicMethods(), Emulated())


@cache
def bare_ground() -> Ground:
    """No other documents and no overlays, so that a comparison takes little time."""
    return Ground(Sources.of({TEAM: document()}), ground().methods, ground().emulated)


def changed(name: str, change: Change) -> Comparison:
    """What a change of one of the frozen documents comes to."""
    new = copy.deepcopy(reported(name))
    change(new)
    return compare(reported(name), new, document=name, ground=ground())


def compared(old: Tree, new: Tree) -> Comparison:
    """Two made-up documents, compared."""
    return compare(old, new, document=TEAM, ground=bare_ground())


def told(old: Tree, new: Tree) -> list[tuple[str, str, str]]:
    """The mark, place and words of all differences of two made-up documents."""
    return [(difference.mark.name, difference.where, difference.what) for difference in compared(old, new).differences]


def only(comparison: Comparison) -> Difference:
    (difference,) = comparison.differences
    return difference
