"""The company and those it deals with, as the pieces of text that records and expenses are put together from.

Members are JSON with a comma in front of each, so that one that is left out leaves no trace.
"""

from __future__ import annotations

from typing import Final

import attrs

from .money import Currency

CARD: Final = "2100"
PAYABLE: Final = "2000"
REIMBURSABLE: Final = "2150"
WITHHELD: Final = "2200"
BANK: Final = "1000"
CLEARING: Final = "1090"
REWARD: Final = "7000"
ACCOUNTS: Final = (CARD, PAYABLE, REIMBURSABLE, WITHHELD, BANK, CLEARING, REWARD)


@attrs.frozen
class Entity:
    """A legal entity of the company.

    Args:
        id: Its id.
        currency: What it pays in.
        members: Members of an expense: it spends, and is billed.
        sellers: Those that sell in its currency.
    """

    id: str
    currency: Currency
    members: bytes
    sellers: tuple[Seller, ...]


@attrs.frozen
class Person:
    """Someone who spends or approves.

    Args:
        id: Id of the user.
        entity: On whose account the person spends.
        user: Members of a record.
        spender: Members of an expense: user, location and department.
        brief: The user of the Expenses API, as a JSON object.
        address: Members of an expense: address.
        coding: The accounting field value for the department.
    """

    id: str
    entity: Entity
    user: bytes
    spender: bytes
    brief: bytes
    address: bytes
    coding: bytes


@attrs.frozen
class Seller:
    """A vendor, which is a merchant too.

    Args:
        currency: What it sells in.
        vendor: Members of a record.
        merchant: Members of an expense: merchant and category.
        coding: The accounting field value for the account that its goods are booked to.
    """

    currency: Currency
    vendor: bytes
    merchant: bytes
    coding: bytes


@attrs.frozen
class Budget:
    """A budget that expenses count against.

    Args:
        id: Its id.
        members: Members of an expense.
    """

    id: str
    members: bytes


@attrs.frozen
class Cast:
    """All of them.

    Args:
        people: Those who spend; the first of them approve.
        sellers: Those who are paid.
        budgets: What is spent against.
        policies: Members of an expense.
        memos: JSON strings.
        projects: Accounting field values that the accounting system does not know.
        custom_fields: Members of an expense.
        accounts: Accounting field values of the accounts that balance, by number.
    """

    people: tuple[Person, ...]
    sellers: tuple[Seller, ...]
    budgets: tuple[Budget, ...]
    policies: tuple[bytes, ...]
    memos: tuple[bytes, ...]
    projects: tuple[bytes, ...]
    custom_fields: tuple[bytes, ...]
    accounts: dict[str, bytes]


__all__ = [
    "ACCOUNTS",
    "BANK",
    "CARD",
    "CLEARING",
    "PAYABLE",
    "REIMBURSABLE",
    "REWARD",
    "WITHHELD",
    "Budget",
    "Cast",
    "Entity",
    "Person",
    "Seller",
]
