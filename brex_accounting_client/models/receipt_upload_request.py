# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ReceiptUploadRequest:
    """The receipt that Brex is to attach to the expense.

    Attributes:
        receipt_name: Name of the file, with its extension.
    """

    receipt_name: str
