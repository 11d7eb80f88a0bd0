"""The time that a call may take, from its first wait to the end of its last body."""

from __future__ import annotations

import asyncio

from ..errors import DeadlineExceeded
from .call import Call, DeadlineCause

_ADVICE = "Give it more time with deadline=, or try again later."


def time_left(call: Call, now: float) -> float:
    """Seconds until the deadline, negative after it."""
    return call.deadline - now


def within(seconds: float) -> asyncio.Timeout:
    """A block that takes at most this long; it reads the event loop's clock."""
    return asyncio.timeout_at(asyncio.get_running_loop().time() + seconds)


def exceeded(call: Call, cause: DeadlineCause, *, wait: float | None = None) -> DeadlineExceeded:
    """The error of a call that takes too long; what its last attempt came to is on it, and is its cause.

    Args:
        call: The call.
        cause: What the time went into.
        wait: Seconds of the wait that would end after the deadline; None where the time has run out.
    """
    took = f"{call.deadline - call.started:.3g} s"
    if wait is None:
        summary = f"took longer than its deadline of {took} (in: {cause})"
    else:
        summary = f"would have to wait {wait:.3g} s ({cause}), longer than its deadline of {took} allows"
    facts = call.facts()
    last = call.last
    if last is not None:
        facts |= {
            "status_code": last.status_code,
            "error_code": last.error_code,
            "trace_id": last.trace_id,
            "retry_after": last.retry_after,
            "content": last.content,
        }
    error = DeadlineExceeded(summary, wait=wait, cause=cause, advice=_ADVICE, **facts)
    error.__cause__ = last
    return error


__all__ = ["exceeded", "time_left", "within"]
