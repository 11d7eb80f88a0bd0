"""JSON text that msgspec will not read: exact numbers, no NaN, and broken characters repaired instead of fatal."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

from .errors import Undecodable
from .shape import is_list, is_object

_ESCAPED_SURROGATE = re.compile(r"\\u[Dd][89A-Fa-f]")
_SURROGATES = re.compile("[\ud800-\udfff]+")


def parse_json(data: bytes) -> tuple[Any, bool]:
    """Read JSON with exact numbers, repairing broken text; tell whether anything was repaired.

    Raises:
        Undecodable: The bytes are no JSON.
    """
    text, whole = _text(data)
    try:
        value = _json_decoder().decode(text)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Undecodable(path="$", reason=no_json(error), content=data) from None
    if whole and _ESCAPED_SURROGATE.search(text) is None:
        return value, False  # the usual case, and the walk below takes longer than all of the above
    repaired = repair(value)
    return repaired, repaired is not value


def readable(data: bytes) -> str:
    """The text of a body in which every broken byte stands as a lone surrogate, so that it can be turned back."""
    return _text(data)[0]


def _text(data: bytes) -> tuple[str, bool]:
    """The text, and whether no byte of it was broken."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff"), True
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff"), False


def no_json(error: Exception) -> str:
    """Say why text is no JSON, without any of the text."""
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg} at character {error.pos}"
    if isinstance(error, RecursionError):
        return "no JSON: nested too deeply"
    return "no JSON: a number that cannot be held"


@cache
def _json_decoder() -> json.JSONDecoder:
    """Python's own JSON reader with exact numbers and without NaN; bare control characters in strings may stand."""
    return json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant, strict=False)


def _refuse_constant(_: str) -> NoReturn:
    message = "NaN and infinities are no JSON"
    raise ValueError(message)


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


__all__ = ["no_json", "parse_json", "readable", "repair"]
