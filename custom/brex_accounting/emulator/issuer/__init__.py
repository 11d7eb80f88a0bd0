"""The stand-in for Brex's OAuth issuer: rotating refresh tokens, with reuse detection and a grace window."""

from .account import Account
from .clients import DEFAULT_REDIRECT_URI
from .exchange import Replay
from .issuer import Issuer
from .scopes import API_SCOPES, SCOPES
from .tokens import Credential, Tokens

__all__ = ["API_SCOPES", "DEFAULT_REDIRECT_URI", "SCOPES", "Account", "Credential", "Issuer", "Replay", "Tokens"]
