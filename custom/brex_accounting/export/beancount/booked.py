"""Transactions as they stand in the books, read back from their text.

It reads what the ledger writes, and what a bookkeeper may have made of it: other accounts and amounts, prices, a leg
whose amount is left to be worked out, comments, metadata. Lots at cost it does not.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from attrs import frozen

from ..posting import EXACT
from .syntax import meant, unquoted

_NUMBER: Final = r"[-+]?\d[\d,]*(?:\.\d*)?"
_CURRENCY: Final = r"[A-Z][A-Z0-9'._-]*"
_HEADER: Final = re.compile(r"(\d{4,})[-/](\d+)[-/](\d+)\s+(?:txn|[*!&#?%A-Z])\s*((?:\"(?:[^\\\"]|\\.)*\"\s*){0,2})")
_METADATA: Final = re.compile(r"\s+([a-z][a-zA-Z0-9_-]+):\s*(?:\"((?:[^\\\"]|\\.)*)\"|(\S*))")
_LEG: Final = re.compile(
    rf"\s+(?:[*!&#?%A-Z]\s+)?([^\s:;\"]+(?::[^\s:;\"]+)+)"
    rf"(?:\s+({_NUMBER})\s+({_CURRENCY})(?:\s+(@@?)\s+({_NUMBER})\s+({_CURRENCY}))?)?\s*(?:;.*)?"
)
_BESIDE: Final = re.compile(r"\s+(?:;|[#^]\S).*")

_LONG: Final = 100

_SCHEME: Final = "1"
"""Stands in front of each checksum: those of other schemes say nothing."""


class Unreadable(ValueError):
    """The text is not a transaction that can be read."""


@frozen
class Leg:
    """One leg.

    Attributes:
        account: Where it is booked.
        units: How much, with its sign.
        currency: Of what.
        total: The total price, never negative; None without one.
        total_currency: Its currency.
    """

    account: str
    units: Decimal
    currency: str
    total: Decimal | None = None
    total_currency: str | None = None

    @property
    def said(self) -> str:
        """What it books, in one spelling."""
        return said(self.account, self.units, self.currency, self.total, self.total_currency)

    @property
    def weight(self) -> tuple[Decimal, str]:
        """What it counts in the balance of its transaction, and in which currency."""
        if self.total is None or self.total_currency is None:
            return self.units, self.currency
        return (self.total.copy_negate() if self.units < 0 else self.total), self.total_currency


@frozen(kw_only=True)
class BookedEntry:
    """One transaction.

    Attributes:
        date: The day that it is booked on.
        strings: Payee and narration, as they stand there.
        said_key: The key of its entry, as the text says it.
        content_hash: Of the version that it books, or takes back.
        said_legs: The checksum of the legs that it was written with; empty where it says none.
        legs: Its legs.
    """

    date: datetime.date
    strings: str
    said_key: str
    content_hash: str
    said_legs: str
    legs: tuple[Leg, ...]

    @property
    def key(self) -> str:
        """The key of its entry."""
        return meant(self.said_key)

    @property
    def is_edited(self) -> bool | None:
        """Whether its legs are other than those that it was written with; None where it does not say which."""
        if not self.said_legs.startswith(f"{_SCHEME}:"):
            return None
        return self.said_legs != checksum(leg.said for leg in self.legs)


def said(
    account: str, units: Decimal, currency: str, total: Decimal | None = None, total_currency: str | None = None
) -> str:
    """What a leg books, in one spelling.

    Args:
        account: Where it is booked.
        units: How much, with its sign.
        currency: Of what.
        total: The total price; None without one.
        total_currency: Its currency.
    """
    price = "" if total is None else f" @@ {_plain(total)} {total_currency}"
    return f"{account} {_plain(units)} {currency}{price}"


def checksum(legs: Iterable[str]) -> str:
    """A checksum of what legs book, whatever their order.

    Args:
        legs: What ``said`` makes of each.
    """
    whole = "\n".join(sorted(legs))
    return f"{_SCHEME}:{hashlib.sha256(whole.encode()).hexdigest()[:20]}"


def read_entry(lines: Iterable[bytes]) -> BookedEntry:
    """Read a transaction.

    Args:
        lines: The file from its first line on; what follows it is not read.

    Raises:
        Unreadable: It is none of ours, or has what cannot be read.
    """
    try:
        return _read(lines)
    except (ArithmeticError, ValueError) as error:  # no date, or more digits than anybody has
        raise Unreadable from error


def _read(lines: Iterable[bytes]) -> BookedEntry:
    texts = (line.decode(errors="replace").rstrip("\r\n") for line in lines)
    header = _HEADER.match(next(texts, ""))
    if header is None:
        raise Unreadable
    facts: dict[str, str] = {}
    legs: list[Leg] = []
    elided: list[str] = []
    for text in texts:
        if not text.startswith((" ", "\t")) or not text.strip():
            break
        fact = _METADATA.match(text)
        if fact is not None:
            # The first one counts, wherever it stands: so they are found, too.
            facts.setdefault(fact[1], unquoted(fact[2]) if fact[3] is None else fact[3])
            continue
        if _BESIDE.fullmatch(text):
            continue
        leg = _LEG.fullmatch(text)
        if leg is None:
            raise Unreadable
        if leg[2] is None:
            elided.append(leg[1])
        else:
            legs.append(_leg(leg))
    year, month, day, strings = header.groups()
    return BookedEntry(
        date=datetime.date(int(year), int(month), int(day)),
        strings=strings.strip(),
        said_key=facts.get("brex-key", ""),
        content_hash=facts.get("brex-hash", ""),
        said_legs=facts.get("brex-legs", ""),
        legs=(*legs, *_worked_out(elided, legs)),
    )


def balances(entries: Iterable[BookedEntry]) -> Mapping[tuple[str, str], Decimal]:
    """What entries leave on each account in each currency, by weight; nothing where they cancel out.

    Args:
        entries: The entries.
    """
    sums: dict[tuple[str, str], Decimal] = {}
    for entry in entries:
        for leg in entry.legs:
            weight, currency = leg.weight
            place = leg.account, currency
            sums[place] = EXACT.add(sums.get(place, Decimal()), weight)
    return {place: amount for place, amount in sums.items() if amount}


def debits(entry: BookedEntry) -> dict[str, Decimal]:
    """The exact sums of the positive weights, by currency.

    Args:
        entry: The entry.
    """
    sums: dict[str, Decimal] = {}
    for leg in entry.legs:
        weight, currency = leg.weight
        if weight > 0:
            sums[currency] = EXACT.add(sums.get(currency, Decimal()), weight)
        else:
            sums.setdefault(currency, Decimal())
    return sums


def _leg(found: re.Match[str]) -> Leg:
    account, units, currency, at, price, price_currency = found.groups()
    amount = _number(units)
    if at is None:
        return Leg(account, amount, currency)
    total = _number(price)
    return Leg(
        account, amount, currency, total if at == "@@" else EXACT.multiply(amount.copy_abs(), total), price_currency
    )


def _worked_out(elided: list[str], legs: list[Leg]) -> list[Leg]:
    if not elided:
        return []
    if len(elided) > 1:
        raise Unreadable
    sums: dict[str, Decimal] = {}
    for leg in legs:
        weight, currency = leg.weight
        sums[currency] = EXACT.add(sums.get(currency, Decimal()), weight)
    return [Leg(elided[0], amount.copy_negate(), currency) for currency, amount in sums.items() if amount]


def _plain(amount: Decimal) -> str:
    text = str(amount)
    if "E" in text or len(text) > _LONG:
        return f"{amount.normalize(EXACT):f}" if amount else "0"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if amount else "0"


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


__all__ = ["BookedEntry", "Leg", "Unreadable", "balances", "checksum", "debits", "read_entry", "said"]
