"""The file host: receipts at signed addresses that expire, and a place to put receipts to."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.routing import Route

from ..errors import InvalidArgument
from .answers import Answer, Headers, Refusal
from .exchange import Exchanges, Received, Subject
from .tenant import Tenant
from .world import World

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")
"""What would have to be written otherwise in one of the formats; no id of ours holds any of it."""
_LONGEST_LABEL: Final = 100
_TYPES: Final = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}


class Files:
    """The file host of one world; it asks for no token, and refuses requests that bring one, as S3 does.

    Args:
        world: Its state.
        exchanges: Carries out what comes in.
    """

    def __init__(self, world: World, exchanges: Exchanges) -> None:
        self._world = world
        self._exchanges = exchanges

    def routes(self) -> list[Route]:
        """One route for reading receipts, one for putting them."""
        return [
            self._route("/{tenant}/receipts/{receipt_id}/{name:path}", "downloadReceipt", "GET", _download),
            self._route("/{tenant}/uploads/{upload_id}", "uploadReceipt", "PUT", _upload),
        ]

    def _route(self, path: str, operation: str, method: str, act: Callable[[Tenant, Received], Answer]) -> Route:
        return Route(path, self._exchanges.endpoint(partial(self._subject, operation, method, act)))

    def _subject(
        self, operation: str, method: str, act: Callable[[Tenant, Received], Answer], received: Received
    ) -> Subject:
        tenant = self._world.tenants.get(received.arguments["tenant"])
        client = received.header("user-agent") or "no user agent"
        request = f"{len(received.body)} bytes"
        if tenant is None:
            return Subject(None, None, client, request, partial(_error, 404, "NoSuchBucket", "there is no such tenant"))
        if received.method not in (method, "HEAD" if method == "GET" else method):
            answer = partial(_error, 405, "MethodNotAllowed", f"use {method}", (("allow", method),))
            return Subject(None, tenant, client, request, answer)
        return Subject(operation, tenant, client, request, partial(_allowed, tenant, received, act), dialect="files")


def _allowed(tenant: Tenant, received: Received, act: Callable[[Tenant, Received], Answer]) -> Answer:
    if received.header("authorization") is not None:
        return _error(400, "InvalidArgument", "Only one auth mechanism allowed: the address is signed already")
    path = "/" + received.path.split("/", 2)[2]
    refusal = tenant.signer.refusal(path, dict(received.query), tenant.now())
    if refusal is not None:
        return _error(403, refusal, "the address is not signed for this, or has expired")
    return act(tenant, received)


def _download(tenant: Tenant, received: Received) -> Answer:
    receipt_id, name = received.arguments["receipt_id"], received.arguments["name"]
    content_type, content = tenant.files.get(receipt_id) or sample(receipt_id, name)
    tag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    headers = (("content-type", content_type), ("etag", tag))
    return Answer(200, b"" if received.method == "HEAD" else content, headers)


def _upload(tenant: Tenant, received: Received) -> Answer:
    try:
        content_type = received.header("content-type") or "application/octet-stream"
        tenant.receive(received.arguments["upload_id"], content_type, received.body)
    except InvalidArgument as error:
        return _error(404, "NoSuchKey", str(error))
    return Answer(200, b"", (), committed=True)


def sample(receipt_id: str, name: str) -> tuple[str, bytes]:
    """A small file of the kind that a name says; the same one for the same receipt.

    Args:
        receipt_id: The receipt; it stands in the file.
        name: The file's name.

    Returns:
        Content type and content.
    """
    _, dot, extension = name.lower().rpartition(".")
    kind = extension if dot and extension in _TYPES else "pdf"
    make = {"png": _png, "jpg": _jpeg, "jpeg": _jpeg}.get(kind, _pdf)
    label = _UNSAFE.sub("?", receipt_id)[:_LONGEST_LABEL].encode()
    return _TYPES[kind], make(label)


def _pdf(label: bytes) -> bytes:
    text = b"BT /F1 18 Tf 40 700 Td (Receipt %b) Tj ET" % label
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 %b >> >> >>"
        % b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
    )
    body, offsets = b"%PDF-1.4\n", list[int]()
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, rows)
    return (
        body
        + table
        + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            len(objects) + 1,
            len(body),
        )
    )


def _png(label: bytes) -> bytes:
    """Sixteen by sixteen grey pixels that spell the label's digest, and the label in a text chunk."""
    digest = hashlib.sha256(label).digest()
    rows = b"".join(b"\0" + digest[:16] for _ in range(16))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Comment\0" + label),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _jpeg(label: bytes) -> bytes:
    """Markers only, with the label as a comment: enough for whoever looks at the type."""
    jfif = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return b"\xff\xd8" + jfif + b"\xff\xfe" + struct.pack(">H", len(label) + 2) + label + b"\xff\xd9"


def _error(status: int, code: str, message: str, headers: Headers = ()) -> Answer:
    return Refusal(status, code, message, headers=headers).answer("files")


__all__ = ["Files", "sample"]
