"""The arithmetic of the rate limit: slots, without locks or waiting.

Brex allows 1,000 requests in any 60 seconds for each client id and account, and answers 429 above that
(https://developer.brex.com/docs/rate_limits). A request reaches Brex at some instant between its send and its
answer, so a slot is held from before the send until a whole window after the answer: then no window, wherever it
begins and however long a request took, shows Brex more than the limit. A token bucket would show it nearly twice that.
"""

from __future__ import annotations

import math
from collections import deque
from fractions import Fraction
from typing import NoReturn

import attrs

from ..errors import InvalidArgument

# Seconds that a slot cools beyond the window, for windows closed at both ends and sums of floats that round.
_MARGIN = 0.001


def _refuse(field: str, must_be: str, value: object, remedy: str) -> NoReturn:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    message = f"rate limit: {field} must be {must_be}, not {value if is_number else type(value).__name__}; {remedy}"
    raise InvalidArgument(message)


def _check_requests(_: object, __: object, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _refuse("requests", "a whole number of at least 1", value, "pass what Brex allows you, 1000 unless agreed")


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _check_seconds(_: object, __: object, value: object) -> None:
    if not _is_positive(value):
        _refuse("seconds", "a finite number above 0", value, "pass the length of Brex's window, 60 unless agreed")


def _check_share(_: object, __: object, value: float) -> None:
    if not _is_positive(value) or value > 1:
        _refuse("share", "above 0 and at most 1", value, "pass 0.5 for each of two processes on one account")


@attrs.frozen(kw_only=True)
class RateLimit:
    """What Brex allows one client id on one account.

    Args:
        requests: How many in any window. Brex allows 1,000.
        seconds: Length of the window. Brex counts 60 seconds.
        share: The part of the limit that this process may use, above 0 and at most 1; the shares of all processes
            that work on one account should add up to 1.

    Raises:
        InvalidArgument: A value is not such a number.
    """

    requests: int = attrs.field(default=1000, validator=_check_requests)
    seconds: float = attrs.field(default=60.0, validator=_check_seconds)
    share: float = attrs.field(default=1.0, validator=_check_share)

    @property
    def capacity(self) -> int:
        """Requests that this process may have in any window, at least 1."""
        # The share is the decimal that was written: as floats, 0.29 of 100 is 28.
        return max(1, math.floor(Fraction(repr(float(self.share))) * self.requests))


class Slot:
    """The right to one request. Whoever took it settles it: answered, unsent or refused."""

    __slots__ = ("is_settled", "number")

    def __init__(self, number: int) -> None:
        self.number: int = number  # counts up in the order of the grants
        self.is_settled: bool = False


@attrs.frozen
class _Cut:
    """What a 429 leaves: ``allowed`` slots at the instant ``at``, and growth from there."""

    allowed: float
    at: float


class Window:
    """The slots of one limit: in flight, cooling, free. Pure arithmetic on instants that the caller passes.

    Settling a slot a second time is ignored.

    Args:
        limit: What is allowed.
    """

    def __init__(self, limit: RateLimit) -> None:
        self._in_flight = 0
        self._cooling: deque[float] = deque()  # when each was answered, oldest first
        self._taken = 0
        self._cut: _Cut | None = None
        self._taken_at_cut = 0
        self._paused_until = -math.inf
        self.configure(limit)

    @property
    def held(self) -> int:
        """Slots in flight or cooling, as of the last instant passed."""
        return self._in_flight + len(self._cooling)

    def configure(self, limit: RateLimit) -> None:
        """Change the limit; slots held stay held, and cool as long as the new limit says.

        Args:
            limit: What is allowed from now on.
        """
        self._capacity = limit.capacity
        self._seconds = limit.seconds
        self._hold = limit.seconds + _MARGIN

    def take(self, now: float) -> Slot | None:
        """Take a slot, or nothing when none is free."""
        if now < self._paused_until:
            return None
        self._release(now)
        allowed = self._capacity if self._cut is None else self._allowed(now)
        if self._in_flight + len(self._cooling) + 1 > allowed:
            return None
        self._in_flight += 1
        self._taken += 1
        return Slot(self._taken)

    def answered(self, slot: Slot, now: float) -> None:
        """The request was sent and is over: its slot cools for a window."""
        if slot.is_settled:
            return
        slot.is_settled = True
        self._in_flight -= 1
        cooling = self._cooling
        cooling.append(max(now, cooling[-1]) if cooling else now)

    def unsent(self, slot: Slot) -> None:
        """The request never left: its slot is free at once."""
        if not slot.is_settled:
            slot.is_settled = True
            self._in_flight -= 1

    def refused(self, slot: Slot, now: float, retry_after: float | None) -> None:
        """Brex answered 429: halve what is allowed, let it grow back within a window, and pause if told to.

        Args:
            slot: Taken here.
            now: The instant, in seconds.
            retry_after: Seconds for which Brex wants to hear nothing.
        """
        if slot.is_settled:
            return
        self.answered(slot, now)
        if retry_after is not None and math.isfinite(retry_after):
            self._paused_until = max(self._paused_until, now + retry_after)
        if slot.number > self._taken_at_cut:  # else it was on its way when the last cut was made, and says nothing new
            self._release(now)
            self._cut = _Cut(min(self._allowed(now), max(1, self.held // 2)), now)
            self._taken_at_cut = self._taken

    def known_wait(self, now: float, ahead: int) -> float:
        """Return a lower bound, in seconds, of the wait for a slot.

        It holds as long as the callers ahead send what they wait for. A cut is left out, since it may be over sooner
        than the slots need.

        Args:
            now: The instant, in seconds.
            ahead: How many callers come first.
        """
        self._release(now)
        rounds, place = divmod(ahead, self._capacity)
        release = self.held - self._capacity + place  # how many of the slots held must be free before
        if release < 0:
            free_at = now
        elif release < len(self._cooling):
            free_at = self._cooling[release] + self._hold
        else:
            free_at = now + self._hold  # in flight: answered now, at best
        return max(free_at, self._paused_until) + rounds * self._hold - now

    def next_try(self, now: float) -> float | None:
        """Return when taking is worth the next try, if nothing is settled before; nothing when it never is."""
        self._release(now)
        held, allowed = self.held, self._allowed(now)
        times: list[float] = []
        if held + 1 <= allowed:
            times.append(self._paused_until)
        elif self._cut is not None and held < self._capacity:
            times.append(self._cut.at + (held + 1 - self._cut.allowed) * self._seconds / self._capacity)
        if self._cooling:
            times.append(self._cooling[0] + self._hold)
        return max(min(times), self._paused_until) if times else None

    def is_idle(self, now: float) -> bool:
        """Whether a new window would be the same as this one."""
        self._release(now)
        return self.held == 0 and self._paused_until <= now  # a cut is over before the slot that was refused is cool

    def _release(self, now: float) -> None:
        cooling, hold = self._cooling, self._hold
        while cooling and cooling[0] + hold <= now:
            cooling.popleft()

    def _allowed(self, now: float) -> float:
        if self._cut is None:
            return self._capacity
        grown = self._cut.allowed + self._capacity * max(0.0, now - self._cut.at) / self._seconds
        if grown < self._capacity:
            return grown
        self._cut = None
        return self._capacity


__all__ = ["RateLimit", "Slot", "Window"]
