"""What ``brex-accounting export plan`` prints: entries as they are found, and then what the run would come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..export.plan_summary import PlanAction, PlanItem, PlanSummary
from ..export.planning import plan
from .export_progress import ProgressLine
from .export_show import MOST_SHOWN, more
from .export_values import instant, plain
from .output import OutputFormat, Table, print_json_line, print_text

if TYPE_CHECKING:
    from brex_accounting_client.models import AccountingRecordLineItem

    from ..client import Brex
    from ..export import ExportPolicy, Journal
    from .export_erp import ErpSource

_ENTRIES: Final = frozenset({PlanAction.POST, PlanAction.AMEND})
_SAID: Final = (PlanAction.REFUSE, PlanAction.WAIT, PlanAction.NEEDS_PERSON)
"""What is told record by record."""

_HEADINGS: Final = {
    PlanAction.REFUSE: ("Would be refused", "Why", "What Brex would be told"),
    PlanAction.WAIT: ("Waits", "What for", "Looked at again"),
    PlanAction.NEEDS_PERSON: ("Needs a person", "Why", "Posting date"),
}


async def print_plan(
    brex: Brex, source: ErpSource, journal: Journal, policy: ExportPolicy, output: OutputFormat
) -> PlanSummary:
    """Find out what a run would do now, and print it.

    Args:
        brex: The client, not opened yet.
        source: Gives the ERP.
        journal: The journal, for reading only.
        policy: What the ledger takes, and when.
        output: How.

    Raises:
        BrexError: It cannot be found out.
    """
    progress = ProgressLine()
    printer = _Printer(output, progress)
    with progress.beside_the_log():
        try:
            async with brex, source() as erp:
                made = await plan(brex, erp, journal, policy, on_item=printer.item, on_event=progress)
        finally:
            await journal.aclose()
    printer.end(made)
    return made


class _Printer:
    def __init__(self, output: OutputFormat, progress: ProgressLine) -> None:
        self._output = output
        self._progress = progress
        self._said: dict[PlanAction, list[PlanItem]] = {action: [] for action in _SAID}

    def item(self, item: PlanItem) -> None:
        """Print an entry at once; of the rest, keep what is shown in the end."""
        if self._output == "jsonl":
            self._progress.clear()
            print_json_line({"kind": "record", **_facts(item)})
        elif item.action in _ENTRIES:
            self._progress.clear()
            print_text(_entry(item))
        elif item.action in self._said and len(self._said[item.action]) < MOST_SHOWN:
            self._said[item.action].append(item)

    def end(self, made: PlanSummary) -> None:
        """Print what it comes to."""
        if self._output == "jsonl":
            print_json_line({"kind": "plan", **plain(made)})
            return
        for action, items in self._said.items():
            if items:
                self._show(action, items, made.counts[action])
        _show_totals(made)
        _show_rest(made)

    def _show(self, action: PlanAction, items: list[PlanItem], count: int) -> None:
        table = Table(_HEADINGS[action])
        for item in items:
            last = {
                PlanAction.REFUSE: item.message,
                PlanAction.WAIT: None if item.due is None else instant(item.due),
            }.get(action, None if item.date is None else item.date.isoformat())
            table.add(item.record_id, item.reason, last)
        table.print()
        more(count)
        print_text("")


def _entry(item: PlanItem) -> str:
    """The text of an entry: as the books would have it, where the ERP shows that."""
    head = "" if item.action is PlanAction.POST else f"; {item.action} {item.reference}\n"
    if item.preview is not None:
        return f"{head}{item.preview.rstrip()}\n"
    lines = [f"{head}{item.date} {item.record_id} {item.record_type}"]
    for line in item.lines:
        values = " ".join(f"{name}={value}" for name, value in _values(line).items())
        lines.append(f"  {line.type:<6} {line.amount.amount:f} {line.amount.currency}  {values}".rstrip())
    return "\n".join([*lines, ""])


def _values(line: AccountingRecordLineItem) -> dict[str, str]:
    """The values of a line's fields, by the ids that the ERP knows, or else Brex's."""
    return {
        value.remote_field_id or value.brex_field_id: value.remote_field_value_id or value.brex_field_value_id
        for value in line.accounting_field_values
    }


def _facts(item: PlanItem) -> dict[str, Any]:
    lines = [
        {
            "type": str(line.type),
            "amount": plain(line.amount.amount),
            "currency": line.amount.currency,
            "fields": _values(line),
        }
        for line in item.lines
    ]
    names = ("record_id", "action", "record_type", "date", "amount", "currency", "debits", "reason", "message")
    rest = ("reference", "due", "preview")
    facts = {name: plain(getattr(item, name)) for name in (*names, *rest)}
    return {**facts, "lines": lines}


def _show_totals(made: PlanSummary) -> None:
    if made.debits:
        table = Table(("Period", "Currency", "Would be posted"), right=("Would be posted",))
        for period, sums in (*made.periods.items(), ("all", made.debits)):
            for currency, amount in sums.items():
                table.add(period, currency, f"{amount:f}")
        table.print()
        print_text("")
    table = Table(("Records", "", "Why"), right=("Records",))
    for action, count in made.counts.items():
        reasons = made.reasons.get(action, {})
        told = sum(reasons.values())
        if count > told:
            table.add(str(count - told), action, None)
        for reason, times in reasons.items():
            table.add(str(times), action, reason)
    table.add(str(made.unchanged), "nothing to be done", None)
    table.print()


def _show_rest(made: PlanSummary) -> None:
    lines = [f"The list of {name} was not read to its end: {why}." for name, why in made.unread.items()]
    if made.too_many_refusals:
        lines.append(
            "The run would stop before it reports anything: too much would be refused. Mend the mapping or the policy; "
            "where all of it is meant, run once with --accept-refusals."
        )
    if made.rebuilding:
        lines.append("The journal is not complete yet: the run would ask the books for what it does not know.")
    if made.pause is not None:
        lines.append(f"The account pauses ({made.pause}): a run would do nothing until that ends.")
    if lines:
        print_text("\n".join(["", *lines]))


__all__ = ["print_plan"]
