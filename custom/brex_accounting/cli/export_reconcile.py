"""What ``brex-accounting export reconcile`` prints: the three sides side by side, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..export.notes import check_basis
from ..export.posting import EXACT
from ..export.reconciliation import Difference, Reconciliation, reconcile
from .export_progress import ProgressLine
from .export_show import MOST_SHOWN, more
from .export_values import aligned, plain
from .output import OutputFormat, Table, print_json_line, print_text
from .wording import in_options

if TYPE_CHECKING:
    from ..client import Brex
    from ..export import ExportPolicy, Journal
    from .export_erp import ErpSource

_NONE: Final[Decimal] = Decimal()


async def print_reconciliation(
    brex: Brex,
    source: ErpSource,
    journal: Journal,
    policy: ExportPolicy,
    *,
    shared_books: bool,
    output: OutputFormat,
) -> bool:
    """Hold the three sides against each other, and print what came of it.

    Args:
        brex: The client, not opened yet.
        source: Gives the ERP.
        journal: The journal, for reading only.
        policy: What the ledger takes, and when.
        shared_books: Whether the books hold entries of other accounts too.
        output: How.

    Returns:
        Whether they agree.

    Raises:
        BrexError: One of them cannot be read.
    """
    progress = ProgressLine()

    def tell(difference: Difference) -> None:
        if output == "jsonl":
            progress.clear()
            print_json_line({"kind": "difference", **_facts(difference)})

    with progress.beside_the_log():
        try:
            await journal.open(brex.account)
            await check_basis(journal, policy, note=False)
            async with brex, source() as erp:
                found = await reconcile(
                    brex, erp, journal, policy, shared_books=shared_books, on_difference=tell, on_event=progress
                )
        finally:
            await journal.aclose()
    if output == "jsonl":
        facts = plain(found)
        del facts["differences"]  # each has a line of its own
        print_json_line({"kind": "reconciliation", "agrees": found.agrees, **facts})
    else:
        _show(found)
    return found.agrees


def _facts(difference: Difference) -> dict[str, object]:
    facts = plain(difference)
    return {
        "record_id": facts.pop("record_id"),
        "difference": facts.pop("kind"),
        **facts,
        "remedy": _remedy(difference),
    }


def _remedy(difference: Difference) -> str:
    return in_options(difference.remedy)


def _show(found: Reconciliation) -> None:
    numbers = ("Brex", "Journal", "Books")
    table = Table(("", "Currency", *numbers, "Differ"), right=numbers)
    sides = (found.brex, found.journal, found.ledger)
    told = found.brex.records + found.unreported.records
    mark = _mark(told, found.journal.records, found.ledger.records)
    table.add("records", None, *(str(side.records) for side in sides), mark)
    # The journal keeps no lines, and the books keep no amounts of records: each sum is compared where there are two.
    books = found.ledger.debits if found.compares_amounts else None
    for currency in _currencies(found.brex.debits, books or {}):
        pair = [found.brex.debits.get(currency, _NONE), None if books is None else books.get(currency, _NONE)]
        shown, booked = aligned(pair)
        table.add("debits", currency, shown, None, booked, _mark(_told(found, currency, pair[0]), pair[1]))
    for currency in _currencies(found.brex.amounts, found.journal.amounts):
        pair = [side.amounts.get(currency, _NONE) for side in (found.brex, found.journal)]
        table.add("amounts", currency, *aligned(pair), None, _mark(*pair))
    table.print()
    _show_differences(found)
    lines = [f"The list of {name} was not read to its end: {why}." for name, why in found.unread.items()]
    if found.elsewhere.records:
        lines.append(f"{found.elsewhere.records} records are exported in Brex and not of these books.")
    if found.unreported.records:
        lines.append(f"{found.unreported.records} records are in the books, and not exported in Brex yet.")
    if found.unreadable:
        lines.append(f"{found.unreadable} records of Brex cannot be read.")
    if not found.compares_amounts:
        lines.append("The ERP does not list its entries: only presence and references were compared.")
    if not found.agrees:
        lines.append("The policy options (--basis, --start and so on) have to be those of the run.")
    lines.append("Brex, journal and books agree." if found.agrees else "Brex, journal and books do not agree.")
    print_text("\n".join(["", *lines]))


def _show_differences(found: Reconciliation) -> None:
    if not found.differences:
        return
    print_text("")
    table = Table(("Record", "Difference", "References"))
    for one in found.differences[:MOST_SHOWN]:
        journal = None if one.journal is None else one.journal.reference
        references = [entry.reference for entry in one.ledger] or ([] if journal is None else [journal])
        table.add(one.record_id, one.kind, ", ".join(references) or None)
    table.print()
    more(sum(found.counts.values()))
    print_text("")
    table = Table(("Records", "Difference", "What to do"), right=("Records",))
    remedies = {one.kind: _remedy(one) for one in found.differences}
    for kind, count in found.counts.items():
        table.add(str(count), kind, remedies.get(kind))
    table.print()


def _currencies(*sums: Mapping[str, Decimal]) -> list[str]:
    return sorted({currency for one in sums for currency in one})


def _told(found: Reconciliation, currency: str, exported: Decimal | None) -> Decimal:
    """What the books have to come to: what Brex shows as exported, and what it is still to be told of."""
    return EXACT.add(exported or _NONE, found.unreported.debits.get(currency, _NONE))


def _mark(*numbers: object) -> str | None:
    return None if len({number for number in numbers if number is not None}) == 1 else "yes"


__all__ = ["print_reconciliation"]
