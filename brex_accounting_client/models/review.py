# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.approval_step import ApprovalStep


@frozen(kw_only=True)
class Review:
    """How the review of an expense stands.

    Attributes:
        compliance_status: Whether the expense keeps to the policy.
        approval_steps: The approvals that the expense needs.
    """

    compliance_status: str | None = None
    approval_steps: list[ApprovalStep] | None = None
