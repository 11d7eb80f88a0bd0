# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class ExpenseStatus(OpenEnum):
    """How far the expense has come in its review."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    OUT_OF_POLICY = "OUT_OF_POLICY"
    VOID = "VOID"
    CANCELED = "CANCELED"
    SPLIT = "SPLIT"
    SETTLED = "SETTLED"
