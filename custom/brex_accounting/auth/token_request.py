"""One request for tokens, through all its attempts: the rule of the token endpoint, and none of the general retry.

A refresh token may be good for one use. What became of a request whose answer is lost nobody knows: the token may be
used up, and its answer is given again only for a short while (OAuth servers that do this at all allow some 30 seconds).
So the same token is sent again at once, and not later: all attempts together end within a third of that while.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from ..transport.runtime import Runtime
from ..transport.send_failed import SendFailed
from ..transport.web import Web
from .issuer import Issuer
from .token_answer import NoTokens, Tokens, read_answer
from .unbroken import Interrupted, Unbroken

_PAUSES = (0.0, 0.25, 0.5)
"""Seconds before each repetition."""

_SHARE = 0.6
"""How much of the time that is left an attempt may take, so that there is some for the next."""


class TokenRequest:
    """Asks the token endpoint once, and again where that is safe.

    Args:
        issuer: Whom.
        runtime: The time.
        seconds: The most that all attempts may take together.
    """

    def __init__(self, issuer: Issuer, runtime: Runtime, seconds: float) -> None:
        self._issuer = issuer
        self._clock = runtime.clock
        self._seconds = seconds
        self.unclear: bool = False
        """Whether an attempt may have used the token up without its answer being read."""
        self.attempts: int = 0

    async def send(
        self,
        web: Web,
        url: str,
        form: Mapping[str, str],
        *,
        repeats: bool,
        patient: bool = False,
        unbroken: Unbroken,
    ) -> Tokens | NoTokens:
        """Send it.

        Args:
            web: The connections to use.
            url: The token endpoint.
            form: What to ask.
            repeats: Whether it may be sent again after an answer was lost; what never left always may.
            patient: Whether the first attempt may take all of the time: where it cannot be repeated, and where an
                earlier one was not waited for long enough.
            unbroken: Brings each attempt to its end.
        """
        end = self._clock.monotonic() + self._seconds
        for pause in (*_PAUSES, None):
            left = end - self._clock.monotonic()
            seconds = left if patient or pause is None else left * _SHARE
            result = await self._attempt(web, url, form, seconds=seconds, unbroken=unbroken)
            if isinstance(result, Tokens) or result.kind == "refused":
                return result
            if result.kind == "unclear":
                self.unclear = True
                if not repeats:
                    return result
            wait = max(pause or 0.0, result.retry_after or 0.0)
            if pause is None or wait >= end - self._clock.monotonic():
                return result
            with suppress(Interrupted):
                await unbroken.run(partial(self._clock.sleep, wait))
        raise AssertionError  # pragma: no cover - the last pause is None

    async def _attempt(
        self, web: Web, url: str, form: Mapping[str, str], *, seconds: float, unbroken: Unbroken
    ) -> Tokens | NoTokens:
        self.attempts += 1
        try:
            answer = await unbroken.run(partial(self._issuer.post, web, url, form, seconds=seconds))
        except SendFailed as failed:
            return NoTokens(kind="busy" if failed.outcome == "not sent" else "unclear", reason=failed.reason)
        except Interrupted:
            return NoTokens(kind="unclear", reason="it was broken off")
        except Exception as error:  # noqa: BLE001 - of a transport of the caller's; the token may be used up
            return NoTokens(kind="unclear", reason=f"the transport raised {type(error).__name__}")
        return read_answer(answer, self._clock.now())


__all__ = ["TokenRequest"]
