"""A delivery as it comes over HTTP, and whether it was signed with one of Brex's secrets.

Brex signs as Standard Webhooks does (https://developer.brex.com/guides/webhooks): ``Webhook-Signature`` holds, apart by
spaces, ``v1,`` and the base64 of an HMAC-SHA256 over ``{Webhook-Id}.{Webhook-Timestamp}.{raw body}``. While secrets are
being rotated there are two of both; one fit is enough.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn, cast

from attrs import field, frozen

from .errors import InvalidArgument, WebhookMalformed

WebhookHeaders = (
    Mapping[str, str] | Mapping[str, bytes] | Mapping[bytes, bytes] | Iterable[tuple[str | bytes, str | bytes]]
)
"""Header fields as web frameworks hold them: a mapping, or pairs as in an ASGI scope; names in any case."""

WebhookBody = bytes | bytearray | memoryview | str
"""The body of a request as it came."""

MOST_BODY_BYTES: Final = 1 << 20
"""A longer body is refused before anything is computed; 30,000 record ids fit in."""

MOST_SIGNATURES: Final = 16
"""Brex sends two at the most; each one costs a comparison."""

_LENGTHS: Final = {"webhook-id": 256, "webhook-timestamp": 12, "webhook-signature": 4096}
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_LEAST_KEY_BYTES: Final = 16

_PRINTABLE = re.compile(r"[ -~]+")
_ID = re.compile(r"[!-~]+")
_SECONDS = re.compile(r"[0-9]+")
# 32 bytes as standard base64. Signatures are compared as text: decoding would let several texts pass for one.
_SIGNATURE = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
_SECRET = re.compile(r"(?:whsec_)?([A-Za-z0-9+/_-]+)={0,2}")
_SURROGATE = re.compile("[\ud800-\udfff]")


# ---- secrets --------------------------------------------------------------------------------------------------------


class SigningKeys:
    """The keys that deliveries may be signed with.

    Args:
        keys: Any number; without one nothing is genuine.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def of(cls, secrets: Iterable[str]) -> SigningKeys:
        """The keys in a caller's secrets.

        Raises:
            InvalidArgument: There is none, or one cannot be used; the text names its place and never its value.
        """
        if isinstance(secrets, (str, bytes)) or not isinstance(secrets, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "secrets: expected a list of strings; put a single secret into a list"
            raise InvalidArgument(message)
        keys = [signing_key(secret, f"secrets[{index}]") for index, secret in enumerate(secrets)]
        if not keys:
            message = "secrets: expected at least one; GET /v1/webhooks/secrets gives them, one or two"
            raise InvalidArgument(message)
        return cls(keys)

    def signatures(self, signed: bytes, body: bytes) -> list[str]:
        """What each key makes of a delivery.

        Args:
            signed: What is signed before the body.
            body: The body.
        """
        found: list[str] = []
        for key in self._keys:
            code = hmac.new(key, signed, hashlib.sha256)
            code.update(body)
            found.append(base64.b64encode(code.digest()).decode("ascii"))
        return found

    def __repr__(self) -> str:
        return f"<{len(self._keys)} signing keys>"

    def __reduce__(self) -> NoReturn:
        message = "signing keys are secrets and do not travel"
        raise TypeError(message)


def signing_key(secret: Any, name: str) -> bytes:
    """The key in a secret as Brex gives it.

    Args:
        secret: Base64, with ``whsec_`` before it or not. Both alphabets, missing padding and blanks around it are
            taken, since they can only mean one key.
        name: What to call it in the error.

    Raises:
        InvalidArgument: It is none; the value is not repeated.
    """
    found = _SECRET.fullmatch(secret.strip()) if isinstance(secret, str) else None
    text = "" if found is None else found[1].translate({ord("-"): "+", ord("_"): "/"})
    # A length of 4n+1 is none of base64's.
    key = b"" if len(text) % 4 == 1 else base64.b64decode(text + "=" * (-len(text) % 4))
    if len(key) < _LEAST_KEY_BYTES:
        message = (
            f"{name}: expected base64 of at least {_LEAST_KEY_BYTES} bytes, with or without whsec_ before it; "
            "pass the secret as GET /v1/webhooks/secrets gives it"
        )
        raise InvalidArgument(message)
    return key


# ---- deliveries -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Delivery:
    """A delivery that looks like one. Until ``is_signed_with`` has said yes, nothing that it says is worth anything.

    Attributes:
        webhook_id: ``Webhook-Id``.
        timestamp: ``Webhook-Timestamp``, seconds of the epoch as they were written: they are signed as text.
        signatures: Those of ``Webhook-Signature`` that have the one version that is known.
        body: The body.
    """

    webhook_id: str
    timestamp: str
    signatures: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)

    @classmethod
    def read(cls, headers: WebhookHeaders, body: WebhookBody) -> Delivery:
        """Take a delivery from what a web framework has of it.

        Raises:
            InvalidArgument: These are no header fields, or no raw body.
            WebhookMalformed: A header field is missing, there twice, or not what a delivery has; or the body is too
                long.
        """
        fields = _fields(headers)
        raw = _raw(body)
        webhook_id, timestamp = _text(fields, "Webhook-Id", _ID), _text(fields, "Webhook-Timestamp", _SECONDS)
        if int(timestamp) > _LAST_SECOND:
            message = "Webhook-Timestamp: expected seconds of the epoch, and no later than the year 9999"
            raise WebhookMalformed(message)
        parts = _text(fields, "Webhook-Signature", _PRINTABLE).split()
        found = [match[1] for match in map(_SIGNATURE.fullmatch, parts) if match]
        if not found or len(parts) > MOST_SIGNATURES:
            message = (
                f"Webhook-Signature: expected from 1 to {MOST_SIGNATURES} signatures, and one of them v1 with 32 bytes "
                f"of base64; got {len(parts)}, {len(found)} of them so"
            )
            raise WebhookMalformed(message)
        return cls(webhook_id=webhook_id, timestamp=timestamp, signatures=tuple(found), body=raw)

    @property
    def sent_at(self) -> datetime.datetime:
        """When it was signed, as it says."""
        return datetime.datetime.fromtimestamp(int(self.timestamp), datetime.UTC)

    def is_signed_with(self, keys: SigningKeys) -> bool:
        """Whether any signature fits any key; it takes as long whichever they are."""
        fits = False
        for expected in keys.signatures(f"{self.webhook_id}.{self.timestamp}.".encode("ascii"), self.body):
            for signature in self.signatures:
                fits |= hmac.compare_digest(expected, signature)
        return fits


# ---- headers and body as they come ----------------------------------------------------------------------------------


def _fields(headers: Any) -> dict[str, set[Any]]:
    """The three fields of a delivery, and all values of each."""
    found: dict[str, set[Any]] = {name: set() for name in _LENGTHS}
    for pair in _pairs(headers):
        if not isinstance(pair, (tuple, list)) or len(cast("tuple[Any, ...]", pair)) != 2:
            message = "headers: expected pairs of names and values"
            raise InvalidArgument(message)
        name, value = cast("tuple[Any, Any]", pair)
        values = found.get(_plain(name).lower())
        if values is None or value is None:  # None is what .get() of a mapping says of what is not there
            continue
        if not isinstance(value, (str, bytes)):
            message = f"headers: expected the value of {_plain(name).title()} to be a str or bytes"
            raise InvalidArgument(message)
        values.add(_plain(value))
    return found


def _pairs(headers: Any) -> Iterable[Any]:
    items = getattr(headers, "items", None)  # not all headers that are mappings say so
    found: Iterable[Any] = cast("Any", items)() if callable(items) else headers
    if not hasattr(found, "__iter__") or isinstance(found, (str, bytes, bytearray, memoryview)):
        message = "headers: expected a mapping, or pairs of names and values"
        raise InvalidArgument(message)
    return found


def _plain(value: Any) -> str:
    """ASCII as text, and no text for everything else."""
    if isinstance(value, bytes):
        return value.decode("ascii") if value.isascii() else ""
    return value if isinstance(value, str) and value.isascii() else ""


def _text(fields: dict[str, set[Any]], name: str, shape: re.Pattern[str]) -> str:
    values, longest = fields[name.lower()], _LENGTHS[name.lower()]
    if not values:
        message = f"{name}: this header field is missing"
    elif len(values) > 1:
        message = f"{name}: this header field is there more than once, with different values"
    else:
        (value,) = values
        if len(value) <= longest and shape.fullmatch(value):
            return str(value)
        message = f"{name}: expected at most {longest} characters of ASCII, and no others than such a field has"
    raise WebhookMalformed(message)


def _raw(body: Any) -> bytes:
    if isinstance(body, str):
        if _SURROGATE.search(body):
            message = "body: text that was decoded with other bytes than UTF-8 in it; pass the raw body"
            raise WebhookMalformed(message)
        found = body.encode()
    elif isinstance(body, (bytes, bytearray, memoryview)):
        found = bytes(cast("bytes", body))
    else:
        message = f"body: expected bytes or str, got a {type(body).__name__}; pass the raw body, before it is parsed"
        raise InvalidArgument(message)
    if len(found) > MOST_BODY_BYTES:
        message = f"body: {len(found)} bytes, and no delivery has more than {MOST_BODY_BYTES}"
        raise WebhookMalformed(message)
    return found


__all__ = [
    "MOST_BODY_BYTES",
    "MOST_SIGNATURES",
    "Delivery",
    "SigningKeys",
    "WebhookBody",
    "WebhookHeaders",
    "signing_key",
]
