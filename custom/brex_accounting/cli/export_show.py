"""What ``brex-accounting export`` prints of a run, and of one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..shell import COMMAND
from .export_values import instant, money, plain
from .output import OutputFormat, Table, print_json_line, print_text
from .wording import in_options

if TYPE_CHECKING:
    from ..export import Entry, Event, RunSummary

MOST_SHOWN: Final = 50
"""How many records a table names; JSON lines have them all."""

DECIDE: Final = (
    f"Decide about each: {COMMAND} export resolve ID keep|repost|posted=REF|ignore --reason TEXT --journal FILE"
)

# ---- runs -----------------------------------------------------------------------------------------------------------


def show_run(summary: RunSummary, output: OutputFormat) -> None:
    """Print what came of a run, and what needs a person.

    Args:
        summary: Of the run.
        output: How.
    """
    if output == "jsonl":
        print_json_line({"kind": "run", **plain(summary), "advice": in_options(summary.advice)})
        return
    print_text(f"{_ended(summary)}: {summary.seen} records read in {summary.seconds:.1f} s")
    table = Table(("Records", ""), right=("Records",))
    for count, what in (
        (summary.posted, f"posted{_found(summary)}"),
        (summary.amended, "amended"),
        (summary.exported, "exported"),
        (summary.refused, "refused"),
        (summary.not_for_ledger, "not for this ledger"),
        (summary.waiting, "waiting for an open period"),
        (len(summary.needs_person), "newly need a person"),
    ):
        table.add(str(count), what)
    table.print()
    show_sums("Exported", summary.amounts)
    _show_refusals(summary)
    if summary.needs_person:
        print_text("")
        people = Table(("Needs a person", "Why"))
        for one in summary.needs_person[:MOST_SHOWN]:
            people.add(one.record_id, one.reason)
        people.print()
        more(len(summary.needs_person))
        print_text(DECIDE)
    _show_rest(summary)


def show_run_in_a_line(summary: RunSummary) -> None:
    """Print what came of one run of many.

    Args:
        summary: Of the run.
    """
    counts = (
        (summary.posted, "posted"),
        (summary.amended, "amended"),
        (summary.refused, "refused"),
        (summary.not_for_ledger, "not for this ledger"),
        (summary.waiting, "waiting"),
        (len(summary.needs_person), "newly need a person"),
    )
    amounts = f" ({money(summary.amounts)})" if summary.amounts else ""
    parts = [f"{summary.seen} read", f"{summary.exported} exported{amounts}"]
    parts += [f"{count} {what}" for count, what in counts if count]
    parts += [f"the list of {name} was not read to its end" for name in summary.unread]
    if summary.pause is not None and summary.next_due is not None:
        parts.append(f"due again at {instant(summary.next_due)}")
    text = f"{instant(summary.started)} {_ended(summary)}: {', '.join(parts)}"
    print_text(f"{text}. {in_options(summary.advice)}" if summary.advice else text)


def show_sums(heading: str, amounts: Mapping[str, Decimal]) -> None:
    """Print exact sums by currency.

    Args:
        heading: What they are of.
        amounts: The sums.
    """
    if amounts:
        print_text("")
        table = Table(("Currency", heading), right=(heading,))
        for currency, amount in sorted(amounts.items()):
            table.add(currency, f"{amount:f}")
        table.print()


def _ended(summary: RunSummary) -> str:
    return summary.ended if summary.pause is None else f"{summary.ended} ({summary.pause})"


def _found(summary: RunSummary) -> str:
    return f", {summary.found} of them found in the books" if summary.found else ""


def _show_refusals(summary: RunSummary) -> None:
    """What Brex was told, or would be told by a run that stopped over it."""
    refusals = summary.refusals
    if not refusals:
        return
    would = summary.ended == "too many refusals"
    counts: dict[tuple[str, str | None], list[str]] = {}
    for one in refusals:
        counts.setdefault((one.reason, one.message), []).append(one.record_id)
    print_text("")
    refused, told = ("Would be refused", "What Brex would be told") if would else ("Refused", "What Brex was told")
    table = Table((refused, "Code", told, "Such as"), right=(refused,))
    for (reason, message), ids in sorted(counts.items(), key=lambda one: -len(one[1])):
        table.add(str(len(ids)), reason, message, ids[0])
    table.print()


def _show_rest(summary: RunSummary) -> None:
    lines = [f"The list of {name} was not read to its end: {why}." for name, why in summary.unread.items()]
    if summary.next_due is not None:
        lines.append(f"Something is due at {instant(summary.next_due)}.")
    advice = in_options(summary.advice)
    lines += [advice] if advice else []
    if lines:
        print_text("\n".join(["", *lines]))


def more(count: int) -> None:
    """Say how many there are that a table does not name.

    Args:
        count: How many there are.
    """
    if count > MOST_SHOWN:
        print_text(f"and {count - MOST_SHOWN} more; --output jsonl has them all")


# ---- one record -----------------------------------------------------------------------------------------------------


def facts(row: Entry) -> dict[str, Any]:
    """What is printed of a row as JSON.

    Args:
        row: The row.
    """
    names = ("record_id", "state", "reason", "since", "amount", "currency", "posting_date", "reference", "due")
    return {name: plain(getattr(row, name)) for name in names}


def show_history(events: Sequence[Event], output: OutputFormat) -> None:
    """Print what happened to a record.

    Args:
        events: Its history, oldest first.
        output: How.
    """
    if output == "jsonl":
        for event in events:
            print_json_line(plain(event))
        return
    headings = ("At", "State", "Why", "Amount", "Currency", "Reference", "Attempt", "Trace id", "Worker", "Note")
    table = Table(headings, right=("Amount", "Attempt"))
    for event in events:
        table.add(
            instant(event.at),
            event.state,
            event.reason,
            None if event.amount is None else f"{event.amount:f}",
            event.currency,
            event.reference,
            str(event.attempts),
            event.trace_id,
            event.owner,
            event.note,
        )
    table.print()


def show_row(row: Entry, output: OutputFormat) -> None:
    """Print where a record stands.

    Args:
        row: Its row.
        output: How.
    """
    found = facts(row)
    if output == "jsonl":
        print_json_line(found)
        return
    table = Table(("ID", "State", "Why", "Since", "Amount", "Currency", "Reference"), right=("Amount",))
    names = ("record_id", "state", "reason", "since", "amount", "currency", "reference")
    table.add(*(found[name] for name in names))
    table.print()


__all__ = [
    "DECIDE",
    "MOST_SHOWN",
    "facts",
    "more",
    "show_history",
    "show_row",
    "show_run",
    "show_run_in_a_line",
    "show_sums",
]
