"""What every ERP adapter has to pass before the export loop may use it.

::

    class TestOurErp(ErpContract):
        @pytest.fixture
        def open_erp(self, tmp_path) -> OpenErp:
            return lambda: OurErp(tmp_path / "books.db")

It needs pytest with pytest-asyncio, in its strict mode too, and nothing of Brex. Its postings go to the accounts 6320
and 2100; where the ERP knows others, override ``a_posting``. What an ERP cannot do is not asked of it: a hook that is
left as it is here leaves out the tests that need it.
"""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

import asyncio
import datetime
import tempfile
from pathlib import Path
from typing import get_args

import attrs
import pytest

from ..export.erp import Amends, Attaches, Erp, ListsEntries, Pending, Posted, Rejected, Repeats, Validates
from .erp_trial import (
    ErpTrial,
    OpenErp,
    all_entries,
    check_code,
    check_content,
    in_batches,
    open_handle,
    references_of,
    write_receipt,
)

# After how many turns of the event loop a post is cancelled: from before its first step to after its last.
_STEPS = range(16)
_WEEK = 7 * 86_400


@pytest.mark.asyncio
class ErpContract(ErpTrial):
    """Tests of the rules of ``Erp``: subclass it as ``Test…``, override ``open_erp``, and the hooks that apply.

    Attributes:
        amounts: Digits and currencies that the ERP must keep to the last digit; cut out the currencies that it has not.
        texts: Memos and vendor names that must not break it.
    """

    # -- posting and finding

    async def test_is_an_erp(self, open_erp: OpenErp) -> None:
        """It has the members of the protocol, and its attributes can be right."""
        erp = await open_handle(open_erp)
        assert isinstance(erp, Erp), "an adapter needs repeats, search_lag, batch_size, post and find"
        assert erp.repeats in get_args(Repeats), f"repeats: expected one of {get_args(Repeats)}"
        lag, size = erp.search_lag, erp.batch_size
        assert type(lag) in (int, float), "search_lag: expected seconds"
        assert 0 <= lag < _WEEK, "search_lag: expected seconds from 0 to a week"
        assert type(size) is int, "batch_size: expected a whole number"
        assert size >= 1, "batch_size: expected at least 1"
        version = getattr(erp, "mapping_version", None)
        assert version is None or isinstance(version, str), "mapping_version: expected text"

    async def test_finds_nothing_at_first(self, open_erp: OpenErp) -> None:
        """Keys that were never posted are not found, before a post and after one."""
        erp = await open_handle(open_erp)
        unknown = [self.a_posting(number).key for number in (7, 8)]
        assert not await self._found(erp, unknown), "find gave keys that were never posted"
        await self._booked(erp, [self.a_posting(1)])
        assert not await self._found(erp, unknown), "find gave keys that were never posted"

    async def test_finds_what_it_posted(self, open_erp: OpenErp) -> None:
        """One posting is found ``search_lag`` seconds later, by the reference that ``post`` gave, and for good."""
        erp = await open_handle(open_erp)
        first = self.a_posting(1)
        found = await self._booked(erp, [first])
        await self._booked(erp, [self.a_posting(2)])
        await self.pass_time(erp.search_lag)
        later = await self._found(erp, [first.key])
        assert references_of(found) == references_of(later), "a later find gave something else for the key"

    async def test_gives_one_outcome_for_each_in_order(self, open_erp: OpenErp) -> None:
        """A full batch gets as many outcomes as it has postings, in its order, each with a reference of its own."""
        erp = await open_handle(open_erp)
        numbers = range(1, erp.batch_size + 1)
        found = await self._booked(erp, [self.a_posting(number * 7919 % 100_003) for number in numbers])
        references = set(references_of(found).values())
        assert erp.batch_size == len(references), "several entries have the same reference"

    async def test_tells_keys_apart(self, open_erp: OpenErp) -> None:
        """Keys that begin alike, or differ by their case only, are different entries."""
        erp = await open_handle(open_erp)
        keys = ["accr_1", "accr_1~2", "accrx10", "accr_10", "ACCRX10", "accr%0"]
        postings = [self.a_posting(number, key=key) for number, key in enumerate(keys)]
        posted = postings[1:3]
        await self._booked(erp, posted)
        found: dict[str, Posted] = {}
        for key in keys:
            found |= await self._found(erp, [key])
        expected = {posting.key for posting in posted}
        assert expected == set(found), "find gave a key for another one that is like it; compare whole keys, with case"
        await self._booked(erp, [posting for posting in postings if posting not in posted])

    async def test_every_handle_finds_the_same(self, open_erp: OpenErp) -> None:
        """What one handle posted, another finds by the same reference, also one that is opened later."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        postings = [self.a_posting(1)]
        found = await self._booked(erp, postings)
        for handle in (other, await open_handle(open_erp)):
            again = await self._found(handle, list(found))
            assert references_of(found) == references_of(again), (
                "another handle does not find the entry by its reference"
            )

    async def test_two_workers_lose_nothing(self, open_erp: OpenErp) -> None:
        """Batches that two handles post at once are all in the books, with references of their own."""
        handles = [await open_handle(open_erp) for _ in range(2)]
        size = min(handles[0].batch_size, 5)
        batches = [[self.a_posting(10 * place + number) for number in range(size)] for place in range(2)]
        found = await asyncio.gather(*map(self._booked, handles, batches))
        references = [found[place][posting.key].reference for place in range(2) for posting in batches[place]]
        assert len(set(references)) == 2 * size, "entries of two workers have the same reference"

    # -- rejected, pending, posted again

    async def test_rejects_one_of_several(self, open_erp: OpenErp) -> None:
        """A rejected posting leaves nothing in the books, and those around it are posted."""
        posting = self.rejected_posting(2)
        if posting is None:
            return
        erp = await open_handle(open_erp)
        for batch in in_batches([self.a_posting(1), posting, self.a_posting(3)], erp.batch_size):
            for each, outcome in zip(batch, await self._outcomes(erp, batch), strict=True):
                assert isinstance(outcome, Rejected) == (each is posting), f"outcome of another posting: {outcome!r}"
                if isinstance(outcome, Rejected):
                    check_code(outcome, posting)
        await self.approve()
        await self.pass_time(erp.search_lag)
        keys = [self.a_posting(1).key, posting.key, self.a_posting(3).key]
        found = await self._found(erp, keys)
        assert {keys[0], keys[2]} == set(found), "after a rejection find must give the rest of the batch, and only that"
        assert await self.count_entries(erp, posting.key) in (0, None), (
            "something of a rejected posting is in the books"
        )

    async def test_validate_agrees_and_changes_nothing(self, open_erp: OpenErp) -> None:
        """``validate`` says what ``post`` would say, and leaves the books as they are."""
        erp = await open_handle(open_erp)
        if not isinstance(erp, Validates):
            return
        good, bad = self.a_posting(1), self.rejected_posting(2)
        assert await erp.validate(good) is None, "validate is against a posting that post takes"
        if bad is not None:
            said = await erp.validate(bad)
            assert isinstance(said, Rejected), "validate knows nothing against a posting that post rejects"
            (outcome,) = await self._outcomes(erp, [bad])
            assert isinstance(outcome, Rejected), "validate is against a posting that post takes"
            assert said.code == outcome.code, "validate and post give different codes"
        await self.pass_time(erp.search_lag)
        assert not await self._found(erp, [good.key]), "validate has posted"
        await self._booked(erp, [good])
        assert await self.count_entries(erp, good.key) in (1, None), "validate has posted"

    async def test_pending_is_not_in_the_books(self, open_erp: OpenErp) -> None:
        """What is pending is not found until the ERP has posted it, and a repeated post does not ask for it again.

        After a crash nobody knows about the pending entry but the ERP, and ``find`` must not give it: only an ERP that
        knows the key again is safe, so ``repeats`` has to be ``"idempotent"`` where ``Pending`` is ever given.
        """
        posting = self.pending_posting(1)
        if posting is None:
            return
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        assert erp.repeats == "idempotent", "an ERP that answers Pending must know keys again: make post idempotent"
        outcomes = [(await self._outcomes(handle, [posting]))[0] for handle in (erp, other)]
        assert isinstance(outcomes[0], Pending), "pending_posting: the ERP did not answer Pending"
        assert outcomes[0] == outcomes[1], "a repeated post of a pending entry gave another outcome"
        await self.pass_time(erp.search_lag)
        assert not await self._found(erp, [posting.key]), "find gave an entry that is only pending"
        await self.approve()
        await self.pass_time(erp.search_lag)
        assert [posting.key] == list(await self._found(erp, [posting.key])), "find does not give it after approve()"
        assert await self.count_entries(erp, posting.key) in (1, None), "a repeated post asked for it twice"

    async def test_a_repeated_post_adds_nothing(self, open_erp: OpenErp) -> None:
        """An idempotent ERP knows a key again, on any handle and with any content, and gives the first outcome."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        if erp.repeats != "idempotent":
            return
        posting = self.a_posting(1)
        found = await self._booked(erp, [posting])
        changed = self.a_posting(1, amounts=[("99.99", "USD")], attempt=2, fence=7)
        for handle, again in ((erp, posting), (other, attrs.evolve(posting, attempt=2, fence=3)), (other, changed)):
            (outcome,) = await self._outcomes(handle, [again])
            assert isinstance(outcome, Posted), "a repeated post did not answer Posted"
            assert found[posting.key].reference == outcome.reference, "a repeated post gave another reference"
            check_content("a repeated post", outcome, posting)
        await self.pass_time(erp.search_lag)
        check_content("find", (await self._found(erp, [posting.key]))[posting.key], posting)
        assert await self.count_entries(erp, posting.key) in (1, None), "a repeated post made another entry"
        await self._check_listed(erp, [posting])

    async def test_posts_in_flight_together_add_one_entry(self, open_erp: OpenErp) -> None:
        """Two handles of an idempotent ERP that post the same keys at once get the same references."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        if erp.repeats != "idempotent":
            return
        batch = [self.a_posting(number) for number in range(1, min(erp.batch_size, 3) + 1)]
        first, second = await asyncio.gather(self._booked(erp, batch), self._booked(other, batch))
        assert references_of(first) == references_of(second), "two posts of one key at once gave different references"
        for posting in batch:
            assert await self.count_entries(erp, posting.key) in (1, None), (
                "two posts of one key at once made two entries"
            )

    # -- when a post does not come back

    async def test_a_cancelled_post_leaves_a_truth(self, open_erp: OpenErp) -> None:
        """Cancelled at any step, ``find`` tells ``search_lag`` later what came of it, and that stays so."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        for steps in _STEPS:
            numbers = range(10 * steps, 10 * steps + min(erp.batch_size, 3))
            batch = [self.a_posting(number) for number in numbers]
            task = asyncio.create_task(self._outcomes(erp, batch))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            (answer,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(answer, Exception):
                raise answer
            await self._recovers(other, batch)

    async def test_a_post_that_fails_half_way_leaves_a_truth(self, open_erp: OpenErp) -> None:
        """When a post raises, ``find`` tells ``search_lag`` later what is in the books, and the rest can be posted."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        batch = [self.a_posting(number) for number in range(1, min(erp.batch_size, 5) + 1)]
        if not await self.fail_half_way(erp):
            return
        with pytest.raises(Exception):  # noqa: B017, PT011 - an adapter raises what it likes
            await erp.post(batch)
        await self._recovers(other, batch)

    # -- what is optional

    async def test_amends_in_place(self, open_erp: OpenErp) -> None:
        """An amended entry has the new content under its key, and amending again changes nothing."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        if not isinstance(erp, Amends) or not isinstance(other, Amends):
            return
        posting, neighbour = self.a_posting(1), self.a_posting(2)
        posted = (await self._booked(erp, [posting]))[posting.key]
        await self._booked(erp, [neighbour])
        changed = self.a_posting(1, amounts=[("99.99", "USD"), ("0.01", "USD")], date=datetime.date(2025, 12, 31))
        amended = await erp.amend(changed, posted)
        assert isinstance(amended, Posted), "amend: expected Posted"
        check_content("amend", amended, changed)
        await self.pass_time(erp.search_lag)
        for handle, before in ((other, posted), (erp, amended)):
            again = await handle.amend(changed, before)
            assert isinstance(again, Posted), "amend: expected Posted the second time too"
            assert amended.reference == again.reference, "amending again gave another reference"
            await self.pass_time(erp.search_lag)
            found = await self._found(handle, [posting.key])
            assert {posting.key: amended.reference} == references_of(found), "find does not give the amended entry"
            check_content("find after amend", found[posting.key], changed)
            assert await self.count_entries(handle, posting.key) in (1, None), "amend made another entry"
            await self._check_listed(handle, [changed, neighbour])

    async def test_attaches_a_receipt_once(self, open_erp: OpenErp) -> None:
        """Attaching the same receipt again, from any handle, changes nothing; another receipt is added."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        if not isinstance(erp, Attaches) or not isinstance(other, Attaches):
            return
        posting = self.a_posting(1)
        await self._booked(erp, [posting])
        with tempfile.TemporaryDirectory() as folder:
            first, second = (write_receipt(Path(folder), number) for number in (1, 2))
            for handle, receipt, expected in ((erp, first, 1), (erp, first, 1), (other, first, 1), (other, second, 2)):
                await handle.attach(posting, receipt)
                await self.pass_time(erp.search_lag)
                assert await self.attachments(erp, posting) in (expected, None), "a receipt is there twice, or missing"

    async def test_lists_what_it_finds(self, open_erp: OpenErp) -> None:
        """``list_entries`` gives each entry once, under its reference and date, on every handle."""
        erp, other = await open_handle(open_erp), await open_handle(open_erp)
        if not isinstance(erp, ListsEntries) or not isinstance(other, ListsEntries):
            return
        dates = [datetime.date(2025, 12, 31), datetime.date(2026, 1, 1), datetime.date(2024, 2, 29)]
        postings = [self.a_posting(number, date=date) for number, date in enumerate(dates)]
        assert not await all_entries(erp), "list_entries gave something before anything was posted"
        found = await self._booked(erp, postings)
        for handle in (erp, other):
            await self._check_listed(handle, postings)
            listed = {entry.key: entry.reference for entry in await all_entries(handle)}
            assert references_of(found) == listed, "list_entries and find give different references"

    async def test_amounts_are_exact(self, open_erp: OpenErp) -> None:
        """Amounts keep their last digit, alone and several of them in one entry."""
        erp = await open_handle(open_erp)
        postings = [self.a_posting(number, amounts=[amount]) for number, amount in enumerate(self.amounts)]
        postings.append(self.a_posting(len(postings), amounts=self.amounts))
        await self._booked(erp, postings)
        await self._check_listed(erp, postings)

    async def test_takes_any_text(self, open_erp: OpenErp) -> None:
        """Memos and names in any script, with line ends and quotes, or empty, do not keep an entry out."""
        erp = await open_handle(open_erp)
        postings = [self.a_posting(number, memo=text, vendor=text) for number, text in enumerate(self.texts)]
        await self._booked(erp, postings)
        await self._check_listed(erp, postings)


__all__ = ["ErpContract", "OpenErp"]
