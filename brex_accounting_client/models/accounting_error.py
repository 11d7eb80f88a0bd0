# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.accounting_error_code import AccountingErrorCode
from ..models.accounting_error_details import AccountingErrorDetails


@frozen(kw_only=True)
class AccountingError:
    """The body of every error answer of this API.

    Attributes:
        error_code: The error, for programs to read.
        message: The error, for people to read.
        details: More about the error, where there is more.
    """

    error_code: AccountingErrorCode
    message: str
    details: AccountingErrorDetails | None = None
