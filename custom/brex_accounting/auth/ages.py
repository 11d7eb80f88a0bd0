"""How old a grant and its refresh token are, and when that is worth a warning."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final, Literal

from .grant_state import GrantState

WARNED_AT: Final = (75, 85)
"""Days; Brex's refresh tokens last 90, by the last use or by the consent, which of the two is not documented."""


class Ages:
    """Warns once of each age."""

    def __init__(self) -> None:
        self._warned: set[tuple[str, datetime.datetime, int]] = set()

    def worth_a_warning(
        self, state: GrantState, now: datetime.datetime
    ) -> Iterator[tuple[Literal["grant", "refresh token"], float]]:
        """What has come to an age that was not warned of before, and its age in days."""
        since: list[tuple[Literal["grant", "refresh token"], datetime.datetime]] = [("grant", state.granted_at)]
        if state.refresh_token is not None:
            since.append(("refresh token", state.refresh_token_at))
        for what, start in since:
            days = (now - start).total_seconds() / 86_400
            reached = [limit for limit in WARNED_AT if days >= limit]
            if reached and (what, start, reached[-1]) not in self._warned:
                self._warned.update((what, start, limit) for limit in reached)
                yield what, days


__all__ = ["WARNED_AT", "Ages"]
