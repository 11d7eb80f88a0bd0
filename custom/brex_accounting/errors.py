"""What leaves this package.

::

    BrexError
    ├── InvalidArgument                 what the caller passed cannot be right; also a ValueError
    ├── ClientStateError                a client before it is entered, after it is closed, in a second event loop, or a
    │                                   stream after it is closed; also a RuntimeError
    ├── CallError                       a call to Brex did not succeed
    │   ├── ConnectionFailed            the request never left; also a ConnectionError
    │   ├── AnswerLost                  the request left, and no whole answer came back; also a ConnectionError
    │   ├── AttemptTimedOut             an attempt took longer than ``timeout``; also a TimeoutError
    │   ├── DeadlineExceeded            the call would take, or took, longer than ``deadline``; also a TimeoutError
    │   ├── ClientClosed                the client was closed during the call; also a RuntimeError
    │   ├── UnreadableAnswer            a 2xx whose body is not what the API's document says
    │   │   └── UnreadableRecords       a page of which some records cannot be read; the others hang on it
    │   ├── TokenError                  there is no access token to call with
    │   │   ├── ReauthorizationRequired the customer has to consent again; ``cause`` says why
    │   │   ├── RefreshFailed           the issuer gave no tokens this time; later it may
    │   │   ├── OAuthRefused            the issuer refuses the application itself, or what it asked
    │   │   ├── TokenSourceFailed       the caller's own token source raised
    │   │   └── TokenStoreError         the token store failed, or holds what cannot be read
    │   │       └── TokensNotSaved      new tokens are in memory only: the store would not take them
    │   ├── DownloadError               a receipt was not downloaded
    │   │   ├── ReceiptNotFound         the record has no such receipt
    │   │   ├── ReceiptTooLarge         it has more than ``max_bytes``
    │   │   └── ReceiptNotWritten       it could not be written where the caller wanted it; also an OSError
    │   └── StatusError                 Brex answered with another status
    │       ├── BadRequest              400
    │       ├── Unauthorized            401
    │       ├── Forbidden               403
    │       ├── NotFound                404
    │       │   └── RecordsNotFound     ids in an export report that Brex does not know
    │       ├── Conflict                409
    │       │   ├── ActiveIntegrationExists
    │       │   ├── IntegrationNotActive
    │       │   └── VendorAccountIdMismatch
    │       ├── Unprocessable           422
    │       │   ├── DuplicateRecords
    │       │   └── RecordsNotReadyForExport
    │       ├── RateLimited             429
    │       ├── ServerError             5xx
    │       └── UnexpectedStatus        any other number
    ├── PagingError                     a walk over pages cannot go on without guessing
    │   ├── CursorRepeated              Brex sent a cursor that this walk has been at before
    │   ├── CursorInvalid               a cursor that is none, such as the string "null"
    │   ├── CursorRefused               Brex refused its own cursor: it has expired, or the page size is too large now
    │   └── PageContradiction           has_next_page says one thing, next_cursor another
    ├── AuthorizationError              a login did not succeed
    │   ├── AuthorizationDenied         the issuer sent the browser back without a code; ``error_code`` says why
    │   └── StateMismatch               the callback belongs to another login, or was forged
    ├── ExportError                     an export cannot go on
    │   ├── ErpFailed                   the caller's ERP adapter raised, or answered what no adapter may
    │   ├── JournalError                the journal cannot be read or written, or is not this account's
    │   └── LedgerError                 the ledger file cannot be read, written or understood
    ├── WebhookError                    a delivery must not be believed; also a ValueError
    │   ├── WebhookMalformed            headers or body are not what a delivery has; also a ValueError
    │   ├── WebhookNotGenuine           no signature fits any secret; also a ValueError
    │   └── WebhookStale                it was signed too long ago, or in the future; also a ValueError
    ├── SpecError                       an OpenAPI document, overlay or generated tree is not what the build needs
    └── VendorError                     a vendored copy cannot be made or updated, or is none

The text of an error holds operations, labels, statuses, codes, ids, JSON paths and what to do next; never a body, a
message in prose, a name or a token. What came over the wire is an attribute, outside the text, and stays behind when
the error is pickled or copied.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

if TYPE_CHECKING:
    import datetime

    from brex_accounting_client import BadRecord, Page
    from brex_accounting_client.models import AccountingErrorDetails

    from .reports import ExportReport

E = TypeVar("E", bound="BrexError")


class BrexError(Exception):
    """Root of everything that leaves this package."""


class InvalidArgument(BrexError, ValueError):
    """An argument cannot be right; the text names it and the remedy."""


class ClientStateError(BrexError, RuntimeError):
    """The client or stream cannot be used now; the text says why and what to do.

    Attributes:
        report: What an export report had settled when the client was closed; None outside ``records.report``.
    """

    report: ExportReport | None = None


class SpecError(BrexError):
    """A document, an overlay or the generated tree is not what the build needs; the text names the place."""


class VendorError(BrexError):
    """A vendored copy cannot be made or updated, or is none; the text names the place and the remedy."""


class _Traveller(BrexError):
    """An error that is made of facts and rebuilds itself from them, leaving behind what came over the wire."""

    left_behind: ClassVar[frozenset[str]] = frozenset()

    def __reduce__(self) -> tuple[Any, ...]:
        facts = {name: None if name in self.left_behind else value for name, value in vars(self).items()}
        return _rebuilt, (type(self), self.args, facts)


class CallError(_Traveller):
    """A call to Brex did not succeed.

    Attributes:
        operation: Method and path template, such as ``GET /v3/accounting/records``.
        account: The account label of the client, None where it has none.
        attempts: How often the request was sent, or tried to be.
        maybe_applied: Whether an attempt of this call may have taken effect at Brex although this error says
            otherwise: its answer was lost, or came from a server that failed. Always False for reads.
        status_code: The status of the last answer, None where none came.
        error_code: Brex's machine-readable code, None where none came.
        trace_id: ``X-Brex-Trace-Id`` of the last answer, which Brex support asks for.
        retry_after: Seconds that Brex asked to wait, None where it did not.
        budget_empty: Whether there was no retry because the account's retry budget is used up.
        advice: What to do next.
        checkpoint: Where a stream stood, for ``resume=``; None outside streams.
        report: What an export report had settled before this error; None outside ``records.report``.
        content: The body of the last answer as it came. It may hold personal data: it is in no text and no pickle.
    """

    left_behind: ClassVar[frozenset[str]] = frozenset({"content"})
    args: tuple[Any, ...]

    def __init__(
        self,
        summary: str,
        *,
        operation: str,
        account: str | None = None,
        attempts: int = 0,
        maybe_applied: bool = False,
        status_code: int | None = None,
        error_code: str | None = None,
        trace_id: str | None = None,
        retry_after: float | None = None,
        budget_empty: bool = False,
        advice: str = "",
        content: bytes | None = None,
    ) -> None:
        self.operation: str = operation
        self.account: str | None = account
        self.attempts: int = attempts
        self.maybe_applied: bool = maybe_applied
        self.status_code: int | None = status_code
        self.error_code: str | None = error_code
        self.trace_id: str | None = trace_id
        self.retry_after: float | None = retry_after
        self.budget_empty: bool = budget_empty
        self.advice: str = advice
        self.content: bytes | None = content
        self.checkpoint: str | None = None
        self.report: ExportReport | None = None
        self._summary: str = summary
        super().__init__(self._text())

    def advised(self, advice: str) -> Self:
        """The same error with other advice."""
        self.advice = advice
        self.args = (self._text(),)
        return self

    def starved(self) -> Self:
        """The same error, saying that the retry budget is used up."""
        self.budget_empty = True
        self.args = (self._text(),)
        return self

    def _text(self) -> str:
        where = {"account": self.account, "trace": self.trace_id, "attempts": self.attempts or None}
        facts = ", ".join(f"{name} {value}" for name, value in where.items() if value is not None)
        parts = [f"{self.operation}: {self._summary}" + (f" ({facts})" if facts else "") + "."]
        if self.maybe_applied:
            parts.append("An attempt of this call may have taken effect: read the state back before doing it again.")
        if self.budget_empty:
            parts.append("It was not tried again: the account's retry budget is used up for now.")
        if self.advice:
            parts.append(self.advice)
        return " ".join(parts)


class ConnectionFailed(CallError, ConnectionError):
    """No connection to Brex; the request never left, so nothing has happened there."""


class AnswerLost(CallError, ConnectionError):
    """The request left, and the connection ended before the whole answer was read."""


class AttemptTimedOut(CallError, TimeoutError):
    """An attempt, its whole body included, took longer than ``timeout``."""


class DeadlineExceeded(CallError, TimeoutError):
    """The call took longer than ``deadline``, or is known to: then it is raised at once.

    Attributes:
        wait: Seconds of the wait that would have ended after the deadline, None where the time ran out in an attempt.
        cause: What the time went into last: ``rate limit``, ``back-off``, ``token``, ``connection`` (too many requests
            of the account were under way) or ``attempt``.
    """

    def __init__(self, summary: str, *, wait: float | None, cause: str, **facts: Any) -> None:
        self.wait: float | None = wait
        self.cause: str = cause
        super().__init__(summary, **facts)


class ClientClosed(CallError, ClientStateError):
    """The client was closed before the call was over; ``maybe_applied`` says whether something may have come of it."""


class UnreadableAnswer(CallError):
    """Brex answered 2xx with a body that is not what its document says.

    Attributes:
        path: JSON path of the first place that is wrong, ``$`` for the whole.
        reason: What is wrong there, without any value.
    """

    def __init__(self, summary: str, *, path: str, reason: str, **facts: Any) -> None:
        self.path: str = path
        self.reason: str = reason
        super().__init__(summary, **facts)


class UnreadableRecords(UnreadableAnswer):
    """Some records of a page cannot be read.

    Attributes:
        bad_records: Those, with index, id, JSON path, reason, and their bytes (which stay behind in pickles).
        page: The page with the records that could be read; it stays behind in pickles.
    """

    left_behind: ClassVar[frozenset[str]] = UnreadableAnswer.left_behind | {"page"}

    def __init__(
        self, summary: str, *, bad_records: tuple[BadRecord, ...], page: Page[Any] | None, **facts: Any
    ) -> None:
        self.bad_records: tuple[BadRecord, ...] = bad_records
        self.page: Page[Any] | None = page
        super().__init__(summary, **facts)

    def __reduce__(self) -> tuple[Any, ...]:
        kind, (cls, args, facts) = super().__reduce__()
        facts["bad_records"] = tuple(bad.without_raw() for bad in self.bad_records)
        return kind, (cls, args, facts)


class TokenError(CallError):
    """There is no access token to call with.

    Raised in a call it carries the call's facts; otherwise its operation is the request to the issuer.
    """

    def in_call(self, **facts: Any) -> Self:
        """The same error as one call sees it; several calls may wait for the same token.

        Args:
            **facts: ``operation``, ``account``, ``attempts`` and ``maybe_applied`` of that call.
        """
        error = copy.copy(self)
        vars(error).update(facts)
        return error.advised(self.advice)


ReauthorizationCause = Literal["revoked or expired", "answer lost", "revoked here", "no refresh token", "no grant"]
"""Why a customer has to consent again.

- ``revoked or expired``: the issuer refused the refresh token, and nothing here had used it before.
- ``answer lost``: the issuer refused a refresh token that had been sent before, and the answer to that never came back:
  a crash, or a lost connection, for longer than the issuer lets a used token be replayed.
- ``revoked here``: the grant was revoked by this client.
- ``no refresh token``: the access token has expired and none came with it: ask for the scope ``offline_access``.
- ``no grant``: nothing is stored.
"""


class ReauthorizationRequired(TokenError):
    """The customer has to consent again; until then nothing more is asked of the issuer with the old token.

    Attributes:
        cause: Why.
        since: When that was found out, None where nothing was ever stored.
    """

    def __init__(
        self, summary: str, *, cause: ReauthorizationCause, since: datetime.datetime | None, **facts: Any
    ) -> None:
        self.cause: ReauthorizationCause = cause
        self.since: datetime.datetime | None = since
        super().__init__(summary, **facts)


class RefreshFailed(TokenError):
    """The issuer gave no tokens this time: it was not reached, failed, or is busy. A later call tries again."""


class OAuthRefused(TokenError):
    """The issuer refuses the application or what it asked, for every account alike; ``error_code`` says why."""


class TokenSourceFailed(TokenError):
    """A token source of the caller's raised; what it raised is the cause."""


class TokenStoreError(TokenError):
    """The token store failed, is locked for too long, or holds what cannot be read; nothing in it was changed."""


class TokensNotSaved(TokenStoreError):
    """New tokens are in the memory of this process only: the store would not take them.

    Nobody has used them yet, saving them is tried again, and the hook ``on_unsaved`` has been given them.
    """


class DownloadError(CallError):
    """A receipt was not downloaded; where it should have gone nothing has changed."""


class ReceiptNotFound(DownloadError):
    """The record has no such receipt, or one without an address."""


class ReceiptTooLarge(DownloadError):
    """The receipt has more bytes than ``max_bytes``."""


class ReceiptNotWritten(DownloadError, OSError):
    """The receipt could not be written where the caller wanted it; what was raised there is the cause."""


class StatusError(CallError):
    """Brex answered with a status outside 2xx.

    Attributes:
        details: What the error is about, where the accounting API said so: ids, vendors, states.
        message: Brex's own words, None where there are none. They are prose: in no text and no pickle.
    """

    left_behind: ClassVar[frozenset[str]] = CallError.left_behind | {"message"}

    def __init__(
        self,
        summary: str,
        *,
        details: AccountingErrorDetails | None = None,
        message: str | None = None,
        **facts: Any,
    ) -> None:
        self.details: AccountingErrorDetails | None = details
        self.message: str | None = message
        super().__init__(summary, **facts)


class BadRequest(StatusError):
    """400: Brex rejects the request or a value in it."""


class Unauthorized(StatusError):
    """401: the access token is missing, invalid, expired, or lacks a permission."""


class Forbidden(StatusError):
    """403: the token does not allow this operation."""


class NotFound(StatusError):
    """404: there is no such object in this account."""


class RecordsNotFound(NotFound):
    """404: an export report named records that Brex does not know."""

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The ids that the answer names."""
        return tuple((self.details.not_found_export_entry_source_ids if self.details else None) or ())


class Conflict(StatusError):
    """409: the request does not fit the state of things."""

    @property
    def existing_integration_id(self) -> str | None:
        """The integration that is active, where the answer names it."""
        return None if self.details is None else self.details.existing_integration_id

    @property
    def existing_vendor(self) -> str | None:
        """Its vendor, where the answer names it."""
        return None if self.details is None else self.details.existing_vendor


class ActiveIntegrationExists(Conflict):
    """409: the account has an active integration already."""


class VendorAccountIdMismatch(Conflict):
    """409: an integration with the same vendor and another vendor account is active."""


class IntegrationNotActive(Conflict):
    """409: the integration is not active, so it cannot be disconnected."""

    @property
    def current_status(self) -> str | None:
        """The state that it is in, where the answer names it."""
        return None if self.details is None else self.details.current_status


class Unprocessable(StatusError):
    """422: Brex understands the request and refuses it."""


class DuplicateRecords(Unprocessable):
    """422: an export report named records that Brex rejects as duplicates."""

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The ids that the answer names."""
        return tuple((self.details.duplicate_accounting_record_ids if self.details else None) or ())


class RecordsNotReadyForExport(Unprocessable):
    """422: an export report named records that have not reached READY_FOR_EXPORT, or have left it."""

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The ids that the answer names."""
        return tuple((self.details.not_ready_for_export_accounting_record_ids if self.details else None) or ())


class RateLimited(StatusError):
    """429: more requests than Brex allows; the request was not handled."""


class ServerError(StatusError):
    """5xx: Brex or something in front of it failed."""


class UnexpectedStatus(StatusError):
    """A status that this API is not known to use."""


class PagingError(_Traveller):
    """A walk over pages cannot go on without guessing, and guessing would lose records or never end.

    Attributes:
        operation: Method and path template.
        account: The account label of the client, None where it has none.
        checkpoint: Where the walk stood, for ``resume=``.
        status_code: The status of the answer that ended the walk, where there is one.
        error_code: Its error code, where there is one.
        trace_id: Its ``X-Brex-Trace-Id``, where there is one.
        advice: What to do next.
    """

    def __init__(
        self,
        summary: str,
        *,
        operation: str,
        account: str | None = None,
        checkpoint: str | None = None,
        status_code: int | None = None,
        error_code: str | None = None,
        trace_id: str | None = None,
        advice: str = "",
    ) -> None:
        self.operation: str = operation
        self.account: str | None = account
        self.checkpoint: str | None = checkpoint
        self.status_code: int | None = status_code
        self.error_code: str | None = error_code
        self.trace_id: str | None = trace_id
        self.advice: str = advice
        where: Mapping[str, object] = {"account": account, "trace": trace_id}
        facts = ", ".join(f"{name} {value}" for name, value in where.items() if value is not None)
        text = f"{operation}: {summary}" + (f" ({facts})" if facts else "") + "."
        super().__init__(f"{text} {advice}".rstrip())


class CursorRepeated(PagingError):
    """Brex sent a cursor that this walk has been at before; following it would never end."""


class CursorInvalid(PagingError):
    """Brex sent a cursor that cannot be one, such as the string ``"null"``."""


class CursorRefused(PagingError):
    """Brex refused a cursor of its own: it has expired, or the page size is larger than Brex allows now."""


class PageContradiction(PagingError):
    """``has_next_page`` and ``next_cursor`` contradict each other, so nobody knows whether this is the end."""


class AuthorizationError(BrexError):
    """A login did not succeed; the text says what to do.

    Attributes:
        error_code: The issuer's machine-readable code, None where it said none.
    """

    def __init__(self, message: str, *, error_code: str | None = None) -> None:
        self.error_code: str | None = error_code
        super().__init__(message)


class AuthorizationDenied(AuthorizationError):
    """The issuer sent the browser back without a code: the customer said no, or the request was wrong."""


class StateMismatch(AuthorizationError):
    """The state of the callback is not that of the request: it belongs to another login, or somebody forged it."""


class ExportError(_Traveller):
    """An export cannot go on; nothing is lost: what is in the journal is taken up by the next run.

    Attributes:
        operation: What was being done, such as ``post to the ERP``.
        account: The account label of the client, None where it has none.
        advice: What to do next.
    """

    def __init__(self, summary: str, *, operation: str, account: str | None = None, advice: str = "") -> None:
        self.operation: str = operation
        self.account: str | None = account
        self.advice: str = advice
        where = "" if account is None else f" (account {account})"
        super().__init__(f"{operation}: {summary}{where}. {advice}".rstrip())


class ErpFailed(ExportError):
    """The ERP adapter raised, which is the cause, or answered what no adapter may."""


class JournalError(ExportError):
    """The journal cannot be read or written, was written by a newer version, or belongs to another account."""


class LedgerError(ExportError):
    """The ledger file cannot be read, written or understood; nothing in it was changed."""


class WebhookError(BrexError, ValueError):
    """A delivery must not be believed."""


class WebhookMalformed(WebhookError):
    """Headers or body are not what a delivery has; the text says which."""


class WebhookNotGenuine(WebhookError):
    """No signature of the delivery fits any of the secrets."""


class WebhookStale(WebhookError):
    """The delivery was signed too long ago, or in the future: it may be an old one sent again."""


def _rebuilt(kind: type[E], args: tuple[Any, ...], facts: dict[str, Any]) -> E:
    """Make a travelled error: its text and its facts, nothing that came over the wire."""
    error = kind.__new__(kind, *args)
    error.args = args  # OSError leaves it to __init__
    vars(error).update(facts)
    return error


__all__ = [
    "ActiveIntegrationExists",
    "AnswerLost",
    "AttemptTimedOut",
    "AuthorizationDenied",
    "AuthorizationError",
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
    "DownloadError",
    "DuplicateRecords",
    "ErpFailed",
    "ExportError",
    "Forbidden",
    "IntegrationNotActive",
    "InvalidArgument",
    "JournalError",
    "LedgerError",
    "NotFound",
    "OAuthRefused",
    "PageContradiction",
    "PagingError",
    "RateLimited",
    "ReauthorizationCause",
    "ReauthorizationRequired",
    "ReceiptNotFound",
    "ReceiptNotWritten",
    "ReceiptTooLarge",
    "RecordsNotFound",
    "RecordsNotReadyForExport",
    "RefreshFailed",
    "ServerError",
    "SpecError",
    "StateMismatch",
    "StatusError",
    "TokenError",
    "TokenSourceFailed",
    "TokenStoreError",
    "TokensNotSaved",
    "Unauthorized",
    "UnexpectedStatus",
    "Unprocessable",
    "UnreadableAnswer",
    "UnreadableRecords",
    "VendorAccountIdMismatch",
    "VendorError",
    "WebhookError",
    "WebhookMalformed",
    "WebhookNotGenuine",
    "WebhookStale",
]
