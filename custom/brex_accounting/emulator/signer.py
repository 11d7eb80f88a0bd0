"""Addresses at the file host: they need no token, are signed, and expire on the tenant's clock."""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from .stored import FILE_HOST, SIGNATURE

LIFETIME: Final = 15 * 60
"""Seconds for which an address works (https://developer.brex.com/openapi/accounting_api: 15 minutes)."""


_ADDRESS: Final = re.compile(FILE_HOST + b"([^" + SIGNATURE + b"]*)" + SIGNATURE)


class Signer:
    """Signs the addresses of one tenant.

    Args:
        tenant: Its name.
        generation: Which of its data; an address works for that alone.
    """

    def __init__(self, tenant: str, generation: int = 0) -> None:
        self._tenant = tenant
        self._key = hashlib.sha256(f"{tenant} {generation}".encode()).digest()

    def query(self, path: str, now: datetime) -> str:
        """The query that makes an address work from now on, for 15 minutes.

        Args:
            path: Below the tenant's name, from its slash on.
            now: The instant.
        """
        expires = int(now.timestamp()) + LIFETIME
        return f"expires={expires}&signature={_signature(path.encode(), self._seeds(expires)).decode()}"

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
        host, expires = f"{file_url}/{self._tenant}".encode(), int(now.timestamp()) + LIFETIME
        seeds = self._seeds(expires)

        def signed(address: re.Match[bytes]) -> bytes:
            path = address[1]  # it ends with the question mark
            return b"%b%bexpires=%d&signature=%b" % (host, path, expires, _signature(path[:-1], seeds))

        def fill_in(text: bytes) -> bytes:
            return _ADDRESS.sub(signed, text) if FILE_HOST in text else text

        return fill_in

    def refusal(self, path: str, query: Mapping[str, str], now: datetime) -> str | None:
        """Why an address does not work, or None if it does.

        Args:
            path: Below the tenant's name, from its slash on, decoded.
            query: Its query.
            now: The instant.
        """
        expires = query.get("expires", "")
        if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
            return "AccessDenied"
        expected = _signature(quote(path, errors="surrogatepass").encode(), self._seeds(int(expires)))
        given = query.get("signature", "").encode(errors="surrogatepass")
        if not hmac.compare_digest(expected, given):
            return "SignatureDoesNotMatch"
        return "ExpiredToken" if now.timestamp() >= int(expires) else None

    def _seeds(self, expires: int) -> tuple[int, int]:
        digest = hashlib.blake2b(b"%d" % expires, key=self._key, digest_size=8).digest()
        return int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:], "big")


def _signature(path: bytes, seeds: tuple[int, int]) -> bytes:
    # Sixty of them in a page: checksums from secret seeds tell paths apart, and nobody forges what guards sample files.
    plain = unquote_to_bytes(path) if b"%" in path else path
    return b"%08x%08x" % (zlib.crc32(plain, seeds[0]), zlib.adler32(plain, seeds[1]))


__all__ = ["LIFETIME", "Signer"]
