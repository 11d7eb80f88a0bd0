"""The whole job on one machine: sign in, export an account into books in plain text, report it, compare all sides.

The emulator stands in for Brex, which offers partners no sandbox, and fails every twentieth request, half of the time
after the request has taken effect. The books are left in ``.demo/``; look at them with
``.books/bin/fava .demo/books.beancount``. ``RECORDS`` sets how many records the account has, from 0 on.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from brex_accounting import AttemptEnded, Brex, Event, FileTokenStore, OAuthApp, RetryPolicy, TokensRefreshed
from brex_accounting.emulator import Fault, Tenant, TenantPlan, World, move, serve_in_thread
from brex_accounting.export import (
    BeancountLedger,
    ExportEvent,
    ExportLoop,
    ExportPolicy,
    ExportProgress,
    Reconciliation,
    RunSummary,
    SqliteJournal,
    reconcile,
)

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".demo"
MOST = 1_000_000

# Lists and reports come in so many pieces that the faults strike a small account, too.
LARGEST_PAGE, PAGES = 100, 20
LARGEST_REPORT, REPORTS = 25, 80

FAULTS = (
    Fault(effect="status", status=503, probability=0.0125, seed=1),
    Fault(effect="drop", probability=0.0125, seed=2),
    Fault(effect="drop", phase="after", probability=0.0125, seed=3),
    Fault(effect="reset", phase="after", probability=0.0125, seed=4),
    Fault(effect="expired_token", probability=0.01, seed=5),
)
"""Five of a hundred requests fail, half of them after they took effect; and now and then a token expires early."""

SCOPES = ("accounting.integration.write", "accounting.record.read", "accounting.record.write", "offline_access")


def records_wanted() -> int:
    """How many records the environment asks for; 2,000 if it does not."""
    text = os.environ.get("RECORDS", "2000")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST)) and int(text) <= MOST):
        print(f"RECORDS: expected a whole number from 0 to {MOST:,}, got {text!r}", file=sys.stderr)
        raise SystemExit(2)
    return int(text)


def an_account(records: int) -> World:
    """An account whose finance team has approved what was in review."""
    world = World(TenantPlan(records=records, seed=7, variants={"bill_ready": "reaches"}))
    tenant = world.tenant()
    for record in list(tenant.records.all()):
        if record.review_status == "REVIEW":
            move(tenant, record.id, "READY_FOR_EXPORT")
    return world


def a_mapping() -> dict[str, Any]:
    """Which accounts of the books to book to; nobody has chosen one for conferences yet, so those are refused."""
    mapping = tomllib.loads((ROOT / "examples" / "beancount.toml").read_text())
    del mapping["accounts"]["6440"]
    return mapping


class Counting:
    """What the client and the export tell while they work.

    Args:
        bar: Shows how far it is.
    """

    def __init__(self, bar: Progress) -> None:
        self.attempts: Counter[str] = Counter()
        self._bar = bar
        self._tasks = {stage: bar.add_task(stage, total=None) for stage in ("reading", "posting", "reporting")}

    def on_call(self, event: Event) -> None:
        """Count requests, repetitions and refreshes."""
        if isinstance(event, AttemptEnded):
            self.attempts["requests"] += 1
            self.attempts["retries"] += event.attempt > 1
        elif isinstance(event, TokensRefreshed):
            self.attempts["refreshes"] += 1

    def on_export(self, event: ExportEvent) -> None:
        """Show how far the run is."""
        if isinstance(event, ExportProgress):
            whole = {"reading": event.expected or 0, "posting": event.posted, "reporting": event.posted}
            for stage, done in (("reading", event.seen), ("posting", event.posted), ("reporting", event.reported)):
                # What was read twice counts twice, and Brex is told of what was refused, too.
                self._bar.update(self._tasks[stage], completed=done, total=max(whole[stage], done) or None)


async def sign_in(world: World, store: FileTokenStore) -> OAuthApp:
    """Take a customer through consent; the emulator's issuer sends the browser straight back."""
    app = OAuthApp(client_id=world.issuer.client_id, client_secret=world.issuer.client_secret, issuer=world.issuer_url)
    await app.discover()
    request = app.authorization_request(redirect_uri="http://127.0.0.1:8765/callback", scopes=SCOPES)
    await app.exchange(await asyncio.to_thread(came_back, request.url), request, store=store)
    return app


def came_back(url: str) -> str:
    """Where the issuer sends the browser."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(url, timeout=10)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["location"])
    message = "the issuer did not send the browser back"
    raise SystemExit(message)


async def export(world: World, base_url: str, console: Console) -> tuple[RunSummary, Reconciliation, Counter[str]]:
    """Sign in, ensure the integration, export everything, and reconcile."""
    store = FileTokenStore(FOLDER / "tokens.json")
    app = await sign_in(world, store)
    for fault in FAULTS:
        world.tenant().add_fault(fault)
    columns = (TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TaskProgressColumn(show_speed=True), TimeRemainingColumn(), console=console) as bar:
        counting = Counting(bar)
        ledger = BeancountLedger(FOLDER / "books.beancount", mapping=a_mapping())
        journal = SqliteJournal(FOLDER / "export.db")
        policy = ExportPolicy(basis="accrual")
        records = len(world.tenant().records)
        page_size = max(1, min(LARGEST_PAGE, records // PAGES))
        report_size = max(1, min(LARGEST_REPORT, records // REPORTS))
        async with (
            Brex(
                app.grant(store),
                account="acme",
                base_url=base_url,
                retry=RetryPolicy(attempts=6, backoff=0.05),
                on_event=counting.on_call,
            ) as brex,
            ledger,
            ExportLoop(
                brex,
                ledger,
                journal,
                policy,
                page_size=page_size,
                report_size=report_size,
                on_event=counting.on_export,
            ) as loop,
        ):
            integration = await brex.integrations.ensure(vendor="BEANCOUNT", vendor_account_id="books")
            console.print(f"integration {integration.integration_id} is {integration.outcome}")
            summary = await loop.run_once()
            tenant = world.tenant()
            counting.attempts["faults"] = sum(standing.fired for standing in tenant.faults.all(now=tenant.now()))
            tenant.faults.clear()
            reconciled = await reconcile(brex, ledger, journal, policy)
    return summary, reconciled, counting.attempts


def bean_check() -> bool:
    """Whether Beancount finds nothing wrong with the books; where there are none, there is nothing to find."""
    books = FOLDER / "books.beancount"
    if not books.exists():
        return True
    program = ROOT / ".books" / "bin" / "bean-check"
    found = subprocess.run(  # noqa: S603 - our own arguments
        [program, "--no-cache", books], check=False, capture_output=True, text=True
    )
    print(found.stderr, end="", file=sys.stderr)
    return found.returncode == 0


def main() -> None:
    """Run the demo; the exit status is 0 only if all sides agree to the last digit."""
    records = records_wanted()
    console = Console() if sys.stdout.isatty() else Console(width=80)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    world = an_account(records)
    tenant = world.tenant()
    started = time.perf_counter()
    with serve_in_thread(world) as server:
        summary, reconciled, attempts = asyncio.run(export(world, server.base_url, console))
    seconds = time.perf_counter() - started
    checks = {
        "the run is complete": summary.ended == "complete",
        "bean-check finds nothing": bean_check(),
        "Brex, journal and books agree": reconciled.agrees,
        "no invariant of the emulator is broken": not world.violations(tenant) and not world.bugs,
    }
    show(console, tenant, summary, reconciled)
    console.print(f"{attempts['requests']} requests met {attempts['faults']} faults in {seconds:.1f} seconds:")
    console.print(f"{attempts['retries']} retries, {attempts['refreshes']} refreshes of the token\n")
    for claim, holds in checks.items():
        console.print(f"{'yes' if holds else 'NO ':>4}  {claim}")
    if not all(checks.values()):
        raise SystemExit(1)


def show(console: Console, tenant: Tenant, summary: RunSummary, reconciled: Reconciliation) -> None:
    """Print what became of the records, and the totals on each side."""
    stages = Counter(record.review_status for record in tenant.records.all())
    table = Table(title=f"{len(tenant.records)} records", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("what became of them")
    table.add_column("records", justify="right")
    table.add_row("exported: in the books, and Brex told", f"{summary.exported:,}")
    for (reason, message), count in Counter((one.reason, one.message) for one in summary.refusals).items():
        table.add_row(escape(f"refused: {reason} ({message})"), f"{count:,}")
    table.add_row("not for this ledger (the cash records of reimbursements)", f"{summary.not_for_ledger:,}")
    for reason, count in Counter(one.reason for one in summary.needs_person).items():
        table.add_row(f"needs a person: {reason}", f"{count:,}")
    table.add_row("exported before, by somebody else", f"{stages['EXPORTED'] - summary.exported:,}")
    table.add_row("not ready", f"{stages['PREPARE'] + stages['REVIEW']:,}")
    console.print(table)
    brex, journal, books = reconciled.brex, reconciled.journal, reconciled.ledger
    console.print(totals("Amounts of the records", {"in Brex": brex.amounts, "in the journal": journal.amounts}))
    console.print(totals("Debits of their lines", {"in Brex": brex.debits, "in the books": books.debits}))
    console.print(
        f"{brex.records:,} records in Brex, {journal.records:,} in the journal, {books.records:,} in the books"
    )
    for difference in reconciled.differences:
        console.print(f"{difference.record_id}: {difference.kind}. {difference.remedy}")


def totals(title: str, columns: dict[str, Mapping[str, Decimal]]) -> Table:
    """What two sides come to in each currency, digit by digit."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", padding=(0, 1))
    table.add_column("", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for code in sorted({code for sums in columns.values() for code in sums}):
        amounts = [sums.get(code, Decimal()) for sums in columns.values()]
        places = max(max(0, -int(amount.as_tuple().exponent)) for amount in amounts)
        table.add_row(code, *(f"{amount:,.{places}f}" for amount in amounts))
    return table


if __name__ == "__main__":
    main()
