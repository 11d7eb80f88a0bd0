"""Which of the ids that were asked for Brex has not answered with."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from ..errors import InvalidArgument
from .listing import Listing


class RollCall:
    """Which ids no page has held so far: an id that Brex does not return must not vanish silently.

    Ids of chunks that were walked to their end are missing; those of the chunk that is being walked are only absent
    yet. A list that is not by ids has neither.
    """

    __slots__ = ("_absent", "_ids", "_listing", "_missing", "_written")

    def __init__(self, listing: Listing[Any, Any]) -> None:
        self._listing = listing
        self._ids = listing.ids
        self._missing: list[int] = []
        self._absent: dict[str, int] = {}
        self._written: bytes | None = None
        self.begin(0)

    @property
    def missing(self) -> tuple[str, ...]:
        """The missing ids, in the order in which they were asked for."""
        return tuple(self._ids[index] for index in self._missing) if self._ids else ()

    def begin(self, chunk: int) -> None:
        """Call the ids of a chunk."""
        start = chunk * self._listing.ids_in_a_call
        ids = self._listing.ids_of(chunk) or ()
        self._absent = {id_: start + index for index, id_ in enumerate(ids)}
        self._written = None

    def answered(self, ids: Iterable[str | None]) -> None:
        """Note the ids that a page held."""
        if self._absent:
            for id_ in ids:
                if id_ is not None:
                    self._absent.pop(id_, None)
            self._written = None

    def close(self) -> None:
        """The chunk was walked to its end: who is absent is missing."""
        self._missing += self._absent.values()
        self._absent = {}

    def write(self) -> bytes:
        """The indexes of all missing and absent ids, as a compressed bitmap: checkpoints hold no ids."""
        if self._ids is None:
            return b""
        if self._written is None:
            bits = bytearray(-(-len(self._ids) // 8))
            for index in (*self._missing, *self._absent.values()):
                bits[index >> 3] |= 1 << (index & 7)
            self._written = zlib.compress(bits)
        return self._written

    def read(self, written: bytes, chunk: int | None) -> None:
        """Go on where another roll call stood.

        Args:
            written: What it wrote.
            chunk: The chunk that it stood at, None where it was at the end.

        Raises:
            InvalidArgument: Nothing of the kind was written.
        """
        if not self._ids:
            return
        try:
            bits = zlib.decompressobj().decompress(written, -(-len(self._ids) // 8))
        except zlib.error:
            message = (
                "resume: this checkpoint is damaged. Pass it as stream.checkpoint gave it, or None to start again."
            )
            raise InvalidArgument(message) from None
        indexes = [index for index in range(min(len(self._ids), len(bits) * 8)) if bits[index >> 3] >> (index & 7) & 1]
        start = len(self._ids) if chunk is None else chunk * self._listing.ids_in_a_call
        self._missing = [index for index in indexes if index < start]
        self._absent = {self._ids[i]: i for i in indexes if start <= i < start + self._listing.ids_in_a_call}
        self._written = None


__all__ = ["RollCall"]
