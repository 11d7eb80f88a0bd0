"""Events that webhooks deliver, and the proof that a delivery is Brex's and new. Nothing here waits or asks anybody.

The checks come in this order, and each has its own error:

1. ``InvalidArgument``: what the caller passed can never be right, such as a body that is parsed already.
2. ``WebhookMalformed``: headers that no delivery has. No secret would help.
3. ``WebhookNotGenuine``: no signature fits. What the delivery says, its age included, is worth nothing.
4. ``WebhookStale``: Brex's own, but old: somebody sends it again, or a clock is wrong.
5. ``WebhookMalformed``: a genuine body that cannot be read.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, NoReturn

from attrs import field, frozen

from brex_accounting_client.shape import is_list, is_object

from .checks import seconds
from .errors import InvalidArgument, WebhookMalformed, WebhookNotGenuine, WebhookStale
from .webhook_delivery import Delivery, SigningKeys, WebhookBody, WebhookHeaders

TOLERANCE: Final = 300.0
"""Seconds that a delivery may be off the clock. Brex does not say; Standard Webhooks takes this."""

_DEEPEST: Final = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


# ---- events ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class WebhookEvent:
    """A delivery that can be trusted.

    Deliveries repeat and come out of order: remember ``webhook_id`` to handle each one once.

    Attributes:
        event_type: What happened, such as ``ACCOUNTING_RECORD_READY_FOR_EXPORT``.
        webhook_id: ``Webhook-Id``, the same in all deliveries of one event.
        sent_at: When this delivery was signed, in UTC.
        company_id: The company that it is about, None where it names none; ``brex.company.get()`` tells one's own.
        raw: The body as it came. It may hold personal data.
    """

    event_type: str
    webhook_id: str
    sent_at: datetime.datetime
    company_id: str | None
    raw: bytes = field(repr=False)

    @property
    def payload(self) -> dict[str, Any]:
        """All members of the body, read anew each time; numbers with a fraction are Decimals."""
        return _read(self.raw)


@frozen(kw_only=True)
class AccountingRecordReadyForExport(WebhookEvent):
    """``ACCOUNTING_RECORD_READY_FOR_EXPORT``: records have reached READY_FOR_EXPORT.

    Attributes:
        company_id: The company that the records belong to.
        accounting_record_ids: The records, each once; there may be none.
    """

    company_id: str
    accounting_record_ids: tuple[str, ...]


@frozen(kw_only=True)
class UnknownWebhookEvent(WebhookEvent):
    """An event of another type; ``payload`` has its members."""


def verify_webhook(
    headers: WebhookHeaders,
    body: WebhookBody,
    secrets: Iterable[str],
    *,
    tolerance: float = TOLERANCE,
    now: datetime.datetime | None = None,
) -> WebhookEvent:
    """Make sure that a delivery is Brex's and new, and read it.

    Args:
        headers: The header fields of the request, names in any case; all but three of them are ignored.
        body: The body of the request, byte for byte as it came: JSON written anew has another signature.
        secrets: The secrets that ``GET /v1/webhooks/secrets`` gives; one fit is enough.
        tolerance: Seconds that the delivery may be older or newer than ``now``.
        now: The instant, the machine's clock by default.

    Returns:
        ``AccountingRecordReadyForExport``, or ``UnknownWebhookEvent`` for any other event.

    Raises:
        InvalidArgument: An argument cannot be right, whatever was delivered.
        WebhookMalformed: Headers or body are not what a delivery has.
        WebhookNotGenuine: No signature fits any of the secrets.
        WebhookStale: It is genuine, and was signed longer ago or later than ``tolerance`` allows.
    """
    keys = SigningKeys.of(secrets)
    tolerated = seconds(tolerance, "tolerance")
    instant = datetime.datetime.now(datetime.UTC) if now is None else _aware(now)
    delivery = Delivery.read(headers, body)
    if not delivery.is_signed_with(keys):
        raise not_genuine()
    return event_of(delivery, now=instant, tolerance=tolerated)


def not_genuine() -> WebhookNotGenuine:
    """The error of a delivery that no key fits."""
    return WebhookNotGenuine(
        "Webhook-Signature: no signature fits any of the secrets; somebody else sent this, the body is not as it came "
        "byte for byte, or the secrets are another account's"
    )


def _aware(now: Any) -> datetime.datetime:
    if not isinstance(now, datetime.datetime) or now.utcoffset() is None:
        message = "now: expected a datetime with a time zone, e.g. datetime.now(timezone.utc)"
        raise InvalidArgument(message)
    return now


# ---- what the body says ---------------------------------------------------------------------------------------------


def event_of(delivery: Delivery, *, now: datetime.datetime, tolerance: float) -> WebhookEvent:
    """What a genuine delivery says.

    Args:
        delivery: One that is signed with one of the secrets.
        now: The instant.
        tolerance: Seconds that it may be off.

    Raises:
        WebhookStale: It was signed before or after that.
        WebhookMalformed: The body cannot be read.
    """
    age = (now - delivery.sent_at).total_seconds()
    if abs(age) > tolerance:
        when = f"{age:.0f} s ago" if age > 0 else f"{-age:.0f} s in the future"
        message = (
            f"Webhook-Timestamp: signed {when}, and {tolerance:g} s are tolerated; "
            "this is an old delivery that somebody sends again, or one of the clocks is wrong"
        )
        raise WebhookStale(message)
    members = _read(delivery.body)
    event_type = _identifier(members.get("event_type"), "$.event_type")
    company_id, path = _either(members, "companyId", "company_id")
    if event_type == "ACCOUNTING_RECORD_READY_FOR_EXPORT":
        return AccountingRecordReadyForExport(
            event_type=event_type,
            webhook_id=delivery.webhook_id,
            sent_at=delivery.sent_at,
            company_id=_identifier(company_id, path),
            accounting_record_ids=_identifiers(*_either(members, "accountingRecordIds", "accounting_record_ids")),
            raw=delivery.body,
        )
    return UnknownWebhookEvent(
        event_type=event_type,
        webhook_id=delivery.webhook_id,
        sent_at=delivery.sent_at,
        company_id=None if company_id is None else _identifier(company_id, path),
        raw=delivery.body,
    )


def _malformed(path: str, reason: str) -> NoReturn:
    message = f"the body cannot be read at {path}: {reason}"
    raise WebhookMalformed(message)


def _read(body: bytes) -> dict[str, Any]:
    value, reason = _parsed(body)
    if reason is not None:  # raised out here: Python's own error holds the whole text
        _malformed("$", reason)
    if not is_object(value):
        _malformed("$", "expected an object")
    _check_values(value)
    return value


def _parsed(body: bytes) -> tuple[Any, str | None]:
    try:
        return json.loads(body.decode(), parse_float=Decimal, parse_constant=Decimal), None
    except UnicodeDecodeError as error:
        return None, f"no UTF-8 at byte {error.start}"
    except json.JSONDecodeError as error:
        return None, f"no JSON: {error.msg} at character {error.pos}"
    except RecursionError:
        return None, "nested too deeply"
    except (ValueError, ArithmeticError):
        return None, "a number that cannot be held"


def _check_values(value: dict[str, Any]) -> None:
    """Refuse what JSON cannot say, wherever it is: NaN, and halves of characters."""
    left: list[tuple[Any, str, int]] = [(value, "$", 1)]
    while left:
        found, path, depth = left.pop()
        if depth > _DEEPEST:
            _malformed("$", "nested too deeply")
        if is_object(found) and any(_SURROGATE.search(name) for name in found):
            _malformed(path, "half of a surrogate pair in a name")
        members: Iterable[tuple[Any, Any]] = found.items() if is_object(found) else enumerate(found)
        for name, member in members:
            if isinstance(member, str):
                if _SURROGATE.search(member):
                    _malformed(_below(path, name), "half of a surrogate pair")
            elif isinstance(member, Decimal):
                if not member.is_finite():
                    _malformed(_below(path, name), "not a finite number")
            elif is_object(member) or is_list(member):
                left.append((member, _below(path, name), depth + 1))


def _below(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name if _NAME.fullmatch(name) else '*'}"


def _either(members: dict[str, Any], name: str, other: str) -> tuple[Any, str]:
    """A member that events spell in two ways, and its path; None where it is not there."""
    values = [(members[each], f"$.{each}") for each in (name, other) if members.get(each) is not None]
    if len(values) == 2 and values[0][0] != values[1][0]:
        _malformed(f"$.{name}", f"contradicts $.{other}")
    return values[0] if values else (None, f"$.{name}")


def _identifier(value: Any, path: str) -> str:
    """A name or id: one line that may stand in a log."""
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or not value.isprintable():
        _malformed(path, "expected one line of 1 to 200 characters")
    return value


def _identifiers(values: Any, path: str) -> tuple[str, ...]:
    """Ids in their order, each once."""
    if not is_list(values):
        _malformed(path, "expected a list of ids")
    return tuple(dict.fromkeys(_identifier(value, f"{path}[{index}]") for index, value in enumerate(values)))


__all__ = [
    "TOLERANCE",
    "AccountingRecordReadyForExport",
    "UnknownWebhookEvent",
    "WebhookEvent",
    "event_of",
    "not_genuine",
    "verify_webhook",
]
