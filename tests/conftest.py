"""Hypothesis budgets: a quick one for every run, a large one for ``make soak``; and a heap that is quick to collect."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from tests.soak import SOAK

settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile(
    "soak", max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what takes minutes to ``make soak``: it is deselected, so that a skipped test is always news."""
    if SOAK:
        return
    left = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if not item.get_closest_marker("soak")]


def pytest_collection_finish() -> None:
    """Thirteen thousand tests are a large heap, which no collection need walk over again: they stay to the end."""
    gc.collect()
    gc.freeze()
