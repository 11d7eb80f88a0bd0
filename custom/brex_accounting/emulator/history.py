"""What happened to a tenant's records, and which rules that every honest worker keeps were broken on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from .clock import timestamp
from .stored import StoredRecord

INVARIANTS: Mapping[str, str] = {
    "reported_twice": "a success was reported for a record that a report had already exported",
    "never_fetched": "an outcome was reported for a record that no answer had ever held",
    "exported_unreported": "a record became EXPORTED without a report",
    "token_replayed": "a refresh token came back after its use and its grace",
    "two_clients": "two clients were at work on the account at once",
    "key_reused": "an Idempotency-Key came back with another request",
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


_TAKING_TURNS = timedelta(seconds=60)
"""A client that comes back so soon after it was last seen never left."""


class History:
    """What is remembered of one tenant for the sake of its invariants.

    Args:
        since: When it begins, in the time that tokens live by.
    """

    def __init__(self, since: datetime) -> None:
        self.since = since
        self.fetched: set[str] = set()
        self._reported: dict[str, tuple[str, str | None]] = {}
        self._violations: list[Violation] = []
        self._under_way: dict[int, tuple[str, str, Callable[[], bool]]] = {}
        self._seen: dict[str, datetime] = {}
        self._latest = ""
        self._pairs: set[tuple[str, str]] = set()

    def reported(self, record: StoredRecord, *, success: bool, at: datetime, client: str, key: str | None) -> None:
        """Note an outcome that a caller reports, before it takes effect or is refused.

        Args:
            record: The record as it is.
            success: Whether it is a success.
            at: The instant.
            client: Who reports.
            key: The ``Idempotency-Key``: the same client with the same one repeats a request, and reports once.
        """
        if record.id not in self.fetched:
            self._note("never_fetched", at, {"record": record.id, "client": client})
        first = self._reported.get(record.id)
        is_repeat = key is not None and first == (client, key)
        if success and record.review_status == "EXPORTED" and first is not None and not is_repeat:
            self._note("reported_twice", at, {"record": record.id, "client": client, "first_client": first[0]})

    def exported(self, record_id: str, *, client: str, key: str | None) -> None:
        """Note that a report has exported a record."""
        self._reported[record_id] = (client, key)

    def moved(self, record: StoredRecord, *, at: datetime) -> None:
        """Note that somebody in Brex has moved a record."""
        self._reported.pop(record.id, None)
        if record.review_status == "EXPORTED":
            self._note("exported_unreported", at, {"record": record.id})

    def key_reused(self, operation: str, *, at: datetime, client: str) -> None:
        """Note that a key came back with another path or body."""
        self._note("key_reused", at, {"operation": operation, "client": client})

    def begin(self, number: int, *, client: str, operation: str, at: datetime, alive: Callable[[], bool]) -> None:
        """Note that a request has come in.

        Two clients are at work at once if one comes in while the other's request is under way, or if they take turns.

        Args:
            number: Of the exchange.
            client: Who sends it, by its credential and user agent.
            operation: What it calls.
            at: The instant.
            alive: Whether its sender still waits for an answer.
        """
        for other, called, waits in self._under_way.values():
            if other != client and waits():
                self._two_clients(client, other, {operation, called}, at)
        last = self._seen.get(client)
        if self._latest not in ("", client) and last is not None and timedelta() <= at - last < _TAKING_TURNS:
            self._two_clients(client, self._latest, {operation}, at)
        self._seen[client], self._latest = at, client
        self._under_way[number] = (client, operation, alive)

    def end(self, number: int) -> None:
        """Note that a request is answered, or its connection gone."""
        self._under_way.pop(number, None)

    def copy(self, since: datetime) -> History:
        """What was fetched and reported, without the breaches.

        Args:
            since: When the copy begins.
        """
        made = History(since)
        made.fetched = set(self.fetched)
        made._reported = dict(self._reported)
        return made

    def violations(self, replays: Sequence[Violation] = ()) -> list[Violation]:
        """Every breach, oldest first.

        Args:
            replays: Those that the issuer has seen.
        """
        return sorted([*self._violations, *replays], key=lambda violation: violation.at)

    def _two_clients(self, client: str, other: str, operations: set[str], at: datetime) -> None:
        pair = (min(client, other), max(client, other))
        if pair not in self._pairs:
            self._pairs.add(pair)
            self._note("two_clients", at, {"clients": list(pair), "operations": sorted(operations)})

    def _note(self, invariant: str, at: datetime, what: Mapping[str, Any]) -> None:
        self._violations.append(Violation(invariant, at, what))


__all__ = ["INVARIANTS", "History", "Violation"]
