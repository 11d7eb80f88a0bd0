"""``brex-accounting export``: bring what Brex has into the books, once, and see how it stands.

What takes long to import is imported when a command does its work: help and mistakes come at once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final, cast, get_args

import typer

from .client import Account, Deadline, TokenFile, client
from .ending import Failure, Refusal, one_line, tell_warnings
from .export_erp import erp_source, staying
from .export_files import check_apart
from .export_options import (
    OPTIONS,
    BasisOption,
    BillsOption,
    Closed,
    ClosedThrough,
    ErpOption,
    JournalFile,
    MappingFile,
    PageSize,
    RecordTypes,
    Start,
    journal_of,
    label_of,
    policy_of,
    span_of,
)
from .output import Output, print_text

if TYPE_CHECKING:
    from ..export import Entry, Event, Resolution, SqliteJournal
    from .export_standing import Standing

_PAUSED: Final = 3

RecordId = Annotated[str, typer.Argument(metavar="ID", help="The record's id, such as accr_abc123.")]

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def export() -> None:
    """Bring accounting records into an ERP, each once, and tell Brex.

    Either BREX_ACCESS_TOKEN holds a user token, or BREX_CLIENT_ID, BREX_CLIENT_SECRET and BREX_TOKEN_FILE name a grant;
    BREX_ACCOUNT is your label for the account, which its journal remembers. BREX_BASE_URL is another host. status,
    history and resolve look at the journal only, and need none of these.
    """
    tell_warnings()


@app.command()
def run(
    *,
    erp: ErpOption,
    journal: JournalFile,
    basis: BasisOption = None,
    once: Annotated[bool, typer.Option("--once", help="One run, which is what is done without --every too.")] = False,
    every: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Run for ever, at least as often as this: 90s, 30m, 1h or 1d."),
    ] = None,
    start: Start = None,
    mapping: MappingFile = None,
    closed_through: ClosedThrough = None,
    closed: Closed = "wait",
    bills: BillsOption = "ready",
    record_type: RecordTypes = None,
    accept_refusals: Annotated[
        bool,
        typer.Option(
            "--accept-refusals", help="Tell Brex of refusals however many they are; many stop a run otherwise."
        ),
    ] = False,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="Try all refused records again, whether or not something changed.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="Ask the ERP for what the journal does not know: after an old copy of it was restored."
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="End a pause now: its cause is gone. It ends by itself otherwise.")
    ] = False,
    page_size: PageSize = None,
    output: Output = "table",
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Export what there is to export, and print what came of it.

    SIGTERM and Ctrl-C let it finish the batch in hand; what is left is taken up by the next run. A second one ends it
    at once, which loses nothing either.

    The exit status is 0 if everything was read to its end and done, or SIGTERM stopped it; 1 if not, because a list
    could not be read, the ERP failed, or too much would be refused; 3 if the account pauses; 130 after Ctrl-C. Records
    that need a person do not change it: export status tells them.
    """
    interval = span_of(every, once=once)
    if interval is not None and (accept_refusals or rebuild):
        option = "--accept-refusals" if accept_refusals else "--rebuild"
        message = f"{option}: it is for a single run; run once with it, without --every, and for ever afterwards"
        raise Refusal(message)
    policy = policy_of(
        basis=basis,
        start=start,
        closed_through=closed_through,
        closed=closed,
        bills=bills,
        record_types=record_type,
    )
    label = label_of(account)
    check_apart(erp, mapping, journal, token_file)
    source, kept = erp_source(erp, mapping), journal_of(journal)
    from .export_run import Work, do  # noqa: PLC0415 - see above
    from .stopping import StopSignals  # noqa: PLC0415 - see above

    with one_line(OPTIONS), staying(), StopSignals() as signals:
        work = Work(
            brex=client(account=label, token_file=token_file, deadline=deadline),
            erp=source,
            journal=kept,
            policy=policy,
            options={} if page_size is None else {"page_size": page_size},
            every=interval,
            accept_refusals=accept_refusals,
            rebuild=rebuild,
            retry_refused=retry_refused,
            resume=resume,
            output=output,
        )
        status = asyncio.run(do(work, signals))
    raise typer.Exit(status)


@app.command()
def plan(
    *,
    erp: ErpOption,
    journal: JournalFile,
    basis: BasisOption = None,
    start: Start = None,
    mapping: MappingFile = None,
    closed_through: ClosedThrough = None,
    closed: Closed = "wait",
    bills: BillsOption = "ready",
    record_type: RecordTypes = None,
    output: Output = "table",
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Print what a run would do now; nothing is written anywhere.

    The entries that would be posted come first, then totals by period and currency, and what would be refused, would
    wait or needs a person. The journal need not exist yet.

    The exit status is 1 if a list could not be read to its end, or if the run would stop because too much would be
    refused; 3 if the account pauses.
    """
    policy = policy_of(
        basis=basis,
        start=start,
        closed_through=closed_through,
        closed=closed,
        bills=bills,
        record_types=record_type,
    )
    label = label_of(account)
    check_apart(erp, mapping, journal, token_file)
    source, kept = erp_source(erp, mapping), journal_of(journal, read_only=True)
    from .export_plan import print_plan  # noqa: PLC0415 - see above

    with one_line(OPTIONS), staying():
        brex = client(account=label, token_file=token_file, deadline=deadline)
        made = asyncio.run(print_plan(brex, source, kept, policy, output))
    if made.pause is not None:
        raise typer.Exit(_PAUSED)
    raise typer.Exit(0 if made.is_complete and not made.too_many_refusals else 1)


@app.command()
def reconcile(
    *,
    erp: ErpOption,
    journal: JournalFile,
    basis: BasisOption = None,
    start: Start = None,
    mapping: MappingFile = None,
    closed_through: ClosedThrough = None,
    closed: Closed = "wait",
    bills: BillsOption = "ready",
    record_type: RecordTypes = None,
    shared_books: Annotated[
        bool, typer.Option("--shared-books", help="The books hold entries of other accounts too: pass over these.")
    ] = False,
    output: Output = "table",
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Hold Brex, journal and books together, record by record and currency by currency; nothing is changed.

    Give it the policy options of the run, such as --basis and --start: with others the sides seem to differ.

    The exit status is 1 if they differ, or if one of them could not be read to its end.
    """
    policy = policy_of(
        basis=basis,
        start=start,
        closed_through=closed_through,
        closed=closed,
        bills=bills,
        record_types=record_type,
    )
    label = label_of(account)
    check_apart(erp, mapping, journal, token_file)
    source, kept = erp_source(erp, mapping), journal_of(journal, read_only=True, must_exist=True)
    from .export_reconcile import print_reconciliation  # noqa: PLC0415 - see above

    with one_line(OPTIONS), staying():
        brex = client(account=label, token_file=token_file, deadline=deadline)
        agrees = asyncio.run(print_reconciliation(brex, source, kept, policy, shared_books=shared_books, output=output))
    raise typer.Exit(0 if agrees else 1)


@app.command()
def mapping() -> None:
    """Print a mapping with comments to begin with: which account of the books each account of Brex is booked to."""
    from .export_mapping import EXAMPLE  # noqa: PLC0415 - see above

    print_text(EXAMPLE.rstrip("\n"))


# ---- the journal ----------------------------------------------------------------------------------------------------


@app.command()
def status(*, journal: JournalFile, output: Output = "table", account: Account = None) -> None:
    """Print where the records stand; only the journal is read.

    The exit status is 1 if a record needs a person, and 3 if the account pauses.
    """
    kept = journal_of(journal, read_only=True, must_exist=True)
    from .export_standing import show_standing  # noqa: PLC0415 - see above

    with one_line(OPTIONS):
        standing = asyncio.run(_standing(kept, account))
    show_standing(standing, output)
    if standing.pause is not None:
        raise typer.Exit(_PAUSED)
    raise typer.Exit(1 if standing.person else 0)


@app.command()
def history(*, record_id: RecordId, journal: JournalFile, output: Output = "table", account: Account = None) -> None:
    """Print everything that happened to a record; only the journal is read.

    The exit status is 1 if the journal has no such record.
    """
    kept = journal_of(journal, read_only=True, must_exist=True)
    from .export_show import show_history  # noqa: PLC0415 - see above

    with one_line(OPTIONS):
        events = asyncio.run(_history(kept, account, record_id))
    if not events:
        message = f"the journal has no record {record_id!r}; check the id, and whose journal it is"
        raise Failure(message)
    show_history(events, output)


@app.command()
def resolve(
    *,
    record_id: RecordId,
    decision: Annotated[
        str,
        typer.Argument(
            metavar="keep|repost|posted=REF|ignore",
            help="keep: the books are right. repost: post it once more, as an entry of its own. posted=REF: it is in "
            "the books by hand, as REF. ignore: never post it.",
        ),
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; the journal keeps the words as they are given.")],
    journal: JournalFile,
    output: Output = "table",
    account: Account = None,
) -> None:
    """Decide about a record that needs a person; neither Brex nor the ERP is called.

    The next run does what was decided, at once if one is under way. The exit status is 1 if the decision does not fit
    where the record stands.
    """
    chosen, reference = _decision(decision)
    if not reason.strip():
        message = "--reason: expected some words, for those who will look at the history"
        raise Refusal(message)
    kept = journal_of(journal, must_exist=True)
    from .export_show import show_row  # noqa: PLC0415 - see above

    try:
        with one_line({**OPTIONS, "record_id": "ID", "resolution": "DECISION", "reason": "--reason"}):
            row = asyncio.run(_resolved(kept, account, (record_id, chosen, reference), reason))
    except Refusal as refusal:  # of what the journal holds, and not of the command line
        raise Failure(refusal.format_message()) from None
    show_row(row, output)


def _decision(text: str) -> tuple[Resolution, str | None]:
    from ..export.resolving import Resolution  # noqa: PLC0415 - see above

    name, equals, reference = text.partition("=")
    fits = name in get_args(Resolution) and (bool(equals) == (name == "posted"))
    if not fits or (equals and not reference.strip()):
        message = f"DECISION: expected keep, repost, posted=REF or ignore, got {text!r}"
        raise Refusal(message)
    return cast("Resolution", name), reference if equals else None


async def _standing(journal: SqliteJournal, account: str | None) -> Standing:
    from .export_journal import opened  # noqa: PLC0415 - see above
    from .export_standing import standing_of  # noqa: PLC0415 - see above

    async with opened(journal, account) as label:
        return await standing_of(journal, label)


async def _history(journal: SqliteJournal, account: str | None, record_id: str) -> list[Event]:
    from .export_journal import opened  # noqa: PLC0415 - see above

    async with opened(journal, account):
        return [*await journal.history(record_id)]


async def _resolved(
    journal: SqliteJournal, account: str | None, decided: tuple[str, Resolution, str | None], reason: str
) -> Entry:
    from ..clock import SystemClock  # noqa: PLC0415 - see above
    from ..export.resolving import resolve as resolved  # noqa: PLC0415 - see above
    from .export_journal import opened  # noqa: PLC0415 - see above

    record_id, resolution, reference = decided
    async with opened(journal, account):
        return await resolved(
            journal,
            record_id,
            resolution,
            reason=reason,
            reference=reference,
            now=SystemClock().now(),
            owner="export resolve",
        )


__all__ = ["app", "export", "history", "mapping", "plan", "reconcile", "resolve", "run", "status"]
