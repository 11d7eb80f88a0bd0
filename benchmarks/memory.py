"""What one page takes of memory, while it is read and afterwards."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Mapping

from .table import Row


def rows(page: bytes, contenders: Mapping[str, Callable[[bytes], object]]) -> list[Row]:
    """Give peak and rest for each reader, in proportion to json.loads."""
    found = {name: _footprint(page, read) for name, read in contenders.items()}
    loads_peak, loads_kept = found["json.loads"]
    return [
        Row(
            f"memory, {name}: peak while reading, and what stays",
            f"{peak / 1000:,.0f} kB, {kept / 1000:,.0f} kB",
            f"{peak / loads_peak:.2f} ×, {kept / loads_kept:.2f} × json.loads",
            figures={"peak": peak, "kept": kept, "peak ratio": peak / loads_peak, "kept ratio": kept / loads_kept},
        )
        for name, (peak, kept) in found.items()
    ]


def _footprint(page: bytes, read: Callable[[bytes], object]) -> tuple[int, int]:
    """Count a copy of the body too: it comes from the network, and ours keeps it where others let it go.

    Python's allocator is all that tracemalloc sees; what pydantic's Rust takes for itself is not in its figure.
    """
    read(page)  # what is made once for all pages belongs to none of them
    gc.collect()
    tracemalloc.start()
    body = bytes(memoryview(page))
    result = read(body)
    del body
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return peak, kept
