"""Beancount's language as far as the ledger writes it: strings, amounts, and which names it takes.

Written from the language's description (https://beancount.github.io/docs/beancount_language_syntax.html) and from what
its checker reads; nothing of Beancount itself is used.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, Inexact, InvalidOperation
from functools import lru_cache
from typing import Final

from ..posting import EXACT

MOST_DIGITS: Final = 26
"""Digits of the largest amount in a transaction: Beancount calculates in 28, and sums of lines need some more."""

MOST_PRICED_DIGITS: Final = 24
"""The same where there is a price: the last four are for what it rounds away when it divides and multiplies."""

ROOTS: Final = ("Assets", "Liabilities", "Equity", "Income", "Expenses")
"""What account names begin with, unless the books rename them."""

_DECIMALS: Final = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
"""Currencies whose minor unit is not a hundredth (ISO 4217)."""

_SHORT: Final = 10
_MANY: Final = 1_000_000

_STEPS: Final = {places: Decimal((0, (1,), -places)) for places in (0, 2, 3, 4)}

_CURRENCY: Final = re.compile(r"[A-Z][A-Z0-9'._-]*[A-Z0-9]")
_NO_CURRENCY: Final = frozenset({"TRUE", "FALSE", "NULL"})
_LINK: Final = re.compile(r"[A-Za-z0-9\-_/.]+")
_KEY: Final = re.compile(r"[a-z][a-zA-Z0-9\-_]+")

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u2028": "\\n", "\u2029": "\\n"}
_MEANINGS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b"}
_SPECIAL: Final = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_UNSAYABLE: Final = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SAID: Final = re.compile(r"\\u([0-9a-f]{4})")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def quoted(text: str) -> str:
    """A string as it stands in the file, on one line.

    Line ends and tabs are kept; Unicode's own line and paragraph ends, at which programs such as ``bean-format`` would
    break the line, become usual ones. Other control characters, and halves of surrogate pairs, become U+FFFD.

    Args:
        text: Any text.
    """
    if '"' in text or not _is_plain(text):
        text = _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)
    return f'"{text}"'


def _is_plain(text: str) -> bool:
    """Whether there is nothing in a text that ``quoted`` and ``sayable`` look for, except for quotes."""
    return text.isprintable() and "\\" not in text


def unquoted(inside: str) -> str:
    """What is meant by a string of the file.

    Args:
        inside: What stands between the quotes.
    """
    if "\\" not in inside:
        return inside
    return _ESCAPED.sub(lambda found: _MEANINGS.get(found[1], found[1]), inside)


def sayable(id_: str) -> str:
    """An id as a string of the books can hold it; different ids never become the same.

    Args:
        id_: Any text: what a string cannot hold, and backslashes, are written as their numbers.
    """
    return id_ if _is_plain(id_) else _UNSAYABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", id_)


def meant(said: str) -> str:
    """The id that ``sayable`` made this of."""
    return _SAID.sub(lambda found: chr(int(found[1], 16)), said) if "\\" in said else said


def number(amount: Decimal, currency: str, *, least: int = 0) -> str:
    """An amount digit by digit, with at least the decimals that its currency usually has; never rounded.

    Args:
        amount: The amount; ``digits`` tells beforehand whether it is of a reasonable size.
        currency: Its currency.
        least: How many decimals there are at least: none, or two.
    """
    places = _DECIMALS.get(currency, 2)
    places = max(places, least) if least else places
    text = str(amount)
    if len(text.partition(".")[2]) == places and "E" not in text:
        return text
    try:
        return f"{amount.quantize(_STEPS[places], context=EXACT):f}"
    except (Inexact, InvalidOperation):  # it has more decimals than usual
        text = f"{amount.normalize(EXACT):f}"
        # Of a currency without decimals it may have one only.
        whole, _, decimals = text.partition(".")
        return f"{whole}.{decimals.ljust(least, '0')}" if least else text


def are_short(amounts: Sequence[Decimal]) -> bool:
    """Whether ``digits`` of these, and of any of these, are within every limit; tells at a glance, and not always.

    Args:
        amounts: The amounts.
    """
    texts = [*map(str, amounts)]
    if max(map(len, texts), default=0) > _SHORT or len(texts) >= _MANY:
        return False
    # What is written in ten characters has 18 places between the first and the last, and less than a million 6 more.
    return "".join(texts).replace(".", "").isdigit()


def digits(amounts: Sequence[Decimal]) -> int:
    """How many digits a sum of these can have, from its first to the last place that any of them has."""
    top, bottom = 0, 0
    for amount in amounts:
        if not amount:
            continue
        top = max(top, amount.adjusted())
        exponent = int(amount.as_tuple().exponent)
        # Zeros at the end count only where there are too many digits with them.
        if top - exponent >= MOST_DIGITS:
            shown = "".join(map(str, amount.as_tuple().digits))
            exponent += len(shown) - len(shown.rstrip("0"))
        bottom = min(bottom, exponent)
    return top - bottom + len(str(len(amounts)))


@lru_cache(maxsize=256)
def is_currency(code: str) -> bool:
    """Whether a code can stand behind a number."""
    return _CURRENCY.fullmatch(code) is not None and code not in _NO_CURRENCY


def is_link(text: str) -> bool:
    """Whether a text can stand behind ``^``."""
    return _LINK.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether a text can be the key of metadata."""
    return _KEY.fullmatch(text) is not None


def is_account(name: str) -> bool:
    """Whether a name can be one of an account, such as ``Expenses:Software:Licenses``."""
    root, *parts = name.split(":")
    return root in ROOTS and bool(parts) and all(map(_is_part, parts))


def _is_part(part: str) -> bool:
    kinds = [unicodedata.category(character) for character in part]
    return (
        bool(kinds)
        and kinds[0] in ("Lu", "Nd")
        and all(kind[0] == "L" or kind == "Nd" or character == "-" for kind, character in zip(kinds, part, strict=True))
    )


__all__ = [
    "MOST_DIGITS",
    "MOST_PRICED_DIGITS",
    "ROOTS",
    "are_short",
    "digits",
    "is_account",
    "is_currency",
    "is_key",
    "is_link",
    "meant",
    "number",
    "quoted",
    "sayable",
    "unquoted",
]
