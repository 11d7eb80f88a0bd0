"""What a token file holds: one JSON document that a person can read, with the grant in it byte for byte."""

from __future__ import annotations

from typing import Annotated

from attrs import field, frozen
from msgspec import DecodeError, Meta, Raw, Struct, json

_FORMAT = 1

# A grant is a few kilobytes; what is larger is some other file, and is not read into memory.
MOST_BYTES = 1 << 20


@frozen
class StoredDocument:
    """One state of a token file.

    Attributes:
        version: Counts the changes, from 1.
        fence: The number of the holder who wrote it.
        content: A grant: UTF-8 text.
    """

    version: int
    fence: int
    content: bytes = field(repr=False)


class _Head(Struct):
    format: int


class _Body(Struct, forbid_unknown_fields=True):
    format: int
    version: Annotated[int, Meta(ge=1)]
    fence: Annotated[int, Meta(ge=0)]
    grant: Raw


def encode(document: StoredDocument) -> bytes:
    """The bytes of a token file.

    Raises:
        ValueError: The content is not UTF-8, or too long for a grant. It is not repeated.
    """
    if not _is_utf8(document.content):
        message = "content: expected UTF-8 text; a token file holds nothing else"
        raise ValueError(message)
    grant = document.content if _is_json_object(document.content) else json.encode(document.content.decode())
    head = f'{{"format": {_FORMAT}, "version": {document.version}, "fence": {document.fence}, "grant": '
    data = head.encode() + grant + b"}\n"
    if len(data) > MOST_BYTES:
        message = f"content: expected a grant, of less than {MOST_BYTES} bytes with all that is written beside it"
        raise ValueError(message)
    return data


def decode(data: bytes, name: str) -> StoredDocument:
    """What a token file says.

    Args:
        data: The bytes of the whole file, or more than ``MOST_BYTES`` of them.
        name: The file's name, for the error.

    Raises:
        ValueError: It is not a whole document of this format. The text names the file and the remedy, no content.
    """
    if not data:
        message = f"{name} is empty: a grant was lost, or never written. {_REMEDY}"
        raise ValueError(message)
    body = _body(data)
    if body is not None:
        return body
    written = _written_format(data)
    if written is not None and written > _FORMAT:
        message = (
            f"{name} was written by a later release (format {written}, this one reads {_FORMAT}). It was left as it "
            "is: install that release of brex-accounting-client here too"
        )
        raise ValueError(message)
    message = f"{name} is no whole token file: cut short, damaged, or written by something else. {_REMEDY}"
    raise ValueError(message)


_REMEDY = "It was left as it is: restore it from a copy, or move it away and let the customer authorize again"


def _body(data: bytes) -> StoredDocument | None:
    if len(data) > MOST_BYTES or not _is_utf8(data):
        return None
    try:
        body = json.decode(data, type=_Body)
        grant = bytes(body.grant)
        content = grant if grant.startswith(b"{") else json.decode(grant, type=str).encode()
    except (DecodeError, RecursionError):
        return None
    return StoredDocument(body.version, body.fence, content) if body.format == _FORMAT else None


def _written_format(data: bytes) -> int | None:
    try:
        return json.decode(data, type=_Head).format
    except (DecodeError, RecursionError):
        return None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_json_object(content: bytes) -> bool:
    """Whether it can stand in the document as it is, from its first byte to its last."""
    if not (content.startswith(b"{") and content.endswith(b"}")):
        return False
    try:
        json.decode(content)
    except (DecodeError, RecursionError):
        return False
    return True


__all__ = ["MOST_BYTES", "StoredDocument", "decode", "encode"]
