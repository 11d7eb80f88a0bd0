"""The asyncio SDK for Brex's Accounting API, for the engineers who write ERP sync workers.

Names are imported from their modules when they are first used: the spec tools, which make the low-level client, have to
start where there is none.
"""

from typing import TYPE_CHECKING

from .exports import on_demand
from .version import __version__

if TYPE_CHECKING:
    from .auth.tokens import TokenSource
    from .client import Brex
    from .clock import Clock
    from .errors import (
        ActiveIntegrationExists,
        AnswerLost,
        AttemptTimedOut,
        BadRequest,
        BrexError,
        CallError,
        ClientClosed,
        ClientStateError,
        Conflict,
        ConnectionFailed,
        CursorInvalid,
        CursorRefused,
        CursorRepeated,
        DeadlineExceeded,
        DuplicateRecords,
        Forbidden,
        IntegrationNotActive,
        InvalidArgument,
        NotFound,
        PageContradiction,
        PagingError,
        RateLimited,
        RecordsNotFound,
        RecordsNotReadyForExport,
        ServerError,
        SpecError,
        StatusError,
        Unauthorized,
        UnexpectedStatus,
        Unprocessable,
        UnreadableAnswer,
        UnreadableRecords,
        VendorAccountIdMismatch,
    )
    from .events import AttemptEnded, CallEnded, CallStarted, Event, OnEvent, PageReached, UnknownSeen, Waiting
    from .paging import Stream
    from .reports import ExportFailure, ExportReport, ExportResult, ExportSuccess, RefusedResult
    from .resources.expenses import ExpenseFilters
    from .resources.integrations import EnsuredIntegration, EnsureOutcome
    from .resources.records import RecordFilters
    from .transport.http import AsyncTransport
    from .transport.retry import RetryPolicy
    from .transport.runtime import Runtime
    from .transport.window import RateLimit

_HOMES = {
    "auth.tokens": ("TokenSource",),
    "clock": ("Clock",),
    "resources.expenses": ("ExpenseFilters",),
    "resources.records": ("RecordFilters",),
    "transport.http": ("AsyncTransport",),
    "client": ("Brex",),
    "errors": (
        "ActiveIntegrationExists",
        "AnswerLost",
        "AttemptTimedOut",
        "BadRequest",
        "BrexError",
        "CallError",
        "ClientClosed",
        "ClientStateError",
        "Conflict",
        "ConnectionFailed",
        "CursorInvalid",
        "CursorRefused",
        "CursorRepeated",
        "DeadlineExceeded",
        "DuplicateRecords",
        "Forbidden",
        "IntegrationNotActive",
        "InvalidArgument",
        "NotFound",
        "PageContradiction",
        "PagingError",
        "RateLimited",
        "RecordsNotFound",
        "RecordsNotReadyForExport",
        "ServerError",
        "SpecError",
        "StatusError",
        "Unauthorized",
        "UnexpectedStatus",
        "Unprocessable",
        "UnreadableAnswer",
        "UnreadableRecords",
        "VendorAccountIdMismatch",
    ),
    "events": ("AttemptEnded", "CallEnded", "CallStarted", "Event", "OnEvent", "PageReached", "UnknownSeen", "Waiting"),
    "paging": ("Stream",),
    "reports": ("ExportFailure", "ExportReport", "ExportResult", "ExportSuccess", "RefusedResult"),
    "resources.integrations": ("EnsureOutcome", "EnsuredIntegration"),
    "transport.window": ("RateLimit",),
    "transport.retry": ("RetryPolicy",),
    "transport.runtime": ("Runtime",),
}

if not TYPE_CHECKING:  # or checkers would take any name for one of ours
    __getattr__ = on_demand(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "ActiveIntegrationExists",
    "AnswerLost",
    "AsyncTransport",
    "AttemptEnded",
    "AttemptTimedOut",
    "BadRequest",
    "Brex",
    "BrexError",
    "CallEnded",
    "CallError",
    "CallStarted",
    "ClientClosed",
    "ClientStateError",
    "Clock",
    "Conflict",
    "ConnectionFailed",
    "CursorInvalid",
    "CursorRefused",
    "CursorRepeated",
    "DeadlineExceeded",
    "DuplicateRecords",
    "EnsureOutcome",
    "EnsuredIntegration",
    "Event",
    "ExpenseFilters",
    "ExportFailure",
    "ExportReport",
    "ExportResult",
    "ExportSuccess",
    "Forbidden",
    "IntegrationNotActive",
    "InvalidArgument",
    "NotFound",
    "OnEvent",
    "PageContradiction",
    "PageReached",
    "PagingError",
    "RateLimit",
    "RateLimited",
    "RecordFilters",
    "RecordsNotFound",
    "RecordsNotReadyForExport",
    "RefusedResult",
    "RetryPolicy",
    "Runtime",
    "ServerError",
    "SpecError",
    "StatusError",
    "Stream",
    "TokenSource",
    "Unauthorized",
    "UnexpectedStatus",
    "UnknownSeen",
    "Unprocessable",
    "UnreadableAnswer",
    "UnreadableRecords",
    "VendorAccountIdMismatch",
    "Waiting",
    "__version__",
]
