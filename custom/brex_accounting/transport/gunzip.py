"""A gzip body undone in pieces of bounded size: a small one may hold gigabytes of zeros."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

PIECE = 262_144
"""The most bytes in a piece."""

_GZIP = 16 + zlib.MAX_WBITS


class Gunzip:
    """Undoes gzip (RFC 1952), member by member."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    @property
    def is_whole(self) -> bool:
        """Whether the last member has come to its end, checksum included."""
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What these bytes stand for.

        Args:
            data: The next bytes of the body.

        Raises:
            zlib.error: The body is no gzip.
        """
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            yield self._member.decompress(data, PIECE)
            data = self._member.unconsumed_tail or self._member.unused_data

    def flush(self) -> bytes:
        """What is left when all of the body has been fed."""
        return self._member.flush()


__all__ = ["PIECE", "Gunzip"]
