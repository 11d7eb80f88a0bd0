"""``python -m benchmarks.flat BASE_URL``: walk over a long list and say how much the process has grown on the way.

A process of its own, because a peak that something else has reached before would hide this one's.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys

from brex_accounting import Brex

SETTLED = 10_000
"""Records after which everything that is made once has been made."""


async def walk(base_url: str) -> dict[str, float]:
    """Give the records read, and the peak of the resident set after the first of them and at the end, in bytes."""
    found = 0
    settled = 0
    async with Brex("bxt_benchmark", base_url=base_url, rate_limit=None) as brex:
        async for _ in brex.records.iter():
            found += 1
            if found == SETTLED:
                settled = _peak()
    return {"records": found, "settled": settled, "end": _peak()}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(walk(sys.argv[1]))))
