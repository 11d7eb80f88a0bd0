"""The options of ``brex-accounting export``, and what they mean to the library."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

import typer

from .client import CLIENT_OPTIONS
from .ending import Refusal, one_line

if TYPE_CHECKING:
    from ..export import ExportPolicy, SqliteJournal
    from ..export.policy import ClosedPeriod
    from ..export.record_types import Basis

OPTIONS: Final[Mapping[str, str]] = {
    **CLIENT_OPTIONS,
    "basis": "--basis",
    "bills": "--bills",
    "closed": "--closed",
    "closed_through": "--closed-through",
    "erp": "--erp",
    "every": "--every",
    "page_size": "--page-size",
    "record_types": "--record-type",
    "start": "--start",
}
"""What the command line calls the arguments that an ``InvalidArgument`` names."""

ErpOption = Annotated[
    str,
    typer.Option(
        "--erp",
        envvar="BREX_EXPORT_ERP",
        metavar="ERP",
        help="beancount:PATH for books in plain text, or python:package.module:factory for an adapter of your own.",
    ),
]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        metavar="FILE",
        help="For beancount: the TOML file that says which accounts to book to. If not given: the books' name with "
        ".toml at its end.",
    ),
]
JournalFile = Annotated[
    Path,
    typer.Option(
        "--journal",
        envvar="BREX_EXPORT_JOURNAL",
        metavar="FILE",
        help="Where it is kept what became of each record; one file for each account.",
    ),
]
BasisOption = Annotated[
    str | None,
    typer.Option(
        "--basis",
        envvar="BREX_EXPORT_BASIS",
        metavar="accrual|cash",
        help="Which records the ledger takes. There is no default: one that takes both has reimbursements twice.",
    ),
]
Start = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The first posting date: nothing before it is posted or reported."),
]
ClosedThrough = Annotated[str | None, typer.Option(metavar="DATE", help="The last day of the closed periods.")]
Closed = Annotated[
    Literal["wait", "next-open-date", "fail"],
    typer.Option(
        help="What becomes of a record in a closed period: it waits, is posted on the first open day, or is refused."
    ),
]
BillsOption = Annotated[
    Literal["ready", "arrival"],
    typer.Option(help="Whether a bill is posted when Brex shows it as READY_FOR_EXPORT, or as soon as it is seen."),
]
RecordTypes = Annotated[
    list[str] | None,
    typer.Option(
        "--record-type", metavar="TYPE", help="Only this type; repeatable. If not given: the types of the basis."
    ),
]
PageSize = Annotated[
    int | None, typer.Option(metavar="N", help="Records in a page, at most 1000, which is taken if it is not given.")
]

_SPAN: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def policy_of(
    *,
    basis: str | None,
    start: str | None,
    closed_through: str | None,
    closed: str,
    bills: Literal["ready", "arrival"],
    record_types: Sequence[str] | None,
) -> ExportPolicy:
    """What the ledger takes, and when.

    Args:
        basis: ``accrual`` or ``cash``.
        start: A date.
        closed_through: A date.
        closed: As on the command line.
        bills: As on the command line.
        record_types: Types, None or none for those of the basis.

    Raises:
        Refusal: An option is missing or cannot be right.
    """
    if basis is None:
        message = "--basis: expected accrual or cash; there is no default: a ledger that takes both has money twice"
        raise Refusal(message)
    first, last = _date(start, "--start"), _date(closed_through, "--closed-through")
    with one_line(OPTIONS):
        from ..export import ExportPolicy  # noqa: PLC0415 - help and mistakes come at once

        return ExportPolicy(
            basis=cast("Basis", basis),
            record_types=frozenset(record_types) if record_types else None,
            start=first,
            closed_through=last,
            closed=cast("ClosedPeriod", closed.replace("-", " ")),
            bills=bills,
        )


def label_of(account: str | None) -> str:
    """The label of the account, which an export needs.

    Args:
        account: What ``--account`` or the environment says.

    Raises:
        Refusal: Neither says one.
    """
    if account is None or not account.strip():
        message = (
            "--account: name the account, or set BREX_ACCOUNT, by a label of your own; the journal keeps it, so that "
            "the journal is never used for another one"
        )
        raise Refusal(message)
    return account


def journal_of(path: Path, *, read_only: bool = False, must_exist: bool = False) -> SqliteJournal:
    """The journal in a file; it is not opened yet.

    Args:
        path: The file.
        read_only: Whether nothing is to be changed.
        must_exist: Whether a file that is not there is a mistake.

    Raises:
        Refusal: There is no such file, or can be none.
    """
    with one_line({"path": "--journal"}):
        from ..export import SqliteJournal  # noqa: PLC0415 - see above

        journal = SqliteJournal(path, read_only=read_only)
    if journal.path.is_dir():
        message = f"--journal: {str(path)!r} is a folder; name a file in it, such as export.db"
        raise Refusal(message)
    if must_exist and not journal.path.is_file():
        message = f"--journal: there is no file {str(path)!r}; name the journal of your export run"
        raise Refusal(message)
    if must_exist and journal.path.stat().st_size == 0:
        message = f"--journal: the file {str(path)!r} is empty, and so no journal; name the journal of your export run"
        raise Refusal(message)
    return journal


def span_of(every: str | None, *, once: bool) -> datetime.timedelta | None:
    """The longest time between two runs, None for one run.

    Args:
        every: Such as ``90s``, ``30m`` or ``1h``.
        once: Whether one run was asked for.

    Raises:
        Refusal: It is no time, or both were asked for.
    """
    if every is None:
        return None
    if once:
        message = "--once and --every: one run, or runs for ever; leave one of them out"
        raise Refusal(message)
    found = _SPAN.fullmatch(every)
    if found is None or int(found[1]) == 0:
        message = f"--every: expected a time such as 90s, 30m, 1h or 1d, got {every!r}"
        raise Refusal(message)
    return datetime.timedelta(**{_UNITS[found[2]]: int(found[1])})


def _date(text: str | None, option: str) -> datetime.date | None:
    if text is None:
        return None
    if _DATE.fullmatch(text):
        with suppress(ValueError):
            return datetime.date.fromisoformat(text)
    message = f"{option}: expected a date such as 2026-01-31, got {text!r}"
    raise Refusal(message)


__all__ = [
    "OPTIONS",
    "BasisOption",
    "BillsOption",
    "Closed",
    "ClosedThrough",
    "ErpOption",
    "JournalFile",
    "MappingFile",
    "PageSize",
    "RecordTypes",
    "Start",
    "journal_of",
    "label_of",
    "policy_of",
    "span_of",
]
