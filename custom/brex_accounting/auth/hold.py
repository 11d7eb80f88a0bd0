"""A grant in memory: how long its access token can be relied on, by two clocks."""

from __future__ import annotations

import datetime
from random import Random

from attrs import frozen

from ..clock import Clock
from .grant_state import GrantState
from .kept import Saved

_LEAD = 300.0
"""Seconds before its end at which an access token is replaced, at most ..."""

_LEAD_SHARE = 0.25
"""... this much of its life."""

_JITTER_SHARE = 0.2
"""How much of the lead varies, so that processes do not all come at once."""

_LAST_SECONDS = 10.0
"""Seconds before its end at which an access token is not sent any more, at most ..."""

_LAST_SHARE = 0.05
"""... this much of its life: it may arrive late."""


@frozen(kw_only=True)
class Hold:
    """A grant, and when its access token is due, and over.

    Wall clocks are set, and monotonic ones stand still while a machine sleeps: whichever of the two says that the time
    has come is believed.

    Attributes:
        saved: The grant as it is stored.
        due: When to replace the token: monotonic seconds.
        due_at: The same as seconds since 1970.
        over: When not to send it any more: monotonic seconds.
        over_at: The same as seconds since 1970.
        pending: Whether a refresh was begun that may have used its refresh token up.
    """

    saved: Saved
    due: float
    due_at: float
    over: float
    over_at: float
    pending: bool

    @classmethod
    def of(cls, saved: Saved, clock: Clock, random: Random) -> Hold:
        """Hold a grant from now on."""
        state = saved.state
        left, monotonic = left_of(state, clock.now()), clock.monotonic()
        lead = lead_of(state) * (1 - _JITTER_SHARE * random.random())
        last = min(_LAST_SECONDS, state.lifetime * _LAST_SHARE)
        expires_at = state.expires_at.timestamp()
        return cls(
            saved=saved,
            due=monotonic + left - lead,
            due_at=expires_at - lead,
            over=monotonic + left - last,
            over_at=expires_at - last,
            pending=state.pending,
        )

    @property
    def usable(self) -> bool:
        """Whether nothing but time can be wrong with its access token."""
        return not self.pending and self.state.dead is None

    @property
    def state(self) -> GrantState:
        """The grant."""
        return self.saved.state

    def is_due(self, clock: Clock) -> bool:
        """Whether the token should be replaced by now."""
        return clock.monotonic() >= self.due or clock.now().timestamp() >= self.due_at

    def is_over(self, clock: Clock) -> bool:
        """Whether the token must not be sent any more."""
        return clock.monotonic() >= self.over or clock.now().timestamp() >= self.over_at


def left_of(state: GrantState, now: datetime.datetime) -> float:
    """Seconds that an access token is still good for; never more than it was to last, whatever the clock says."""
    return min((state.expires_at - now).total_seconds(), state.lifetime)


def lead_of(state: GrantState) -> float:
    """Seconds before its end from which on an access token may be replaced."""
    return min(_LEAD, state.lifetime * _LEAD_SHARE)


__all__ = ["Hold", "lead_of", "left_of"]
