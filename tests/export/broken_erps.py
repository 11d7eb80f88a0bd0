"""An ERP that keeps the contract with every optional member, and ERPs that are each wrong in one way."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from brex_accounting.clock import Clock
from brex_accounting.export.erp import LedgerEntry, Outcome, Pending, Posted, ReceiptFile, Rejected
from brex_accounting.export.posting import Posting
from brex_accounting.testing import make_posting
from tests.export.doubles import Books, Document, ErpDown, MemoryErp


class SoundErp(MemoryErp):
    """Every step of it can be overridden with a mistake."""

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books, search_lag=30.0, batch_size=12)
        self.fails_next = False

    def rejects(self, posting: Posting) -> Rejected | None:
        account = posting.lines[0].accounting_field_values[0].remote_field_value_id
        return Rejected(f"There is no account {account}.", code=f"no-account:{account}") if account == "9999" else None

    async def validate(self, posting: Posting) -> Rejected | None:
        await asyncio.sleep(0)
        return self.rejects(posting)

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if not self.fails_next:
            return await super().post(postings)
        self.fails_next = False
        await super().post(postings[: len(postings) // 2])
        message = "half way"
        raise ErpDown(message)

    async def enter(self, posting: Posting, begun: float) -> Outcome:
        if rejected := self.rejects(posting):
            return rejected
        if self.known(posting.key) is None and posting.record.memo == "approval":
            self.add(posting, begun).pending = True
        return await super().enter(posting, begun)


class EmptyBatches(SoundErp):
    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.batch_size = 0


class RepeatsAsItLikes(SoundErp):
    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.repeats = "maybe"  # type: ignore[assignment]


class EndlessLag(SoundErp):
    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.search_lag = float("inf")


class NoFind:
    def __init__(self, clock: Clock, books: Books) -> None:
        self.repeats = "idempotent"
        self.search_lag = 0.0
        self.batch_size = 1

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        return []


class FindsWhatNobodyPosted(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        return {key: Posted(f"of {key}") for key in keys}


class FindsEverything(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        return await super().find([document.key for document in self.documents])


class PostsNothing(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        return Posted(f"JE-{posting.key}")


class SearchesLaterThanItSays(SoundErp):
    def add(self, posting: Posting, begun: float) -> Document:
        document = super().add(posting, begun)
        document.visible += 20
        return document


class FindsTheNewestOnly(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        last = max((document.visible for document in self.documents), default=0)
        newest = {document.key for document in self.documents if document.visible == last}
        return {key: posted for key, posted in (await super().find(keys)).items() if key in newest}


class ForgetsTheLastOutcome(SoundErp):
    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        outcomes = await super().post(postings)
        return outcomes[:-1] if len(outcomes) == self.batch_size else outcomes


class SortsItsOutcomes(SoundErp):
    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        return await super().post(sorted(postings, key=lambda posting: posting.key))


class OneReferenceForAll(SoundErp):
    def add(self, posting: Posting, begun: float) -> Document:
        document = super().add(posting, begun)
        document.reference = f"BATCH-{begun:.0f}"
        return document


class SearchesByBeginning(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        found: dict[str, Posted] = {}
        for key in keys:
            alike = [document.key for document in self.documents if document.key.startswith(key)]
            for posted in (await super().find(alike[:1])).values():
                found[key] = posted
        return found


class FoldsCase(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        names = {document.key.lower(): document.key for document in self.documents}
        known = {key: names[key.lower()] for key in keys if key.lower() in names}
        found = await super().find(list(known.values()))
        return {key: found[name] for key, name in known.items() if name in found}


class RemembersInItsHandle(SoundErp):
    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.own: set[str] = set()

    def add(self, posting: Posting, begun: float) -> Document:
        self.own.add(posting.key)
        return super().add(posting, begun)

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        return {key: posted for key, posted in (await super().find(keys)).items() if key in self.own}


class NumbersInItsHandle(SoundErp):
    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.added = 0

    def add(self, posting: Posting, begun: float) -> Document:
        document = super().add(posting, begun)
        self.added += 1
        document.reference = f"JE-{self.added}"
        return document


class WritesTheWholeFile(SoundErp):
    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        shared, self.books = self.books, Books(list(self.books.documents))
        try:
            outcomes = await super().post(postings)
        finally:
            shared.documents, self.books = self.books.documents, shared
        return outcomes


class RejectsTheWholeBatch(SoundErp):
    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        for posting in postings:
            if rejected := self.rejects(posting):
                return [rejected] * len(postings)
        return await super().post(postings)


class PostsWhatItRejects(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        if rejected := self.rejects(posting):
            self.add(posting, begun)
            return rejected
        return await super().enter(posting, begun)


class NamesInItsCode(SoundErp):
    def rejects(self, posting: Posting) -> Rejected | None:
        rejected = super().rejects(posting)
        assert posting.record.vendor is not None
        return rejected and Rejected(rejected.message, code=f"vendor:{posting.record.vendor.name}")


class ValidatesByPosting(SoundErp):
    async def validate(self, posting: Posting) -> Rejected | None:
        (outcome,) = await self.post([posting])
        return outcome if isinstance(outcome, Rejected) else None


class ValidatesNothing(SoundErp):
    async def validate(self, posting: Posting) -> Rejected | None:
        return None


class FindsWhatIsPending(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        pending = {each.key: self.posted(each) for each in self.documents if each.pending and each.key in keys}
        return {**await super().find(keys), **pending}


class AsksForApprovalAgain(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        if (known := self.known(posting.key)) and known.pending:
            document = self.add(posting, begun)
            document.pending = True
            return Pending(known.reference)
        return await super().enter(posting, begun)


class IdempotentInNameOnly(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        rejected = self.rejects(posting)
        return rejected or self.posted(self.add(posting, begun))


class KnowsTheContentNotTheKey(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        known = self.known(posting.key)
        if known and known.content_hash != posting.content_hash:
            return self.posted(self.add(posting, begun))
        return await super().enter(posting, begun)


class LooksThenPosts(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        known = self.known(posting.key)
        await asyncio.sleep(0)
        return self.posted(known) if known else self.posted(self.add(posting, begun))


class PostsLater(SoundErp):
    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        try:
            return await super().post(postings)
        except asyncio.CancelledError:
            loop = asyncio.get_running_loop()
            loop.call_later(self.search_lag * 1.5, self.add_missing, postings)
            raise

    def add_missing(self, postings: Sequence[Posting]) -> None:
        for posting in postings:
            if self.known(posting.key) is None:
                self.add(posting, 0.0)


class LosesItsIndexHalfWay(SoundErp):
    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        failing, count = self.fails_next, len(self.documents)
        try:
            return await super().post(postings)
        finally:
            if failing:
                for document in self.documents[count:]:
                    document.key, document.visible = f"lost {document.key}", float("inf")
                    self.documents.append(attrs.evolve(document, key=document.key.removeprefix("lost ")))


class AmendsByAddingAnEntry(SoundErp):
    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        return self.posted(self.add(posting, self.clock.monotonic()))


class AmendsNothing(SoundErp):
    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        return posted


class AmendsUnderANewReference(SoundErp):
    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        document = self.known(posting.key)
        assert document is not None
        document.debits, document.date = dict(posting.debits), posting.date
        document.reference += "a"
        return self.posted(document)


class AttachesTwice(SoundErp):
    async def attach(self, posting: Posting, receipt: ReceiptFile) -> None:
        document = self.known(posting.key)
        assert document is not None
        document.receipts.append(receipt.receipt_id)


class ListsLocalDates(SoundErp):
    def add(self, posting: Posting, begun: float) -> Document:
        document = super().add(posting, begun)
        document.date -= datetime.timedelta(days=document.date.month == 1)
        return document


class ListsOnePage(SoundErp):
    async def list_entries(self) -> AsyncIterator[LedgerEntry]:
        for document in self.documents[:2]:
            yield LedgerEntry(
                key=document.key, reference=document.reference, date=document.date, debits=document.debits
            )


class _KeepsAmountsAs(SoundErp):
    def kept(self, amount: Decimal) -> Any:
        return amount

    def add(self, posting: Posting, begun: float) -> Document:
        document = super().add(posting, begun)
        document.debits = {currency: self.kept(amount) for currency, amount in document.debits.items()}
        return document


class KeepsFloats(_KeepsAmountsAs):
    def kept(self, amount: Decimal) -> Any:
        return Decimal(str(float(amount)))


class RoundsToCents(_KeepsAmountsAs):
    def kept(self, amount: Decimal) -> Any:
        return amount.quantize(Decimal("0.01"))


class SpeaksLatinOnly(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        (posting.record.memo or "").encode("latin-1")
        return await super().enter(posting, begun)


class DropsWhatHasNoMemo(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        if not posting.record.memo:
            return Posted("JE-0")
        return await super().enter(posting, begun)


class CutsTheHash(SoundErp):
    def hash_of(self, document: Document) -> str | None:
        return document.content_hash[:20]


class FindsNoHash(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        return {key: attrs.evolve(posted, content_hash=None) for key, posted in (await super().find(keys)).items()}


class FindsTheHashOfTheLast(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        last = self.documents[-1].content_hash if self.documents else ""
        return {key: attrs.evolve(posted, content_hash=last) for key, posted in (await super().find(keys)).items()}


class HashesWhatItIsSent(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        outcome = await super().enter(posting, begun)
        return attrs.evolve(outcome, content_hash=posting.content_hash) if isinstance(outcome, Posted) else outcome


class KeepsTheHashItIsSent(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        outcome = await super().enter(posting, begun)
        if isinstance(outcome, Posted) and (document := self.known(posting.key)) is not None:
            document.content_hash = posting.content_hash
        return outcome


class AmendsAllButTheHash(SoundErp):
    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        document = self.known(posting.key)
        assert document is not None
        document.debits, document.date = dict(posting.debits), posting.date
        return attrs.evolve(self.posted(document), content_hash=posting.content_hash)


class AnswersPostWithAnotherHash(SoundErp):
    async def enter(self, posting: Posting, begun: float) -> Outcome:
        outcome = await super().enter(posting, begun)
        return attrs.evolve(outcome, content_hash="1:0000") if isinstance(outcome, Posted) else outcome


class AnswersAmendWithTheOldHash(SoundErp):
    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        document = self.known(posting.key)
        assert document is not None
        before = self.posted(document)
        await super().amend(posting, posted)
        return before


class FindsTheHashOfTheFirstVersion(SoundErp):
    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        amended = {document.key for document in self.documents if document.amended}
        return {
            key: attrs.evolve(posted, content_hash="1:0000") if key in amended else posted
            for key, posted in (await super().find(keys)).items()
        }


class _ListsDifferently(SoundErp):
    def listed(self, entry: LedgerEntry) -> LedgerEntry:
        raise NotImplementedError

    async def list_entries(self) -> AsyncIterator[LedgerEntry]:
        async for entry in super().list_entries():
            yield self.listed(entry)


class ListsAnotherHash(_ListsDifferently):
    def listed(self, entry: LedgerEntry) -> LedgerEntry:
        return attrs.evolve(entry, content_hash="1:0000")


class ListsAllAsEdited(_ListsDifferently):
    def listed(self, entry: LedgerEntry) -> LedgerEntry:
        return attrs.evolve(entry, is_edited=True)


def rejected_posting(number: int) -> Posting:
    """What ``SoundErp`` and those after it reject."""
    return make_posting(number, account="9999", vendor="Quill")


def pending_posting(number: int) -> Posting:
    """What they answer with ``Pending``."""
    return make_posting(number, memo="approval")


__all__ = ["SoundErp", "pending_posting", "rejected_posting"]
