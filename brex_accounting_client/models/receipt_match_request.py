# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ReceiptMatchRequest:
    """The receipt that Brex is to match with an expense.

    Attributes:
        receipt_name: Name of the file, with its extension.
    """

    receipt_name: str
