"""User tokens."""

from __future__ import annotations

import hashlib
from typing import NoReturn

from ..checks import header


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


__all__ = ["UserToken"]
