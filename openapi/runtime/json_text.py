"""JSON text that msgspec will not read: exact numbers, no NaN, and broken characters repaired instead of fatal."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from typing import Any

from .errors import Undecodable
from .shape import is_list, is_object

_TOO_DEEP = "no JSON: nested too deeply"
_LONG = 4000  # Python refuses to read an int of more than 4,300 digits
_ESCAPED_SURROGATE = re.compile(r"\\u[Dd][89A-Fa-f]")
_SURROGATES = re.compile("[\ud800-\udfff]+")


def parse_json(data: bytes) -> tuple[Any, bool]:
    """Read JSON with exact numbers, repairing broken text; tell whether anything was repaired.

    What is no number but written as one (NaN, or an exponent beyond all bounds) comes as a Decimal that is not finite,
    so that it is refused at its place, and only where a model knows that place.

    Raises:
        Undecodable: The bytes are no JSON.
    """
    text, whole = _text(data)
    value, reason = _parsed(text)
    if reason is not None:
        # Raised out here: within an except block the error would carry json's, and that one carries the whole text.
        raise Undecodable(path="$", reason=reason, content=data)
    if whole and _ESCAPED_SURROGATE.search(text) is None:
        return value, False  # the usual case, and the walk below takes longer than all of the above
    try:
        repaired = repair(value)
    except RecursionError:
        repaired, reason = None, _TOO_DEEP
    if reason is not None:
        raise Undecodable(path="$", reason=reason, content=data)
    return repaired, repaired is not value


def _parsed(text: str) -> tuple[Any, str | None]:
    """The value in a text, or why there is none."""
    for decoder in (_quick_decoder(), _patient_decoder()):
        try:
            return decoder.decode(text), None
        except json.JSONDecodeError as error:
            return None, f"no JSON: {error.msg} at character {error.pos}"
        except RecursionError:
            return None, _TOO_DEEP
        except (ValueError, ArithmeticError):
            continue  # a number that int or Decimal does not take
    return None, "no JSON: a number that cannot be held"


def readable(data: bytes) -> str:
    """The text of a body in which every broken byte stands as a lone surrogate, so that it can be turned back."""
    return _text(data)[0]


def _text(data: bytes) -> tuple[str, bool]:
    """The text, and whether no byte of it was broken."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff"), True
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff"), False


@cache
def _quick_decoder() -> json.JSONDecoder:
    """Python's own JSON reader with exact numbers; bare control characters in strings may stand."""
    return json.JSONDecoder(parse_float=Decimal, parse_constant=Decimal, strict=False)


@cache
def _patient_decoder() -> json.JSONDecoder:
    """The same for numbers that int or Decimal refuse."""
    return json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=Decimal, strict=False)


def _number(text: str) -> int | Decimal:
    try:
        return int(text) if text.lstrip("-").isdigit() and len(text) < _LONG else Decimal(text)
    except ArithmeticError:
        return Decimal("NaN")


def repair(value: Any) -> Any:
    """Replace surrogate halves in all strings; the very same object comes back where there are none."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value) if _SURROGATES.search(value) else value
    if is_list(value):
        mended = [repair(item) for item in value]
        return mended if any(new is not old for new, old in zip(mended, value, strict=True)) else value
    if is_object(value):
        fixed = {repair(key): repair(item) for key, item in value.items()}
        same = all(new is old for new, old in zip(fixed, value, strict=False)) and all(
            new is old for new, old in zip(fixed.values(), value.values(), strict=False)
        )
        return value if same and len(fixed) == len(value) else fixed
    return value


__all__ = ["parse_json", "readable", "repair"]
