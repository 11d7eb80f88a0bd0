"""Times that can be divided by each other: taken in turns within one run, so that noise hits all of them alike."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping
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
    gc.collect()
    gc.freeze()  # or collecting what the process holds besides would be most of the time
    try:
        return _in_turns({name: _timed(call) for name, call in contenders.items()}, rounds)
    finally:
        gc.unfreeze()


def medians_reported(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Give the median of what contenders measure by themselves, such as processes that time their own imports."""
    return _in_turns(contenders, rounds)


def _in_turns(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    dice = random.Random(0)
    for _ in range(rounds):
        dice.shuffle(order)
        for name in order:
            seconds[name].append(contenders[name]())
    return {name: median(values) for name, values in seconds.items()}


def _timed(call: Callable[[], object]) -> Callable[[], float]:
    def timed() -> float:
        gc.collect()
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    return timed
