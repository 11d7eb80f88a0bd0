"""Read every record of an emulated account while the emulator misbehaves, and check the sums against its own.

The emulator stands in for Brex, since Brex offers partners no sandbox. It runs in this process here, on a real socket;
``brex-accounting emulator`` runs it as a command.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from brex_accounting import AttemptEnded, Brex, Event, ExportSuccess, RetryPolicy
from brex_accounting.emulator import EmulatorServer, Fault, TenantPlan, World

RECORDS = 5000

FAULTS = (
    Fault(effect="status", status=503, every=9),
    Fault(effect="status", status=429, retry_after=1, skip=20, times=1),
    Fault(effect="drop", every=13),
    Fault(effect="reset", every=17),
    Fault(effect="cut_body", every=7),
    Fault(effect="html", every=23),
    Fault(effect="latency", delay=0.05, every=5),
    Fault(effect="drop", operation="reportAccountingExportResults", phase="after", times=1),
)
"""What goes wrong, again and again; the last one lets a report take effect and then drops its answer."""

Totals = dict[str, dict[str, Decimal]]


async def main() -> None:
    """Walk over the account under faults, report what is ready, and print what came of it."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=170)
    world = World(TenantPlan(records=RECORDS, seed=7, rate_limit=None))
    tenant = world.tenant()
    for fault in FAULTS:
        tenant.add_fault(fault)
    outcomes: Counter[str] = Counter()

    def on_event(event: Event) -> None:
        if isinstance(event, AttemptEnded):
            outcomes[event.outcome] += 1

    async with (
        EmulatorServer(world) as server,
        Brex(
            world.issuer.user_token(tenant.name),
            account="acme",
            base_url=server.base_url,
            retry=RetryPolicy(attempts=8, backoff=0.02),
            on_event=on_event,
        ) as brex,
    ):
        totals, ready = await read(brex, console)
        report = await brex.records.report(ready)

    show(console, totals, tenant.totals())
    struck = sum(standing.fired for standing in tenant.faults.all(now=tenant.now()))
    console.print(
        f"{len(tenant.journal)} requests met {struck} faults: "
        + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    )
    console.print(f"{len(ready)} records were ready, {len(report.updated)} are updated at the emulator")
    console.print(f"Broken invariants: {len(world.violations(tenant))}; bugs of the emulator: {len(world.bugs)}")


async def read(brex: Brex, console: Console) -> tuple[Totals, list[ExportSuccess]]:
    """Add up every record by type and currency, and name those that are ready for export."""
    totals: Totals = defaultdict(lambda: defaultdict(Decimal))
    ready: list[ExportSuccess] = []
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("reading", total=RECORDS)
        async for record in brex.records.iter():
            totals[str(record.type)][record.amount.currency] += record.amount.amount
            if record.review_status == "READY_FOR_EXPORT":
                ready.append(ExportSuccess(record.id, reference_id=f"JE-{len(ready) + 1}"))
            progress.advance(bar)
    return totals, ready


def show(console: Console, ours: Totals, theirs: dict[str, dict[str, str]]) -> None:
    """Print the sums of the client, digit by digit, and hold each against the emulator's own."""
    currencies = sorted({code for sums in (*ours.values(), *theirs.values()) for code in sums})
    table = Table(title="Totals by type and currency", box=box.SIMPLE_HEAD)
    table.add_column("type", no_wrap=True)
    for code in currencies:
        table.add_column(code, justify="right", no_wrap=True)
    equal = 0
    different: list[str] = []
    for name in sorted(ours.keys() | theirs.keys()):
        cells: list[str] = []
        for code in currencies:
            mine, held = ours.get(name, {}).get(code), theirs.get(name, {}).get(code)
            cells.append("" if mine is None else f"{mine:,f}")
            if mine is not None and held is not None and mine == Decimal(held):
                equal += 1
            elif mine is not None or held is not None:
                different.append(f"{name} {code}: read {mine}, held {held}")
        table.add_row(name, *cells)
    console.print(table)
    console.print(f"{equal} sums equal the emulator's own, {len(different)} differ")
    if different:
        raise SystemExit("\n".join(different))


if __name__ == "__main__":
    asyncio.run(main())
