"""Accounting records: read them, and report what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypedDict, Unpack, overload

from brex_accounting_client import UNSET
from brex_accounting_client.api.accounting_records import get_accounting_record, query_accounting_records
from brex_accounting_client.models import AccountingRecord, AccountingRecordPage, ReviewStatus, SourceType
from brex_accounting_client.types import OnBadRecord

from ..checks import count, header, text
from ..errors import InvalidArgument
from ..paging import Listing, Stream, pages, raw_records, records
from ..paging.listing import IDS_IN_A_CALL
from ..reports import ExportReport, ExportResult
from ..transport.caller import PLAIN, Ask, Caller
from .arguments import Moment, a_flag, a_moment, constant, given, only_given, some_ids
from .listing import StreamOptions, check_limit, check_on_bad_record, listing
from .reporting import Reporting, checked

LARGEST_PAGE = 1000
"""The most that Brex documents for ``limit`` (https://developer.brex.com/openapi/accounting_api)."""

_LONGEST_KEY = 238
"""Leaves room for the digest that tells the requests of one report apart."""


class RecordFilters(TypedDict, total=False):
    """What narrows a list of records; None is as good as leaving it out.

    Attributes:
        ids: Only records with these ids. An empty list gives nothing and asks nothing.
        review_status: Only records in this stage; Brex has it for cards and reimbursements, not for bills.
        source_type: Only records of this kind of source.
        updated_at_gt: Only records that changed after this moment; times are in UTC.
        updated_at_gte: Only records that changed at or after this moment.
        updated_at_lt: Only records that changed before this moment.
        updated_at_lte: Only records that changed at or before this moment.
        single_entry: True asks for single-entry line items instead of double-entry ones.
    """

    ids: Iterable[str] | None
    review_status: ReviewStatus | str | None
    source_type: SourceType | str | None
    updated_at_gt: Moment | None
    updated_at_gte: Moment | None
    updated_at_lt: Moment | None
    updated_at_lte: Moment | None
    single_entry: bool | None


class RecordsResource:
    """``brex.records``: accounting records of cards, reimbursements and bills."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def get(self, record_id: str, *, single_entry: bool | None = None) -> AccountingRecord:
        """One record.

        Args:
            record_id: Its id, such as ``accr_abc123``.
            single_entry: True asks for single-entry line items instead of double-entry ones.

        Raises:
            InvalidArgument: The id is empty.
            NotFound: There is no such record in this account.
            CallError: The call did not succeed.
        """
        return await self._caller.call(
            get_accounting_record.OPERATION,
            PLAIN,
            text(record_id, "record_id"),
            single_entry=a_flag(single_entry, "single_entry"),
        )

    async def query(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        on_bad_record: OnBadRecord = "raise",
        **filters: Unpack[RecordFilters],
    ) -> AccountingRecordPage:
        """One page of records; ``iter`` and ``pages`` follow the cursor by themselves.

        Args:
            limit: The most records in the page, at most 1,000; Brex's default is 100.
            cursor: ``next_cursor`` of the page before.
            on_bad_record: ``"collect"`` leaves out records that cannot be read, on ``page.bad_records``.
            **filters: ``ids`` (at most 500), ``review_status``, ``source_type``, ``updated_at_gt``,
                ``updated_at_gte``, ``updated_at_lt``, ``updated_at_lte``, ``single_entry``, as in ``RecordFilters``.

        Raises:
            InvalidArgument: An argument cannot be right.
            UnreadableRecords: Some records cannot be read, and on_bad_record is ``"raise"``.
            CallError: The call did not succeed.
        """
        check_on_bad_record(on_bad_record)
        ids, sent = _split(**filters)
        if ids is not None and not 0 < len(ids) <= IDS_IN_A_CALL:
            message = f"ids: expected 1 to {IDS_IN_A_CALL} ids, got {len(ids)}; iter(ids=...) takes any number"
            raise InvalidArgument(message)
        return await self._caller.call(
            query_accounting_records.OPERATION,
            Ask(on_bad_record=on_bad_record),
            ids=UNSET if ids is None else list(ids),
            limit=given(check_limit(limit, LARGEST_PAGE)),
            cursor=UNSET if cursor is None else text(cursor, "cursor"),
            **sent,
        )

    @overload
    def iter(
        self,
        *,
        page_size: int | None = ...,
        prefetch: int = ...,
        resume: str | None = ...,
        on_bad_record: OnBadRecord = ...,
        with_raw: Literal[False] = ...,
        **filters: Unpack[RecordFilters],
    ) -> Stream[AccountingRecord]: ...

    @overload
    def iter(
        self,
        *,
        page_size: int | None = ...,
        prefetch: int = ...,
        resume: str | None = ...,
        on_bad_record: OnBadRecord = ...,
        with_raw: Literal[True],
        **filters: Unpack[RecordFilters],
    ) -> Stream[tuple[AccountingRecord, bytes]]: ...

    @overload
    def iter(
        self,
        *,
        page_size: int | None = ...,
        prefetch: int = ...,
        resume: str | None = ...,
        on_bad_record: OnBadRecord = ...,
        with_raw: bool,
        **filters: Unpack[RecordFilters],
    ) -> Stream[AccountingRecord] | Stream[tuple[AccountingRecord, bytes]]: ...

    def iter(
        self,
        *,
        page_size: int | None = None,
        prefetch: int = 1,
        resume: str | None = None,
        on_bad_record: OnBadRecord = "raise",
        with_raw: bool = False,
        **filters: Unpack[RecordFilters],
    ) -> Stream[AccountingRecord] | Stream[tuple[AccountingRecord, bytes]]:
        """All records that fit, page after page, in Brex's order.

        Args:
            page_size: The most records in a page, at most 1,000; Brex's default is 100.
            prefetch: How many pages to fetch while the caller works on one.
            resume: ``stream.checkpoint`` of an earlier stream with the same filters.
            on_bad_record: ``"collect"`` leaves out records that cannot be read, on ``stream.bad_records``.
            with_raw: True gives ``(record, bytes)``, the bytes as they came.
            **filters: ``ids`` (any number), ``review_status``, ``source_type``, ``updated_at_gt``,
                ``updated_at_gte``, ``updated_at_lt``, ``updated_at_lte``, ``single_entry``, as in ``RecordFilters``.

        Raises:
            InvalidArgument: An argument cannot be right.

        The stream raises ``PagingError`` where a walk cannot go on without guessing, ``UnreadableRecords``, and
        ``CallError``, each with ``.checkpoint``.
        """
        options = StreamOptions(page_size=page_size, largest_page=LARGEST_PAGE, prefetch=prefetch, resume=resume)
        found = self._listing(options, on_bad_record, filters)
        return raw_records(found) if with_raw else records(found)

    def pages(
        self,
        *,
        page_size: int | None = None,
        prefetch: int = 1,
        resume: str | None = None,
        on_bad_record: OnBadRecord = "raise",
        **filters: Unpack[RecordFilters],
    ) -> Stream[AccountingRecordPage]:
        """All pages of records that fit, empty ones too; the arguments are those of ``iter``.

        Raises:
            InvalidArgument: An argument cannot be right.
        """
        options = StreamOptions(page_size=page_size, largest_page=LARGEST_PAGE, prefetch=prefetch, resume=resume)
        return pages(self._listing(options, on_bad_record, filters))

    async def report(
        self, results: Sequence[ExportResult], *, idempotency_key: str | None = None, batch_size: int = 100
    ) -> ExportReport:
        """Tell Brex what became of exported records.

        Args:
            results: One ``ExportSuccess`` or ``ExportFailure`` for each record, any number of them.
            idempotency_key: The key of this report; the same key with the same results is the same report, also from
                another process. One is made where none is given.
            batch_size: The most results in one request.

        Returns:
            Which records Brex updated, which a 200 did not name, and which a 404 or 422 refused and why.

        Raises:
            InvalidArgument: A result cannot be right, or a record is in two of them; nothing was sent.
            CallError: A request failed otherwise; ``error.report`` holds what was settled before, what may have been
                applied, and what Brex has not seen.
        """
        count(batch_size, "batch_size")
        if idempotency_key is not None and len(header(idempotency_key, "idempotency_key")) > _LONGEST_KEY:
            message = f"idempotency_key: expected at most {_LONGEST_KEY} characters"
            raise InvalidArgument(message)
        return await Reporting(
            self._caller, checked(results), batch_size=batch_size, idempotency_key=idempotency_key
        ).run()

    def _listing(
        self, options: StreamOptions, on_bad_record: OnBadRecord, filters: RecordFilters
    ) -> Listing[AccountingRecord, AccountingRecordPage]:
        check_on_bad_record(on_bad_record)
        ids, sent = _split(**filters)
        caller, ask, limit = self._caller, Ask(on_bad_record=on_bad_record), given(options.page_size)

        async def fetch(chunk: tuple[str, ...] | None, cursor: str | None) -> AccountingRecordPage:
            return await caller.call(
                query_accounting_records.OPERATION,
                ask,
                ids=UNSET if chunk is None else list(chunk),
                cursor=given(cursor),
                limit=limit,
                **sent,
            )

        operation = query_accounting_records.OPERATION.name
        return listing(caller, operation, AccountingRecord, fetch, options=options, filters=sent, ids=ids)


def _split(
    *,
    ids: Iterable[str] | None = None,
    review_status: ReviewStatus | str | None = None,
    source_type: SourceType | str | None = None,
    updated_at_gt: Moment | None = None,
    updated_at_gte: Moment | None = None,
    updated_at_lt: Moment | None = None,
    updated_at_lte: Moment | None = None,
    single_entry: bool | None = None,
) -> tuple[tuple[str, ...] | None, dict[str, Any]]:
    """The ids, which are sent in chunks, and what is sent with each of them, as the operation takes it."""
    stage = constant(review_status, ReviewStatus, "review_status")
    source = constant(source_type, SourceType, "source_type")
    if stage is not UNSET and source is SourceType.BILL:
        message = "review_status: Brex has it for cards and reimbursements only; poll bills by updated_at_gt instead"
        raise InvalidArgument(message)
    sent = {
        "review_status": stage,
        "source_type": source,
        "updated_at_gt": a_moment(updated_at_gt, "updated_at_gt"),
        "updated_at_gte": a_moment(updated_at_gte, "updated_at_gte"),
        "updated_at_lt": a_moment(updated_at_lt, "updated_at_lt"),
        "updated_at_lte": a_moment(updated_at_lte, "updated_at_lte"),
        "single_entry": a_flag(single_entry, "single_entry"),
    }
    return some_ids(ids), only_given(sent)


__all__ = ["RecordFilters", "RecordsResource"]
