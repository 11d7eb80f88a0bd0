"""Brex, the journal and the books held against each other: each way in which they can differ, and none unsaid."""

from __future__ import annotations

import datetime
import gc
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting.emulator import Fault, move
from brex_accounting.emulator.stored import StoredRecord
from brex_accounting.errors import BrexError, ErpFailed, ExportError, InvalidArgument
from brex_accounting.export import Change, ExportLoop, ExportPolicy, LedgerEntry, SqliteJournal, State
from brex_accounting.export.comparing import INFORMATIONAL, REMEDIES, Comparison, Difference, DifferenceKind
from brex_accounting.export.plan_summary import PlanAction
from brex_accounting.export.planning import plan
from brex_accounting.export.posting import EXACT
from brex_accounting.export.reconciliation import Reconciliation, reconcile
from brex_accounting.export.sides import BrexSays, JournalSays, LedgerSays, Said, Sides
from tests import virtual
from tests.emulator import serving
from tests.export.doubles import BookErp, Document, FailingErp
from tests.export.world import DAY, POLICY, READY, Account, debits_of, pass_time, run

K = DifferenceKind


class Unlisted:
    """The same books, without a list of them."""

    def __init__(self, erp: BookErp) -> None:
        self.repeats = erp.repeats
        self.search_lag = erp.search_lag
        self.batch_size = erp.batch_size
        self.post = erp.post
        self.find = erp.find


async def reconciled(account: Account, *, erp: Any = None, policy: ExportPolicy | None = None, **options: Any) -> Any:
    """A reconciliation, checked to have written nothing and to have told each difference that it lists."""
    told: list[Difference] = []
    journal = SqliteJournal(account.path, read_only=True)
    before, asked = files_of(account.path.parent), len(account.tenant.journal)
    async with account.client() as brex:
        try:
            found = await reconcile(
                brex,
                erp or BookErp(account.clock, account.books),
                journal,
                policy or account.policy,
                clock=account.clock,
                on_difference=told.append,
                **options,
            )
        finally:
            await journal.aclose()
    assert before == files_of(account.path.parent)
    assert not any(exchange.committed for exchange in list(account.tenant.journal)[asked:])
    assert Counter(difference.kind for difference in told) == found.counts
    assert sorted(map(repr, told)) == sorted(map(repr, found.differences))
    assert found.agrees == (not found.unread and all(difference.is_informational for difference in told))
    return found


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kinds(found: Reconciliation) -> list[tuple[str, DifferenceKind]]:
    return sorted((difference.record_id, difference.kind) for difference in found.differences)


async def exported(folder: Path, **options: Any) -> tuple[Account, list[str]]:
    """An account whose records are all exported, and their ids."""
    account = Account(folder, **options)
    await account.finish()
    return account, sorted(document.key for document in account.books.documents)


async def rewrite(account: Account, record_id: str, **members: Any) -> None:
    """Let the journal say something else of a record."""

    async def written(journal: SqliteJournal) -> None:
        row = (await journal.load([record_id]))[record_id]
        assert None not in await journal.write([Change(entry=attrs.evolve(row, **members), silent=True)])

    await account.journal(written)


def document_of(account: Account, key: str) -> Document:
    return next(document for document in account.books.documents if document.key == key)


def costs(account: Account, record_id: str, digits: str, currency: str) -> StoredRecord:
    """Let a record cost another amount, in one debit and one credit line."""
    record = account.stored(record_id)
    amount = f'"amount":{{"amount":{digits},"currency":"{currency}"}}'
    line = f'{{"id":"arli_%s","type":"%s",{amount},"accounting_field_values":[]}}'
    start = record.facts.index(b',"type"')
    return account.tenant.changed(
        record,
        facts=amount.encode() + record.facts[start:],
        lines=(line % ("a", "DEBIT")).encode(),
        counter_lines=(line % ("b", "CREDIT")).encode(),
        amount=Decimal(digits),
        currency=currency,
    )


class TestReconcile:
    def test_agrees_after_a_run(self, folder: Path) -> None:
        """After a whole run the three sides agree, and the sums are those of the records."""

        async def main() -> None:
            account, ids = await exported(folder)
            found = await reconciled(account)
            assert ((), True, {}) == (found.differences, found.agrees, found.counts)
            assert {len(ids)} == {found.brex.records, found.journal.records, found.ledger.records}
            sums: dict[str, Decimal] = {}
            for id_ in ids:
                for currency, amount in debits_of(account.stored(id_)).items():
                    sums[currency] = sums.get(currency, Decimal()) + amount
            assert len(sums) > 1
            assert (sums, sums) == (found.brex.debits, found.ledger.debits)
            assert found.brex.amounts == found.journal.amounts
            assert [State.EXPORTED] == list(found.states)
            assert found.journal == found.states[State.EXPORTED]
            assert found.compares_amounts

        run(main())

    def test_every_kind_has_a_remedy(self) -> None:
        """For whatever can be found it says what to do."""
        assert set(K) == set(REMEDIES)

    def test_digits(self, folder: Path) -> None:
        """Amounts of twenty digits and thirds of a fils are summed and compared to the last digit."""

        async def main() -> None:
            account = Account(folder)
            first, second, third, *_ = account.wanted()
            costs(account, first, "12345678901234567890.001", "KWD")
            costs(account, second, "0.0000000003", "KWD")
            costs(account, third, "98765432109876543210", "JPY")
            await account.finish()
            found = await reconciled(account)
            assert found.agrees
            sums = {currency: Decimal() for currency in found.brex.debits}
            for id_ in account.posted():
                for currency, amount in debits_of(account.stored(id_)).items():
                    sums[currency] = EXACT.add(sums[currency], amount)
            assert 30 == len(sums["KWD"].as_tuple().digits)
            assert (sums, sums) == (found.brex.debits, found.ledger.debits)
            document = document_of(account, second)
            document.debits = {"KWD": Decimal("0.0000000004")}
            found = await reconciled(account)
            assert [(second, K.AMOUNTS)] == kinds(found)
            assert Decimal("0.0000000001") == EXACT.subtract(found.ledger.debits["KWD"], sums["KWD"])

        run(main())

    def test_what_others_have_exported(self, folder: Path) -> None:
        """Records that neither the books nor the journal ever had are counted apart, and are no difference."""

        async def main() -> None:
            account = Account(folder, ready=False)
            shown = [record.id for record in account.tenant.records.all() if record.review_status == "EXPORTED"]
            await account.run()
            found = await reconciled(account)
            assert (True, len(shown)) == (found.agrees, found.elsewhere.records)
            assert found.elsewhere.debits
            early = [(id_, K.NOT_REPORTABLE) for id_ in account.posted() if account.stage_of(id_) != "EXPORTED"]
            assert early == kinds(found)
            assert len(early) == found.unreported.records > 0
            sums = {
                currency: EXACT.add(found.brex.debits.get(currency, Decimal()), amount)
                for currency, amount in {
                    **dict.fromkeys(found.brex.debits, Decimal()),
                    **found.unreported.debits,
                }.items()
            }
            assert sums == found.ledger.debits
            move(account.tenant, early[0][0], READY)
            assert [(early[0][0], K.NOT_REPORTED), *early[1:]] == kinds(await reconciled(account))

        run(main())

    def test_a_list_that_cannot_be_read(self, folder: Path) -> None:
        """Where Brex's list contradicts itself nothing agrees, and nothing is called unknown to Brex."""

        async def main() -> None:
            account, _ = await exported(folder)
            account.tenant.variants.choose(has_next_page="true")
            found = await reconciled(account)
            assert {"all records": "PageContradiction"} == found.unread
            assert (False, False, {}) == (found.agrees, found.is_complete, found.counts)

        run(main())

    def test_without_a_list_of_the_erp(self, folder: Path) -> None:
        """An ERP that lists nothing is asked for the journal's keys; presence, references and hashes are compared."""

        async def main() -> None:
            account, ids = await exported(folder)
            erp = BookErp(account.clock, account.books, batch_size=7)
            found = await reconciled(account, erp=Unlisted(erp))
            assert (True, False, len(ids)) == (found.agrees, found.compares_amounts, found.ledger.records)
            assert {} == found.ledger.debits
            document_of(account, ids[0]).debits = {"USD": Decimal(1)}
            document_of(account, ids[1]).reference = "JE-other"
            account.books.documents.remove(document_of(account, ids[2]))
            document_of(account, ids[3]).content_hash = "1:0000"
            document_of(account, ids[4]).content_hash = "2:0000"
            found = await reconciled(account, erp=Unlisted(erp))
            assert [(ids[1], K.REFERENCE), (ids[2], K.NOT_IN_LEDGER), (ids[3], K.CHANGED)] == kinds(found)

        run(main())

    def test_leaves_nothing_behind(self, folder: Path) -> None:
        """The temporary database is in the folder that is named, and gone afterwards, also after a failure."""

        async def main() -> None:
            account, _ = await exported(folder)
            seen: list[list[str]] = []

            class Watching(BookErp):
                async def list_entries(self) -> AsyncIterator[LedgerEntry]:
                    seen.append([name.partition("-rec")[0] for name in names_in(there)])
                    async for entry in super().list_entries():
                        yield entry
                    if len(seen) == 2:
                        message = "the connection was lost"
                        raise OSError(message)

            with tempfile.TemporaryDirectory() as made:
                there = Path(made)
                erp = Watching(account.clock, account.books)
                await reconciled(account, erp=erp, folder=there)
                assert [] == names_in(there)
                with pytest.raises(ErpFailed, match="raised OSError"):
                    await reconciled(account, erp=erp, folder=there)
                assert [] == names_in(there)
            assert [["brex"], ["brex"]] == seen
            with pytest.raises(ExportError, match="temporary database failed"):
                await reconciled(account, folder=there)

        run(main())

    def test_a_caller_that_has_seen_enough(self, folder: Path) -> None:
        """What ``on_difference`` raises ends the reconciliation and leaves nothing open."""

        async def main() -> None:
            account, _ = await exported(folder)
            account.books.documents.clear()

            def enough(_: Difference) -> None:
                message = "enough"
                raise LookupError(message)

            journal = SqliteJournal(account.path, read_only=True)
            async with account.client() as brex:
                with pytest.raises(LookupError, match="enough"):
                    await reconcile(brex, BookErp(account.clock), journal, POLICY, folder=folder, on_difference=enough)
                await journal.aclose()
            assert [] == [name for name in names_in(folder) if name.startswith("brex-")]
            gc.collect()

        run(main())

    def test_over_a_socket(self, folder: Path) -> None:
        """Against the emulator as a server, and a client that holds each answer against its document."""

        async def main() -> None:
            async with serving.served() as here:
                erp = BookErp(virtual.VirtualClock())
                loop = ExportLoop(here.brex, erp, SqliteJournal(folder / "export.db"), POLICY, clock=erp.clock)
                async with loop:
                    await loop.run_once()
                journal = SqliteJournal(folder / "export.db", read_only=True)
                planned = await plan(here.brex, erp, journal, POLICY, clock=erp.clock)
                found = await reconcile(here.brex, erp, journal, POLICY, clock=erp.clock)
                await journal.aclose()
            assert (0, True) == (planned.counts[PlanAction.POST], planned.records > 0)
            assert found.agrees
            assert found.ledger.records == len(erp.documents) > 0

        serving.run(main())

    def test_whatever_the_caller_passes(self, folder: Path) -> None:
        """What is no policy or no adapter is refused before anything is read."""

        async def main() -> None:
            account = Account(folder, records=3)
            wrong: Any = object()
            with pytest.raises(InvalidArgument, match=r"^policy: "):
                await reconciled(account, policy=wrong)
            with pytest.raises(InvalidArgument, match=r"^erp: "):
                await reconciled(account, erp=wrong)

        run(main())

    @pytest.mark.parametrize(
        "wrong",
        [
            "JE-1",
            {"key": ""},
            {"key": "accr_\udc00"},
            {"reference": None},
            {"date": datetime.datetime(2026, 1, 1)},
            {"debits": {"USD": 1.5}},
            {"debits": {"USD": Decimal("NaN")}},
            {"debits": {"USD": Decimal("1E+200")}},
            {"debits": None},
            {"content_hash": 7},
            {"is_edited": "no"},
        ],
    )
    def test_what_no_books_can_hold(self, folder: Path, wrong: Any) -> None:
        """An entry that cannot be one leaves as an error of the ERP, whose text has no more than the member's name."""

        class Wrong(BookErp):
            async def list_entries(self) -> AsyncIterator[LedgerEntry]:
                usual = LedgerEntry(key="k", reference="r", date=datetime.date(2026, 1, 1), debits={})
                yield attrs.evolve(usual, **wrong) if isinstance(wrong, dict) else wrong

        async def main() -> None:
            account = Account(folder, records=3)
            with pytest.raises(ErpFailed, match=r"erp\.list_entries: "):
                await reconciled(account, erp=Wrong(account.clock))

        run(main())


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class TestDifferences:
    def test_what_is_missing(self, folder: Path) -> None:
        """An entry that is gone, one that the journal has not, and one that nobody knows are told apart."""

        async def main() -> None:
            account, ids = await exported(folder)
            account.books.documents.remove(document_of(account, ids[0]))
            added = attrs.evolve(account.books.documents[0], key="accr_of_another", reference="JE-X")
            account.books.documents.append(added)
            found = await reconciled(account)
            assert [(ids[0], K.NOT_IN_LEDGER), ("accr_of_another", K.FOREIGN)] == sorted(
                kinds(found), key=lambda pair: pair[0] == "accr_of_another"
            )
            assert found.brex.records == found.journal.records == len(ids)
            shared = await reconciled(account, shared_books=True)
            assert [(ids[0], K.NOT_IN_LEDGER)] == kinds(shared)
            assert shared.ledger.records == len(ids) - 1

        run(main())

    def test_a_lost_journal(self, folder: Path) -> None:
        """Without a journal every entry is one that it does not have; a run that rebuilds it mends all of it."""

        async def main() -> None:
            account, ids = await exported(folder)
            for name in names_in(folder):
                (folder / name).unlink()
            found = await reconciled(account)
            assert [(id_, K.NOT_IN_JOURNAL) for id_ in ids] == kinds(found)
            assert found.brex.debits == found.ledger.debits
            assert "rebuild=True" in found.differences[0].remedy
            await account.run(rebuild=True)
            assert (await reconciled(account)).agrees

        run(main())

    def test_posted_and_not_reported(self, folder: Path) -> None:
        """What is in the books and not told yet is said to be so, until a run has told it."""

        async def main() -> None:
            account = Account(folder)
            fault = Fault(effect="status", operation="reportAccountingExportResults", status=500, times=30)
            account.tenant.add_fault(fault)
            with pytest.raises(BrexError):
                await account.run()
            found = await reconciled(account)
            assert [(id_, K.NOT_REPORTED) for id_ in account.wanted()] == kinds(found)
            assert 0 == found.brex.records
            await pass_time(DAY)
            account.tenant.faults.clear()
            await account.finish()
            assert (await reconciled(account)).agrees

        run(main())

    def test_the_journal_is_behind(self, folder: Path) -> None:
        """A post whose answer was lost, and a report whose answer was, leave the journal behind."""

        async def main() -> None:
            account = Account(folder)
            await account.journal(lambda journal: journal.set_note("complete", "now"))
            erp = FailingErp(
                account.clock, account.books, random=random.Random(1), after=1.0, find_fails=1.0, repeats="idempotent"
            )
            async with account.worker(erp=erp) as loop:
                await loop.run_once()
            found = await reconciled(account)
            assert [(id_, K.JOURNAL_BEHIND) for id_ in account.wanted()] == kinds(found)
            await pass_time(DAY)
            await account.finish()
            id_ = account.posted()[0]
            await rewrite(account, id_, state=State.REPORTING)
            assert [(id_, K.JOURNAL_BEHIND)] == kinds(await reconciled(account))

        run(main())

    def test_amounts_dates_and_references(self, folder: Path) -> None:
        """Each thing that the books hold of an entry is compared, in every currency."""

        async def main() -> None:
            account, ids = await exported(folder)
            amount, currency, date, reference, twice, behind = ids[:6]
            document = document_of(account, amount)
            document.debits = {code: value + Decimal("0.001") for code, value in document.debits.items()}
            document_of(account, currency).debits = {**document_of(account, currency).debits, "XAU": Decimal(1)}
            document_of(account, date).date += datetime.timedelta(days=1)
            document_of(account, reference).reference = "JE-other"
            account.books.documents.append(attrs.evolve(document_of(account, twice)))
            await rewrite(account, behind, amount=Decimal(1))
            found = await reconciled(account)
            assert sorted(
                [
                    (amount, K.AMOUNTS),
                    (currency, K.AMOUNTS),
                    (date, K.DATES),
                    (reference, K.REFERENCE),
                    (twice, K.TWICE),
                    (behind, K.AMOUNTS),
                ]
            ) == kinds(found)
            [both] = [difference for difference in found.differences if difference.kind is K.TWICE]
            assert 2 == len(both.ledger)
            assert found.ledger.records == len(ids) + 1

        run(main())

    def test_a_date_out_of_a_closed_period(self, folder: Path) -> None:
        """An entry that the policy moved out of a closed period has no wrong date, one before its date has."""

        async def main() -> None:
            policy = attrs.evolve(POLICY, closed_through=datetime.date(2026, 1, 31), closed="next open date")
            account, ids = await exported(folder, policy=policy)
            assert {False} != {document.date > datetime.date(2026, 2, 1) for document in account.books.documents}
            assert (await reconciled(account)).agrees
            document_of(account, ids[0]).date = datetime.date(2020, 1, 1)
            assert [(ids[0], K.DATES)] == kinds(await reconciled(account))

        run(main())

    @pytest.mark.parametrize("days", [-1, 1, 400])
    @pytest.mark.parametrize("closed_through", [datetime.date(2020, 12, 31), datetime.date(2026, 2, 28)])
    def test_a_date_that_no_closed_period_explains(
        self, folder: Path, closed_through: datetime.date, days: int
    ) -> None:
        """An entry on another day than the policy put it on is a difference, later days included."""

        async def main() -> None:
            policy = attrs.evolve(POLICY, closed_through=closed_through, closed="next open date")
            account, ids = await exported(folder, policy=policy)
            assert (await reconciled(account, policy=POLICY)).agrees
            document_of(account, ids[0]).date += datetime.timedelta(days=days)
            assert [(ids[0], K.DATES)] == kinds(await reconciled(account))
            assert [(ids[0], K.DATES)] == kinds(await reconciled(account, policy=POLICY))

        run(main())

    def test_changed_and_kept(self, folder: Path) -> None:
        """A record that changed is a difference until a person has decided to keep what is in the books."""

        async def main() -> None:
            account, ids = await exported(folder)
            account.make_erp = lambda account, _: BookErp(account.clock, account.books)
            costs(account, ids[0], "77.07", "USD")
            assert [(ids[0], K.AMOUNTS), (ids[0], K.CHANGED)] == kinds(await reconciled(account))
            await account.run()
            assert [(ids[0], K.AMOUNTS), (ids[0], K.CHANGED)] == kinds(await reconciled(account))
            async with account.worker() as loop:
                await loop.resolve(ids[0], "keep", reason="The books are right.")
                await loop.run_once()  # finds that Brex was told
            found = await reconciled(account)
            assert ([(ids[0], K.KEPT)], True) == (kinds(found), found.agrees)
            move(account.tenant, ids[0], READY)
            await account.finish()
            found = await reconciled(account)
            assert ([(ids[0], K.KEPT)], True) == (kinds(found), found.agrees)
            costs(account, ids[0], "77.08", "USD")
            assert [(ids[0], K.AMOUNTS), (ids[0], K.CHANGED)] == kinds(await reconciled(account))

        run(main())

    def test_what_a_person_posted_or_ignored(self, folder: Path) -> None:
        """Entries that a person gave a reference for, or decided to ignore, are listed, and the sides agree."""

        async def main() -> None:
            account = Account(folder)
            by_hand = account.wanted()[0]
            await account.journal(lambda journal: journal.set_note("complete", "now"))
            erp = FailingErp(
                account.clock, account.books, random=random.Random(1), before=1.0, find_fails=1.0, repeats="idempotent"
            )
            async with account.worker(erp=erp) as loop:
                await loop.run_once()
                await loop.resolve(by_hand, "posted", reason="I did it.", reference="HAND-1")
            await pass_time(DAY)
            await account.finish()
            found = await reconciled(account)
            assert ([(by_hand, K.BY_HAND)], True) == (kinds(found), found.agrees)
            ignored = account.posted()[0]
            async with account.worker() as loop:
                await loop.resolve(ignored, "ignore", reason="It is not ours.")
            found = await reconciled(account)
            assert (sorted([(by_hand, K.BY_HAND), (ignored, K.IGNORED)]), True) == (kinds(found), found.agrees)

        run(main())

    def test_generations(self, folder: Path) -> None:
        """The newest posting of a record counts, older ones are listed; one that the journal does not know fails."""

        async def main() -> None:
            account, ids = await exported(folder)
            first = document_of(account, ids[0])
            account.books.documents.append(attrs.evolve(first, key=f"{ids[0]}~2", reference="JE-2"))
            found = await reconciled(account)
            assert sorted([(ids[0], K.NOT_IN_JOURNAL), (ids[0], K.SUPERSEDED)]) == kinds(found)
            await rewrite(account, ids[0], generation=2, reference="JE-2")
            found = await reconciled(account)
            assert ([(ids[0], K.SUPERSEDED)], True) == (kinds(found), found.agrees)
            assert (first.reference,) == tuple(entry.reference for entry in found.differences[0].ledger)
            assert found.brex.debits == found.ledger.debits

        run(main())

    def test_exported_by_somebody_else(self, folder: Path) -> None:
        """A record that the journal has open, and that Brex shows as exported without an entry, is a difference."""

        async def main() -> None:
            account, ids = await exported(folder)
            account.books.documents.remove(document_of(account, ids[0]))
            await rewrite(account, ids[0], state=State.WAITING, reference=None)
            found = await reconciled(account)
            assert [(ids[0], K.EXPORTED_ELSEWHERE)] == kinds(found)
            await rewrite(account, ids[0], state=State.NOT_FOR_LEDGER)
            found = await reconciled(account)
            assert (True, 1) == (found.agrees, found.elsewhere.records)

        run(main())

    def test_unreadable_and_unknown(self, folder: Path) -> None:
        """What is in the books and cannot be read, or is not shown at all, is a difference."""

        async def main() -> None:
            account, ids = await exported(folder)
            account.tenant.add_fault(Fault(effect="wrong_schema", operation="queryAccountingRecords", times=1))
            found = await reconciled(account)
            assert 1 == found.unreadable
            assert [K.UNKNOWN_TO_BREX] == list(found.counts)  # not even its id can be read
            costs(account, ids[0], "1" + 150 * "0", "USD")
            found = await reconciled(account)
            assert (1, [(ids[0], K.UNREADABLE)]) == (found.unreadable, kinds(found))

        run(main())


# ---- the join -------------------------------------------------------------------------------------------------------

_IDS = st.sampled_from(["a", "a~2", "b", "b~2x", "é", "z~12", "z~01", "\U0001f600"])
_MONEY = st.dictionaries(st.sampled_from(["USD", "KWD"]), st.decimals("0", "1E+25", places=3), max_size=2)


def brex_says() -> st.SearchStrategy[BrexSays]:
    return st.builds(
        BrexSays,
        record_id=_IDS,
        review_status=st.sampled_from(["EXPORTED", READY, None]),
        date=st.none() | st.dates(),
        content_hash=st.sampled_from(["1:a", "1:b", None]),
        amount=st.none() | st.decimals("-1E+25", "1E+25", places=3),
        currency=st.sampled_from(["USD", None]),
        debits=_MONEY,
    )


def journal_says() -> st.SearchStrategy[JournalSays]:
    return st.builds(
        JournalSays,
        record_id=_IDS,
        state=st.sampled_from(State),
        generation=st.integers(1, 3),
        is_in_the_books=st.booleans(),
        is_parked=st.booleans(),
        reference=st.sampled_from(["r", None]),
        content_hash=st.sampled_from(["1:a", "1:b", "2:a", None]),
        amount=st.none() | st.decimals("-1E+25", "1E+25", places=3),
        currency=st.sampled_from(["USD", None]),
    )


def listed_says() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    members = st.fixed_dictionaries(
        {
            "reference": st.sampled_from(["r", "s"]),
            "debits": st.none() | _MONEY,
            "content_hash": st.sampled_from(["1:a", "1:b", "2:a", None]),
            "is_edited": st.sampled_from([True, False, None]),
        }
    )
    return st.tuples(_IDS, members)


def owner(key: str, known: set[str]) -> tuple[str, int]:
    """What a key stands for, said in another way."""
    head, mark, tail = key.rpartition("~")
    is_generation = mark and head and tail.isascii() and tail.isdigit() and str(int(tail)) == tail and int(tail) > 1
    return (head, int(tail)) if is_generation and key not in known else (key, 1)


class TestSides:
    @given(
        st.lists(brex_says(), max_size=12),
        st.lists(journal_says(), max_size=12),
        st.lists(listed_says(), max_size=12),
        st.integers(1, 5),
    )
    def test_join(
        self,
        brex: Sequence[BrexSays],
        journal: Sequence[JournalSays],
        listed: Sequence[tuple[str, dict[str, Any]]],
        size: int,
    ) -> None:
        """Three random sides come together by record as they do in three dictionaries, with every digit."""
        by_brex = {said.record_id: said for said in brex}
        by_journal = {said.record_id: said for said in journal}
        by_ledger: dict[str, list[LedgerSays]] = {}
        with Sides(None, "acme") as sides:
            for side in (brex, journal):
                for start in range(0, len(side), size):
                    chunk: Sequence[Said] = side[start : start + size]
                    sides.add(chunk)
            for key, members in listed:
                record_id, generation = sides.owner_of(key)
                assert owner(key, {*by_brex, *by_journal}) == (record_id, generation)
                said = LedgerSays(record_id=record_id, key=key, generation=generation, **members)
                sides.add([said])
                by_ledger.setdefault(record_id, []).append(said)
            groups = list(sides.groups())
        assert sorted({*by_brex, *by_journal, *by_ledger}) == [group.record_id for group in groups]
        for group in groups:
            id_ = group.record_id
            assert (by_brex.get(id_), by_journal.get(id_)) == (group.brex, group.journal)
            assert tuple(by_ledger.get(id_, [])) == group.ledger
            for side, expected in (
                (group.brex, by_brex.get(id_)),
                *zip(group.ledger, by_ledger.get(id_, []), strict=True),
            ):
                assert repr(expected) == repr(side)
            self._check(Comparison(policy=POLICY).differences(group), group)

    def _check(self, found: Any, group: Any) -> None:
        """Nothing is said of records that are the same on all sides, and something of the others."""
        differences = list(found)
        failing = [difference for difference in differences if difference.kind not in INFORMATIONAL]
        assert len({difference.kind for difference in differences}) == len(differences)
        newest = max((entry.generation for entry in group.ledger), default=0)
        is_booked = group.journal is not None and group.journal.is_in_the_books
        if group.journal is None and group.ledger:
            assert failing
        if is_booked and group.journal.state is not State.IGNORED and newest != group.journal.generation:
            assert failing or group.journal.state is State.NOT_FOR_LEDGER
        if not group.ledger and group.journal is None:
            assert [] == differences
