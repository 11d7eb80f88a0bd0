"""The ledger of idempotency keys: a request that comes again gets the first answer again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from .answers import Answer

LIFETIME: Final = timedelta(hours=24)
"""How long a key is remembered, on the tenant's clock; Brex does not say, so this is assumed."""


class Ledger:
    """Keys with the answers that they were given; only what took effect is remembered."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[datetime, Answer]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, operation: str, key: str, now: datetime) -> Answer | None:
        """The answer that a key was given before, or None.

        Args:
            operation: What is called; the same key means nothing to another operation.
            key: The caller's.
            now: The instant.
        """
        found = self._answers.get((operation, key))
        return found[1] if found is not None and now - found[0] < LIFETIME else None

    def remember(self, operation: str, key: str, answer: Answer, now: datetime) -> None:
        """Keep an answer."""
        self._answers[operation, key] = (now, answer)

    def clear(self) -> None:
        """Forget every key."""
        self._answers.clear()


__all__ = ["LIFETIME", "Ledger"]
