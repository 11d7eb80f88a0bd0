"""What ERP doubles keep, for tests to look at."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs

# A clock that counts in floats may come to an instant a hair too early.
TICK = 0.001


class ErpDown(Exception):
    """What the doubles raise; it is no error of this package, as those of adapters are not."""


@attrs.define
class Document:
    """An entry as an ERP holds it.

    Attributes:
        key: The key that it was posted with.
        reference: Its id.
        debits: The sum of its debit lines in each currency.
        date: The day that it is posted under.
        visible: From when on a search gives it, on the clock of the double.
        pending: Whether it is still to be approved.
        content_hash: Of the posting.
        receipts: Ids of the receipts that hang on it, one for each time that one was attached.
        amended: How often it was changed.
        edited: Whether somebody has changed its lines by hand; None where nobody can tell.
    """

    key: str
    reference: str
    debits: Mapping[str, Decimal]
    date: datetime.date
    visible: float = 0.0
    pending: bool = False
    content_hash: str = ""
    receipts: list[str] = attrs.field(factory=list)
    amended: int = 0
    edited: bool | None = None


@attrs.define
class Books:
    """What several handles on one ERP share."""

    documents: list[Document] = attrs.field(factory=list)


def duplicates_in(documents: Sequence[Document]) -> list[str]:
    """Keys that more than one document has."""
    counted = Counter(document.key for document in documents)
    return sorted(key for key, count in counted.items() if count > 1)
