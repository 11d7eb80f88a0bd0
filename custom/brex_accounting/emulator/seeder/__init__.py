"""Sample data of one account, grown from a number: records that balance, and the expenses that they come from."""

from __future__ import annotations

from copy import deepcopy

from . import sample
from .book import Book
from .plan import SEED_UNTIL, Seeded, SeedPlan
from .scenes import OPENING, SCENES


def seed(plan: SeedPlan) -> Seeded:
    """Grow an account.

    Args:
        plan: What to seed; the same plan gives the same bytes.
    """
    book = Book(plan)
    company = {"id": f"cuacc_{book.ids().decode()}", **deepcopy(sample.COMPANY)}
    opening = iter(OPENING)
    while len(book.records) < plan.records:
        scene = next(opening, None) or book.pick(SCENES)
        scene(book)
    del book.records[plan.records :]
    return Seeded(company, book.records, book.expenses)


__all__ = ["SEED_UNTIL", "SeedPlan", "Seeded", "seed"]
