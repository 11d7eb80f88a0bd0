"""What is kept of a grant, and its form in a token store."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any, NoReturn

import attrs
import msgspec
from attrs import evolve, field, frozen

from ..errors import ReauthorizationCause

_FORMAT = 1

LONGEST_LIFETIME = 366 * 86_400.0
"""No access token is believed to last longer, in seconds."""


class Unreadable(Exception):
    """What a store holds is not a grant of this package; internal. The text says why, without any value."""


@frozen(kw_only=True)
class Intent:
    """A refresh that was begun: its answer may have been lost, and the token in it used up.

    Attributes:
        token_hash: Of the refresh token that was sent.
        begun_at: When it was sent first.
    """

    token_hash: str
    begun_at: datetime.datetime


@frozen(kw_only=True)
class Dead:
    """Why nothing more is asked with this grant.

    Attributes:
        cause: Why.
        since: When that was found out.
    """

    cause: ReauthorizationCause
    since: datetime.datetime


@frozen(kw_only=True)
class GrantState:
    """One grant: its tokens, where they are from, and what is under way. All instants are aware.

    Attributes:
        issuer: Who issued it.
        client_id: To whom.
        access_token: None once the grant was revoked here.
        refresh_token: None where the issuer gave none.
        scopes: What was consented to.
        granted_at: When the customer consented.
        refresh_token_at: When the refresh token came.
        refreshed_at: When the access token came.
        expires_at: When it expires.
        intent: A refresh that was begun and has not come to its end.
        dead: Why the customer has to consent again.
        format: The version of this form.
    """

    issuer: str
    client_id: str
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: tuple[str, ...]
    granted_at: datetime.datetime
    refresh_token_at: datetime.datetime
    refreshed_at: datetime.datetime
    expires_at: datetime.datetime
    intent: Intent | None = None
    dead: Dead | None = None
    format: int = _FORMAT

    def __reduce__(self) -> NoReturn:
        message = "tokens do not travel in pickles and copies"
        raise TypeError(message)

    @property
    def lifetime(self) -> float:
        """How long the access token was to last, in seconds."""
        return (self.expires_at - self.refreshed_at).total_seconds()

    @property
    def pending(self) -> bool:
        """Whether the refresh token may have been used up already."""
        return self.intent is not None and self.intent.token_hash == hashed(self.refresh_token)

    def intending(self, now: datetime.datetime) -> GrantState:
        """The same, about to be refreshed; a refresh that was begun earlier keeps its time."""
        if self.pending:
            return self
        return evolve(self, intent=Intent(token_hash=hashed(self.refresh_token), begun_at=now))

    def settled(self) -> GrantState:
        """The same, with nothing under way."""
        return evolve(self, intent=None)

    def died(self, dead: Dead) -> GrantState:
        """The same, of no more use; its tokens are kept, for somebody to look into it."""
        return evolve(self, intent=None, dead=dead)

    def revoked(self, now: datetime.datetime) -> GrantState:
        """The same, revoked: without tokens."""
        dead = Dead(cause="revoked here", since=now)
        return evolve(self, intent=None, dead=dead, access_token=None, refresh_token=None)


def hashed(token: str | None) -> str:
    """Tells tokens apart without being one."""
    return hashlib.sha256((token or "").encode()).hexdigest()


def to_bytes(state: GrantState) -> bytes:
    """A grant as it is stored."""
    return msgspec.json.encode(attrs.asdict(state))


def from_bytes(content: bytes) -> GrantState:
    """A grant from a store.

    Raises:
        Unreadable: It is none, or of a later form.
    """
    try:
        found: Any = msgspec.json.decode(content)
        version = found["format"]
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError, RecursionError):
        reason = "it is not a grant"
    else:
        if version != _FORMAT:
            reason = "a later version of this package wrote it" if isinstance(version, int) else "its format is unknown"
        else:
            try:
                state = msgspec.convert(found, GrantState, strict=True)
                _check(state)
            except msgspec.ValidationError as error:
                # The text of the error may repeat a value; only the place is told.
                reason = f"{_place(str(error))} is not what it should be"
            else:
                return state
    raise Unreadable(reason)


def _check(state: GrantState) -> None:
    instants = (state.granted_at, state.refresh_token_at, state.refreshed_at, state.expires_at)
    if any(instant.tzinfo is None for instant in instants):
        message = "time zone missing - at `$` times"
        raise msgspec.ValidationError(message)
    if state.dead is None and not state.access_token:
        message = "Expected a token - at `$.access_token`"
        raise msgspec.ValidationError(message)
    if state.refresh_token == "":
        message = "Expected a token, or null - at `$.refresh_token`"
        raise msgspec.ValidationError(message)
    if not 0 < state.lifetime <= LONGEST_LIFETIME:
        message = "Expected a lifetime - at `$.expires_at`"
        raise msgspec.ValidationError(message)


def _place(text: str) -> str:
    _, _, place = text.rpartition(" - at `")
    return place.partition("`")[0] if place else "something in it"


__all__ = ["LONGEST_LIFETIME", "Dead", "GrantState", "Intent", "Unreadable", "from_bytes", "hashed", "to_bytes"]
