"""What the token endpoint says: tokens, a refusal, or nothing that can be read."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any, Literal, cast

import msgspec
from attrs import evolve, field, frozen

from brex_accounting_client.errors import trace_id_of

from ..checks import header
from ..errors import InvalidArgument
from ..transport.retry_after import retry_after
from ..transport.web import WebAnswer
from .grant_state import LONGEST_LIFETIME, GrantState

ASSUMED_LIFETIME = 3600.0
"""Seconds that an access token lasts where the answer does not say; Brex's FAQ gives an hour."""

_SHORTEST_LIFETIME = 1.0
"""A stored grant must have one, and less than a microsecond is none."""

_CODE = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
_BUSY = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


@frozen(kw_only=True)
class Tokens:
    """New tokens.

    Attributes:
        access_token: The access token.
        refresh_token: The refresh token, None where the answer has none.
        lifetime: Seconds that the access token lasts.
        scopes: What it is good for, None where the answer does not say.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lifetime: float
    scopes: tuple[str, ...] | None

    def granted(self, *, issuer: str, client_id: str, asked: tuple[str, ...], now: datetime.datetime) -> GrantState:
        """A new grant.

        Args:
            issuer: Who issued it.
            client_id: To whom.
            asked: The scopes that were asked for.
            now: The instant.
        """
        return GrantState(
            issuer=issuer,
            client_id=client_id,
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            scopes=asked if self.scopes is None else self.scopes,
            granted_at=now,
            refresh_token_at=now,
            refreshed_at=now,
            expires_at=self._expires_at(now),
        )

    def renewed(self, state: GrantState, now: datetime.datetime) -> GrantState:
        """A grant with these tokens, and nothing under way; an answer without a refresh token keeps the old one.

        Args:
            state: The grant before.
            now: The instant.
        """
        new = self.refresh_token is not None and self.refresh_token != state.refresh_token
        return evolve(
            state,
            access_token=self.access_token,
            refresh_token=self.refresh_token if new else state.refresh_token,
            scopes=state.scopes if self.scopes is None else self.scopes,
            refresh_token_at=now if new else state.refresh_token_at,
            refreshed_at=now,
            expires_at=self._expires_at(now),
            intent=None,
            dead=None,
        )

    def _expires_at(self, now: datetime.datetime) -> datetime.datetime:
        return now + datetime.timedelta(seconds=self.lifetime)


@frozen(kw_only=True)
class NoTokens:
    """An answer without tokens.

    Attributes:
        kind: ``refused``: for good; ``busy``: not handled; ``unclear``: it may have been handled nevertheless.
        reason: What came, in words that may stand in an error's text.
        status: Its status, None where no answer came.
        error_code: OAuth's error code, None without one.
        trace_id: Its trace id, None without one.
        retry_after: Seconds that the issuer asks to wait, None where it does not.
    """

    kind: Literal["refused", "busy", "unclear"]
    reason: str
    status: int | None = None
    error_code: str | None = None
    trace_id: str | None = None
    retry_after: float | None = None

    def facts(self) -> dict[str, Any]:
        """What an error says of it."""
        return {
            "status_code": self.status,
            "error_code": self.error_code,
            "trace_id": self.trace_id,
            "retry_after": self.retry_after,
        }


def read_answer(answer: WebAnswer, now: datetime.datetime) -> Tokens | NoTokens:
    """Read an answer of the token endpoint (RFC 6749, sections 5.1 and 5.2).

    Args:
        answer: The answer.
        now: The instant, for ``Retry-After`` as a date.
    """
    tokens = _tokens(_members(answer.content)) if 200 <= answer.status < 300 else None
    return tokens or read_refusal(answer, now)


def read_refusal(answer: WebAnswer, now: datetime.datetime) -> NoTokens:
    """Read an answer that brings no tokens.

    Args:
        answer: The answer.
        now: The instant, for ``Retry-After`` as a date.
    """
    code = _members(answer.content).get("error")
    found: dict[str, Any] = {
        "status": answer.status,
        "error_code": code if isinstance(code, str) and _CODE.fullmatch(code) else None,
        "trace_id": trace_id_of(answer.headers),
        "retry_after": retry_after(answer.headers, now),
    }
    if 200 <= answer.status < 300:
        return NoTokens(kind="unclear", reason=f"{answer.status} without tokens that can be read", **found)
    if answer.status == 429 or (answer.status == 503 and found["retry_after"] is not None):
        return NoTokens(kind="busy", reason=f"{answer.status}", **found)
    if answer.status >= 500 or answer.status == 408 or answer.status < 400:
        return NoTokens(kind="unclear", reason=f"{answer.status}", **found)
    if found["error_code"] is None or found["error_code"] in _BUSY:
        said = found["error_code"] or "without an OAuth error"
        return NoTokens(kind="busy", reason=f"{answer.status} {said}", **found)
    return NoTokens(kind="refused", reason=f"{answer.status} {found['error_code']}", **found)


def _members(content: bytes) -> dict[str, Any]:
    try:
        found: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _tokens(members: dict[str, Any]) -> Tokens | None:
    kind = members.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return None
    try:
        access = header(members.get("access_token"), "access_token")
        refresh = members.get("refresh_token") or None
        refresh = None if refresh is None else header(refresh, "refresh_token")
    except InvalidArgument:
        return None
    scope = members.get("scope")
    scopes = tuple(scope.split()) if isinstance(scope, str) and scope.strip() else None
    return Tokens(
        access_token=access, refresh_token=refresh, lifetime=_lifetime(members.get("expires_in")), scopes=scopes
    )


def _lifetime(expires_in: Any) -> float:
    """Seconds; some issuers send them as text, and what is no lifetime is as good as none."""
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdigit() and len(expires_in) < 12:
        expires_in = int(expires_in)
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float) or not 0 < expires_in < math.inf:
        return ASSUMED_LIFETIME
    return float(max(_SHORTEST_LIFETIME, min(expires_in, LONGEST_LIFETIME)))


__all__ = ["ASSUMED_LIFETIME", "NoTokens", "Tokens", "read_answer", "read_refusal"]
