"""What the issuer hands out, and how the values come about."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter

import attrs
import msgspec


@attrs.frozen
class Credential:
    """Who sends a request to the API.

    Args:
        tenant: The tenant that the token belongs to.
        scopes: What it is good for.
        client: A stable label without secrets, such as ``user token 3f2a51c0`` or ``client_id/grant_1``.
        token: The token itself.
    """

    tenant: str
    scopes: frozenset[str]
    client: str
    token: str = attrs.field(repr=False)


@attrs.frozen
class Tokens:
    """What a consent gives.

    Args:
        grant_id: Which consent.
        access_token: Good for an hour.
        refresh_token: Gives new access tokens.
    """

    grant_id: str
    access_token: str = attrs.field(repr=False)
    refresh_token: str = attrs.field(repr=False)


class Mint:
    """Makes values that nobody can tell from random ones, and that the same seed makes again in the same order.

    Whoever knows the seed can make them too: a real issuer must never do this.

    Args:
        seed: Any whole number.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made: Counter[str] = Counter()

    def next(self, kind: str) -> str:
        """The next value of a kind."""
        self._made[kind] += 1
        return self.derive(kind, str(self._made[kind]))

    def derive(self, kind: str, *parts: str) -> str:
        """The value that belongs to some parts, always the same one; 43 characters of base64url."""
        digest = hashlib.sha256(msgspec.json.encode([self._seed, kind, *parts])).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def fingerprint(secret: str) -> str:
    """Eight characters that tell secrets apart and do not give them away."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def same_secret(left: str, right: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(left.encode(errors="surrogatepass"), right.encode(errors="surrogatepass"))


__all__ = ["Credential", "Mint", "Tokens", "fingerprint", "same_secret"]
