"""Access tokens, and where they come from."""

from __future__ import annotations

import hashlib
from typing import NoReturn, Protocol, runtime_checkable

from ..checks import header


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


class UserToken:
    """A user token (``bxt_…``): one account, never refreshed.

    Args:
        token: The token as Brex shows it.

    Raises:
        InvalidArgument: It cannot be sent in a header.
    """

    __slots__ = ("_token",)

    client_id: str | None = None

    def __init__(self, token: str) -> None:
        self._token = header(token, "token")

    def token_at_hand(self) -> str:
        """The token itself."""
        return self._token

    async def access_token(self) -> str:
        """The token itself."""
        return self._token

    async def refused(self, token: str) -> bool:
        """There is never another one."""
        return token != self._token

    @property
    def fingerprint(self) -> str:
        """Tells tokens apart without being one; never leaves the process."""
        return hashlib.sha256(self._token.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __reduce__(self) -> NoReturn:
        message = "a token does not travel in pickles and copies; hand over what it was read from"
        raise TypeError(message)


__all__ = ["TokenSource", "UserToken"]
