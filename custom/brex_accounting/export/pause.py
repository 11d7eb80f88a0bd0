"""An account that may not be called at present: it says so once, tries at growing intervals, and goes on by itself."""

from __future__ import annotations

import datetime
import json
from typing import Final

from attrs import frozen

from ..errors import CallError, Forbidden, IntegrationNotActive, ReauthorizationRequired, Unauthorized
from .events import ExportPaused, ExportResumed, Teller
from .journal import Journal
from .notes import PAUSE

_FIRST: Final = 60.0
_LONGEST: Final = 3600.0
_NOT_ACTIVE: Final = "INTEGRATION_NOT_ACTIVE"


@frozen(kw_only=True)
class Pause:
    """Why and until when an account pauses.

    Attributes:
        cause: Why, without names or free text.
        since: When it began.
        tries: How often the account was called since, in vain.
        next_try: When it is tried again.
    """

    cause: str
    since: datetime.datetime
    tries: int
    next_try: datetime.datetime


def cause_of(error: CallError) -> str | None:
    """Why an error pauses the account; None where it does not.

    Args:
        error: What a call raised.
    """
    if isinstance(error, ReauthorizationRequired):
        return f"the customer has to consent again: {error.cause}"
    if isinstance(error, IntegrationNotActive) or error.error_code == _NOT_ACTIVE:
        return "the integration is not active"
    if isinstance(error, (Forbidden, Unauthorized)):
        missing = "the token is not accepted, or " if isinstance(error, Unauthorized) else ""
        return f"{error.operation} answered {error.status_code}: {missing}a permission is missing"
    return None


async def load(journal: Journal, *, now: datetime.datetime | None = None) -> Pause | None:
    """The pause that the account is in, None where it is in none.

    Args:
        journal: The account's.
        now: The instant, where one is to be compared with.
    """
    noted = await journal.note(PAUSE)
    if noted is None:
        return None
    found = json.loads(noted)
    next_try = datetime.datetime.fromisoformat(found["next_try"])
    return Pause(
        cause=found["cause"],
        since=datetime.datetime.fromisoformat(found["since"]),
        tries=found["tries"],
        # A clock that was ahead when the pause began must not make it last: no pause is as long as that.
        next_try=next_try if now is None or next_try <= now + datetime.timedelta(seconds=_LONGEST) else now,
    )


async def begin(journal: Journal, cause: str, *, now: datetime.datetime, account: str | None, teller: Teller) -> Pause:
    """Pause, or pause on; only the first time it is told.

    Args:
        journal: The account's.
        cause: Why.
        now: The instant.
        account: The account label.
        teller: Tells it.
    """
    before = await load(journal, now=now)
    tries = 1 if before is None else before.tries + 1
    delay = datetime.timedelta(seconds=min(_LONGEST, _FIRST * 2 ** min(tries - 1, 20)))
    pause = Pause(cause=cause, since=now if before is None else before.since, tries=tries, next_try=now + delay)
    written = {
        "cause": pause.cause,
        "since": pause.since.isoformat(),
        "tries": pause.tries,
        "next_try": pause.next_try.isoformat(),
    }
    await journal.set_note(PAUSE, json.dumps(written))
    if before is None:
        teller.tell(ExportPaused(account=account, cause=cause, next_try=pause.next_try))
    return pause


async def end(journal: Journal, *, now: datetime.datetime, account: str | None, teller: Teller) -> None:
    """End the pause, if there is one.

    Args:
        journal: The account's.
        now: The instant.
        account: The account label.
        teller: Tells it.
    """
    before = await load(journal, now=now)
    if before is not None:
        await journal.set_note(PAUSE, None)
        teller.tell(ExportResumed(account=account, since=before.since))


__all__ = ["Pause", "begin", "cause_of", "end", "load"]
