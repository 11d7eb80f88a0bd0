"""Where a journal of exports stands, as ``brex-accounting export status`` prints it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from attrs import frozen

from ..clock import SystemClock
from ..export import Count, Entry, Journal, State, pause
from ..export.notes import WATERMARK
from .export_show import DECIDE, MOST_SHOWN, facts, more
from .export_values import instant, plain
from .output import OutputFormat, Table, print_json_line, print_text

_ROWS = 1000


@frozen(kw_only=True)
class Standing:
    """Where a journal stands.

    Attributes:
        account: The account label.
        watermark: Up to when all changes are in it, None where none were read.
        pause: Why the account pauses.
        next_due: When the next record is due.
        counts: How many records stand where, and their sums.
        person: Records that need a person.
        refused: Records that are refused.
        open: Records that the ERP or the policy did not take, and of which Brex was not told, or that are tried again.
    """

    account: str | None
    watermark: datetime.datetime | None
    pause: pause.Pause | None
    next_due: datetime.datetime | None
    counts: Sequence[Count]
    person: Sequence[Entry]
    refused: Sequence[Entry]
    open: Sequence[Entry]


async def standing_of(journal: Journal, account: str | None) -> Standing:
    """Where a journal stands.

    Args:
        journal: The journal, open.
        account: The account label.

    Raises:
        JournalError: It cannot be read.
    """
    noted = await journal.note(WATERMARK)
    return Standing(
        account=account,
        watermark=None if noted is None else datetime.datetime.fromisoformat(noted),
        pause=await pause.load(journal),
        next_due=await journal.next_due(now=SystemClock().now()),
        counts=await journal.counts(),
        person=await _rows(journal, State.NEEDS_PERSON),
        refused=await _rows(journal, State.REFUSED),
        open=[
            row
            for row in await _rows(journal, State.REJECTED, State.READY)
            if row.state is State.REJECTED or row.attempts or row.reason is not None
        ],
    )


async def _rows(journal: Journal, *states: State) -> list[Entry]:
    found: list[Entry] = []
    after = ""
    while rows := await journal.entries(states, after=after, limit=_ROWS):
        found += rows
        after = rows[-1].record_id
    return found


def show_standing(standing: Standing, output: OutputFormat) -> None:
    """Print where a journal stands.

    Args:
        standing: Where it does.
        output: How.
    """
    if output == "jsonl":
        _print_standing(standing)
        return
    paused = standing.pause
    since = "nothing was read to its end yet" if standing.watermark is None else instant(standing.watermark)
    lines = [f"Changes are in the journal up to: {since}"]
    if standing.next_due is not None:
        lines.append(f"Something is due at {instant(standing.next_due)}.")
    if paused is not None:
        lines.append(
            f"The account pauses since {instant(paused.since)}: {paused.cause}; it is tried again at "
            f"{instant(paused.next_try)}, and export run --resume tries it at once."
        )
    print_text("\n".join([*lines, ""]))
    table = Table(("State", "Records", "Currency", "Amount"), right=("Records", "Amount"))
    for count in standing.counts:
        table.add(count.state, str(count.records), count.currency, f"{count.amount:f}")
    table.print()
    _show_refused(standing.refused)
    _show_open(standing.open)
    _show_people(standing.person)


def _print_standing(standing: Standing) -> None:
    print_json_line(
        {
            "kind": "journal",
            "account": standing.account,
            "watermark": plain(standing.watermark),
            "pause": plain(standing.pause),
            "next_due": plain(standing.next_due),
        }
    )
    for count in standing.counts:
        print_json_line({"kind": "count", **plain(count)})
    for row in standing.refused:
        print_json_line({"kind": "refused", **facts(row)})
    for row in standing.open:
        print_json_line({"kind": "open", **facts(row), "attempts": row.attempts})
    for row in standing.person:
        print_json_line({"kind": "needs a person", **facts(row), "decisions": list(decisions(row))})


def decisions(row: Entry) -> tuple[str, ...]:
    """What a person may decide about a record that waits for one.

    Args:
        row: Its row.
    """
    return ("repost", "posted=REF", "ignore") if row.reference is None else ("keep", "repost", "ignore")


def _show_refused(rows: Iterable[Entry]) -> None:
    counts: dict[str, list[str]] = {}
    for row in rows:
        counts.setdefault(row.reason or "", []).append(row.record_id)
    if counts:
        print_text("")
        table = Table(("Refused", "Code", "Such as"), right=("Refused",))
        for reason, ids in sorted(counts.items(), key=lambda one: -len(one[1])):
            table.add(str(len(ids)), reason, ids[0])
        table.print()


def _show_open(rows: Sequence[Entry]) -> None:
    if rows:
        print_text("")
        table = Table(("Not in the books yet", "State", "Why", "Attempts"), right=("Attempts",))
        for row in rows[:MOST_SHOWN]:
            table.add(row.record_id, row.state, row.reason, str(row.attempts))
        table.print()
        more(len(rows))


def _show_people(rows: Sequence[Entry]) -> None:
    if rows:
        print_text("")
        table = Table(("Needs a person", "Why", "Since", "Decisions"))
        for row in rows[:MOST_SHOWN]:
            table.add(row.record_id, row.reason, instant(row.since), " | ".join(decisions(row)))
        table.print()
        more(len(rows))
        print_text(DECIDE)


__all__ = ["Standing", "decisions", "show_standing", "standing_of"]
