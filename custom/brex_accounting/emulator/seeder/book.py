"""The book that the seeder writes in, with the dice that it throws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from random import Random
from typing import Final, TypeVar

from ..stored import StoredExpense, StoredRecord
from .cast import Cast
from .casting import make_cast
from .ids import Ids
from .moments import DAY, SECOND, moment_of
from .plan import SeedPlan

T = TypeVar("T")

SPAN: Final = 180 * DAY
"""How far back the data goes."""


class Book:
    """Records and expenses so far, and what new ones are made of.

    Of the random numbers only ``Random.random`` is used: Python promises to keep its sequence in all versions.

    Args:
        plan: What to seed.
    """

    def __init__(self, plan: SeedPlan) -> None:
        self.random: Callable[[], float] = Random(plan.seed).random  # noqa: S311 - sample data, and it has to repeat
        self.ids: Ids = Ids((self.random() + _share(plan.owner)) % 1)
        self.cast: Cast = make_cast()
        self.plan = plan
        self.records: list[StoredRecord] = []
        self.expenses: list[StoredExpense] = []
        self.until: int = moment_of(plan.until)
        self.last_updated = 0

    def pick(self, choices: Sequence[T]) -> T:
        """One of them, each as likely as another."""
        return choices[int(self.random() * len(choices))]

    def void(self, null: bytes) -> bytes:
        """A member without a value: said to be null, or left out.

        Args:
            null: The member with a comma in front, as null.
        """
        return null if self.random() < 0.5 else b""

    def begin(self) -> int:
        """The moment of the next event: they follow each other at the pace that fills the span."""
        progress = (len(self.records) + self.random() * 3) / (self.plan.records + 3)
        return self.until - SPAN + int(progress * SPAN) // SECOND * SECOND

    def later(self, moment: int, most: int) -> int:
        """A moment after this one, by at most so many microseconds, and not after the end of the data."""
        later = moment + int(self.random() * min(most, self.until - moment))
        whole = later - later % SECOND
        return whole if later & 3 and whole >= moment else later  # most have whole seconds


def _share(owner: str) -> float:
    """A number from 0 to below 1 that goes with a name; 0 with none."""
    return int.from_bytes(sha256(owner.encode()).digest()[:6], "big") / 2**48 if owner else 0.0


__all__ = ["SPAN", "Book"]
