"""Books in plain text that somebody edits, held against Brex and the journal."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from brex_accounting.emulator import move
from brex_accounting.export import SqliteJournal, State
from brex_accounting.export.beancount import BeancountLedger
from brex_accounting.export.comparing import DifferenceKind
from brex_accounting.export.reconciliation import Reconciliation, reconcile
from tests.export.beancount.postings import EXAMPLE, bean_check

from .test_missed_changes import change, content_of
from .test_rebuilding import lose_journal
from .traps import Trap
from .world import DAY, HOUR, READY, Account, pass_time, run

K = DifferenceKind
MAPPING = {**tomllib.loads(EXAMPLE.read_text()), "account": {"unmapped": "Expenses:Unmapped"}}


class Scene:
    """An account whose records are all exported to books in plain text.

    Attributes:
        account: The account.
        books: The file.
        ids: Its records, in the order of the books.
    """

    def __init__(self, folder: Path) -> None:
        self.books = folder / "books.beancount"
        self.account = Account(folder, bill_ready="reaches", make_erp=self.open)
        self.ledgers: list[BeancountLedger] = []
        self.ids: list[str] = []

    def open(self, _account: Account, _trap: Trap) -> BeancountLedger:
        self.ledgers.append(BeancountLedger(self.books, mapping=MAPPING))
        return self.ledgers[-1]

    async def __aenter__(self) -> Scene:
        await self.account.run()
        self.ids = re.findall(r'brex-key: "(.*)"', self.books.read_text())
        assert len(self.ids) > 10
        return self

    async def __aexit__(self, *_: object) -> None:
        for ledger in self.ledgers:
            await ledger.aclose()

    def legs(self, record_id: str) -> list[str]:
        """The lines of the legs of an entry, in the order of the books."""
        return [line for line in self._entry(record_id).splitlines() if re.match(r"  [A-Z]\w+:", line)]

    def edit(self, record_id: str, legs: Sequence[str]) -> None:
        """Put other legs in the place of those of an entry, without what is noted of each."""
        entry = self._entry(record_id)
        head = entry.partition(self.legs(record_id)[0])[0]
        text = self.books.read_text()
        assert 1 == text.count(entry)
        self.books.write_text(text.replace(entry, head + "\n".join(legs) + "\n"))

    def swap(self, record_id: str) -> None:
        """Let the money of an entry go in the other direction."""
        legs = self.legs(record_id)
        assert {True, False} == {"  -" in leg for leg in legs}
        self.edit(record_id, [leg.replace("  -", "  ") if "  -" in leg else _credited(leg) for leg in legs])

    def reclassify(self, record_id: str) -> None:
        """Book an entry to another account."""
        first, *others = self.legs(record_id)
        _, amount = first.strip().split("  ", 1)
        self.edit(record_id, [f"  Expenses:Elsewhere  {amount}", *others])
        opened = "1970-01-01 open Expenses:Elsewhere\n"
        text = self.books.read_text()
        if opened not in text:
            self.books.write_text(f"{text}\n{opened}")

    def _entry(self, record_id: str) -> str:
        """The text of the newest version of an entry."""
        text = self.books.read_text()
        key = text.rindex(f'  brex-key: "{record_id}"')
        start = text.rindex("\n20", 0, key) + 1
        end = re.compile(r"^(?! )", re.MULTILINE).search(text, key)
        assert end is not None
        return text[start : end.start()]

    async def reconciled(self) -> Reconciliation:
        """The three sides against each other."""
        journal = SqliteJournal(self.account.path, read_only=True)
        async with self.account.client() as brex:
            try:
                erp = self.open(self.account, Trap())
                return await reconcile(brex, erp, journal, self.account.policy, clock=self.account.clock)
            finally:
                await journal.aclose()

    async def kinds(self) -> list[tuple[str, DifferenceKind]]:
        """Which records differ, and how."""
        found = await self.reconciled()
        return sorted((one.record_id, one.kind) for one in found.differences)


def _credited(leg: str) -> str:
    """A debit leg with its sign turned round."""
    account, amount = leg.strip().split("  ", 1)
    return f"  {account}  -{amount}"


class TestEditedBooks:
    def test_agree_while_nobody_edits_them(self, folder: Path) -> None:
        """Right after a run no entry is told to be edited or changed, and Beancount takes the books."""

        async def main() -> None:
            async with Scene(folder) as scene:
                assert [] == await scene.kinds()
                assert "" == bean_check(scene.books)

        run(main())

    def test_with_the_sides_swapped_differ(self, folder: Path) -> None:
        """Debits that became credits have the same sums and dates: the entry is told, and reconciliation fails."""

        async def main() -> None:
            async with Scene(folder) as scene:
                before = (await scene.reconciled()).ledger
                scene.swap(scene.ids[2])
                assert "" == bean_check(scene.books)
                found = await scene.reconciled()
                assert (False, {K.EDITED: 1}, before) == (found.agrees, found.counts, found.ledger)
                [difference] = found.differences
                assert scene.ids[2] == difference.record_id
                assert [True] == [entry.is_edited for entry in difference.ledger]
                assert "keep" in difference.remedy

        run(main())

    def test_with_another_account_differ_until_a_person_keeps_them(self, folder: Path) -> None:
        """A reclassification fails until it is kept; then it stays settled, through reports and later runs."""

        async def main() -> None:
            async with Scene(folder) as scene:
                account, record_id = scene.account, scene.ids[3]
                scene.reclassify(record_id)
                assert "" == bean_check(scene.books)
                assert [(record_id, K.EDITED)] == await scene.kinds()
                await pass_time(HOUR)
                await account.run()  # which changes nothing about it
                assert [(record_id, K.EDITED)] == await scene.kinds()
                async with account.worker() as loop:
                    await loop.resolve(record_id, "keep", reason="It belongs there.")
                await pass_time(HOUR)
                reports = len(account.tenant.journal)
                await account.run()
                found = await scene.reconciled()
                assert ([(record_id, K.KEPT)], True) == (await scene.kinds(), found.agrees)
                assert State.EXPORTED is (await account.rows())[record_id].state
                assert not any(
                    exchange.operation == "reportAccountingExportResults"
                    for exchange in list(account.tenant.journal)[reports:]
                )
                await pass_time(30 * DAY)
                move(account.tenant, record_id, READY)
                await account.run()
                assert [(record_id, K.KEPT)] == await scene.kinds()
                assert "Expenses:Elsewhere" in scene.legs(record_id)[0]

        run(main())

    def test_that_are_kept_fail_anew_with_the_next_content(self, folder: Path) -> None:
        """What a person kept was that content: a new version is booked by the mapping, and its edits are told again."""

        async def main() -> None:
            async with Scene(folder) as scene:
                account, record_id = scene.account, scene.ids[3]
                scene.reclassify(record_id)
                async with account.worker() as loop:
                    await loop.resolve(record_id, "keep", reason="It belongs there.")
                await account.run()
                await pass_time(HOUR)
                change(account, record_id)
                await account.run()
                assert [] == await scene.kinds()
                assert "Expenses:Elsewhere" not in scene.legs(record_id)[0]
                scene.reclassify(record_id)
                assert [(record_id, K.EDITED)] == await scene.kinds()

        run(main())

    def test_of_an_older_version_tell_nothing(self, folder: Path) -> None:
        """Entries that were written without a checksum agree as they did before, whatever account they stand on."""

        async def main() -> None:
            async with Scene(folder) as scene:
                text = re.sub(r"  brex-legs: .*\n", "", scene.books.read_text())
                scene.books.write_text(text)
                assert [] == await scene.kinds()
                scene.reclassify(scene.ids[3])
                scene.swap(scene.ids[4])
                edited = scene.books.read_text()
                assert [] == await scene.kinds()
                scene.account.tenant.add(3, 8)
                await pass_time(HOUR)
                await scene.account.run()
                assert scene.books.read_text().startswith(edited)
                assert "" == bean_check(scene.books)

        run(main())

    def test_of_another_amount_are_told_twice(self, folder: Path) -> None:
        """Another amount differs from Brex's, and from what was booked: the latter says where to look."""

        async def main() -> None:
            async with Scene(folder) as scene:
                record_id = scene.ids[2]
                scene.edit(record_id, ["  Assets:Any  77.77 USD", "  Liabilities:Any  -77.77 USD"])
                assert [(record_id, K.AMOUNTS), (record_id, K.EDITED)] == await scene.kinds()

        run(main())

    def test_that_a_person_ignores_are_passed_over(self, folder: Path) -> None:
        """An edited entry of a record that somebody decided to ignore is listed as ignored, and as nothing else."""

        async def main() -> None:
            async with Scene(folder) as scene:
                scene.swap(scene.ids[2])
                async with scene.account.worker() as loop:
                    await loop.resolve(scene.ids[2], "ignore", reason="It is not ours.")
                assert [(scene.ids[2], K.IGNORED)] == await scene.kinds()

        run(main())


class TestOtherContent:
    def test_in_the_books_differs_although_the_journal_agrees_with_brex(self, folder: Path) -> None:
        """Where a journal took Brex's content for what was booked, the hash in the books tells; a person keeps it."""

        async def main() -> None:
            async with Scene(folder) as scene:
                account, record_id = scene.account, scene.ids[3]
                booked = await content_of(account, record_id)
                await pass_time(HOUR)
                change(account, record_id)
                hidden = scene.books.read_text()
                scene.books.write_text(hidden.replace(f'brex-hash: "{booked}"', 'brex-other: ""'))
                lose_journal(account)
                await account.run()
                assert [] == await scene.kinds()
                scene.books.write_text(hidden)
                assert [(record_id, K.CHANGED)] == await scene.kinds()
                await account.run()
                assert [(record_id, K.CHANGED)] == await scene.kinds()
                async with account.worker() as loop:
                    await loop.resolve(record_id, "keep", reason="The books are right.")
                await account.run()
                assert [(record_id, K.KEPT)] == await scene.kinds()

        run(main())

    def test_in_the_books_is_amended_by_a_run_that_rebuilds(self, folder: Path) -> None:
        """With the hashes in the books a lost journal costs nothing: what has changed is amended, and all agree."""

        async def main() -> None:
            async with Scene(folder) as scene:
                account, record_id = scene.account, scene.ids[3]
                await pass_time(HOUR)
                change(account, record_id)
                lose_journal(account)
                assert (record_id, K.CHANGED) in await scene.kinds()
                summary = await account.run()
                assert ("complete", 0, 1) == (summary.ended, summary.posted, summary.amended)
                assert [] == await scene.kinds()
                assert f'brex-hash: "{await content_of(account, record_id)}"' in scene.books.read_text()
                assert "" == bean_check(scene.books)

        run(main())
