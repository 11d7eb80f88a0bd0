"""What an ERP has to do for the export loop, and what it may do.

A post is never repeated blindly. Whatever ``post`` raises means that nobody knows what has happened to the batch: the
loop then asks ``find``, and posts again only what the ERP does not have. Write an adapter so that these hold, and run
``brex_accounting.testing.ErpContract`` against it:

- what ``find`` gives for a key is in the books, for good;
- a key that ``find`` does not give, ``search_lag`` seconds after the last ``post`` with it has begun, is not in the
  books and will not come into them by itself;
- where ``repeats`` is ``"idempotent"``, a second ``post`` with a key that is in the books adds nothing and gives the
  first outcome again.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from attrs import field, frozen

from .posting import Posting

Repeats = Literal["idempotent", "searchable"]
"""What protects against posting twice: the ERP knows a key again, or it can be asked for one."""


@frozen
class Posted:
    """The entry is in the books.

    Attributes:
        reference: The entry's id in the ERP; it is reported to Brex as ``reference_id``.
        deep_link: A link that opens the entry there; it is reported as ``deep_link_url`` and kept nowhere.
        content_hash: ``Posting.content_hash`` of what was posted or amended last, where the ERP keeps it with the
            entry; None where it does not. Then a record that changed before its journal was lost, or between two
            attempts, is known to have changed; without it, what Brex shows is taken for what is in the books.
    """

    reference: str
    deep_link: str | None = field(default=None, repr=False)
    content_hash: str | None = None


@frozen
class Rejected:
    """The ERP will not take the entry as it is, and nothing of it is in the books.

    Attributes:
        message: Why, for people at the customer's: it is reported to Brex, and kept nowhere.
        code: The same for machines, such as ``no-account:6320``; it is kept in the journal and shown in reports, so it
            must not hold names or free text.
    """

    message: str = field(repr=False)
    code: str = field(default="rejected")


@frozen
class Pending:
    """The ERP has accepted the entry and will post it later, or after an approval; ``find`` gives it once it has.

    Attributes:
        reference: What the ERP calls it meanwhile.
    """

    reference: str


Outcome: TypeAlias = Posted | Rejected | Pending


@frozen(kw_only=True)
class LedgerEntry:
    """An entry as the books hold it, for reconciliation.

    Attributes:
        key: The key that it was posted with.
        reference: Its id in the ERP.
        date: The day that it is posted under; that of the newest version where it was amended.
        debits: The sum of its debit lines in each currency, as the books hold them now.
        content_hash: ``Posting.content_hash`` of what it was posted from, or amended to last; None where the ERP does
            not keep it.
        is_edited: Whether its lines in the books are other than those that were posted: another account, another
            amount, the sides swapped; None where the ERP cannot tell.
    """

    key: str
    reference: str
    date: datetime.date
    debits: Mapping[str, Decimal]
    content_hash: str | None = None
    is_edited: bool | None = None


@frozen(kw_only=True)
class ReceiptFile:
    """A receipt that was downloaded for ``attach``.

    Attributes:
        receipt_id: The receipt's id; attaching the same one again must change nothing.
        path: Where it is until ``attach`` returns.
        content_type: What Brex's file host said it is, None where it said nothing.
        size: Bytes.
        sha256: Of the content, in hexadecimal digits.
    """

    receipt_id: str
    path: Path
    content_type: str | None
    size: int
    sha256: str


@runtime_checkable
class Erp(Protocol):
    """What the loop needs of an ERP.

    Optional members, found by their names:

    - ``async validate(posting) -> Rejected | None``: tells before anything is posted what would be rejected;
      ``export plan`` uses it too. It must change nothing.
    - ``preview(posting) -> str``: the text of the entry as it would be posted; ``export plan`` shows it.
    - ``async amend(posting, posted) -> Posted | Rejected``: brings an entry that is in the books to the content of the
      posting. It is repeated after a crash, so the second time it must change nothing. Without it, a record that
      changed after it was posted waits for a person.
    - ``async attach(posting, receipt)``: attaches a ``ReceiptFile`` to an entry that is in the books.
    - ``mapping_version``: text that changes whenever the mapping does: what was rejected is then tried again.
    - ``list_entries() -> AsyncIterator[LedgerEntry]``: everything that was posted, for ``export reconcile``.

    """

    @property
    def repeats(self) -> Repeats:
        """What protects against posting twice; annotate an attribute of yours, ``repeats: Repeats = "searchable"``."""
        ...

    @property
    def search_lag(self) -> float:
        """Seconds after which ``find`` sees whatever a ``post`` that has begun brings about; 0 for at once."""
        ...

    @property
    def batch_size(self) -> int:
        """The most postings in one ``post``, and keys in one ``find``."""
        ...

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        """Put entries into the books.

        Args:
            postings: At most ``batch_size``, each key once.

        Returns:
            One outcome for each, in order.
        """
        ...

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        """The entries that are in the books.

        Args:
            keys: At most ``batch_size``.

        Returns:
            Those that are found, by key; never one that is only pending.
        """
        ...


@runtime_checkable
class Validates(Protocol):
    """An ERP that tells before a post what it would reject."""

    async def validate(self, posting: Posting) -> Rejected | None:
        """Why it would be rejected, None where nothing is known against it."""
        ...


@runtime_checkable
class Previews(Protocol):
    """An ERP that shows an entry before it is posted; it must change nothing."""

    def preview(self, posting: Posting) -> str:
        """The text of the entry, for people."""
        ...


@runtime_checkable
class Amends(Protocol):
    """An ERP that can change entries."""

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        """Bring an entry to the content of the posting."""
        ...


@runtime_checkable
class Attaches(Protocol):
    """An ERP that takes receipts."""

    async def attach(self, posting: Posting, receipt: ReceiptFile) -> None:
        """Attach a receipt to an entry."""
        ...


@runtime_checkable
class ListsEntries(Protocol):
    """An ERP whose entries can be walked over."""

    def list_entries(self) -> AsyncIterator[LedgerEntry]:
        """Everything that was posted."""
        ...


Factory: TypeAlias = Callable[[], Erp | Awaitable[Erp]]
"""What ``--erp python:module:name`` names on the command line."""

__all__ = [
    "Amends",
    "Attaches",
    "Erp",
    "Factory",
    "LedgerEntry",
    "ListsEntries",
    "Outcome",
    "Pending",
    "Posted",
    "Previews",
    "ReceiptFile",
    "Rejected",
    "Repeats",
    "Validates",
]
