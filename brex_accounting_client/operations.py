# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""An operation as a value: how to ask and how to read, for a layer above that sends by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

from attrs import frozen

if TYPE_CHECKING:
    import httpx

    from .client import AuthenticatedClient, Client

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Parse(Protocol[T_co]):
    """Reads an answer whose body has been read: the model, or an error as ``asyncio_detailed`` raises it."""

    def __call__(self, *, client: AuthenticatedClient | Client, response: httpx.Response) -> T_co:
        """Read it."""
        ...


@frozen
class Operation(Generic[P, T]):
    """One operation of the API.

    Attributes:
        name: Method and path template, such as ``GET /v3/accounting/records``.
        request: Takes the operation's arguments and gives keyword arguments for ``Client.send_async``.
        parse: Reads the answer.
        answer: What a 2xx holds: a model, a list of one, or None where the document promises no body.
    """

    name: str
    request: Callable[P, dict[str, Any]]
    parse: Parse[T]
    answer: Any

    @property
    def method(self) -> str:
        """The HTTP method in capitals."""
        return self.name.partition(" ")[0]


__all__ = ["Operation", "Parse"]
