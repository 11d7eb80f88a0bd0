"""What faults make of an answer: another status, a body that cannot be read, or one of tomorrow's."""

from __future__ import annotations

from collections.abc import Callable
from http.client import responses
from typing import Final

import attrs
import msgspec

from .answers import Answer, Dialect, Refusal
from .faults import Fault

_CODES: Final = {
    400: "INVALID_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    429: "TOO_MANY_REQUESTS",
}
_CONSTANTS: Final = ("type", "expense_type", "status", "payment_status", "accountType", "error_code")
_NONE: Final = msgspec.Raw(b"")

_Members = dict[str, msgspec.Raw]

# Raw is JSON text that is not looked at, so that numbers keep their digits.
_object = msgspec.json.Decoder(_Members).decode
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def shape(fault: Fault, answer: Answer, *, dialect: Dialect) -> Answer:
    """Give an answer the shape that a fault wants; faults of the connection leave it as it is.

    An answer in which there is nothing to spoil, such as the file of a receipt, stays as it is too.

    Args:
        fault: What is to happen.
        answer: The answer as it was meant.
        dialect: Whose words errors are written in.
    """
    match fault.effect:
        case "status":
            code = fault.code or _CODES.get(fault.status, "INVALID_REQUEST" if fault.status < 500 else "INTERNAL_ERROR")
            refusal = Refusal(fault.status, code, fault.message or "The fault plan of the emulator wants it so.")
            return _refused(answer, fault, refusal, dialect)
        case "expired_token":
            refusal = Refusal(401, "UNAUTHORIZED", "The access token has expired.")
            return _refused(answer, fault, refusal, dialect)
        case "html":
            title = f"{fault.status} {responses.get(fault.status, 'Unknown')}"
            page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
            return _replaced(answer, fault, fault.status, page.encode(), "text/html; charset=utf-8")
        case "bad_json":
            return _replaced(answer, fault, 200, b'{"items": [{"id": ')
        case "empty":
            return _replaced(answer, fault, 200, b"")
        case "wrong_page":
            return _spoilt(answer, _without_items(answer.body))
        case effect if effect in _CHANGES:
            return _spoilt(answer, _changed(answer.body, _CHANGES[effect]))
        case _:
            return answer


def _refused(answer: Answer, fault: Fault, refusal: Refusal, dialect: Dialect) -> Answer:
    said = refusal.answer(dialect)
    return _replaced(answer, fault, refusal.status, said.body, said.headers[0][1])


def _replaced(answer: Answer, fault: Fault, status: int, body: bytes, content_type: str = "application/json") -> Answer:
    kept = [pair for pair in answer.headers if pair[0] not in ("content-type", "retry-after")]
    headers = [("content-type", content_type), *kept]
    if fault.retry_after is not None:
        headers.append(("retry-after", _seconds_or_date(fault.retry_after)))
    return attrs.evolve(answer, status=status, body=body, headers=tuple(headers), frame=None, listed=False, records=())


def _seconds_or_date(value: float | str) -> str:
    # Six places and never an exponent; whole seconds without any.
    return value if isinstance(value, str) else f"{value:f}".rstrip("0").rstrip(".")


def _spoilt(answer: Answer, body: bytes) -> Answer:
    return attrs.evolve(answer, body=body, frame=None)


def _read(text: bytes) -> _Members | list[msgspec.Raw] | None:
    """An object or an array, one level deep; None for other JSON and for what is no JSON."""
    try:
        return _object(text) if text.lstrip()[:1] == b"{" else _array(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _without_items(text: bytes) -> bytes:
    found = _read(text)
    if isinstance(found, dict) and "items" in found:
        return _encode({**found, "items": {}})
    return text if found is None else _encode([found] if isinstance(found, dict) else {"items": {}})


def _changed(text: bytes, change: Callable[[_Members], None]) -> bytes:
    """Change the first item of a page or an array, or the object where there is none; the rest keeps its text."""
    found = _read(text)
    if isinstance(found, list) and found:
        found[0] = msgspec.Raw(_changed(bytes(found[0]), change))
    elif isinstance(found, dict):
        items = _read(bytes(found["items"])) if "items" in found else None
        if isinstance(items, list) and items:
            found["items"] = msgspec.Raw(_changed(bytes(found["items"]), change))
        else:
            change(found)
    return text if found is None else _encode(found)


def _change_type(members: _Members) -> None:
    # An id is required wherever there is one; where there is none, a member that is not null comes next.
    name = "id" if "id" in members else next((name for name, value in members.items() if bytes(value) != b"null"), None)
    if name is not None:
        is_object = bytes(members[name]).startswith(b"{")
        members[name] = msgspec.Raw(b'"unexpected"' if is_object else b'{"unexpected":true}')


def _halve_character(members: _Members) -> None:
    if "memo" in members and bytes(members["memo"]) == b"null":
        members["memo"] = msgspec.Raw(b'""')
    texts = [name for name, value in members.items() if bytes(value).startswith(b'"')]
    # Free text is where it would happen; ids come last, so that the object can be told from others.
    texts.sort(key=lambda name: (name not in ("memo", "message"), name.endswith("id")))
    if texts:
        members[texts[0]] = msgspec.Raw(bytes(members[texts[0]])[:-1] + b'\\ud800"')


def _add_constant(members: _Members) -> None:
    name = next((name for name in _CONSTANTS if bytes(members.get(name, _NONE)).startswith(b'"')), None)
    if name is not None:
        members[name] = msgspec.Raw(b'"ADDED_IN_ALPHA"')


def _add_member(members: _Members) -> None:
    members["added_in_alpha"] = msgspec.Raw(b'{"value":1.50}')


_CHANGES: Final = {
    "wrong_schema": _change_type,
    "lone_surrogate": _halve_character,
    "unknown_enum": _add_constant,
    "unknown_field": _add_member,
}


__all__ = ["shape"]
