"""Times that can be divided by each other: taken in turns within one run, so that noise hits all of them alike."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median

WARM_UP = 3
"""Calls of each contender before the clock runs: decoders are made, and lazy imports done, at the first one."""


def medians(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Give the median seconds of each contender; a round calls every one of them once, in shuffled order.

    The collector is on, as it is in a worker, and has just run before every call. Freeing the result counts, because
    a worker has to do that as well.
    """
    for _ in range(WARM_UP):
        for call in contenders.values():
            call()
    with _frozen():
        return medians_reported({name: _timed(call) for name, call in contenders.items()}, rounds)


async def medians_awaited(
    contenders: Mapping[str, Callable[[], Awaitable[object]]], rounds: int, *, warm_up: int = WARM_UP
) -> dict[str, float]:
    """Do as ``medians`` does with coroutine functions: one at a time, all in the running loop."""
    for _ in range(warm_up):
        for call in contenders.values():
            await call()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    with _frozen():
        for name in _turns(contenders, rounds):
            gc.collect()
            started = time.perf_counter()
            await contenders[name]()
            seconds[name].append(time.perf_counter() - started)
    return _medians(seconds)


def medians_reported(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Give the median of what contenders measure by themselves, such as processes that time their own imports."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for name in _turns(contenders, rounds):
        seconds[name].append(contenders[name]())
    return _medians(seconds)


@contextmanager
def _frozen() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # or collecting what the process holds besides would be most of the time
    try:
        yield
    finally:
        gc.unfreeze()


def _turns(names: Iterable[str], rounds: int) -> Iterator[str]:
    order = list(names)
    dice = random.Random(0)
    for _ in range(rounds):
        dice.shuffle(order)
        yield from order


def _medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: median(values) for name, values in seconds.items()}


def _timed(call: Callable[[], object]) -> Callable[[], float]:
    def timed() -> float:
        gc.collect()
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    return timed
