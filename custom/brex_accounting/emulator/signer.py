"""Addresses at the file host: they need no token, are signed, and expire on the tenant's clock."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from .stored import FILE_HOST, SIGNATURE

LIFETIME: Final = 15 * 60
"""Seconds for which an address works (https://developer.brex.com/openapi/accounting_api: 15 minutes)."""


class Signer:
    """Signs the addresses of one tenant.

    Args:
        tenant: Its name.
    """

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant

    def query(self, now: datetime) -> str:
        """The query that makes an address work from now on, for 15 minutes."""
        expires = int(now.timestamp()) + LIFETIME
        return f"expires={expires}&signature={self._signature(expires)}"

    def fill_in(self, text: bytes, file_url: str, now: datetime) -> bytes:
        """Put the file host and a fresh signature where their stand-ins are.

        Args:
            text: JSON with stand-ins.
            file_url: Scheme, host and port of the file host.
            now: The instant.
        """
        return self.filler(file_url, now)(text)

    def filler(self, file_url: str, now: datetime) -> Callable[[bytes], bytes]:
        """What fills in the stand-ins of many texts at one instant.

        Args:
            file_url: Scheme, host and port of the file host.
            now: The instant.
        """
        host, query = f"{file_url}/{self._tenant}".encode(), self.query(now).encode()

        def fill_in(text: bytes) -> bytes:
            return text.replace(FILE_HOST, host).replace(SIGNATURE, query) if FILE_HOST in text else text

        return fill_in

    def refusal(self, query: Mapping[str, str], now: datetime) -> str | None:
        """Why an address does not work, or None if it does.

        Args:
            query: Its query.
            now: The instant.
        """
        expires = query.get("expires", "")
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return "AccessDenied"
        if not hmac.compare_digest(self._signature(int(expires)).encode(), query.get("signature", "").encode()):
            return "SignatureDoesNotMatch"
        return "ExpiredToken" if now.timestamp() >= int(expires) else None

    def _signature(self, expires: int) -> str:
        return hmac.new(self._tenant.encode(), str(expires).encode(), hashlib.sha256).hexdigest()[:32]


__all__ = ["LIFETIME", "Signer"]
