"""Authorization codes: used once, for ten minutes, by whoever holds the verifier."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timedelta
from typing import Final, Self

import attrs

from .grants import Grant
from .messages import INVALID_GRANT, INVALID_REQUEST, OAuthRefusal, Parameters
from .tokens import Mint, same_secret

CHALLENGE_METHODS: Final = ("S256", "plain")

_LIFETIME: Final = timedelta(seconds=600)
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@attrs.frozen
class Challenge:
    """What the verifier of a code must fit (PKCE, RFC 7636).

    Args:
        value: ``code_challenge``.
        method: ``code_challenge_method``.
    """

    value: str = attrs.field(repr=False)
    method: str

    @classmethod
    def read(cls, query: Parameters) -> Self | None:
        """The challenge of an authorize request, if it has one.

        Raises:
            OAuthRefusal: It is malformed, or its method is unknown.
        """
        value, method = query.get("code_challenge"), query.get("code_challenge_method")
        if method not in {None, *CHALLENGE_METHODS}:
            raise OAuthRefusal(INVALID_REQUEST, "code_challenge_method: expected S256 or plain")
        if value is None:
            if method is not None:
                raise OAuthRefusal(INVALID_REQUEST, "code_challenge is missing")
            return None
        if not _VERIFIER.fullmatch(value):
            text = "code_challenge: expected 43 to 128 characters out of letters, digits and -._~"
            raise OAuthRefusal(INVALID_REQUEST, text)
        return cls(value, method or "plain")

    def accepts(self, verifier: str) -> bool:
        """Whether this is the verifier."""
        if not _VERIFIER.fullmatch(verifier):
            return False
        if self.method == "plain":
            return same_secret(verifier, self.value)
        digest = hashlib.sha256(verifier.encode()).digest()
        return same_secret(base64.urlsafe_b64encode(digest).decode().rstrip("="), self.value)


@attrs.define(eq=False)
class Code:
    """One authorization code.

    Args:
        value: What is sent.
        tenant: Who consented.
        scopes: To what.
        redirect_uri: Where it was sent.
        challenge: What its verifier must fit; None without PKCE.
        issued_at: When the tenant consented.
        grant: What was made from it; None while it is unused.
        withdrawn: Whether the tenant withdrew the consent before it was used.
    """

    value: str = attrs.field(repr=False)
    tenant: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: Challenge | None
    issued_at: datetime
    grant: Grant | None = None
    withdrawn: bool = False

    def check(self, form: Parameters, now: datetime) -> None:
        """Check that a form may have what the code stands for; the code has not been used.

        Raises:
            OAuthRefusal: It has expired, or the form does not fit the authorize request.
        """
        redirect_uri, verifier = form.required("redirect_uri"), form.get("code_verifier")
        if self.withdrawn or now - self.issued_at >= _LIFETIME:
            raise OAuthRefusal(INVALID_GRANT, "code: expired or withdrawn")
        if redirect_uri != self.redirect_uri:
            raise OAuthRefusal(INVALID_GRANT, "redirect_uri: not the one of the authorize request")
        if self.challenge is None:
            # RFC 9700, section 2.1.1: otherwise an attacker could strip the challenge unseen.
            if verifier is not None:
                raise OAuthRefusal(INVALID_GRANT, "code_verifier: the authorize request had no code_challenge")
        elif not self.challenge.accepts(form.required("code_verifier")):
            raise OAuthRefusal(INVALID_GRANT, "code_verifier: does not fit the code_challenge")


class Codes:
    """All codes, used and unused.

    Args:
        mint: Makes their values.
    """

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self._codes: dict[str, Code] = {}

    def issue(
        self, tenant: str, scopes: frozenset[str], redirect_uri: str, challenge: Challenge | None, *, now: datetime
    ) -> Code:
        """Make a code."""
        code = Code(self._mint.next("code"), tenant, scopes, redirect_uri, challenge, now)
        self._codes[code.value] = code
        return code

    def find(self, value: str) -> Code | None:
        """The code with this value."""
        return self._codes.get(value)

    def withdraw(self, tenant: str) -> None:
        """End the unused codes of a tenant."""
        for code in list(self._codes.values()):
            if code.tenant == tenant:
                code.withdrawn = True


__all__ = ["CHALLENGE_METHODS", "Challenge", "Code", "Codes"]
