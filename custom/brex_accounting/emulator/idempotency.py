"""The ledger of idempotency keys: a request that comes again gets the first answer again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

import attrs

from .answers import Answer

LIFETIME: Final = timedelta(hours=24)
"""How long a key is remembered, on the tenant's clock; Brex does not say, so this is assumed."""


@attrs.frozen
class _Entry:
    at: datetime
    digest: str
    answer: Answer


class Ledger:
    """Keys with the answers that they were given; only what took effect is remembered."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, operation: str, key: str, content: str, now: datetime) -> tuple[Answer, bool] | None:
        """The answer that a key was given before, or None.

        Args:
            operation: What is called; the same key means nothing to another operation.
            key: The caller's.
            content: Path and body.
            now: The instant.

        Returns:
            The answer, and whether path and body are the same as then.
        """
        found = self._entries.get((operation, key))
        if found is None or now - found.at >= LIFETIME:
            return None
        return found.answer, found.digest == _digest(content)

    def remember(self, operation: str, key: str, content: str, answer: Answer, now: datetime) -> None:
        """Keep the answer to a request that took effect.

        Args:
            operation: What was called.
            key: The caller's.
            content: Path and body.
            answer: What it was answered with.
            now: The instant.
        """
        self._entries[operation, key] = _Entry(now, _digest(content), answer)

    def copy(self) -> Ledger:
        """The same keys, to be changed apart."""
        made = Ledger()
        made._entries = dict(self._entries)
        return made


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()


__all__ = ["LIFETIME", "Ledger"]
