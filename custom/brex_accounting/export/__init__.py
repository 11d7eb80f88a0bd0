"""The main job: every record into the ledger, exactly once, and its outcome reported to Brex.

Names are imported from their modules when they are first used: a worker does not pay for the parts that it leaves out.
"""

from typing import TYPE_CHECKING

from ..exports import on_demand

if TYPE_CHECKING:
    from .beancount import BeancountLedger
    from .comparing import Difference, DifferenceKind
    from .erp import (
        Amends,
        Attaches,
        Erp,
        LedgerEntry,
        ListsEntries,
        Outcome,
        Pending,
        Posted,
        Previews,
        ReceiptFile,
        Rejected,
        Repeats,
        Validates,
    )
    from .events import ExportEvent, ExportPaused, ExportProgress, ExportResumed, OnExportEvent, RunEnded
    from .journal import Change, Count, Entry, Event, Journal
    from .loop import ExportLoop
    from .plan_summary import PlanAction, PlanItem, PlanSummary
    from .planning import plan
    from .policy import ExportPolicy
    from .posting import Posting
    from .reconciliation import Reconciliation, Totals, reconcile
    from .record_types import RECORD_TYPES, RecordType
    from .resolving import Resolution
    from .sqlite_journal import SqliteJournal
    from .states import MOVES, State
    from .summary import Attention, RunSummary

_HOMES = {
    "beancount": ("BeancountLedger",),
    "comparing": ("Difference", "DifferenceKind"),
    "erp": (
        "Amends",
        "Attaches",
        "Erp",
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
    ),
    "events": ("ExportEvent", "ExportPaused", "ExportProgress", "ExportResumed", "OnExportEvent", "RunEnded"),
    "journal": ("Change", "Count", "Entry", "Event", "Journal"),
    "loop": ("ExportLoop",),
    "policy": ("ExportPolicy",),
    "plan_summary": ("PlanAction", "PlanItem", "PlanSummary"),
    "planning": ("plan",),
    "posting": ("Posting",),
    "reconciliation": ("Reconciliation", "Totals", "reconcile"),
    "record_types": ("RECORD_TYPES", "RecordType"),
    "resolving": ("Resolution",),
    "sqlite_journal": ("SqliteJournal",),
    "states": ("MOVES", "State"),
    "summary": ("Attention", "RunSummary"),
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
    "Attention",
    "BeancountLedger",
    "Change",
    "Count",
    "Difference",
    "DifferenceKind",
    "Entry",
    "Erp",
    "Event",
    "ExportEvent",
    "ExportLoop",
    "ExportPaused",
    "ExportPolicy",
    "ExportProgress",
    "ExportResumed",
    "Journal",
    "LedgerEntry",
    "ListsEntries",
    "OnExportEvent",
    "Outcome",
    "Pending",
    "PlanAction",
    "PlanItem",
    "PlanSummary",
    "Posted",
    "Posting",
    "Previews",
    "ReceiptFile",
    "Reconciliation",
    "RecordType",
    "Rejected",
    "Repeats",
    "Resolution",
    "RunEnded",
    "RunSummary",
    "SqliteJournal",
    "State",
    "Totals",
    "Validates",
    "plan",
    "reconcile",
]
