"""The errors of grants, with what to do next."""

from __future__ import annotations

from typing import Any, Final

from ..errors import (
    OAuthRefused,
    ReauthorizationCause,
    ReauthorizationRequired,
    RefreshFailed,
    TokensNotSaved,
    TokenStoreError,
)
from .grant_state import Dead, GrantState
from .token_answer import NoTokens

OPERATION: Final = "token refresh"
"""What stands for the operation where no call of Brex's API is concerned."""

_AUTHORIZE = "Send the customer through authorization_request() and exchange() again; the store keeps its place."

_WHY: Final[dict[ReauthorizationCause, str]] = {
    "revoked or expired": "the issuer refuses the refresh token: it was revoked, or has expired",
    "answer lost": (
        "the issuer refuses a refresh token that was sent before: the answer to that was lost, by a crash or on the "
        "way, for longer than the issuer repeats it"
    ),
    "revoked here": "the grant was revoked by this client",
    "no refresh token": "the access token has expired, and the issuer gave no refresh token with it",
    "no grant": "the token store is empty",
}


def dead(found: Dead, **facts: Any) -> ReauthorizationRequired:
    """The grant is of no more use."""
    return ReauthorizationRequired(
        _WHY[found.cause], cause=found.cause, since=found.since, operation=OPERATION, advice=_AUTHORIZE, **facts
    )


def no_grant() -> ReauthorizationRequired:
    """Nothing is stored."""
    return ReauthorizationRequired(
        _WHY["no grant"], cause="no grant", since=None, operation=OPERATION, advice=_AUTHORIZE
    )


def no_refresh_token(state: GrantState) -> ReauthorizationRequired:
    """The access token has expired, and there is nothing to get another one with."""
    return ReauthorizationRequired(
        _WHY["no refresh token"],
        cause="no refresh token",
        since=state.expires_at,
        operation=OPERATION,
        advice=f"Ask for the scope offline_access. {_AUTHORIZE}",
    )


def refresh_failed(answer: NoTokens, attempts: int) -> RefreshFailed:
    """The issuer gave nothing this time."""
    return RefreshFailed(
        f"the issuer gave no tokens: {answer.reason}",
        operation=OPERATION,
        attempts=attempts,
        advice="A later call tries again.",
        **answer.facts(),
    )


def refused(answer: NoTokens, attempts: int) -> OAuthRefused:
    """The issuer refuses the application."""
    return OAuthRefused(
        f"the issuer refuses the application or what it asks: {answer.reason}",
        operation=OPERATION,
        attempts=attempts,
        advice="Check client_id, client_secret, issuer and client_authentication; the grant itself is untouched.",
        **answer.facts(),
    )


def store_failed(what: str, advice: str = "Look at the cause; nothing was asked of the issuer.") -> TokenStoreError:
    """The store did not do its part."""
    return TokenStoreError(f"token store: {what}", operation=OPERATION, advice=advice)


def not_saved() -> TokensNotSaved:
    """The store would not take new tokens."""
    return TokensNotSaved(
        "token store: it does not take the new tokens; they are in memory only, and the old ones may be used up",
        operation=OPERATION,
        advice="Repair the store while this process lives: saving is tried again, at its next use at the latest.",
    )


__all__ = [
    "OPERATION",
    "dead",
    "no_grant",
    "no_refresh_token",
    "not_saved",
    "refresh_failed",
    "refused",
    "store_failed",
]
