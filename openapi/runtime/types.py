"""The types that models and endpoints share.

``UNSET`` is msgspec's: a field of a request that holds it is not sent, while ``None`` is sent as null.
"""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from attrs import field, frozen
from msgspec import UNSET
from msgspec import UnsetType as Unset

T = TypeVar("T")

OnBadRecord = Literal["raise", "collect"]
"""What happens to a page that holds records which cannot be read."""


@frozen(kw_only=True)
class Response(Generic[T]):
    """An answer with a 2xx status.

    Attributes:
        status_code: The HTTP status, an int because gateways answer with codes that no enum lists.
        content: The body as it came.
        headers: The header fields, names in lower case.
        parsed: The model that the body decodes to; None where the document promises no body.
    """

    status_code: int
    content: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    parsed: T = field(repr=False)


__all__ = ["UNSET", "OnBadRecord", "Response", "Unset"]
