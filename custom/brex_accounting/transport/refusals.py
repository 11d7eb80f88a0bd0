"""Operations that Brex answers with 401 although the token is new: a missing permission, not an expired token.

Brex says 401 for both (https://developer.brex.com/docs/error_codes). Without this every call of such an operation
would cost a refresh, and with it a refresh token.
"""

from __future__ import annotations

from ..clock import Clock

_FIRST_PAUSE = 1.0
"""Seconds after a call that a new token did not help in which its operation asks for no other."""

_LONGEST_PAUSE = 300.0


class Refusals:
    """What is known of the operations of one account.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pauses: dict[str, tuple[float, float]] = {}
        self._good: dict[str, str] = {}

    def in_vain(self, operation: str, token: str) -> None:
        """A call was refused again with a new token."""
        if self._good.get(operation) == token:
            return  # it was good for this, so it has expired since
        last, until = self._pauses.get(operation, (0.0, 0.0))
        now = self._clock.monotonic()
        if now >= until:  # many calls at once are one finding
            pause = min(2 * last, _LONGEST_PAUSE) or _FIRST_PAUSE
            self._pauses[operation] = pause, now + pause

    def answered(self, operation: str, token: str) -> None:
        """A call with this token got another answer than 401."""
        self._good[operation] = token
        if self._pauses:
            self._pauses.pop(operation, None)

    def worth_a_refresh(self, operation: str) -> bool:
        """Whether a new token may help."""
        found = self._pauses.get(operation)
        return found is None or self._clock.monotonic() >= found[1]


__all__ = ["Refusals"]
