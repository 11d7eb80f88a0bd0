# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ApiError:
    """The error body of Brex's older APIs and of its gateway.

    Attributes:
        type: The kind of error, for machines.
        message: The error in words.
        code: A narrower kind, where there is one.
    """

    type: str
    message: str
    code: str | None = None
