"""Attaching receipts to entries that are in the books: after the report, so that a file never holds up an export."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from brex_accounting_client.models import AccountingRecord

from ..errors import CallError, ClientStateError, ErpFailed, ReauthorizationRequired
from .erp import ReceiptFile
from .events import logger
from .journal import Change, Entry
from .posting import Posting, content_hash, posting_date
from .run import Run, growing
from .states import State

MISSING: Final = "receipts are not attached"
_PATIENCE: Final = 8
"""How often it is tried."""

_IN_A_ROW: Final = 3
"""After so many failures in a row the others are left to the next run: postings need the ERP more."""

_ROWS: Final = 20


async def attach(run: Run) -> int:
    """Attach the receipts that are owed and due.

    Args:
        run: The run.

    Returns:
        To how many entries receipts were attached.
    """
    done = failures = 0
    while not (run.is_stopping or run.erp_is_down) and run.erp.attaches and failures < _IN_A_ROW:
        rows = await run.claim(State.EXPORTED, limit=_ROWS)
        if not rows:
            break
        async with run.keeping(rows):
            shown, unreadable = await run.fresh([row.record_id for row in rows])
            for row in rows:
                record = shown.get(row.record_id)
                if record is not None:
                    change = await _attach(run, row, record)
                else:
                    change = _later(run, row) if row.record_id in unreadable else _settled(row, MISSING)
                await run.write(change)
                failures = 0 if not change.entry.receipts_owed else failures + 1
                done += not change.entry.receipts_owed
    return done


async def _attach(run: Run, row: Entry, record: AccountingRecord) -> Change:
    date = row.posting_date or posting_date(record)
    posting = Posting(key=row.key, record=record, date=date, content_hash=content_hash(record))
    try:
        with tempfile.TemporaryDirectory(prefix="receipts-") as folder:
            for number, receipt in enumerate(record.receipts or ()):
                if not receipt.download_uris:
                    continue
                saved = await run.brex.receipts.download(record.id, receipt.id, to=Path(folder) / str(number))
                file = ReceiptFile(
                    receipt_id=receipt.id,
                    path=Path(folder) / str(number),
                    content_type=saved.content_type,
                    size=saved.size,
                    sha256=saved.sha256,
                )
                await run.erp.attach(posting, file)
    except (ReauthorizationRequired, ClientStateError):
        raise
    except (ErpFailed, CallError, OSError) as error:  # also a 403: it is about this receipt
        logger.warning("account %s: receipts of %s are not attached yet: %s", run.brex.account, row.record_id, error)
        return _later(run, row)
    return _settled(row, None)


def _later(run: Run, row: Entry) -> Change:
    attempts = row.attempts + 1
    if attempts >= _PATIENCE:
        return _settled(row, MISSING)
    due = run.now() + growing(attempts)
    return Change(entry=row.changed(attempts=attempts, due=due, owner=None, lease_until=None), silent=True)


def _settled(row: Entry, reason: str | None) -> Change:
    entry = row.changed(receipts_owed=False, attempts=0, reason=reason, due=None, owner=None, lease_until=None)
    return Change(entry=entry, silent=reason is None)


__all__ = ["MISSING", "attach"]
