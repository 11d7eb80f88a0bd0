"""``brex-accounting records``: look at accounting records.

What takes long to import is imported when a command does its work: help and mistakes come at once.
"""

from __future__ import annotations

import asyncio
import datetime
import sys
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from .client import CLIENT_OPTIONS, Account, Deadline, TokenFile, client
from .ending import Failure, Refusal, one_line, tell_warnings
from .output import Output, OutputFormat, Table, print_json_line, without_member

if TYPE_CHECKING:
    from brex_accounting_client import BadRecord
    from brex_accounting_client.models import AccountingRecord

    from ..client import Brex
    from ..resources.records import RecordFilters

_SECRET: Final = "download_uris"  # noqa: S105 - the name of a member
"""Whoever holds one of these links of a receipt can read its file."""

_OPTIONS: Final = {
    **CLIENT_OPTIONS,
    "ids": "--id",
    "page_size": "--page-size",
    "review_status": "--review-status",
    "single_entry": "--single-entry",
    "source_type": "--source-type",
    "updated_at_gt": "--updated-at-gt",
    "updated_at_gte": "--updated-at-gte",
    "updated_at_lt": "--updated-at-lt",
    "updated_at_lte": "--updated-at-lte",
}
"""What the command line calls the arguments that an ``InvalidArgument`` names."""

_MOST_NAMED: Final = 5

SingleEntry = Annotated[
    bool, typer.Option("--single-entry", help="Ask for single-entry line items instead of double-entry ones.")
]
Raw = Annotated[
    bool,
    typer.Option("--raw", help="With --output jsonl: keep the links to receipts, which open for whoever has them."),
]

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class _Printer(Protocol):
    def add(self, record: AccountingRecord, raw: bytes) -> None: ...

    def end(self) -> None: ...


@app.callback()
def records() -> None:
    """Look at accounting records; nothing is changed at Brex.

    Either BREX_ACCESS_TOKEN holds a user token, or BREX_CLIENT_ID, BREX_CLIENT_SECRET, BREX_TOKEN_FILE and BREX_ACCOUNT
    name a grant. BREX_BASE_URL is another host.
    """
    tell_warnings()


@app.command("list")
def list_records(
    *,
    ids: Annotated[list[str] | None, typer.Option("--id", metavar="ID", help="Only this record; repeatable.")] = None,
    review_status: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE",
            help="Only records in this stage, such as READY_FOR_EXPORT; Brex has it for cards and reimbursements.",
        ),
    ] = None,
    source_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Only CARD, REIMBURSEMENT or BILL, or what Brex adds to these.")
    ] = None,
    updated_at_gt: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only records that changed after this date or instant, in UTC.")
    ] = None,
    updated_at_gte: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only records that changed then or later.")
    ] = None,
    updated_at_lt: Annotated[str | None, typer.Option(metavar="WHEN", help="Only records that changed before.")] = None,
    updated_at_lte: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only records that changed then or before.")
    ] = None,
    single_entry: SingleEntry = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many records.")] = None,
    page_size: Annotated[
        int | None, typer.Option(metavar="N", help="Records in a page, at most 1000; Brex's default is 100.")
    ] = None,
    output: Output = "table",
    raw: Raw = False,
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Print the records that fit, in Brex's order.

    JSON comes line by line while pages arrive, and with every member that Brex sends, numbers digit by digit. A record
    that cannot be read is named on the standard error; the others are printed, and the exit status is 1.
    """
    filters: RecordFilters = {
        "ids": ids or None,
        "review_status": review_status,
        "source_type": source_type,
        "updated_at_gt": updated_at_gt,
        "updated_at_gte": updated_at_gte,
        "updated_at_lt": updated_at_lt,
        "updated_at_lte": updated_at_lte,
        "single_entry": single_entry or None,
    }
    printer = _printer(output, raw=raw)
    with one_line(_OPTIONS):
        brex = client(account=account, token_file=token_file, deadline=deadline)
        unreadable = asyncio.run(_print_all(brex, filters, printer, limit=limit, page_size=page_size))
    if unreadable:
        message = f"{unreadable} of the records cannot be read; the others are printed"
        raise Failure(message)


@app.command()
def get(
    *,
    record_id: Annotated[str, typer.Argument(metavar="ID", help="The record's id, such as accr_abc123.")],
    single_entry: SingleEntry = False,
    output: Output = "table",
    raw: Raw = False,
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Print one record."""
    printer = _printer(output, raw=raw)
    with one_line({**_OPTIONS, "ids": "ID"}):
        brex = client(account=account, token_file=token_file, deadline=deadline)
        asyncio.run(_print_one(brex, record_id, printer, single_entry=single_entry or None))


# ---- printing -------------------------------------------------------------------------------------------------------


class _Rows:
    """A table of the facts by which records are told apart; no names, no memos, no links."""

    def __init__(self) -> None:
        headings = ("ID", "Type", "Review status", "Posting date", "Amount", "Currency", "Version", "Updated at")
        self._table = Table(headings, right=("Amount", "Version"))

    def add(self, record: AccountingRecord, raw: bytes) -> None:
        self._table.add(
            record.id,
            record.type,
            record.review_status,
            record.erp_posting_date.astimezone(datetime.UTC).date().isoformat(),
            str(record.amount.amount),
            record.amount.currency,
            str(record.version),
            record.updated_at.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z"),
        )

    def end(self) -> None:
        self._table.print()


class _Lines:
    """The text of each record as it came."""

    def __init__(self, *, raw: bool) -> None:
        self._raw = raw

    def add(self, record: AccountingRecord, raw: bytes) -> None:
        print_json_line(raw if self._raw else without_member(raw, _SECRET))

    def end(self) -> None:
        pass


def _printer(output: OutputFormat, *, raw: bool) -> _Printer:
    if output == "jsonl":
        return _Lines(raw=raw)
    if raw:
        message = "--raw: a table has no links to keep; add --output jsonl, or leave it out"
        raise Refusal(message)
    return _Rows()


# ---- reading --------------------------------------------------------------------------------------------------------


async def _print_all(
    brex: Brex, filters: RecordFilters, printer: _Printer, *, limit: int | None, page_size: int | None
) -> int:
    """Print records as they come, and give how many could not be read."""
    from ..resources.records import LARGEST_PAGE  # noqa: PLC0415 - see above

    if limit is not None and page_size is None:
        page_size = min(limit, LARGEST_PAGE)
    stream = brex.records.iter(
        page_size=page_size,
        prefetch=1 if limit is None else 0,
        on_bad_record="collect",
        with_raw=True,
        **filters,
    )
    told = printed = 0
    async with brex, stream:
        try:
            async for record, raw in stream:
                told = _tell_unreadable(stream.bad_records, told)
                printer.add(record, raw)
                printed += 1
                if printed == limit:
                    break
        finally:
            # What was read before a failure is printed, too.
            told = _tell_unreadable(stream.bad_records, told)
            printer.end()
        _tell_missing(stream.missing_ids)
    return told


async def _print_one(brex: Brex, record_id: str, printer: _Printer, *, single_entry: bool | None) -> None:
    """Print one record, asked for as a list of one: only a page keeps the bytes that it came from."""
    stream = brex.records.iter(
        ids=[record_id], prefetch=0, on_bad_record="collect", with_raw=True, single_entry=single_entry
    )
    async with brex, stream:
        async for record, raw in stream:
            if record.id == record_id:
                printer.add(record, raw)
                printer.end()
                return
        if _tell_unreadable(stream.bad_records, 0):
            message = "the record cannot be read"
        else:
            message = "there is no such record in this account; check the id, and whose token it is"
    raise Failure(message)


def _tell_unreadable(bad_records: tuple[BadRecord, ...], told: int) -> int:
    """Name the records that cannot be read and were not named before, and give how many there are now."""
    for bad in bad_records[told:]:
        print(f"warning: {bad.label} cannot be read at {bad.path}: {bad.reason}", file=sys.stderr)
    return len(bad_records)


def _tell_missing(ids: tuple[str, ...]) -> None:
    if ids:
        more = "" if len(ids) <= _MOST_NAMED else f" and {len(ids) - _MOST_NAMED} more"
        print(f"warning: no record fits {', '.join(map(repr, ids[:_MOST_NAMED]))}{more}", file=sys.stderr)


__all__ = ["app", "get", "list_records", "records"]
