"""One logical call: what is asked, how far it has come, and what is known about its effect."""

from __future__ import annotations

from typing import Any, Literal

from attrs import define

from ..errors import CallError
from ..events import AttemptEnded, CallEnded, CallStarted, Observer, Outcome, WaitCause, Waiting

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that change something; the others can be repeated without a thought."""


@define
class Call:
    """One call of a caller's, through all its attempts.

    Attributes:
        number: Counts the calls of a client.
        operation: Method and path template.
        method: The HTTP method in capitals.
        account: The account label.
        started: When it began, on the clock's monotonic time.
        deadline: When it must have ended, on the same time.
        observer: Who is told.
        attempts: How many attempts there have been.
        in_doubt: Whether one of them may have taken effect although no success was seen.
        renewed: Whether the token was renewed for this call already.
        last: What the last attempt came to, where it failed.
    """

    number: int
    operation: str
    method: str
    account: str | None
    started: float
    deadline: float
    observer: Observer
    attempts: int = 0
    in_doubt: bool = False
    renewed: bool = False
    last: CallError | None = None

    @property
    def writes(self) -> bool:
        """Whether the call changes something at Brex."""
        return self.method in WRITING

    def doubt(self) -> None:
        """Note that an attempt may have taken effect."""
        self.in_doubt = self.in_doubt or self.writes

    def facts(self) -> dict[str, Any]:
        """What every error of this call says."""
        return {
            "operation": self.operation,
            "account": self.account,
            "attempts": self.attempts,
            "maybe_applied": self.in_doubt,
        }

    # ---- what is told -------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Tell that the call begins."""
        if self.observer.wants(CallStarted.level):
            self.observer.tell(CallStarted(operation=self.operation, account=self.account, call=self.number))

    def attempted(
        self, outcome: Outcome, *, seconds: float, status_code: int | None = None, trace_id: str | None = None
    ) -> None:
        """Tell how an attempt ended."""
        if self.observer.wants(AttemptEnded.level):
            self.observer.tell(
                AttemptEnded(
                    operation=self.operation,
                    account=self.account,
                    call=self.number,
                    attempt=self.attempts,
                    outcome=outcome,
                    status_code=status_code,
                    trace_id=trace_id,
                    seconds=seconds,
                )
            )

    def waiting(self, cause: WaitCause, seconds: float) -> None:
        """Tell that the call is about to wait."""
        if self.observer.wants(Waiting.level):
            event = Waiting(
                operation=self.operation, account=self.account, call=self.number, cause=cause, seconds=seconds
            )
            self.observer.tell(event)

    def end(self, error: BaseException | None, *, now: float) -> None:
        """Tell how the call ended."""
        if self.observer.wants(CallEnded.level):
            self.observer.tell(
                CallEnded(
                    operation=self.operation,
                    account=self.account,
                    call=self.number,
                    error=None if error is None else type(error).__name__,
                    error_code=error.error_code if isinstance(error, CallError) else None,
                    attempts=self.attempts,
                    seconds=now - self.started,
                )
            )


DeadlineCause = Literal["rate limit", "back-off", "token", "connection", "attempt"]

__all__ = ["WRITING", "Call", "DeadlineCause"]
