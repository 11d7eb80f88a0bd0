"""A grant: what one customer has consented to, and the tokens that come of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import NoReturn

from attrs import frozen

from ..checks import seconds
from ..errors import ReauthorizationCause, TokenError
from ..events import Observer
from .authorization import AuthorizationRequest
from .consent import Consent
from .grant_state import GrantState
from .keeper import Asker, Keeper
from .renewal import Terms


@frozen(kw_only=True)
class GrantStatus:
    """How a grant stands, without its tokens.

    Attributes:
        scopes: What was consented to.
        granted_at: When the customer consented.
        refresh_token_at: When the refresh token came, None where there is none.
        refreshed_at: When the access token came.
        expires_at: When it expires.
        refresh_begun_at: When a refresh was begun that has not come to its end, None where none is.
        reauthorization: Why the customer has to consent again, None where there is no need.
        since: When that was found out.
    """

    scopes: tuple[str, ...]
    granted_at: datetime.datetime
    refresh_token_at: datetime.datetime | None
    refreshed_at: datetime.datetime
    expires_at: datetime.datetime
    refresh_begun_at: datetime.datetime | None
    reauthorization: ReauthorizationCause | None
    since: datetime.datetime | None


class Grant:
    """One customer's grant, made by ``OAuthApp.grant``: what a ``Brex`` takes as its credentials.

    It can be used in several event loops, threads and clients at once; they share what they know and what is under way.
    """

    def __init__(
        self,
        terms: Terms,
        keeper: Keeper,
        *,
        account: str | None,
        observer: Observer,
        on_unsaved: Callable[[bytes], None],
    ) -> None:
        self._terms = terms
        self._keeper = keeper
        self._account = account
        self._observer = observer
        self._on_unsaved = on_unsaved

    @property
    def client_id(self) -> str:
        """The OAuth client that the grant belongs to."""
        return self._terms.issuer.client_id

    # ---- what a client asks of it -------------------------------------------------------------------------------

    def token_at_hand(self) -> str | None:
        """The access token, if nothing has to be waited for."""
        return self._keeper.at_hand()

    async def access_token(self) -> str:
        """The access token to send now; refreshed first if it has expired.

        Raises:
            ReauthorizationRequired: The customer has to consent again.
            TokenError: There is none now.
        """
        try:
            return await self._keeper.access_token(self._asker())
        except TokenError as error:
            failed = error
        raise self._ours(failed)

    async def refused(self, token: str) -> bool:
        """Brex answered 401 to this token. True if there is another one now.

        Raises:
            ReauthorizationRequired: The customer has to consent again.
            TokenError: There is none now.
        """
        try:
            return await self._keeper.refused(token, self._asker())
        except TokenError as error:
            failed = error
        raise self._ours(failed)

    def named(self, account: str, observer: Observer) -> Grant:
        """The same grant, as one client sees it."""
        return Grant(self._terms, self._keeper, account=account, observer=observer, on_unsaved=self._on_unsaved)

    async def settled(self) -> None:
        """Wait until no refresh is under way in the running event loop."""
        await self._keeper.settled()

    # ---- what a caller does with it -----------------------------------------------------------------------------

    async def status(self) -> GrantStatus:
        """How it stands, as it is stored.

        Raises:
            ReauthorizationRequired: Nothing is stored.
            TokenStoreError: The store failed.
        """
        try:
            return _status(await self._keeper.stored())
        except TokenError as error:
            failed = error
        raise self._ours(failed)

    async def refresh_if_older_than(self, age: datetime.timedelta | float) -> bool:
        """Keep an idle grant alive: refresh it unless that has happened not long ago.

        Brex's refresh tokens last 90 days, of which it is not documented whether they start again with each use. Call
        this for each customer every day or so, with some 30 days.

        Args:
            age: How long ago the last refresh may be; a number is seconds.

        Returns:
            Whether it was refreshed, here or by somebody else at the same time.

        Raises:
            InvalidArgument: It is no time span.
            ReauthorizationRequired: The customer has to consent again.
            TokenError: It did not succeed.
        """
        oldest = seconds(age.total_seconds() if isinstance(age, datetime.timedelta) else age, "age")
        try:
            return await self._keeper.refresh_if_older_than(oldest, self._asker())
        except TokenError as error:
            failed = error
        raise self._ours(failed)

    async def redeem(self, code: str, request: AuthorizationRequest) -> None:
        """Store what a code is good for; ``OAuthApp.exchange`` calls this.

        Raises:
            AuthorizationError: The issuer gives no tokens for it.
            TokenError: The store, or the issuer, did not do its part.
        """
        # In a task of its own: a browser that goes away must not end what is good for one use only.
        await self._keeper.detached(self._redeem(code, request))

    async def _redeem(self, code: str, request: AuthorizationRequest) -> None:
        unsaved = await Consent(self._terms, self._keeper.kept).redeem(code, request)
        self._keeper.forget()
        if unsaved is not None:
            self._keeper.take(unsaved)
            await self._keeper.saved(self._asker())

    async def revoke(self) -> None:
        """Let the issuer end the grant, and forget its tokens. The customer has to consent again after that.

        A grant that was revoked here before, or never stored, is left alone.

        Raises:
            TokenError: The store, or the issuer, did not do its part; it may be called again.
        """
        try:
            await self._keeper.detached(self._revoke())
        except TokenError as error:
            failed = error
        else:
            return
        raise self._ours(failed)

    async def _revoke(self) -> None:
        await self._keeper.saved(self._asker())  # or the issuer would be asked to revoke a token that is used up
        await Consent(self._terms, self._keeper.kept).revoke()
        self._keeper.forget()

    def _asker(self) -> Asker:
        return Asker(self._terms, self._account, self._observer, self._on_unsaved, self)

    def _ours(self, error: TokenError) -> TokenError:
        """The error as this grant's caller sees it: others may wait for the same token under other names."""
        told = error.in_call(account=self._account)
        told.__cause__ = error.__cause__
        return told

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of client {self.client_id}>"

    def __reduce__(self) -> NoReturn:
        message = "a grant does not travel in pickles and copies; make another one from its application and store"
        raise TypeError(message)


def _status(state: GrantState) -> GrantStatus:
    return GrantStatus(
        scopes=state.scopes,
        granted_at=state.granted_at,
        refresh_token_at=None if state.refresh_token is None else state.refresh_token_at,
        refreshed_at=state.refreshed_at,
        expires_at=state.expires_at,
        refresh_begun_at=state.intent.begun_at if state.intent is not None and state.pending else None,
        reauthorization=None if state.dead is None else state.dead.cause,
        since=None if state.dead is None else state.dead.since,
    )


__all__ = ["Grant", "GrantStatus"]
