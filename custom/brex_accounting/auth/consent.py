"""The two ends of a grant: from a code to a stored grant, and from a stored grant to a revoked one."""

from __future__ import annotations

from functools import partial
from typing import Final

from ..errors import AuthorizationError, BrexError, RefreshFailed, TokenError, TokenStoreError
from ..transport.send_failed import SendFailed
from .authorization import AuthorizationRequest
from .grant_state import GrantState, hashed
from .kept import KeptGrant, Saved
from .reasons import refresh_failed, refused, store_failed
from .renewal import Terms, Unsaved
from .token_answer import NoTokens, read_refusal
from .token_request import TokenRequest
from .unbroken import Interrupted, Unbroken

_EXCHANGE_ADVICE: Final = "Call exchange() again while the code is good, or begin a new authorization_request()."
_REVOKE_ADVICE: Final = "Call revoke() again."
_REVOKED: Final = "the grant is revoked, and the store does not take that: it holds what is of no more use"

_PAUSES = (0.0, 0.1, 0.3)
"""Seconds before each attempt to store what there is."""


class Consent:
    """Begins and ends the grant of one store.

    Args:
        terms: Who is asked.
        kept: Where the grant is.
    """

    def __init__(self, terms: Terms, kept: KeptGrant) -> None:
        self._terms = terms
        self._kept = kept
        self._clock = terms.runtime.clock

    async def redeem(self, code: str, request: AuthorizationRequest) -> Unsaved | None:
        """Store what a code is good for; a grant that is there is replaced.

        The lock comes first, and the store is read: a code is good for one use, and a store that does not work should
        be known before.

        Args:
            code: The code.
            request: What it answers.

        Returns:
            What the store does not take; None where all is well.

        Raises:
            AuthorizationError: The issuer gives no tokens for the code.
            TokenError: The store, or the issuer, did not do its part.
        """
        try:
            return await self._redeem(code, request)
        except TokenError as error:
            raise _of(error, "code exchange", _EXCHANGE_ADVICE) from error.__cause__

    async def revoke(self) -> None:
        """Let the issuer end the grant, and forget its tokens: those of a dead one too, whose family may live on there.

        Raises:
            TokenError: The store, or the issuer, did not do its part.
        """
        try:
            await self._revoke()
        except TokenError as error:
            raise _of(error, "revocation", _REVOKE_ADVICE) from error.__cause__

    async def _redeem(self, code: str, request: AuthorizationRequest) -> Unsaved | None:
        terms, unbroken = self._terms, Unbroken()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.redirect_uri,
            "code_verifier": request.code_verifier,
        }
        async with terms.issuer.web() as web:
            url = (await terms.issuer.discover(web)).token
            async with self._kept.locked(lease=terms.lease, wait=terms.wait) as fence:
                current = await self._kept.load()
                asked = TokenRequest(terms.issuer, terms.runtime, terms.request_seconds)
                result = await asked.send(web, url, form, repeats=False, patient=True, unbroken=unbroken)
                if isinstance(result, NoTokens):
                    raise _no_grant(result, asked.attempts)
                state = result.granted(
                    issuer=terms.issuer.url,
                    client_id=terms.issuer.client_id,
                    asked=request.scopes,
                    now=self._clock.now(),
                )
                if await self._is_saved(current, state, fence, unbroken):
                    return None
                return Unsaved(
                    state=state,
                    expected=None if current is None else current.version,
                    sent_hash=hashed(None if current is None else current.state.refresh_token),
                    is_new_grant=True,
                )

    async def _revoke(self) -> None:
        terms, unbroken = self._terms, Unbroken()
        async with terms.issuer.web() as web:
            url = (await terms.issuer.discover(web)).revoke
            async with self._kept.locked(lease=terms.lease, wait=terms.wait) as fence:
                current = await self._kept.load()
                if current is None:
                    return
                state = current.state
                if state.refresh_token is None and state.access_token is None:
                    return
                kind = "refresh_token" if state.refresh_token else "access_token"
                form = {"token": state.refresh_token or state.access_token or "", "token_type_hint": kind}
                try:
                    answer = await terms.issuer.post(web, url, form, seconds=terms.request_seconds)
                except SendFailed as failed:
                    raise refresh_failed(NoTokens(kind="unclear", reason=failed.reason), 1) from None
                if not 200 <= answer.status < 300:
                    result = read_refusal(answer, self._clock.now())
                    raise refused(result, 1) if result.kind == "refused" else refresh_failed(result, 1)
                if not await self._is_saved(current, state.revoked(self._clock.now()), fence, unbroken):
                    raise store_failed(_REVOKED, "Empty it.")

    async def _is_saved(self, current: Saved | None, state: GrantState, fence: int, unbroken: Unbroken) -> bool:
        """Store it, whoever is cancelled meanwhile; whatever else is there by now is older."""
        for pause in _PAUSES:
            try:
                if pause:
                    await unbroken.run(partial(self._clock.sleep, pause))
                expected = None if current is None else current.version
                if await unbroken.run(partial(self._kept.save, expected, state, fence=fence)) is not None:
                    return True
                current = await unbroken.run(self._kept.load)
                if current is not None and current.state.access_token == state.access_token:
                    return True
            except (TokenStoreError, Interrupted):
                continue
        return False


def _of(error: TokenError, operation: str, advice: str) -> TokenError:
    """The error as one of this operation; most of them are about refreshes elsewhere."""
    return error.in_call(operation=operation).advised(advice if isinstance(error, RefreshFailed) else error.advice)


def _no_grant(result: NoTokens, attempts: int) -> BrexError:
    if result.kind == "unclear":
        message = f"the answer to the code was lost ({result.reason}); begin a new authorization_request()"
        return AuthorizationError(message)
    if result.error_code == "invalid_grant":
        message = (
            "the issuer refuses the code: it was used before, has expired, or belongs to another redirect_uri; begin a "
            "new authorization_request()"
        )
        return AuthorizationError(message, error_code=result.error_code)
    return refused(result, attempts) if result.kind == "refused" else refresh_failed(result, attempts)


__all__ = ["Consent"]
