# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Timestamp
from ..models.expense_user import ExpenseUser


@frozen(kw_only=True)
class ApprovalStep:
    """One approval that an expense needs. Brex's page does not spell out this shape.

    Attributes:
        status: How the step stands.
        pending_reviewers: Who may still decide.
        reviewer: Who decided.
        resolved_at: When the step was decided.
    """

    status: str | None = None
    pending_reviewers: list[ExpenseUser] | None = None
    reviewer: ExpenseUser | None = None
    resolved_at: Timestamp | None = None
