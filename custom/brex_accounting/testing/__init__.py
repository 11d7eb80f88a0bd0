"""For those who test what they build on this package; the extra ``testing`` brings pytest and its asyncio plugin."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    f"{__name__}.erp", f"{__name__}.erp_trial", f"{__name__}.journal", f"{__name__}.token_store"
)

from .clock import InstantClock  # noqa: E402 - pytest rewrites only what is imported later
from .erp import ErpContract, OpenErp  # noqa: E402
from .journal import JournalContract, OpenJournal  # noqa: E402
from .postings import make_posting  # noqa: E402
from .token_store import OpenStore, TokenStoreContract  # noqa: E402

__all__ = [
    "ErpContract",
    "InstantClock",
    "JournalContract",
    "OpenErp",
    "OpenJournal",
    "OpenStore",
    "TokenStoreContract",
    "make_posting",
]
