"""The time that a call may take, from its first wait to the end of its last body."""

from __future__ import annotations

import asyncio

from ..errors import CallError, DeadlineExceeded
from .call import Call, DeadlineCause

_ADVICE = "Give it more time with deadline=, or try again later."


def time_left(call: Call, now: float) -> float:
    """Seconds until the deadline, negative after it."""
    return call.deadline - now


def within(seconds: float) -> asyncio.Timeout:
    """A block that takes at most this long; it reads the event loop's clock."""
    return asyncio.timeout_at(asyncio.get_running_loop().time() + seconds)


def exceeded(
    call: Call, cause: DeadlineCause, *, wait: float | None = None, last: CallError | None = None
) -> DeadlineExceeded:
    """The error of a call that takes too long.

    Args:
        call: The call.
        cause: What the time went into.
        wait: Seconds of the wait that would end after the deadline; None where the time has run out.
        last: What the last attempt raised, whose facts go into this error.
    """
    took = f"{call.deadline - call.started:.3g} s"
    if wait is None:
        summary = f"took longer than its deadline of {took} (in: {cause})"
    else:
        summary = f"would have to wait {wait:.3g} s ({cause}), longer than its deadline of {took} allows"
    facts = call.facts()
    content = None
    if last is not None:
        content = last.content
        facts |= {
            "status_code": last.status_code,
            "error_code": last.error_code,
            "trace_id": last.trace_id,
            "retry_after": last.retry_after,
        }
    return DeadlineExceeded(summary, wait=wait, cause=cause, advice=_ADVICE, content=content, **facts)


__all__ = ["exceeded", "time_left", "within"]
