"""HTTP answers as models or errors: a 2xx gives its model, everything else raises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .codec import decode
from .errors import StatusError, Undecodable
from .pages import Page, decode_page

if TYPE_CHECKING:
    import httpx

    from .types import OnBadRecord

T = TypeVar("T")
P = TypeVar("P", bound=Page[Any])


def read_model(response: httpx.Response, type_: type[T], *, operation: str, error_types: Sequence[type[Any]]) -> T:
    """The model in an answer.

    Args:
        response: The answer, its body read.
        type_: What a 2xx holds.
        operation: Method and path template, for the error.
        error_types: The error bodies that the API's document names, tried in this order.

    Raises:
        StatusError: The status is not 2xx.
        Undecodable: The body is not what the document says.
    """
    check_status(response, operation=operation, error_types=error_types)
    try:
        return decode(response.content, type_)
    except Undecodable as error:
        raise _placed(error, response, operation) from None


def read_page(
    response: httpx.Response,
    type_: type[P],
    *,
    operation: str,
    error_types: Sequence[type[Any]],
    on_bad_record: OnBadRecord,
) -> P:
    """The page in an answer; as ``read_model``, and with ``on_bad_record`` as ``decode_page`` takes it.

    Raises:
        StatusError: The status is not 2xx.
        BadRecords: Records cannot be read, and the caller did not choose to collect them.
        Undecodable: The page itself is not what the document says.
    """
    check_status(response, operation=operation, error_types=error_types)
    try:
        return decode_page(response.content, type_, on_bad_record=on_bad_record)
    except Undecodable as error:
        raise _placed(error, response, operation) from None


def check_status(response: httpx.Response, *, operation: str, error_types: Sequence[type[Any]]) -> None:
    """Raise unless the status is 2xx.

    Raises:
        StatusError: With the error body as a model where it is one, and as bytes in any case.
    """
    # Compared as a number: http.HTTPStatus raises on codes such as 520 that gateways do send.
    if 200 <= response.status_code < 300:
        return
    raise StatusError(
        operation=operation,
        status_code=response.status_code,
        headers=headers_of(response),
        parsed=_error_body(response.content, error_types),
        content=response.content,
    )


def headers_of(response: httpx.Response) -> dict[str, str]:
    """Header fields with names in lower case, repeated ones joined by a comma."""
    return {name.lower(): value for name, value in response.headers.items()}


def _error_body(content: bytes, error_types: Sequence[type[Any]]) -> object:
    for type_ in error_types:
        try:
            return decode(content, type_)
        except Undecodable:
            continue
    return None


def _placed(error: Undecodable, response: httpx.Response, operation: str) -> Undecodable:
    """The same error, saying which call it answers."""
    error.operation = operation
    error.status_code = response.status_code
    error.args = (error.text(),)
    return error


__all__ = ["check_status", "headers_of", "read_model", "read_page"]
