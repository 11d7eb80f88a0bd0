"""The main job: every record into the ledger, exactly once, and its outcome reported to Brex.

Names are imported from their modules when they are first used: a worker does not pay for the parts that it leaves out.
"""

from typing import TYPE_CHECKING

from ..exports import on_demand

if TYPE_CHECKING:
    from .erp import (
        Amends,
        Attaches,
        Erp,
        LedgerEntry,
        ListsEntries,
        Outcome,
        Pending,
        Posted,
        ReceiptFile,
        Rejected,
        Validates,
    )
    from .journal import Change, Count, Entry, Event, Journal
    from .policy import ExportPolicy
    from .posting import Posting
    from .record_types import RECORD_TYPES, RecordType
    from .states import MOVES, State

_HOMES = {
    "erp": (
        "Amends",
        "Attaches",
        "Erp",
        "LedgerEntry",
        "ListsEntries",
        "Outcome",
        "Pending",
        "Posted",
        "ReceiptFile",
        "Rejected",
        "Validates",
    ),
    "journal": ("Change", "Count", "Entry", "Event", "Journal"),
    "policy": ("ExportPolicy",),
    "posting": ("Posting",),
    "record_types": ("RECORD_TYPES", "RecordType"),
    "states": ("MOVES", "State"),
}

if not TYPE_CHECKING:  # or checkers would take any name for one of ours
    __getattr__ = on_demand(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "MOVES",
    "RECORD_TYPES",
    "Amends",
    "Attaches",
    "Change",
    "Count",
    "Entry",
    "Erp",
    "Event",
    "ExportPolicy",
    "Journal",
    "LedgerEntry",
    "ListsEntries",
    "Outcome",
    "Pending",
    "Posted",
    "Posting",
    "ReceiptFile",
    "RecordType",
    "Rejected",
    "State",
    "Validates",
]
