"""What happened to a tenant's records, and which rules that every honest worker keeps were broken on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from .clock import timestamp
from .stored import StoredRecord

INVARIANTS: Mapping[str, str] = {
    "reported_twice": "a success was reported for a record that a report had already exported",
    "never_fetched": "an outcome was reported for a record that no answer had ever held",
    "exported_unreported": "a record became EXPORTED without a report",
    "token_replayed": "a refresh token came back after its use",
    "two_clients": "two clients were at work on the account at once",
}
"""Every invariant by name, with what breaks it."""


@attrs.frozen
class Violation:
    """One breach of an invariant.

    Args:
        invariant: Its name.
        at: When, on the tenant's clock.
        what: Ids and clients, without secrets.
    """

    invariant: str
    at: datetime
    what: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The breach as plain JSON values."""
        return {"invariant": self.invariant, "at": timestamp(self.at), **self.what}


class History:
    """What is remembered of one tenant for the sake of its invariants.

    Args:
        since: When it begins, on the tenant's clock.
    """

    def __init__(self, since: datetime) -> None:
        self.since = since
        self.fetched: set[str] = set()
        self._reported: dict[str, str] = {}
        self._violations: list[Violation] = []
        self._under_way: dict[int, tuple[str, str, str | None]] = {}
        self._pairs: set[tuple[str, str]] = set()

    def reported(self, record: StoredRecord, *, success: bool, at: datetime, client: str) -> None:
        """Note an outcome that a caller reports, before it takes effect or is refused.

        Args:
            record: The record as it is.
            success: Whether it is a success.
            at: The instant.
            client: Who reports.
        """
        if record.id not in self.fetched:
            self._note("never_fetched", at, {"record": record.id, "client": client})
        if success and record.review_status == "EXPORTED" and record.id in self._reported:
            first = self._reported[record.id]
            self._note("reported_twice", at, {"record": record.id, "client": client, "first_client": first})

    def exported(self, record_id: str, *, client: str) -> None:
        """Note that a report has exported a record."""
        self._reported[record_id] = client

    def moved(self, record: StoredRecord, *, at: datetime) -> None:
        """Note that somebody in Brex has moved a record."""
        self._reported.pop(record.id, None)
        if record.review_status == "EXPORTED":
            self._note("exported_unreported", at, {"record": record.id})

    def begin(self, number: int, *, client: str, operation: str, at: datetime, key: str | None = None) -> None:
        """Note that a request has come in.

        Args:
            number: Of the exchange.
            client: Who sends it, by its credential and user agent.
            operation: What it calls.
            at: The instant.
            key: Its ``Idempotency-Key``.
        """
        for other, called, key_of_other in self._under_way.values():
            if (operation == _REFRESH) != (called == _REFRESH):
                continue  # the issuer knows clients, the API grants: one worker has both names
            if (client, operation, key) == (other, called, key_of_other) and key is not None:
                continue  # it gave up waiting and tries again
            pair = (min(client, other), max(client, other))
            if other != client and pair not in self._pairs:
                self._pairs.add(pair)
                clients, called_too = sorted({client, other}), sorted({operation, called})
                self._note("two_clients", at, {"clients": clients, "operations": called_too})
            elif other == client and operation == called and operation in _ONE_AT_A_TIME:
                self._note("two_clients", at, {"clients": [client], "operations": [operation]})
        self._under_way[number] = (client, operation, key)

    def end(self, number: int) -> None:
        """Note that a request is answered, or its connection gone."""
        self._under_way.pop(number, None)

    def violations(self, replays: Sequence[Violation] = ()) -> list[Violation]:
        """Every breach, oldest first.

        Args:
            replays: Those that the issuer has seen.
        """
        return sorted([*self._violations, *replays], key=lambda violation: violation.at)

    def _note(self, invariant: str, at: datetime, what: Mapping[str, Any]) -> None:
        self._violations.append(Violation(invariant, at, what))


_REFRESH = "token"
_ONE_AT_A_TIME = frozenset({"reportAccountingExportResults", _REFRESH})
"""What one worker never does twice at once."""

__all__ = ["INVARIANTS", "History", "Violation"]
