"""Grants and the tokens that come of them: who is current, who may be repeated, who has come back.

A grant is one consent with its whole family of tokens. A refresh token of a grant is in one of these standings:

=========== =================================================== ==============================================
standing    when                                                what a refresh with it does
=========== =================================================== ==============================================
current     never used up, and the 90 days have not passed      a new access token; with rotation it is used up
repeatable  used up last, and the grace window is open          the answer of that time again
reused      used up, otherwise                                  refused; ends the grant, or does not (variant)
expired     never used up, and the 90 days have passed          refused
ended       the grant was ended                                 refused
=========== =================================================== ==============================================

What is used up stays so when a tenant switches rotation off. The window of a token closes as soon as its successor is
used, with rotation or without: whoever used it has received the answer that the window is there for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import attrs

from ..variants import Variants
from .tokens import Mint, Tokens

_ACCESS_LIFETIME: Final = 3600.0
_REFRESH_LIFETIME: Final = timedelta(days=90)

Standing = Literal["current", "reused", "expired", "ended"]


@attrs.define(eq=False)
class AccessToken:
    """One access token. A refresh leaves the older ones of its grant alone: they last until they expire.

    Args:
        value: What is sent.
        grant: Where it comes from.
        scopes: What it is good for; all of the grant's, or fewer.
        issued_at: When it was made.
        ended: Whether it was revoked, or made to expire early.
    """

    value: str = attrs.field(repr=False)
    grant: Grant = attrs.field(repr=False)
    scopes: frozenset[str]
    issued_at: datetime
    ended: bool = False

    def seconds_left(self, now: datetime) -> float:
        """How long it is still good for, in seconds."""
        if self.ended or self.grant.ended:
            return 0.0
        return max(0.0, _ACCESS_LIFETIME - _seconds(self.issued_at, now))


@attrs.define(eq=False)
class RefreshToken:
    """One refresh token.

    Args:
        value: What is sent.
        grant: Where it comes from.
        used: Whether a rotation has replaced it.
    """

    value: str = attrs.field(repr=False)
    grant: Grant = attrs.field(repr=False)
    used: bool = False


@attrs.frozen(eq=False)
class Issued:
    """The tokens that one request makes; the refresh token is told only where ``offline_access`` was consented to."""

    access: AccessToken
    refresh: RefreshToken

    def tokens(self) -> Tokens:
        """Their values."""
        return Tokens(self.access.grant.id, self.access.value, self.refresh.value)


@attrs.frozen(eq=False)
class Rotation:
    """The last refresh that used a token up.

    Args:
        used: The token.
        at: When.
        issued: What came of it.
    """

    used: RefreshToken
    at: datetime
    issued: Issued


@attrs.define(eq=False)
class Grant:
    """One consent.

    Args:
        id: ``grant_1`` and so on.
        tenant: Who consented.
        scopes: To what.
        consented_at: When.
        refreshed_at: When tokens were last made for it.
        rotation: The last rotation, while its answer may be repeated.
        ended: Whether nothing of it is good any more.
    """

    id: str
    tenant: str
    scopes: frozenset[str]
    consented_at: datetime
    refreshed_at: datetime
    rotation: Rotation | None = None
    ended: bool = False

    def expired(self, now: datetime, variants: Variants) -> bool:
        """Whether the 90 days of its refresh token have passed."""
        since = self.consented_at if variants["refresh_expiry"] == "absolute" else self.refreshed_at
        return now - since >= _REFRESH_LIFETIME

    def standing(self, token: RefreshToken, now: datetime, variants: Variants) -> Standing | Rotation:
        """Where one of its refresh tokens stands; of a repeatable one, the rotation whose answer is repeated."""
        if self.ended:
            return "ended"
        if not token.used:
            return "expired" if self.expired(now, variants) else "current"
        rotation = self.rotation
        if rotation is None or rotation.used is not token:
            return "reused"
        return rotation if _seconds(rotation.at, now) < variants.seconds("grace") else "reused"


class Grants:
    """All grants, with every token that was made for them; those that are no longer good are still known.

    Args:
        mint: Makes the values of the tokens.
    """

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self._grants: list[Grant] = []
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}

    def open(self, tenant: str, scopes: frozenset[str], *, consented_at: datetime, now: datetime) -> Issued:
        """Begin a grant, and make its first tokens."""
        grant = Grant(f"grant_{len(self._grants) + 1}", tenant, scopes, consented_at, now)
        self._grants.append(grant)
        return Issued(self._access_token(grant, scopes, now), self._refresh_token(grant))

    def renew(self, token: RefreshToken, scopes: frozenset[str], *, now: datetime, rotate: bool) -> Issued:
        """Make tokens with a current refresh token.

        Args:
            token: That token.
            scopes: What the access token shall be good for; the refresh token keeps all of the grant's.
            now: The instant.
            rotate: Whether the token is used up by this.
        """
        grant = token.grant
        grant.refreshed_at = now
        access = self._access_token(grant, scopes, now)
        if not rotate:
            grant.rotation = None
            return Issued(access, token)
        token.used = True
        issued = Issued(access, self._refresh_token(grant))
        grant.rotation = Rotation(token, now, issued)
        return issued

    def access_token(self, value: str) -> AccessToken | None:
        """The access token with this value."""
        return self._access.get(value)

    def refresh_token(self, value: str) -> RefreshToken | None:
        """The refresh token with this value."""
        return self._refresh.get(value)

    def end_all(self, tenant: str) -> None:
        """End every grant of a tenant."""
        for grant in self._grants:
            if grant.tenant == tenant:
                grant.ended = True

    def _access_token(self, grant: Grant, scopes: frozenset[str], now: datetime) -> AccessToken:
        token = AccessToken(self._mint.next("access token"), grant, scopes, now)
        self._access[token.value] = token
        return token

    def _refresh_token(self, grant: Grant) -> RefreshToken:
        token = RefreshToken(self._mint.next("refresh token"), grant)
        self._refresh[token.value] = token
        return token


def _seconds(since: datetime, now: datetime) -> float:
    """Seconds between two instants; none if the clock was set back, so that a grace of 0 s stays one."""
    return max(0.0, (now - since).total_seconds())


__all__ = ["AccessToken", "Grant", "Grants", "Issued", "RefreshToken", "Rotation", "Standing"]
