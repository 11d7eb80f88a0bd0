"""For those who test what they build on this package; the extra ``testing`` brings pytest and its asyncio plugin."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__name__}.token_store")

from .clock import InstantClock  # noqa: E402 - pytest rewrites only what is imported later
from .token_store import OpenStore, TokenStoreContract  # noqa: E402

__all__ = ["InstantClock", "OpenStore", "TokenStoreContract"]
