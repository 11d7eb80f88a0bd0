"""Which account a line goes to: a small TOML file, read whole and checked before anything is posted.

::

    [ledger]
    prices = true                    # book what was bought in another currency in that one, at its total price
    open_accounts = true             # write an ``open`` directive for each account that has none in the file
    open_date = 1970-01-01           # what these are dated
    fava_url = "http://localhost:5000/books"    # deep links lead there
    operating_currency = "USD"       # what Fava shows totals in; said once, in the first block of books that do not

    [account]
    field = "account"                # remote_field_id, or brex_field_id, of the field that tells the account
    unmapped = "Expenses:Unmapped"   # for values that [accounts] does not name; without it they are rejected

    [accounts]
    "6320" = "Expenses:Software"     # remote_field_value_id, or brex_field_value_id

    [default]                        # for lines that have no value at all; without it they are rejected
    debit = "Expenses:Uncategorized"
    credit = "Liabilities:Brex"
    CARD_PAYMENT = { debit = "Liabilities:Brex" }   # the same for one type of record

    [metadata]                       # other fields of the lines
    department = "department"        # key in the books = remote_field_id, or brex_field_id
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from attrs import field, frozen

from brex_accounting_client.models import AccountingRecordLineItem, LineItemType

from ...errors import InvalidArgument
from ..record_types import RECORD_TYPES
from .syntax import ROOTS, is_account, is_currency, is_key

_LEDGER: Final = ("prices", "open_accounts", "open_date", "fava_url", "operating_currency")
_SIDES: Final = ("debit", "credit")
_TABLES: Final = ("ledger", "account", "accounts", "default", "metadata")
_TAKEN: Final = frozenset({"filename", "lineno", "memo", "original"})


@frozen
class NoAccount:
    """No account is known for a line.

    Attributes:
        value: The value of the line's account field that nobody has mapped; None where the line has none.
    """

    value: str | None


@frozen(kw_only=True)
class AccountMapping:
    """What a mapping says, checked.

    Attributes:
        account_field: The field that tells the account.
        accounts: The account of each of its values.
        unmapped: The account for other values, None to reject them.
        defaults: The account for lines without a value, by side, or by type of record and side.
        metadata: Fields that become metadata of a line, by its key.
        prices: Whether lines are booked in the currency that they were bought in.
        open_accounts: Whether ``open`` directives are written.
        open_date: What they are dated.
        fava_url: Where deep links lead, None for nowhere.
        operating_currency: What the books are told to be kept in, None for nothing.
        version: Changes whenever anything of it does.
    """

    account_field: str = "account"
    accounts: Mapping[str, str] = field(factory=dict[str, str])
    unmapped: str | None = None
    defaults: Mapping[str, str] = field(factory=dict[str, str])
    metadata: Mapping[str, str] = field(factory=dict[str, str])
    prices: bool = True
    open_accounts: bool = True
    open_date: datetime.date = datetime.date(1970, 1, 1)
    fava_url: str | None = None
    operating_currency: str | None = None
    version: str = ""

    def account_of(self, line: AccountingRecordLineItem, record_type: str) -> str | NoAccount:
        """The account that a line goes to.

        Args:
            line: The line.
            record_type: The type of its record.
        """
        wanted = self.account_field
        for value in line.accounting_field_values:
            if wanted in (value.remote_field_id, value.brex_field_id):
                remote, own = value.remote_field_value_id, value.brex_field_value_id
                found = (None if remote is None else self.accounts.get(remote)) or self.accounts.get(own)
                return found or self.unmapped or NoAccount(own if remote is None else remote)
        side = "debit" if line.type is LineItemType.DEBIT else "credit"
        return self.defaults.get(f"{record_type}.{side}") or self.defaults.get(side) or NoAccount(None)


def read_mapping(source: str | os.PathLike[str] | Mapping[str, Any] | None) -> AccountMapping:
    """Read and check a mapping.

    Args:
        source: The path of a TOML file, or what one holds; None for a mapping without any account.

    Raises:
        InvalidArgument: It cannot be read, or cannot be right; the text names file, key and remedy.
    """
    if source is None or isinstance(source, Mapping):
        return _Reader("mapping").read({} if source is None else source)
    path = Path(source)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        message = f"mapping: {path} cannot be read: {error.strerror}; pass the path of the TOML file with the accounts"
        raise InvalidArgument(message) from error
    except ValueError as error:  # no TOML, or no UTF-8
        message = f"mapping: {path} is no TOML: {error}"
        raise InvalidArgument(message) from error
    return _Reader(path.name).read(document)


class _Reader:
    """Checks one mapping; errors begin with where it is from."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, document: Mapping[str, Any]) -> AccountMapping:
        for table in document:
            if table not in _TABLES:
                self._refuse(str(table), f"there is no such table; there are {', '.join(_TABLES)}")
        ledger = self._table(document, "ledger", _LEDGER)
        account = self._table(document, "account", ("field", "unmapped"))
        unmapped = account.get("unmapped")
        url, currency = ledger.get("fava_url"), ledger.get("operating_currency")
        mapping: dict[str, Any] = {
            "account_field": self._text(account.get("field", "account"), "account.field", "the id of a field"),
            "unmapped": None if unmapped is None else self._account(unmapped, "account.unmapped"),
            "accounts": {
                str(value): self._account(name, f"accounts.{value}")
                for value, name in self._table(document, "accounts").items()
            },
            "defaults": self._defaults(self._table(document, "default")),
            "metadata": self._metadata(self._table(document, "metadata")),
            "prices": self._switch(ledger, "prices"),
            "open_accounts": self._switch(ledger, "open_accounts"),
            "open_date": self._date(ledger.get("open_date", datetime.date(1970, 1, 1)), "ledger.open_date"),
            "fava_url": None if url is None else self._url(url, "ledger.fava_url"),
            "operating_currency": None if currency is None else self._currency(currency, "ledger.operating_currency"),
        }
        text = json.dumps(mapping, sort_keys=True, default=str)
        return AccountMapping(**mapping, version=hashlib.sha256(text.encode()).hexdigest()[:16])

    def _table(self, document: Mapping[str, Any], name: str, keys: tuple[str, ...] | None = None) -> Mapping[str, Any]:
        table: Any = document.get(name, {})
        if not isinstance(table, Mapping):
            self._refuse(name, f"expected a table; write it as [{name}]")
        found = cast("Mapping[str, Any]", table)
        for key in found:
            if keys is not None and key not in keys:
                self._refuse(f"{name}.{key}", f"there is no such setting; there are {', '.join(keys)}")
        return found

    def _defaults(self, table: Mapping[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in table.items():
            if key in _SIDES:
                found[key] = self._account(value, f"default.{key}")
            elif key not in RECORD_TYPES:
                self._refuse(f"default.{key}", "expected debit, credit, or a type of record that Brex lists")
            elif not isinstance(value, Mapping):
                self._refuse(f"default.{key}", 'expected a table, such as { debit = "Expenses:Other" }')
            else:
                for side, name in cast("Mapping[str, Any]", value).items():
                    if side not in _SIDES:
                        self._refuse(f"default.{key}.{side}", "expected debit or credit")
                    found[f"{key}.{side}"] = self._account(name, f"default.{key}.{side}")
        return found

    def _metadata(self, table: Mapping[str, Any]) -> dict[str, str]:
        for key in table:
            if not is_key(key) or key in _TAKEN or key.startswith("brex-"):
                advice = "expected a lower-case letter, then letters, digits, - and _, and none of " + ", ".join(
                    [*sorted(_TAKEN), "brex-..."]
                )
                self._refuse(f"metadata.{key}", advice)
        return {key: self._text(value, f"metadata.{key}", "the id of a field") for key, value in table.items()}

    def _account(self, name: Any, key: str) -> str:
        if not isinstance(name, str) or not is_account(name):
            advice = (
                f"expected the name of an account: {', '.join(ROOTS[:-1])} or {ROOTS[-1]}, then parts behind colons, "
                "each with a capital letter or a digit first, and letters, digits and dashes behind it"
            )
            self._refuse(key, advice)
        return name

    def _text(self, value: Any, key: str, what: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self._refuse(key, f"expected {what}, as a string that is not empty")
        return value

    def _url(self, value: Any, key: str) -> str:
        if not isinstance(value, str) or not value.startswith(("http://", "https://")) or not value.isprintable():
            self._refuse(key, "expected the address of the ledger in Fava, such as http://localhost:5000/books")
        return value.rstrip("/")

    def _currency(self, value: Any, key: str) -> str:
        if not isinstance(value, str) or not is_currency(value):
            self._refuse(key, 'expected the code of a currency, such as "USD"')
        return value

    def _date(self, value: Any, key: str) -> datetime.date:
        if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
            self._refuse(key, "expected a date without quotes, such as 1970-01-01")
        return value

    def _switch(self, table: Mapping[str, Any], key: str) -> bool:
        value = table.get(key, True)
        if not isinstance(value, bool):
            self._refuse(f"ledger.{key}", "expected true or false")
        return value

    def _refuse(self, key: str, advice: str) -> NoReturn:
        message = f"{self._name}: {key}: {advice}"
        raise InvalidArgument(message)


__all__ = ["AccountMapping", "NoAccount", "read_mapping"]
