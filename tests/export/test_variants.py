"""The whole export under every reading of what Brex does not say, in small pages and with requests that fail."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from brex_accounting.emulator import VARIANTS, Fault, move
from brex_accounting.export import Erp, ExportPolicy, RunSummary, State
from brex_accounting.export.policy import Bills

from .doubles import BookErp
from .traps import Trap
from .world import HOUR, READY, Account, Refusals, run

EACH = [(name, value) for name, variant in VARIANTS.items() for value in variant.values]
RECORDS, PAGE = 60, 7

FLAWED: dict[tuple[str, str], str] = {
    ("last_cursor", "string"): "CursorInvalid",
    ("repeated_cursor", "second"): "CursorRepeated",
    ("has_next_page", "true"): "PageContradiction",
    ("has_next_page", "false"): "PageContradiction",
}
"""Variants under which nobody can tell where a list ends, and what the summary says then."""


def slow(account: Account, trap: Trap) -> Erp:
    """An ERP that takes seven minutes for a batch: cursors that expire do so meanwhile."""
    return BookErp(account.clock, account.books, batch_size=12, latency=420.0)


async def account_in(folder: Path, variants: Mapping[str, str], bills: Bills = "arrival") -> Account:
    """An account that plays these variants, with an integration, and faults from now on."""
    policy = ExportPolicy(basis="accrual", bills=bills)
    account = Account(folder, records=RECORDS, ready=False, policy=policy, variants=variants)
    account.options = {"page_size": PAGE, "report_size": PAGE}
    if "cursor_lifetime" in variants:
        account.make_erp = slow
    await account.consent()
    await account.connect()
    account.tenant.add_fault(Fault(effect="drop", phase="after", every=5, times=6))
    account.tenant.add_fault(Fault(effect="status", status=503, every=7, times=6))
    return account


def due_in(account: Account) -> list[str]:
    """What is to be exported."""
    ready = account.wanted(READY)
    if account.policy.bills == "arrival":
        ready += early_bills(account)
    return sorted(ready)


def early_bills(account: Account) -> list[str]:
    """Bills that are in the books and that Brex takes no report about yet."""
    return [id_ for id_ in account.wanted("PREPARE", "REVIEW") if account.stored(id_).source_type == "BILL"]


async def end(account: Account, due: list[str]) -> None:
    """Let the bills come to the stage at which they can be reported, and everything to its end."""
    for id_ in early_bills(account):
        if account.policy.bills == "arrival":
            move(account.tenant, id_, READY)
    await asyncio.sleep(HOUR)
    await account.finish()
    await account.audit(due)


async def check(account: Account, summary: RunSummary, due: list[str]) -> None:
    """Nothing is twice in the books, whatever is there is exported, and what is missing is said."""
    posted = account.posted()
    assert len(set(posted)) == len(posted)
    assert set(posted) <= set(due)
    parked = set(posted) - {id_ for id_ in due if account.stage_of(id_) == "EXPORTED"}
    assert parked <= set(early_bills(account))
    if summary.ended == "complete":
        assert due == posted
    else:
        assert ("incomplete", True) == (summary.ended, bool(summary.unread))
    assert (await account.note("watermark") is None) == ("changes" in summary.unread)


class TestEveryVariant:
    """One variant at a time."""

    @pytest.mark.parametrize("bills", ["arrival", "ready"])
    @pytest.mark.parametrize(("name", "value"), EACH)
    def test_the_whole_export(self, folder: Path, name: str, value: str, bills: Bills) -> None:
        """Everything that is ready is exported once, or the run says which list it could not read to its end."""

        async def main() -> None:
            account = await account_in(folder, {name: value}, bills)
            due = due_in(account)
            summary = await account.run()
            await check(account, summary, due)
            flaw = FLAWED.get((name, value))
            assert ({flaw} if flaw else set()) == set(summary.unread.values())
            if flaw:
                account.tenant.variants.choose(**{name: VARIANTS[name].default})
                await asyncio.sleep(HOUR)
                summary = await account.run()
                await check(account, summary, due)
            assert "complete" == summary.ended
            await end(account, due)
            again = await account.run()
            assert ("complete", 0, 0) == (again.ended, again.posted, again.exported)
            await account.audit(due)

        run(main())

    @pytest.mark.parametrize(("name", "value"), FLAWED)
    def test_a_later_flaw_does_not_move_the_watermark(self, folder: Path, name: str, value: str) -> None:
        """Once there is a watermark, a list that cannot be read to its end leaves it where it is."""

        async def main() -> None:
            account = await account_in(folder, {})
            await end(account, due_in(account))
            before = await account.note("watermark")
            assert before is not None
            await asyncio.sleep(24 * HOUR)
            account.tenant.add(RECORDS, 8)
            account.tenant.variants.choose(**{name: value})
            due = due_in(account)
            summary = await account.run()
            assert ("incomplete", before) == (summary.ended, await account.note("watermark"))
            account.tenant.variants.choose(**{name: VARIANTS[name].default})
            summary = await account.run()
            after = await account.note("watermark")
            assert after is not None
            latest = max(record.updated_at for record in account.tenant.records.all())
            assert latest - datetime.timedelta(hours=1) < datetime.datetime.fromisoformat(after) < latest
            assert set(due) <= set(account.posted())
            await end(account, account.posted())

        run(main())


class TestRefusals:
    """The ERP does not take some records, until its mapping is mended."""

    @pytest.mark.parametrize(
        "variants",
        [
            {"failure_result": failure, "report_422": refused, "report_200": named, "report_moves": moved}
            for failure, moved in (("stays", "version"), ("stays", "nothing"), ("moves", "version"))
            for refused in ("atomic", "partial")
            for named in ("all", "subset")
        ],
        ids=lambda variants: "-".join(variants.values()),
    )
    def test_are_told_once_and_tried_again(self, folder: Path, variants: dict[str, str]) -> None:
        """A refusal is reported once, whatever it does to the record, and what is mended is exported."""

        async def main() -> None:
            account = await account_in(folder, variants)
            due = due_in(account)
            bad = set(account.wanted(READY)[::5])
            account.make_erp = refusals = Refusals(bad)
            summary = await account.run(accept_refusals=True)
            assert ("complete", len(bad)) == (summary.ended, summary.refused)
            rows = await account.rows()
            assert bad == {id_ for id_, row in rows.items() if row.state is State.REFUSED}
            for _ in range(5):
                await asyncio.sleep(HOUR)
                assert 0 == (await account.run(accept_refusals=True)).posted
            assert dict.fromkeys(bad, 1) == failures_told(account)
            refusals.mend()
            if variants["failure_result"] == "moves":
                for id_ in bad:
                    move(account.tenant, id_, READY)
            await end(account, due)
            assert dict.fromkeys(bad, 1) == failures_told(account)

        run(main())


def failures_told(account: Account) -> dict[str, int]:
    """In how many requests Brex was told of each record that it was not taken."""
    return dict(Counter(record_id for record_id, _ in account.failures))
