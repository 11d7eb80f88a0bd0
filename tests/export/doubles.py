"""ERPs in memory, and one in a file for several processes, that can be asked what really happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from random import Random

from brex_accounting.clock import Clock
from brex_accounting.export.erp import LedgerEntry, Outcome, Pending, Posted, ReceiptFile, Rejected, Repeats
from brex_accounting.export.posting import Posting
from tests.export.documents import TICK, Books, Document, ErpDown, duplicates_in
from tests.export.durable_erp import DurableErp


class BookErp:
    """An honest ERP in memory, without the optional members but ``list_entries``.

    Attributes:
        keeps_hashes: Whether it keeps the hash of what was posted with the entry, and gives it.

    Args:
        clock: Tells the time.
        books: Those of another handle; new ones where left out.
        repeats: ``"searchable"``: posting a key again makes a second document.
        search_lag: Seconds after the beginning of a post until a search gives what it brought.
        batch_size: The most postings in one post.
        latency: Seconds that a post takes before anything happens.
    """

    keeps_hashes = True

    def __init__(
        self,
        clock: Clock,
        books: Books | None = None,
        *,
        repeats: Repeats = "idempotent",
        search_lag: float = 0.0,
        batch_size: int = 50,
        latency: float = 0.0,
    ) -> None:
        self.clock = clock
        self.books = Books() if books is None else books
        self.repeats: Repeats = repeats
        self.search_lag = search_lag
        self.batch_size = batch_size
        self.latency = latency
        self.posts: list[tuple[str, ...]] = []
        """The keys of each post that was begun on this handle."""
        self.finds: list[tuple[str, ...]] = []
        """The keys of each search that was begun on this handle."""

    @property
    def documents(self) -> list[Document]:
        """Everything that ever came into the books, pending documents included."""
        return self.books.documents

    def duplicates(self) -> list[str]:
        """Keys that more than one document has."""
        return duplicates_in(self.documents)

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        begun = self.clock.monotonic()
        keys = tuple(posting.key for posting in postings)
        assert len(keys) <= self.batch_size, "more postings than a batch takes"
        assert len(set(keys)) == len(keys), "a key twice in one batch"
        self.posts.append(keys)
        await self.clock.sleep(self.latency)
        outcomes: list[Outcome] = []
        for posting in postings:
            outcomes.append(await self.enter(posting, begun))
            await asyncio.sleep(0)
        return outcomes

    async def enter(self, posting: Posting, begun: float) -> Outcome:
        """Put one posting into the books."""
        if self.repeats == "idempotent" and (known := self.known(posting.key)):
            return Pending(known.reference) if known.pending else self.posted(known)
        return self.posted(self.add(posting, begun))

    def add(self, posting: Posting, begun: float) -> Document:
        document = Document(
            key=posting.key,
            reference=f"JE-{len(self.documents) + 1}",
            debits=dict(posting.debits),
            date=posting.date,
            visible=begun + self.search_lag - TICK,
            content_hash=posting.content_hash,
        )
        self.documents.append(document)
        return document

    def known(self, key: str) -> Document | None:
        return next((document for document in self.documents if document.key == key), None)

    def posted(self, document: Document) -> Posted:
        link = f"https://erp.example.com/{document.reference}"
        return Posted(document.reference, deep_link=link, content_hash=self.hash_of(document))

    def hash_of(self, document: Document) -> str | None:
        return document.content_hash or None if self.keeps_hashes else None

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        assert len(keys) <= self.batch_size, "more keys than a batch takes"
        self.finds.append(tuple(keys))
        await asyncio.sleep(0)
        now = self.clock.monotonic()
        seen: dict[str, Document] = {}
        for document in self.documents:
            if document.visible <= now and not document.pending:
                seen.setdefault(document.key, document)
        return {key: self.posted(seen[key]) for key in keys if key in seen}

    async def list_entries(self) -> AsyncIterator[LedgerEntry]:
        for document in list(self.documents):
            if not document.pending:
                yield LedgerEntry(
                    key=document.key,
                    reference=document.reference,
                    date=document.date,
                    debits=document.debits,
                    content_hash=self.hash_of(document),
                    is_edited=document.edited,
                )


class MemoryErp(BookErp):
    """Idempotent, takes receipts and changes entries; it keeps the first version's reference."""

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        await asyncio.sleep(0)
        document = next(each for each in self.documents if each.reference == posted.reference)
        if document.content_hash != posting.content_hash or document.date != posting.date:
            document.debits, document.date = dict(posting.debits), posting.date
            document.content_hash = posting.content_hash
            document.amended += 1
        await asyncio.sleep(0)
        return self.posted(document)

    async def attach(self, posting: Posting, receipt: ReceiptFile) -> None:
        content = await asyncio.to_thread(receipt.path.read_bytes)
        assert len(content) == receipt.size, "the file is not the one that was downloaded"
        document = self.known(posting.key)
        assert document is not None, "no entry to attach to"
        if receipt.receipt_id not in document.receipts:
            document.receipts.append(receipt.receipt_id)


class LaggingErp(BookErp):
    """Posting a key again makes a second document, and a search does not see the first one for a while."""

    def __init__(
        self, clock: Clock, books: Books | None = None, *, search_lag: float = 120.0, batch_size: int = 50
    ) -> None:
        super().__init__(clock, books, repeats="searchable", search_lag=search_lag, batch_size=batch_size)


class SlowErp(BookErp):
    """A post that takes longer than any lease, and goes on at the ERP when the caller has gone.

    Args:
        clock: Tells the time.
        books: Those of another handle.
        seconds: How long a post takes; nothing is in the books before.
        repeats: As for every ERP.
        batch_size: The same.
    """

    def __init__(
        self,
        clock: Clock,
        books: Books | None = None,
        *,
        seconds: float = 900.0,
        repeats: Repeats = "searchable",
        batch_size: int = 50,
    ) -> None:
        super().__init__(clock, books, repeats=repeats, search_lag=seconds + 1, batch_size=batch_size, latency=seconds)
        self._under_way: set[asyncio.Task[Sequence[Outcome]]] = set()

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        task = asyncio.create_task(super().post(postings))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    def add(self, posting: Posting, begun: float) -> Document:
        document = super().add(posting, begun)
        document.visible = 0.0
        return document


class HalfPostingErp(BookErp):
    """Posts some of a batch, and raises.

    Args:
        clock: Tells the time.
        books: Those of another handle.
        random: Draws which posts fail, and which postings of them are in the books.
        probability: How often it does so.
        repeats: As for every ERP.
        search_lag: The same.
        batch_size: The same.
    """

    def __init__(
        self,
        clock: Clock,
        books: Books | None = None,
        *,
        random: Random,
        probability: float = 0.5,
        repeats: Repeats = "searchable",
        search_lag: float = 0.0,
        batch_size: int = 50,
    ) -> None:
        super().__init__(clock, books, repeats=repeats, search_lag=search_lag, batch_size=batch_size)
        self.random = random
        self.probability = probability
        self.failures = 0

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if self.random.random() >= self.probability:
            return await super().post(postings)
        self.failures += 1
        await super().post([posting for posting in postings if self.random.random() < 0.5])
        message = "the connection was lost in the middle of a batch"
        raise ErpDown(message)


class FailingErp(BookErp):
    """Raises before anything has happened, or when everything has.

    Args:
        clock: Tells the time.
        books: Those of another handle.
        random: Draws which calls fail.
        before: How often ``post`` raises before any effect.
        after: How often it raises after all of it.
        find_fails: How often ``find`` raises.
        repeats: As for every ERP.
        search_lag: The same.
        batch_size: The same.
    """

    def __init__(
        self,
        clock: Clock,
        books: Books | None = None,
        *,
        random: Random,
        before: float = 0.0,
        after: float = 0.0,
        find_fails: float = 0.0,
        repeats: Repeats = "searchable",
        search_lag: float = 0.0,
        batch_size: int = 50,
    ) -> None:
        super().__init__(clock, books, repeats=repeats, search_lag=search_lag, batch_size=batch_size)
        self.random = random
        self.before = before
        self.after = after
        self.find_fails = find_fails
        self.failures = 0

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        self._fail(self.before, "no connection")
        outcomes = await super().post(postings)
        self._fail(self.after, "the answer was lost")
        return outcomes

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        self._fail(self.find_fails, "no connection")
        return await super().find(keys)

    def _fail(self, probability: float, message: str) -> None:
        if self.random.random() < probability:
            self.failures += 1
            raise ErpDown(message)


class PendingErp(BookErp):
    """Accepts what it is given, and posts it when somebody approves; idempotent, as such an ERP must be."""

    async def enter(self, posting: Posting, begun: float) -> Outcome:
        if self.known(posting.key) is None:
            self.add(posting, begun).pending = True
        return await super().enter(posting, begun)

    def approve(self, keys: Collection[str] | None = None) -> None:
        """Post what is pending: these keys, or all."""
        for document in self.documents:
            if keys is None or document.key in keys:
                document.pending = False


class RejectingErp(MemoryErp):
    """Rejects by a rule, and says so before too.

    Args:
        clock: Tells the time.
        books: Those of another handle.
        rule: Why a posting is rejected; None for those that are not.
        mapping_version: Changes with the rule; ``set_rule`` does both.
        batch_size: As for every ERP.
    """

    def __init__(
        self,
        clock: Clock,
        books: Books | None = None,
        *,
        rule: Callable[[Posting], Rejected | None],
        mapping_version: str = "1",
        batch_size: int = 50,
    ) -> None:
        super().__init__(clock, books, batch_size=batch_size)
        self.rule = rule
        self.mapping_version = mapping_version

    def set_rule(self, rule: Callable[[Posting], Rejected | None]) -> None:
        """Reject by another rule from now on, under another mapping version."""
        self.rule = rule
        self.mapping_version = str(int(self.mapping_version) + 1)

    async def validate(self, posting: Posting) -> Rejected | None:
        await asyncio.sleep(0)
        return self.rule(posting)

    async def enter(self, posting: Posting, begun: float) -> Outcome:
        return self.rule(posting) or await super().enter(posting, begun)

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        return self.rule(posting) or await super().amend(posting, posted)


__all__ = [
    "BookErp",
    "Books",
    "Document",
    "DurableErp",
    "ErpDown",
    "FailingErp",
    "HalfPostingErp",
    "LaggingErp",
    "MemoryErp",
    "PendingErp",
    "RejectingErp",
    "SlowErp",
]
