"""Where a record can stand between Brex and the books, and every move that there is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a record stands."""

    READY = "ready"
    """It is to be posted; its content is read anew for that."""
    POSTING = "posting"
    """The ERP may have been asked; until it is known what came of it, nobody posts it again."""
    PENDING = "pending"
    """The ERP has accepted it, and will post it later."""
    POSTED = "posted"
    """It is in the books, and Brex is still to be told."""
    REPORTING = "reporting"
    """Brex may have been told; until that is read back, nobody tells it again."""
    EXPORTED = "exported"
    """It is in the books, and Brex shows it as exported."""
    AMENDING = "amending"
    """The entry in the books is being brought to another content."""
    REJECTED = "rejected"
    """The ERP or the policy does not take it, and Brex is still to be told."""
    REPORTING_FAILURE = "reporting failure"
    """Brex may have been told that it was not taken."""
    REFUSED = "refused"
    """Brex has been told that it was not taken; it is tried again when something changes, and at growing intervals."""
    WAITING = "waiting"
    """Its posting date lies in a closed period."""
    NEEDS_PERSON = "needs a person"
    """Somebody has to decide: ``reason`` says why, ``resolve`` takes the decision."""
    NOT_FOR_LEDGER = "not for this ledger"
    """The policy leaves it out."""
    IGNORED = "ignored"
    """A person decided that it is never posted."""


_S = State

_TO_THE_BOOKS: Final = frozenset(
    {_S.READY, _S.POSTING, _S.POSTED, _S.REJECTED, _S.WAITING, _S.NEEDS_PERSON, _S.NOT_FOR_LEDGER, _S.IGNORED}
)
"""Where a record can go that nothing in the books stands for."""

MOVES: Final[Mapping[State | None, frozenset[State]]] = {
    # None: the journal has not seen the record. It can be exported already where a lost journal is built anew.
    None: _TO_THE_BOOKS | {_S.EXPORTED},
    _S.READY: _TO_THE_BOOKS,
    _S.WAITING: _TO_THE_BOOKS,
    _S.NOT_FOR_LEDGER: _TO_THE_BOOKS,
    _S.REFUSED: _TO_THE_BOOKS,
    _S.REJECTED: _TO_THE_BOOKS | {_S.REPORTING_FAILURE, _S.REFUSED},
    _S.REPORTING_FAILURE: frozenset({_S.REFUSED, _S.REJECTED, _S.READY, _S.NEEDS_PERSON}),
    # Back to READY only when the ERP has been asked, and does not have it.
    _S.POSTING: frozenset({_S.POSTED, _S.PENDING, _S.REJECTED, _S.READY, _S.NEEDS_PERSON, _S.IGNORED}),
    _S.PENDING: frozenset({_S.POSTED, _S.REJECTED, _S.NEEDS_PERSON, _S.READY, _S.IGNORED}),
    _S.POSTED: frozenset({_S.REPORTING, _S.EXPORTED, _S.AMENDING, _S.NEEDS_PERSON, _S.READY, _S.IGNORED}),
    _S.REPORTING: frozenset({_S.EXPORTED, _S.POSTED, _S.NEEDS_PERSON}),
    # POSTED: Brex shows it as ready again, and is told the old reference. READY: a person wants it posted once more.
    _S.EXPORTED: frozenset({_S.POSTED, _S.AMENDING, _S.NEEDS_PERSON, _S.READY, _S.IGNORED}),
    _S.AMENDING: frozenset({_S.POSTED, _S.EXPORTED, _S.NEEDS_PERSON, _S.IGNORED}),
    _S.NEEDS_PERSON: _TO_THE_BOOKS | {_S.EXPORTED, _S.AMENDING},
    _S.IGNORED: frozenset({_S.READY, _S.POSTED, _S.EXPORTED}),
}
"""Every move; whatever is not here is a mistake of the program."""

SETTLED: Final = frozenset({_S.EXPORTED, _S.NOT_FOR_LEDGER, _S.IGNORED})
"""Where nothing more is to be done."""

IN_THE_BOOKS: Final = frozenset({_S.POSTED, _S.REPORTING, _S.EXPORTED, _S.AMENDING})
"""Where an entry stands in the books for the record."""

UNKNOWN: Final = frozenset({_S.POSTING, _S.REPORTING, _S.REPORTING_FAILURE, _S.AMENDING})
"""Where something was begun of which nobody knows what came of it."""


def check_move(old: State | None, new: State) -> None:
    """Make sure that there is such a move; staying is one.

    Args:
        old: Where the record stands, None where the journal has not seen it.
        new: Where it is to go.

    Raises:
        AssertionError: There is none.
    """
    if old is not new and new not in MOVES[old]:
        message = f"there is no move from {old} to {new}"
        raise AssertionError(message)


__all__ = ["IN_THE_BOOKS", "MOVES", "SETTLED", "UNKNOWN", "State", "check_move"]
