"""What faults do to an answer on its way out: what becomes of the answer, and what of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import attrs
from starlette.types import Message, Receive, Send

from .answers import Answer, Dialect, json_answer
from .fault_plan import Firing
from .faults import Fault, Phase
from .shapes import shape
from .wire import Wire

BLANK: Final = json_answer({"items": [], "has_next_page": False})
"""What is shaped, cut or sent slowly where the request was not handled: a page with nothing in it."""


@attrs.frozen
class Channel:
    """The way back to the client of one request, whose body has been read.

    Args:
        send: Of the ASGI server.
        receive: Of the ASGI server.
        wire: The connection; None where there is none, because the application is called in a process.
        closing: Set when the emulator stops: what waits then waits no longer.
        sleep: Lets so many seconds pass.
    """

    send: Send
    receive: Receive
    wire: Wire | None
    closing: asyncio.Event
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@attrs.frozen
class Delivery:
    """What became of one request.

    Args:
        firing: The fault that decided it, if any; latency decides nothing.
        handled: The answer as it was meant; None where the request was not handled.
        sent: The answer that went out, if only in part; None where none did.
    """

    firing: Firing | None
    handled: Answer | None
    sent: Answer | None


class Disconnected(ConnectionResetError):
    """A fault ended the connection, and there is none: the application is called in a process.

    Attributes:
        delivery: What became of the request.
    """

    def __init__(self, delivery: Delivery) -> None:
        super().__init__("a fault of the emulator ended the connection")
        self.delivery = delivery


async def carry_out(
    firings: Sequence[Firing], handle: Callable[[], Awaitable[Answer]], channel: Channel, *, dialect: Dialect
) -> Delivery:
    """Handle a request, or not, and send an answer, or not, as the faults say that strike it.

    In each phase all latencies come first, and then the oldest of the other faults; more of them do nothing. One in the
    phase before takes the place of ``handle``. Latency goes on when the client goes away, and then the request takes
    effect all the same.

    Args:
        firings: What ``FaultPlan.fire`` returned.
        handle: Lets the request take effect, and returns the answer.
        channel: The way back.
        dialect: Whose words errors are written in.

    Raises:
        Disconnected: The connection was to end without a whole answer, and there is none.
    """
    answer, handled = BLANK, None
    await _delay(firings, "before", channel)
    firing = decisive(firings, "before")
    if firing is None:
        answer = handled = await handle()
        await _delay(firings, "after", channel)
        firing = decisive(firings, "after")
    if firing is None:
        await send_answer(answer, channel.send)
        return Delivery(None, handled, answer)
    delivery = Delivery(firing, handled, await _deliver(firing.fault, answer, channel, dialect=dialect))
    if delivery.sent is None and channel.wire is None:
        raise Disconnected(delivery)
    return delivery


async def send_answer(answer: Answer, send: Send) -> None:
    """Send all of an answer."""
    await send(_head(answer))
    await send({"type": "http.response.body", "body": answer.body})


async def _deliver(fault: Fault, answer: Answer, channel: Channel, *, dialect: Dialect) -> Answer | None:
    match fault.effect:
        case "drop" | "reset" as effect:
            await _end(channel, reset=effect == "reset")
        case "hang":
            await _first_of(_client_gone(channel.receive), channel.closing.wait())
            await _end(channel)
        case "cut_body" if channel.wire is None or not answer.body:
            await _end(channel)  # without a body there is nothing to announce, and nothing to keep back
        case "cut_body":
            await _cut(fault, answer, channel)
            return answer
        case "slow_body":
            await _drip(fault, answer, channel)
            return answer
        case _:
            shaped = shape(fault, answer, dialect=dialect)
            await send_answer(shaped, channel.send)
            return shaped
    return None


def decisive(firings: Sequence[Firing], phase: Phase) -> Firing | None:
    """The one of the faults of a phase that has an effect besides latency: the oldest."""
    others = (firing for firing in firings if firing.fault.phase == phase and firing.fault.effect != "latency")
    return next(others, None)


async def _delay(firings: Sequence[Firing], phase: Phase, channel: Channel) -> None:
    faults = [firing.fault for firing in firings]
    seconds = sum(fault.delay for fault in faults if fault.effect == "latency" and fault.phase == phase)
    if seconds:
        await _first_of(channel.sleep(seconds), channel.closing.wait())


async def _end(channel: Channel, *, reset: bool = False) -> None:
    """End the connection, if there is one; on return the server knows it, and expects no answer any more."""
    if channel.wire is None:
        return
    if not reset:
        # A client that does not read would keep what it was sent, and the emulator with it.
        await _first_of(channel.wire.close(), channel.closing.wait())
    if not channel.wire.lost:
        await channel.wire.reset()


async def _cut(fault: Fault, answer: Answer, channel: Channel) -> None:
    size = min(int(len(answer.body) * fault.keep), len(answer.body) - 1)
    await channel.send(_head(answer, chunked=fault.chunked))
    await channel.send({"type": "http.response.body", "body": answer.body[:size], "more_body": True})
    await _end(channel)


async def _drip(fault: Fault, answer: Answer, channel: Channel) -> None:
    """Send the head, and the body piece by piece while the client is there; at closing, all that is left at once."""
    ends = [len(answer.body) * number // fault.pieces for number in range(fault.pieces + 1)]
    *others, (last, _) = pairwise(ends)
    await channel.send(_head(answer))
    for start, end in others:
        await channel.send({"type": "http.response.body", "body": answer.body[start:end], "more_body": True})
        pause, gone = channel.sleep(fault.delay), _client_gone(channel.receive)
        if await _first_of(gone, pause, channel.closing.wait()) == 0:
            return
    await channel.send({"type": "http.response.body", "body": answer.body[last:]})


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first_of(*waits: Awaitable[Any]) -> int:
    """Wait for one of several things, and give up the others; tell which one it was."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    first = [task in done for task in tasks].index(True)
    tasks[first].result()
    return first


def _head(answer: Answer, *, chunked: bool = False) -> Message:
    """The head of an answer; without a length the server sends the body in chunks."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if not chunked and answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(answer.body)))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


__all__ = ["BLANK", "Channel", "Delivery", "Disconnected", "carry_out", "decisive", "send_answer"]
