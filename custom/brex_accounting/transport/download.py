"""A file from a host that is not Brex's API: attempts at one signed address after another.

Such an address is a secret, and all that the host gets: no token, no cookie, nothing of the account. A redirect is not
followed, because it could lead anywhere. What is tried again is what ``attempts`` tries again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Final, Literal, Protocol

from attrs import define, frozen

from ..errors import CallError, DownloadError, ReceiptNotFound, ReceiptTooLarge
from ..events import Outcome
from .call import Call, DeadlineCause
from .caller import Caller
from .deadline import exceeded, time_left
from .retry import ONCE, is_retried
from .retry_after import retry_after
from .send_failed import SendFailed
from .web import Web, WebStream, is_private

_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity"}
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.ASCII)

_EXPIRED: Final = frozenset({400, 401, 403})
"""How object stores answer to an address that has expired: S3 with 403, with 400 where the key behind it did."""

_GONE: Final = frozenset({404, 410})

Kind = Literal["expired", "failed", "refused", "gone"]
"""Why there is no file: a fresh address may help, the same one later, nothing is known to, or there is none."""

_TOLD_FIRST: Final[Sequence[Kind]] = ("expired", "failed", "refused", "gone")

_ADVICE: Final[Mapping[Kind, str]] = {
    "expired": "Brex has just given these addresses: check the proxy, and ask Brex support if it stays.",
    "failed": "Try again later.",
    "refused": "Check the proxy, and ask Brex support if it stays.",
    "gone": "Read the record again to see which receipts it has.",
}


class Sink(Protocol):
    """Takes in a file."""

    async def begin(self) -> None:
        """Begin with nothing, whatever came in before."""
        ...

    async def write(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        ...


@frozen
class Arrived:
    """The file is there.

    Attributes:
        content_type: Its media type, None where the host names none.
    """

    content_type: str | None


@frozen
class Missed:
    """The file is not there.

    Attributes:
        kind: Why.
        summary: Why, in words that may stand in an error's text.
        outcome: How the attempt ended.
        status_code: The status of the answer, None without one.
        retry_after: Seconds that the host asked to wait.
    """

    kind: Kind
    summary: str
    outcome: Outcome = "answered"
    status_code: int | None = None
    retry_after: float | None = None

    def error(self, call: Call) -> DownloadError:
        """What the caller gets to see."""
        kind = ReceiptNotFound if self.kind == "gone" else DownloadError
        return kind(
            self.summary,
            **call.facts(),
            status_code=self.status_code,
            retry_after=self.retry_after,
            advice=_ADVICE[self.kind],
        )


@define
class Download:
    """Gets one file.

    Attributes:
        caller: Whose options and connections to use.
        call: The caller's call.
        sink: Where the file goes; whole once it has arrived, and not before.
        max_bytes: The most bytes that it may have.
        doing: What the time goes into at the moment.
    """

    caller: Caller
    call: Call
    sink: Sink
    max_bytes: int
    doing: DeadlineCause = "attempt"

    async def run(self, addresses: Sequence[str]) -> Arrived | Missed:
        """Try the addresses in turn: the next one when there is nothing more to be had from the one before.

        Args:
            addresses: At least one.

        Raises:
            ReceiptTooLarge: The file has more than ``max_bytes``.
            DeadlineExceeded: The next attempt would come after the deadline.
            ClientStateError: The client was closed meanwhile.
        """
        missed: list[Missed] = []
        for address in addresses:
            result = await self._from(address)
            if isinstance(result, Arrived):
                return result
            missed.append(result)
        return min(missed, key=lambda each: _TOLD_FIRST.index(each.kind))

    async def _from(self, address: str) -> Arrived | Missed:
        if not is_private(address):
            return Missed("refused", "the address in the record is not one of https")
        policy, tried = self.caller.options.retry or ONCE, 0
        while True:
            result = await self._attempt(address)
            tried += 1
            if isinstance(result, Arrived) or result.kind != "failed" or tried >= policy.attempts:
                return result
            asked = result.retry_after
            if asked is not None and asked > policy.max_retry_after:
                return result
            wait = policy.delay(tried, asked, self.caller.random)
            if wait > time_left(self.call, self.caller.clock.monotonic()):
                self.call.last = result.error(self.call)
                raise exceeded(self.call, "back-off", wait=wait)
            self.call.waiting("back-off" if asked is None else "retry-after", wait)
            await self.caller.clock.sleep(wait)

    async def _attempt(self, address: str) -> Arrived | Missed:
        web = self.caller.session.web()
        self.doing = "connection"
        async with web.places:
            self.doing = "attempt"
            self.call.attempts += 1
            started = self.caller.clock.monotonic()
            outcome: Outcome = "error"
            status_code: int | None = None
            try:
                result = await self._fetch(web, address)
                outcome, status_code = ("answered", 200) if isinstance(result, Arrived) else _told(result)
            except asyncio.CancelledError:
                outcome = "cancelled"
                raise
            except CallError as error:
                outcome, status_code = "answered", error.status_code
                raise
            finally:
                seconds = self.caller.clock.monotonic() - started
                self.call.attempted(outcome, seconds=seconds, status_code=status_code)
        return result

    async def _fetch(self, web: Web, address: str) -> Arrived | Missed:
        seconds = self.caller.options.timeout
        patience = asyncio.timeout(seconds)
        try:
            async with patience, web.stream(address, headers=_HEADERS) as stream:
                return self._refusal(stream) or await self._read(stream, patience)
        except SendFailed as failed:
            kind: Kind = "refused" if failed.hopeless else "failed"
            return Missed(kind, f"the file host gave no whole file ({failed.reason})", failed.outcome)
        except TimeoutError:
            if not patience.expired():
                raise
        return Missed("failed", f"nothing came from the file host for {seconds:.3g} s", "timed out")

    def _refusal(self, stream: WebStream) -> Missed | None:
        status = stream.status
        if status == 200:
            if stream.shows_its_end:
                return None
            return Missed("refused", "the file host does not say where the file ends", status_code=status)
        summary = f"the file host answered {status}"
        if is_retried(status):
            asked = retry_after(stream.headers, self.caller.clock.now())
            return Missed("failed", summary, status_code=status, retry_after=asked)
        if 300 <= status < 400:
            return Missed("refused", f"{summary}, and redirects are not followed", status_code=status)
        if status in _EXPIRED:  # told only where another address was no better
            return Missed("expired", f"{summary} to fresh addresses too", status_code=status)
        return Missed("gone" if status in _GONE else "refused", summary, status_code=status)

    async def _read(self, stream: WebStream, patience: asyncio.Timeout) -> Arrived:
        """Read the body; the host's time runs only while it is waited for."""
        if stream.length is not None and stream.length > self.max_bytes:
            raise self._too_large()
        patience.reschedule(None)
        await self.sink.begin()
        size = 0
        async with aclosing(stream.chunks()) as chunks:
            self._wait_on(patience)
            async for chunk in chunks:
                patience.reschedule(None)
                size += len(chunk)
                if size > self.max_bytes:
                    raise self._too_large()
                await self.sink.write(chunk)
                self._wait_on(patience)
        return Arrived(_media_type(stream.headers.get("content-type", "")))

    def _wait_on(self, patience: asyncio.Timeout) -> None:
        patience.reschedule(asyncio.get_running_loop().time() + self.caller.options.timeout)

    def _too_large(self) -> ReceiptTooLarge:
        return ReceiptTooLarge(
            f"the receipt has more than {self.max_bytes} bytes",
            **self.call.facts(),
            status_code=200,
            advice="Allow more with max_bytes=.",
        )


def _told(missed: Missed) -> tuple[Outcome, int | None]:
    return missed.outcome, missed.status_code


def _media_type(value: str) -> str | None:
    """The media type in a Content-Type, without parameters, which may hold anything."""
    found = value.partition(";")[0].strip().lower()
    return found if _MEDIA_TYPE.fullmatch(found) else None


__all__ = ["Arrived", "Download", "Missed", "Sink"]
