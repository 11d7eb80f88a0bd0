"""What a client needs of whoever has the access tokens."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..events import Observer


@runtime_checkable
class TokenSource(Protocol):
    """Gives the access token for each request."""

    @property
    def client_id(self) -> str | None:
        """The OAuth client that tokens are issued to, None for user tokens; Brex counts its rate limit for each."""
        ...

    def token_at_hand(self) -> str | None:
        """The token to send now if nothing has to be waited for, else None."""
        ...

    async def access_token(self) -> str:
        """The token to send now; may wait for a refresh. Raises a BrexError if there is none."""
        ...

    async def refused(self, token: str) -> bool:
        """Brex answered 401 to this token. True if another one is there now and the request is worth sending again."""
        ...


@runtime_checkable
class SharedTokenSource(TokenSource, Protocol):
    """A token source that works in the background, for several clients at once."""

    def named(self, account: str, observer: Observer) -> TokenSource:
        """The same source, as one client sees it.

        Args:
            account: The client's label for the account, for errors and events.
            observer: Who is told what the source does for this client.
        """
        ...

    async def settled(self) -> None:
        """Wait until nothing is under way in the running event loop that must not be broken off."""
        ...


__all__ = ["SharedTokenSource", "TokenSource"]
