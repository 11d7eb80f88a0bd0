"""What a token may be good for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...errors import InvalidArgument
from .messages import INVALID_SCOPE, OAuthRefusal

API_SCOPES: Final = (
    "accounting.integration.read",
    "accounting.integration.write",
    "accounting.record.read",
    "accounting.record.write",
    "expenses.card",
    "expenses.card.readonly",
    "companies.readonly",
)
"""The scopes that operations of the API ask for."""

OFFLINE_ACCESS: Final = "offline_access"
"""The scope that gives a refresh token."""

# ``openid`` is accepted as Brex does, and no id_token comes of it: nothing that this stands in for reads one.
SCOPES: Final = (*API_SCOPES, OFFLINE_ACCESS, "openid")
"""Every scope that the issuer knows."""


def chosen(scopes: Iterable[str]) -> frozenset[str]:
    """Scopes that a program asks for.

    Raises:
        InvalidArgument: One of them does not exist.
    """
    found = frozenset(scopes)
    if not found <= set(SCOPES):
        message = f"scopes: expected some of {', '.join(SCOPES)}, got {', '.join(sorted(found - set(SCOPES)))}"
        raise InvalidArgument(message)
    return found


def asked(scope: str) -> frozenset[str]:
    """Scopes that a request asks for, separated by spaces.

    Raises:
        OAuthRefusal: There is none, or one of them does not exist.
    """
    found = frozenset(filter(None, scope.split(" ")))
    if not found:
        text = "scope is missing"
        raise OAuthRefusal(INVALID_SCOPE, text)
    if not found <= set(SCOPES):
        text = f"scope: expected some of {' '.join(SCOPES)}"
        raise OAuthRefusal(INVALID_SCOPE, text)
    return found


def written(scopes: frozenset[str]) -> str:
    """Scopes as an answer writes them, always in the same order."""
    return " ".join(scope for scope in SCOPES if scope in scopes)


__all__ = ["API_SCOPES", "OFFLINE_ACCESS", "SCOPES", "asked", "chosen", "written"]
