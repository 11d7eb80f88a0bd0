"""What the contract of ERPs asks of an adapter's author, and the steps that its tests are made of."""

# ruff: noqa: S101 - these are the steps of tests

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar

import attrs
import pytest

from ..export.erp import (
    Erp,
    Factory,
    LedgerEntry,
    ListsEntries,
    Outcome,
    Pending,
    Posted,
    ReceiptFile,
    Rejected,
)
from ..export.posting import Posting
from .postings import make_posting

T = TypeVar("T")

OpenErp: TypeAlias = Factory


class ErpTrial:
    """What ``ErpContract`` is made of: hooks to override, and steps.

    Attributes:
        amounts: Digits and currencies that the ERP must keep to the last digit; cut out the currencies that it has not.
        texts: Memos and vendor names that must not break it.
    """

    amounts: ClassVar[Sequence[tuple[str, str]]] = (
        ("0.01", "USD"),
        ("12345678901234567890.12", "USD"),
        ("98765432109876543210987.65", "EUR"),
        ("1234.567", "KWD"),
        ("98765", "JPY"),
        ("0.10", "USD"),
    )
    texts: ClassVar[Sequence[str]] = (
        "Ærøskøbing & Söhne — «Łódź»",
        "محاسبة ١٢٣",
        "חשבונית 7",
        "領収書 株式会社",
        "\U0001f9fe\u200d\U0001f4b6 e\u0301",
        "'); DROP TABLE entries; --",
        'quote " backslash \\ tab \t end\r\nnext line',
        "",
        "long " * 400,
    )

    # -- what an adapter's author overrides

    @pytest.fixture
    def open_erp(self) -> OpenErp:
        """What opens another handle on the same books at each call; they are empty when a test begins."""
        message = "open_erp: override this fixture; it returns a function that opens an adapter on empty books"
        raise NotImplementedError(message)

    async def pass_time(self, seconds: float) -> None:
        """Let the ERP's time pass: override it where the ERP has a clock that tests can turn."""
        await asyncio.sleep(seconds)

    def a_posting(self, number: int, **changes: Any) -> Posting:
        """A posting that the ERP takes: override it where it needs other accounts.

        Args:
            number: Postings of different numbers have different keys.
            **changes: As for ``make_posting``.
        """
        return make_posting(number, **changes)

    def rejected_posting(self, number: int) -> Posting | None:
        """A posting that the ERP rejects; None where it takes all."""
        return None

    def pending_posting(self, number: int) -> Posting | None:
        """A posting that the ERP answers with ``Pending``; None where it posts all at once."""
        return None

    async def approve(self) -> None:
        """Let the ERP post whatever is pending."""

    async def fail_half_way(self, erp: Erp) -> bool:
        """Make the next ``post`` of this handle raise when a part of its batch is in the books.

        Returns:
            Whether it will; False leaves the test out.
        """
        return False

    async def attachments(self, erp: Erp, posting: Posting) -> int | None:
        """How many receipts hang on an entry; None where that cannot be observed."""
        return None

    async def count_entries(self, erp: Erp, key: str) -> int | None:
        """How many entries the books hold for a key; None where that cannot be observed.

        By default it counts what ``list_entries`` gives.
        """
        if not isinstance(erp, ListsEntries):
            return None
        return sum(entry.key == key for entry in await all_entries(erp))

    # -- steps

    async def _outcomes(self, erp: Erp, postings: Sequence[Posting]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for batch in in_batches(postings, erp.batch_size):
            answer = await erp.post(batch)
            assert len(batch) == len(answer), f"post gave {len(answer)} outcomes for {len(batch)} postings"
            for outcome in answer:
                assert isinstance(outcome, (Posted, Rejected, Pending)), "post: expected Posted, Rejected or Pending"
                if not isinstance(outcome, Rejected):
                    assert outcome.reference.strip(), "post gave an empty reference"
            outcomes += answer
        return outcomes

    async def _found(self, erp: Erp, keys: Sequence[str]) -> dict[str, Posted]:
        found: dict[str, Posted] = {}
        for batch in in_batches(keys, erp.batch_size):
            answer = await erp.find(batch)
            assert set(answer) <= set(batch), "find gave keys that it was not asked for"
            for posted in answer.values():
                assert isinstance(posted, Posted), "find: expected Posted for each key that it gives"
            found |= answer
        return found

    async def _booked(self, erp: Erp, postings: Sequence[Posting]) -> Mapping[str, Posted]:
        """Post, let the time pass that a search takes, and find all of it."""
        outcomes = await self._outcomes(erp, postings)
        refused = [outcome.code for outcome in outcomes if isinstance(outcome, Rejected)]
        assert not refused, f"post rejected a posting ({refused[0]}); override a_posting with what the ERP takes"
        if any(isinstance(outcome, Pending) for outcome in outcomes):
            await self.approve()
        await self.pass_time(erp.search_lag)
        found = await self._found(erp, [posting.key for posting in postings])
        assert len(postings) == len(found), (
            f"find gave {len(found)} of {len(postings)} keys, {erp.search_lag} seconds after they were posted: "
            f"search_lag is too short, or they are not in the books"
        )
        for posting, outcome in zip(postings, outcomes, strict=True):
            check_content("find", found[posting.key], posting)
            if isinstance(outcome, Posted):
                check_content("post", outcome, posting)
                reference = found[posting.key].reference
                assert reference == outcome.reference, "find and post give different references: outcomes out of order?"
                if outcome.content_hash is not None:
                    assert found[posting.key].content_hash is not None, "find gives no content_hash, and post does"
        return found

    async def _recovers(self, erp: Erp, batch: Sequence[Posting]) -> None:
        """Do what the loop does when nobody knows what came of a batch."""
        keys = [posting.key for posting in batch]
        await self.pass_time(erp.search_lag)
        found = await self._found(erp, keys)
        # Twice as long, and a bit: what comes into the books later than it says may come at any time.
        await self.pass_time(erp.search_lag)
        await self.pass_time(0.01)
        again = await self._found(erp, keys)
        assert references_of(found) == references_of(again), (
            f"find changed its mind later than {erp.search_lag} seconds after a post had begun: search_lag is too short"
        )
        missing = [posting for posting in batch if posting.key not in found]
        if missing:
            await self._booked(erp, [attrs.evolve(posting, attempt=2, fence=9) for posting in missing])
        assert set(keys) == set(await self._found(erp, keys)), "find lost entries when the rest was posted"
        for key in keys:
            count = await self.count_entries(erp, key)
            assert count in (1, None), f"{count} entries for a key that was posted again only when find did not give it"

    async def _check_listed(self, erp: Erp, postings: Sequence[Posting]) -> None:
        """Hold ``list_entries`` against what was posted, where the ERP has it."""
        if not isinstance(erp, ListsEntries):
            return
        listed = sorted(await all_entries(erp), key=lambda entry: entry.key)
        expected = sorted(postings, key=lambda posting: posting.key)
        assert [each.key for each in expected] == [entry.key for entry in listed], (
            "list_entries: other keys than posted"
        )
        for posting, entry in zip(expected, listed, strict=True):
            assert posting.date == entry.date, "list_entries: another date than posting.date; apply no time zone to it"
            assert dict(posting.debits) == dict(entry.debits), (
                "list_entries: debits differ; keep Decimals, never floats"
            )
            check_content("list_entries", entry, posting)
            assert not entry.is_edited, "list_entries: is_edited, and nobody has touched the entry"


async def open_handle(open_erp: OpenErp) -> Erp:
    """Open a handle, waiting for it where that takes time."""
    erp = open_erp()
    return await erp if inspect.isawaitable(erp) else erp


async def all_entries(erp: ListsEntries) -> list[LedgerEntry]:
    """Everything that the ERP lists."""
    return [entry async for entry in erp.list_entries()]


def in_batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """The items in batches of a size."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def references_of(found: Mapping[str, Posted]) -> dict[str, str]:
    """The references of what was found, by key."""
    return {key: posted.reference for key, posted in found.items()}


def check_content(method: str, entry: Posted | LedgerEntry, booked: Posting) -> None:
    """Hold the hash that an ERP gives for an entry, where it gives any, against what is in the books."""
    assert entry.content_hash in (None, booked.content_hash), (
        f"{method}: content_hash is not that of what is in the books; keep posting.content_hash as it is, whole, and "
        "that of the newest version where it was amended"
    )


def check_code(rejected: Rejected, posting: Posting) -> None:
    """Hold a rejection against what may be kept of it."""
    assert rejected.message.strip(), "Rejected: the message is for people, and must not be empty"
    assert rejected.code, "Rejected: the code must not be empty"
    assert not any(map(str.isspace, rejected.code)), "Rejected: a code has no spaces, such as no-account:6320"
    vendor = posting.record.vendor
    for text in (posting.record.memo, None if vendor is None else vendor.name):
        assert not text or text not in rejected.code, (
            "Rejected: the code goes into the journal; no memos or names in it"
        )


def write_receipt(folder: Path, number: int) -> ReceiptFile:
    """Write a receipt into a folder."""
    content = b"%%PDF-1.4 receipt %d" % number
    path = folder / f"receipt{number}.pdf"
    path.write_bytes(content)
    return ReceiptFile(
        receipt_id=f"rcpt_{number}",
        path=path,
        content_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


__all__ = [
    "ErpTrial",
    "OpenErp",
    "all_entries",
    "check_code",
    "check_content",
    "in_batches",
    "open_handle",
    "references_of",
    "write_receipt",
]
