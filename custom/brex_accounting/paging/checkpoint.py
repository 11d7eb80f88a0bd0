"""Where a caller stands in a list, as text that survives the process.

A checkpoint names the page by its cursor and says how many of its items are finished. Pages change while nobody looks:
records leave the filter and others move up. So it also holds a digest of the finished items' ids, and only where
the page still begins with these are they skipped.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, Final, cast

import attrs
import msgspec

from ..errors import InvalidArgument
from .cursors import END, End
from .listing import Listing, Place

_VERSION: Final = "1"
_DIGEST_SIZE: Final = 16


class IdDigest:
    """The digest of a sequence of ids, which grows with it."""

    __slots__ = ("_hash", "count")

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=_DIGEST_SIZE)
        self.count: int = 0

    def add(self, ids: Iterable[str]) -> None:
        """Append ids."""
        for id_ in ids:
            data = id_.encode("utf-8", "surrogatepass")
            self._hash.update(b"%d:%b" % (len(data), data))  # with its length, or "ab", "c" would be "a", "bc"
            self.count += 1

    def value(self) -> bytes:
        """The digest of the ids so far."""
        return self._hash.digest()


@attrs.frozen
class Bookmark:
    """A place in a list with what is finished there.

    Attributes:
        place: Where the page begins.
        finished: How many of the items from there on are finished.
        digest: Digest of their ids.
    """

    place: Place
    finished: int = 0
    digest: bytes = b""


@attrs.frozen
class Checkpoint:
    """What a stream has to know to go on where another one stood.

    Attributes:
        mark: Where, or the end.
        absent: Which ids have not been seen, as ``RollCall`` writes it; empty for a list that is not by ids.
    """

    mark: Bookmark | End
    absent: bytes = b""


class _Body(msgspec.Struct, array_like=True, frozen=True):
    fingerprint: bytes
    ended: bool
    chunk: Annotated[int, msgspec.Meta(ge=0)]
    cursor: bytes | None
    finished: Annotated[int, msgspec.Meta(ge=0)]
    digest: bytes
    absent: bytes


def fingerprint(listing: Listing[Any, Any]) -> bytes:
    """What a checkpoint must have in common with the list it is used for: all but the page size.

    The account is part of it: another account's cursor could skip records without anybody noticing.
    """
    digest = IdDigest()
    digest.add([listing.operation, "" if listing.account is None else f"account {listing.account}"])
    for name, value in sorted(listing.filters.items()):
        if value is not None:
            digest.add([f"filter {name}", *_texts(value)])
    digest.add(["list" if listing.ids is None else "ids", *(listing.ids or ())])
    return digest.value()


def _texts(value: object) -> list[str]:
    if isinstance(value, (list, tuple)):
        return sorted(str(item) for item in cast("Iterable[object]", value))  # the same filter in any order
    return [str(value)]


def write(checkpoint: Checkpoint, fingerprint: bytes) -> str:
    """A checkpoint as URL-safe text."""
    mark = Bookmark(Place()) if checkpoint.mark is END else checkpoint.mark
    body = msgspec.msgpack.encode(
        _Body(
            fingerprint=fingerprint,
            ended=checkpoint.mark is END,
            chunk=mark.place.chunk,
            cursor=None if mark.place.cursor is None else mark.place.cursor.encode("utf-8", "surrogatepass"),
            finished=mark.finished,
            digest=mark.digest,
            absent=checkpoint.absent,
        )
    )
    text = base64.urlsafe_b64encode(_seal(body) + body).decode("ascii").rstrip("=")
    return f"{_VERSION}.{text}"


def read(text: object, listing: Listing[Any, Any], expected: bytes) -> Checkpoint:
    """Read a checkpoint.

    Args:
        text: What ``write`` made.
        listing: The list that it is to be used for.
        expected: Its fingerprint.

    Raises:
        InvalidArgument: It is no checkpoint, damaged, of another version of this package, or of another list.
    """
    if not isinstance(text, str):
        message = f"resume: expected the text of a checkpoint, got {type(text).__name__}"
        raise InvalidArgument(message)
    version, dot, encoded = text.strip().partition(".")
    if dot and version != _VERSION and version.isdecimal():
        message = "resume: this checkpoint was made by another version of this package. Start again without resume."
        raise InvalidArgument(message)
    body = _opened(encoded) if dot else None
    if body is None or body.chunk >= max(listing.chunks, 1):
        message = (
            "resume: this checkpoint is damaged. Pass the whole text as stream.checkpoint gave it, "
            "or None to start again."
        )
        raise InvalidArgument(message)
    if body.fingerprint != expected:
        message = (
            "resume: this checkpoint belongs to another list: its operation, account, filters or ids differ. "
            "Pass the ones that it was made with, or start again without resume."
        )
        raise InvalidArgument(message)
    return _checkpoint(body)


def _checkpoint(body: _Body) -> Checkpoint:
    if body.ended:
        return Checkpoint(END, body.absent)
    cursor = None if body.cursor is None else body.cursor.decode("utf-8", "surrogatepass")
    return Checkpoint(Bookmark(Place(body.chunk, cursor), body.finished, body.digest), body.absent)


def _opened(encoded: str) -> _Body | None:
    try:
        data = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        seal, body = data[:_DIGEST_SIZE], data[_DIGEST_SIZE:]
        return msgspec.msgpack.decode(body, type=_Body) if seal == _seal(body) else None
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None


def _seal(body: bytes) -> bytes:
    """Shows damage; it is no signature, since whoever may store a checkpoint may also make one."""
    return hashlib.blake2b(body, digest_size=_DIGEST_SIZE, person=b"checkpoint").digest()


__all__ = ["Bookmark", "Checkpoint", "IdDigest", "fingerprint", "read", "write"]
