"""What Brex allows each client on one account: so many requests in a sliding window, on the tenant's clock."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from datetime import datetime, timedelta

from .answers import Refusal


class Limit:
    """Counts requests; a refused one does not count.

    Args:
        requests: How many fit into a window; Brex: 1,000 (https://developer.brex.com/docs/rate_limits). None for
            any number.
        seconds: How long a window is.
    """

    def __init__(self, requests: int | None = 1000, seconds: float = 60.0) -> None:
        self.requests = requests
        self._window = timedelta(seconds=seconds)
        self._taken: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def take(self, now: datetime, *, client_id: str, say_when: bool) -> None:
        """Count a request.

        Args:
            now: The instant.
            client_id: Whose window it is.
            say_when: Whether a refusal carries ``Retry-After``.

        Raises:
            Refusal: 429, because the window is full.
        """
        if self.requests is None:
            return
        taken = self._taken[client_id]
        while taken and taken[-1] > now:  # the clock has been set back
            taken.pop()
        while taken and taken[0] <= now - self._window:
            taken.popleft()
        if len(taken) >= self.requests:
            full_since = taken[-self.requests] if self.requests > 0 else now
            wait = math.ceil((full_since + self._window - now).total_seconds())
            headers = (("retry-after", str(wait)),) if say_when else ()
            message = f"more than {self.requests} requests in {self._window.total_seconds():.0f} seconds"
            raise Refusal(429, "TOO_MANY_REQUESTS", message, headers=headers, listed=False)
        taken.append(now)

    def clear(self) -> None:
        """Forget what was taken."""
        self._taken.clear()


__all__ = ["Limit"]
