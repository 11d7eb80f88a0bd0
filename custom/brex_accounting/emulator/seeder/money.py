"""Money in whole minor units: exact text, exact splits, no float anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import attrs


@attrs.frozen
class Currency:
    """A currency.

    Args:
        name: Its code.
        code: The same, as bytes.
        unit: How many minor units make a major one: 1, 100 or 1000.
        worth: What a major unit is worth, in millionths of a US dollar.
    """

    name: str
    code: bytes
    unit: int
    worth: int


CURRENCIES: Final = {
    name: Currency(name, name.encode(), unit, worth)
    for name, unit, worth in (
        ("USD", 100, 1_000_000),
        ("EUR", 100, 1_084_500),
        ("GBP", 100, 1_268_300),
        ("CAD", 100, 731_200),
        ("CHF", 100, 1_121_900),
        ("SEK", 100, 95_400),
        ("INR", 100, 11_980),
        ("ILS", 100, 271_300),
        ("JPY", 1, 6_720),
        ("KRW", 1, 735),
        ("KWD", 1000, 3_251_000),
    )
}
USD: Final = CURRENCIES["USD"]


@attrs.frozen
class Price:
    """What something costs, and what it cost where it was bought in another currency.

    Args:
        minor: Amount in minor units, never negative.
        currency: Its currency.
        first: The original amount in minor units of its own currency, or None.
        first_currency: The currency of the original amount; that of the price where there is none.
    """

    minor: int
    currency: Currency
    first: int | None
    first_currency: Currency

    def share(self, parts: int, whole: int) -> Price:
        """That many parts of the whole, rounded down, but not down to nothing."""
        first = None if self.first is None else max(self.first * parts // whole, min(self.first, 1))
        return attrs.evolve(self, minor=max(self.minor * parts // whole, min(self.minor, 1)), first=first)

    def split(self, weights: Sequence[int]) -> list[Price]:
        """Parts that add up to this price, in both currencies."""
        minors = split(self.minor, weights)
        if self.first is None:
            return [Price(minor, self.currency, None, self.first_currency) for minor in minors]
        firsts = split(self.first, weights)
        return [
            Price(minor, self.currency, first, self.first_currency) for minor, first in zip(minors, firsts, strict=True)
        ]


def written(minor: int, currency: Currency, *, trimmed: bool = False) -> bytes:
    """An amount as a JSON number in major units, digit by digit.

    Args:
        minor: Amount in minor units.
        currency: Its currency.
        trimmed: Whether to leave out zeros at the end: 12.5 and 12 instead of 12.50 and 12.00.
    """
    unit = currency.unit
    if unit == 1:
        return b"%d" % minor
    if minor < 0:
        return b"-" + written(-minor, currency, trimmed=trimmed)
    text = (b"%d.%02d" if unit == 100 else b"%d.%03d") % divmod(minor, unit)
    return text.rstrip(b"0").rstrip(b".") if trimmed else text


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts in about these proportions that add up to the total.

    Args:
        total: Not negative.
        weights: At least one, all positive.
    """
    whole = sum(weights)
    parts: list[int] = []
    reached = done = 0
    for weight in weights:
        reached += weight
        upto = total * reached // whole
        parts.append(upto - done)
        done = upto
    return parts


def converted(minor: int, source: Currency, target: Currency, drift: int = 0) -> int:
    """The same value in another currency; something never becomes nothing.

    Args:
        minor: Amount in minor units of the source.
        source: From.
        target: To.
        drift: How far the day's rate is off, in ten thousandths.
    """
    if source is target:
        return minor
    value = minor * source.worth * target.unit * (10_000 + drift) // (source.unit * target.worth * 10_000)
    return max(value, 1) if minor else 0


_BANDS: Final = ((150, 4_000), (150, 4_000), (4_000, 30_000), (4_000, 30_000), (30_000, 400_000), (400_000, 9_000_000))
"""From and below, in US cents; one is as likely as another."""
_HUGE: Final = 8_765_432_109_876_543_210
"""In US cents: more digits than a float has, and still a 64-bit integer, as expenses want it."""


def drawn_price(random: Callable[[], float], paid: Currency, sold: Currency) -> Price:
    """A price: mostly an everyday one, at times nothing, the least there is, or a sum that no float can hold.

    Args:
        random: Numbers from 0 to below 1.
        paid: The currency that the buyer is billed in.
        sold: The currency that the seller sells in.
    """
    chance = random()
    if chance < 0.97:
        low, high = _BANDS[int(random() * len(_BANDS))]
        first = converted(low + int(random() * (high - low)), USD, sold)
        if chance > 0.7:
            first -= first % 50
    elif chance < 0.983:
        first = 0
    elif chance < 0.993:
        first = 1
    else:
        first = _HUGE - int(random() * 1_000_000_000) if sold is paid is USD else 100 * sold.unit
    if sold is paid:
        return Price(first, paid, None, paid)
    return Price(converted(first, sold, paid, int(random() * 300) - 150), paid, first, sold)


__all__ = ["CURRENCIES", "USD", "Currency", "Price", "converted", "drawn_price", "split", "written"]
