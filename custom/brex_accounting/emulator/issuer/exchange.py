"""The token endpoint: codes and refresh tokens for access tokens, and what comes back after its use."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import attrs

from ..answers import Answer
from .account import Account, FindAccount
from .codes import Codes
from .grants import Grants, Issued, RefreshToken, Rotation
from .messages import INVALID_GRANT, INVALID_SCOPE, OAuthRefusal, Parameters, private_answer
from .scopes import OFFLINE_ACCESS, asked, written

_UNSUPPORTED_GRANT_TYPE: Final = "unsupported_grant_type"


@attrs.frozen
class Replay:
    """A refresh token that came back after it had been used up.

    Args:
        tenant: Whose it is.
        grant_id: Of which grant.
        at: When it came back.
        within_grace: Whether the grace window of its use was open, so that the answer was repeated.
        revoked_family: Whether it ended its grant.
    """

    tenant: str
    grant_id: str
    at: datetime
    within_grace: bool
    revoked_family: bool


class TokenEndpoint:
    """``POST /v1/token``, for a client that is known already.

    Args:
        account: Finds a tenant by its name.
        codes: Where codes are kept.
        grants: Where tokens are kept.
    """

    def __init__(self, account: FindAccount, codes: Codes, grants: Grants) -> None:
        self._account = account
        self._codes = codes
        self._grants = grants
        self.replays: list[Replay] = []

    def answer(self, form: Parameters) -> Answer:
        """The tokens that a form asks for.

        Raises:
            OAuthRefusal: It may not have them.
        """
        match form.required("grant_type"):
            case "authorization_code":
                return self._redeem(form)
            case "refresh_token":
                return self._refresh(form)
            case _:
                text = "grant_type: expected authorization_code or refresh_token"
                raise OAuthRefusal(_UNSUPPORTED_GRANT_TYPE, text)

    def _redeem(self, form: Parameters) -> Answer:
        """Tokens for a code; one that comes back ends what was made from it (RFC 6749, section 4.1.2)."""
        code = self._codes.find(form.required("code"))
        account = None if code is None else self._account(code.tenant)
        if code is None or account is None:
            raise OAuthRefusal(INVALID_GRANT, "code: unknown")
        if code.grant is not None:
            changes, code.grant.ended = not code.grant.ended, True
            raise OAuthRefusal(INVALID_GRANT, "code: used before; its tokens have ended", committed=changes)
        now = account.lived()
        code.check(form, now)
        issued = self._grants.open(code.tenant, code.scopes, consented_at=code.issued_at, now=now)
        code.grant = issued.access.grant
        return _answer(issued, account, now, committed=True)

    def _refresh(self, form: Parameters) -> Answer:
        """Tokens for a refresh token, as it stands."""
        token = self._grants.refresh_token(form.required("refresh_token"))
        account = None if token is None else self._account(token.grant.tenant)
        if token is None or account is None:
            raise OAuthRefusal(INVALID_GRANT, "refresh_token: unknown")
        grant, variants, now = token.grant, account.variants, account.lived()
        standing = grant.standing(token, now, variants)
        revokes = standing == "reused" and variants["reuse"] == "revokes"
        if token.used:
            within_grace = isinstance(standing, Rotation)
            self.replays.append(Replay(grant.tenant, grant.id, now, within_grace, revokes))
        match standing:
            case "ended":
                raise OAuthRefusal(INVALID_GRANT, "refresh_token: its grant has ended")
            case "expired":
                raise OAuthRefusal(INVALID_GRANT, "refresh_token: expired")
            case "reused":
                grant.ended = revokes
                outcome = "its grant has ended" if revokes else "its grant lives on"
                raise OAuthRefusal(INVALID_GRANT, f"refresh_token: used before; {outcome}", committed=revokes)
            case Rotation(issued=issued):
                _narrowed(form, token)
                return _answer(issued, account, now, committed=False)
            case "current":
                rotation = variants["rotation"]
                issued = self._grants.renew(token, _narrowed(form, token), now=now, rotate=rotation == "on")
                return _answer(issued, account, now, committed=True, silent=rotation == "silent")


def _narrowed(form: Parameters, token: RefreshToken) -> frozenset[str]:
    """The scopes of a new access token: those of the consent, or fewer where the request says so."""
    scope = form.get("scope")
    if scope is None:
        return token.grant.scopes
    scopes = asked(scope)
    if not scopes <= token.grant.scopes:
        raise OAuthRefusal(INVALID_SCOPE, "scope: more than was consented to")
    return scopes


def _answer(issued: Issued, account: Account, now: datetime, *, committed: bool, silent: bool = False) -> Answer:
    """The tokens as they are sent; ``expires_in`` of an answer that is repeated is what is left."""
    access = issued.access
    members: dict[str, Any] = {"access_token": access.value, "token_type": "Bearer"}
    if account.variants["expires_in"] == "sent":
        members["expires_in"] = int(access.seconds_left(now))
    members["scope"] = written(access.scopes)
    if OFFLINE_ACCESS in access.grant.scopes and not silent:
        members["refresh_token"] = issued.refresh.value
    return private_answer(members, committed=committed)


__all__ = ["Replay", "TokenEndpoint"]
