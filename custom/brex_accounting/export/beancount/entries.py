"""Postings as transactions of the books, digit by digit, and why some cannot be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from attrs import frozen

from brex_accounting_client.models import AccountingRecordLineItem, Amount, LineItemType

from ..erp import Rejected
from ..posting import Posting, flaw
from .booked import BookedEntry, checksum, said
from .mapping import AccountMapping, NoAccount
from .syntax import (
    MOST_DIGITS,
    MOST_PRICED_DIGITS,
    are_short,
    digits,
    is_currency,
    is_link,
    number,
    quoted,
    sayable,
)

_DEBIT: Final = LineItemType.DEBIT
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS: Final = [first + second for first in _BASE32 for second in _BASE32]
_PLAIN: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
_PRICED: Final = ("Expenses:", "Income:")
"""Accounts whose lines are booked in the currency that was paid in; what others hold is what was settled."""


@frozen(kw_only=True)
class Transaction:
    """A transaction as it is written.

    Attributes:
        text: Its lines.
        accounts: Those that it touches, one for each leg.
        currencies: What is booked on each of them.
        said_key: The key of the entry that it books, as the text says it; None where it takes one back.
        said_hash: The hash of its content, as the text says it.
        reference: What the entry is called.
    """

    text: str
    accounts: tuple[str, ...]
    currencies: tuple[str, ...] = ()
    said_key: str | None = None
    said_hash: str = ""
    reference: str = ""


def reference_of(key: str) -> str:
    """What an entry is called in the books: always the same for a key, and always a valid link.

    Args:
        key: The entry's key.
    """
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
    # Base32 of the first 65 bits, ten bits at a time: base64.b32encode takes thrice as long.
    bits = int.from_bytes(digest[:9], "big") >> 7
    return "JE-" + "".join(
        [
            _PAIRS[bits >> 55],
            _PAIRS[bits >> 45 & 1023],
            _PAIRS[bits >> 35 & 1023],
            _PAIRS[bits >> 25 & 1023],
            _PAIRS[bits >> 15 & 1023],
            _PAIRS[bits >> 5 & 1023],
            _BASE32[bits & 31],
        ]
    )


def transaction(posting: Posting, mapping: AccountMapping) -> Transaction | Rejected:
    """The transaction for a posting, or why there is none.

    Args:
        posting: What to book.
        mapping: Which accounts to book it to.
    """
    record, lines = posting.record, posting.record.line_items
    refused = _refused(posting, lines, mapping)
    if refused is not None:
        return refused
    record_type = str(record.type)
    accounts: list[str] = []
    for line in lines:
        account = mapping.account_of(line, record_type)
        if isinstance(account, NoAccount):
            return _no_account(account, record_type, line)
        accounts.append(account)
    priced = _priced(lines, accounts, mapping)
    # Whole numbers let Beancount infer no tolerance, and a price divides and multiplies.
    settled_in = {lines[place].amount.currency for place, has_price in enumerate(priced) if has_price}
    legs: list[str] = []
    currencies: list[str] = []
    texts: list[str] = []
    for line, account, has_price in zip(lines, accounts, priced, strict=True):
        least = 2 if settled_in and line.amount.currency in settled_in else 0
        currency, leg, text = _leg(line, account, has_price=has_price, least=least)
        legs.append(leg)
        currencies.append(currency)
        texts += text, _metadata(line, mapping)
    reference, said_key, said_hash = reference_of(posting.key), sayable(posting.key), sayable(posting.content_hash)
    parts = [
        f"{posting.date.isoformat()} * {_strings(posting)}{_links(record.id, reference)}\n",
        _facts(posting, said_key, said_hash),
        f'  brex-legs: "{checksum(legs)}"\n',
        *texts,
    ]
    return Transaction(
        text="".join(parts),
        accounts=tuple(accounts),
        currencies=tuple(currencies),
        said_key=said_key,
        said_hash=said_hash,
        reference=reference,
    )


def not_allowed(made: Transaction, allowed: Mapping[str, frozenset[str]]) -> Rejected | None:
    """Why the books do not take a transaction: one of their accounts is opened for other currencies only.

    Args:
        made: The transaction.
        allowed: What may be booked on accounts that are opened for some currencies only.
    """
    if not allowed:
        return None
    for account, currency in zip(made.accounts, made.currencies, strict=True):
        if currency not in allowed.get(account, (currency,)):
            message = (
                f"The books open {account} for {', '.join(sorted(allowed[account]))} only: "
                f"add {currency} there, or map these lines to another account."
            )
            return Rejected(message, code=f"currency-not-allowed:{account}")
    return None


def reversal(booked: BookedEntry, posting: Posting) -> Transaction:
    """The transaction that takes back what stands in the books.

    Args:
        booked: The version that is to be taken back.
        posting: The one that takes its place.
    """
    parts = [
        f"{posting.date.isoformat()} * {booked.strings}{_links(posting.record.id, reference_of(posting.key))}\n",
        _facts(posting, sayable(posting.key), booked.content_hash),
        "  brex-reverses: TRUE\n",
    ]
    for leg in booked.legs:
        price = "" if leg.total is None else f" @@ {leg.total:f} {leg.total_currency}"
        # Not with a minus sign: that would round.
        units = leg.units.copy_negate() if leg.units else leg.units
        parts.append(f"  {leg.account}  {units:f} {leg.currency}{price}\n")
    accounts, currencies = (leg.account for leg in booked.legs), (leg.currency for leg in booked.legs)
    return Transaction(text="".join(parts), accounts=tuple(accounts), currencies=tuple(currencies))


def _refused(posting: Posting, lines: Sequence[AccountingRecordLineItem], mapping: AccountMapping) -> Rejected | None:
    # The sum is only taken where it is of a reasonable size.
    if not are_short([line.amount.amount for line in lines]) and _have_too_many_digits(lines):
        message = f"The amounts have more than {MOST_DIGITS} digits together, which Beancount would round."
        return Rejected(message, code="too-many-digits")
    found = flaw(posting.record)
    if found is not None:
        uneven = found.startswith("debits and credits differ")
        return Rejected(f"This is no entry: {found}.", code="unbalanced" if uneven else "no-entry")
    for line in lines:
        if not is_currency(line.amount.currency):
            return Rejected("The currency of a line is no code that Beancount takes.", code="no-currency")
    if mapping.open_accounts and posting.date < mapping.open_date:
        message = f"Accounts are opened on {mapping.open_date}: set open_date in [ledger] before {posting.date}."
        return Rejected(message, code="before-open-date")
    return None


def _have_too_many_digits(lines: Sequence[AccountingRecordLineItem]) -> bool:
    amounts: dict[str, list[Decimal]] = {}
    for line in lines:
        amounts.setdefault(line.amount.currency, []).append(line.amount.amount)
    return any(digits(some) > MOST_DIGITS for some in amounts.values())


def _no_account(missing: NoAccount, record_type: str, line: AccountingRecordLineItem) -> Rejected:
    if missing.value is None:
        side = str(line.type).lower()
        message = f"A {side} line of {record_type} has no account: choose one in Brex, or set {side} in [default]."
        return Rejected(message, code=_code(f"{record_type}.{side}"))
    message = f"No account is known for the value {missing.value}: name it in [accounts]."
    return Rejected(message, code=_code(missing.value))


def _code(what: str) -> str:
    """Codes are kept and shown where free text must not be."""
    return f"no-account:{what}" if _PLAIN.fullmatch(what) else "no-account"


def _strings(posting: Posting) -> str:
    record = posting.record
    memo = quoted(record.memo or "")
    return memo if record.vendor is None else f"{quoted(record.vendor.name)} {memo}"


def _links(record_id: str, reference: str) -> str:
    link = f" ^{record_id}" if is_link(record_id) else ""
    return f"{link} ^{reference}"


def _facts(posting: Posting, said_key: str, said_hash: str) -> str:
    key = quoted(said_key)
    record = key if posting.record.id == posting.key else quoted(sayable(posting.record.id))
    return (
        f"  brex-record: {record}\n  brex-key: {key}\n  brex-type: {quoted(str(posting.record.type))}\n"
        f"  brex-hash: {quoted(said_hash)}\n"
    )


def _priced(lines: Sequence[AccountingRecordLineItem], accounts: Sequence[str], mapping: AccountMapping) -> list[bool]:
    """Which lines are booked in the currency that was paid in."""
    originals = [line.original_amount for line in lines]
    if not mapping.prices or originals.count(None) == len(originals):
        return [False] * len(originals)
    found = [
        original is not None and _priceable(line.amount, original, account)
        for line, original, account in zip(lines, originals, accounts, strict=True)
    ]
    for currency in {line.amount.currency for line, has_price in zip(lines, found, strict=True) if has_price}:
        places = [place for place, line in enumerate(lines) if line.amount.currency == currency]
        amounts = [lines[place].amount.amount for place in places]
        if not are_short(amounts) and digits(amounts) > MOST_PRICED_DIGITS:
            found = [has_price and place not in places for place, has_price in enumerate(found)]
        elif all(found[place] for place in places):
            # Beancount infers its tolerance from what is booked in a currency, and not from prices.
            found[places[-1]] = False
    return found


def _priceable(settled: Amount, original: Amount, account: str) -> bool:
    # Beancount divides a total price by its units: without any it has none.
    return (
        account.startswith(_PRICED)
        and original.currency != settled.currency
        and _is_writable(original)
        and settled.amount > 0
        and original.amount > 0
    )


def _is_writable(original: Amount) -> bool:
    amounts = [original.amount]
    return is_currency(original.currency) and (are_short(amounts) or digits(amounts) <= MOST_PRICED_DIGITS)


def _leg(line: AccountingRecordLineItem, account: str, *, has_price: bool, least: int) -> tuple[str, str, str]:
    """What a leg is booked in, what it books, and its text."""
    money, original = line.amount, line.original_amount
    amount, currency = money.amount, money.currency
    is_credit = line.type is not _DEBIT and bool(amount)
    sign = "-" if is_credit else ""
    settled = f"{number(amount, currency, least=least)} {currency}"
    if has_price and original is not None:
        units = original.amount.copy_negate() if is_credit else original.amount
        first = f"{number(original.amount, original.currency)} {original.currency}"
        leg = said(account, units, original.currency, amount, currency)
        return original.currency, leg, f"  {account}  {sign}{first} @@ {settled}\n"
    leg = said(account, amount.copy_negate() if is_credit else amount, currency)
    text = f"  {account}  {sign}{settled}\n"
    if original is None or original == money:
        return currency, leg, text
    if _is_writable(original):
        noted = f"{number(original.amount, original.currency)} {original.currency}"
    else:
        noted = quoted(f"{original.amount} {original.currency}")
    return currency, leg, f"{text}    original: {noted}\n"


def _metadata(line: AccountingRecordLineItem, mapping: AccountMapping) -> str:
    parts: list[str] = []
    for key, wanted in mapping.metadata.items():
        for value in line.accounting_field_values:
            if wanted in (value.remote_field_id, value.brex_field_id):
                remote = value.remote_field_value_id
                parts.append(f"    {key}: {quoted(value.brex_field_value_id if remote is None else remote)}\n")
                break
    if line.memo:
        parts.append(f"    memo: {quoted(line.memo)}\n")
    return "".join(parts)


__all__ = ["Transaction", "reference_of", "reversal", "transaction"]
