"""Moments as whole microseconds since 1970: cheap to reckon with, and turned into text or objects once."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

# Half a million moments are written for a large account: looking up their parts takes half the time of formatting them.
_MINUTES: Final = tuple(b"T%02d:%02d:" % divmod(minute, 60) for minute in range(1440))
_SECONDS: Final = tuple(b"%02dZ" % second for second in range(60))


def moment_of(instant: datetime) -> int:
    """The moment that an aware datetime stands for."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant_of(moment: int) -> datetime:
    """The datetime of a moment, in UTC."""
    seconds, micros = divmod(moment, SECOND)
    instant = datetime.fromtimestamp(seconds, timezone.utc)
    return instant.replace(microsecond=micros) if micros else instant


def written_moment(moment: int) -> bytes:
    """RFC 3339 in UTC, with microseconds only where there are any."""
    seconds, micros = divmod(moment, SECOND)
    minutes, second = divmod(seconds, 60)
    day, minute = divmod(minutes, 1440)
    if micros:
        return b"%b%b%02d.%06dZ" % (_written_day(day), _MINUTES[minute], second, micros)
    return _written_day(day) + _MINUTES[minute] + _SECONDS[second]


def written_midnight(moment: int) -> bytes:
    """The beginning of its day in UTC, written."""
    return _written_day(moment // DAY) + b"T00:00:00Z"


@lru_cache(maxsize=1024)
def _written_day(day: int) -> bytes:
    return date.fromordinal(_EPOCH_DAY + day).isoformat().encode()


def midnight(moment: int) -> int:
    """The beginning of its day in UTC."""
    return moment - moment % DAY


__all__ = ["DAY", "HOUR", "SECOND", "instant_of", "midnight", "moment_of", "written_midnight", "written_moment"]
