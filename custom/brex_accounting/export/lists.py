"""Lists of records, read to their ends; what could not be read is said."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from brex_accounting_client.models import AccountingRecord, AccountingRecordPage

from ..errors import BadRequest, CursorRefused, InvalidArgument, PagingError
from ..resources.arguments import some_ids
from .events import ExportProgress, Teller, logger

if TYPE_CHECKING:
    from brex_accounting_client import BadRecord

    from ..client import Brex

_PAGE: Final = 1000
"""The most that Brex documents; where it refuses that, its default is asked for."""

_AGAIN: Final = 3
"""How often a list is begun anew whose cursor has expired."""


OnPage: TypeAlias = Callable[[AccountingRecordPage], object]


class Lists:
    """Reads lists of records, page by page.

    Args:
        brex: The client.
        on_page: Is told of each page.
        page_size: Records in a page.
        unread: Where to say why a list could not be read to its end.

    Attributes:
        unread: Why a list could not be read to its end, by list.
    """

    def __init__(
        self, brex: Brex, on_page: OnPage, *, page_size: int = _PAGE, unread: dict[str, str] | None = None
    ) -> None:
        self._brex = brex
        self._on_page = on_page
        self._page_size = page_size
        self.unread: dict[str, str] = {} if unread is None else unread

    async def pages(self, name: str, **filters: Any) -> AsyncGenerator[AccountingRecordPage]:
        """The pages of a list; one that has to be begun anew gives its first pages again.

        Args:
            name: What to call the list in ``unread``.
            **filters: As for ``brex.records.pages``.

        Raises:
            CallError: Brex could not be asked.
        """
        self.unread.pop(name, None)
        size: int | None = self._page_size
        tries = 0
        while True:
            first = True
            try:
                stream = self._brex.records.pages(page_size=size, on_bad_record="collect", **filters)
                async with stream:
                    async for page in stream:
                        first = False
                        self._on_page(page)
                        yield page
            except BadRequest:
                if not first or size is None:
                    raise
                size = None
            except PagingError as error:
                tries += 1
                if isinstance(error, CursorRefused) and tries < _AGAIN:
                    continue
                logger.warning("the list of %s cannot be read to its end: %s", name, type(error).__name__)
                self.unread[name] = type(error).__name__
                return
            else:
                return


def counted(teller: Teller) -> OnPage:
    """What tells how far a reading is that does nothing else.

    Args:
        teller: Tells it.
    """
    seen = 0

    def on_page(page: AccountingRecordPage) -> None:
        nonlocal seen
        seen += len(page.items)
        teller.tell(ExportProgress(stage="reading", seen=seen, expected=page.total_count, posted=0, reported=0))

    return on_page


def is_askable(record_id: str) -> bool:
    """Whether Brex can be asked for a record by this id at all.

    Args:
        record_id: The id, from wherever.
    """
    try:
        return bool(some_ids((record_id,)))
    except InvalidArgument:
        return False


def sorted_out(page: AccountingRecordPage) -> tuple[dict[str, AccountingRecord], dict[str, str]]:
    """The records of a page by their ids, each once, and why the others cannot be read.

    Args:
        page: The page; an offset cursor may show a record twice.

    Returns:
        Records by id, and reasons by id or by what stands for it.
    """
    records = {record.id: record for record in page.items if is_askable(record.id)}
    bad = {id_of(found): _why(found) for found in page.bad_records}
    bad |= {_stand_in(record.id.encode()): "$.id no id" for record in page.items if record.id not in records}
    return records, {id_: why for id_, why in bad.items() if id_ not in records}


def id_of(bad: BadRecord) -> str:
    """The id of a record that cannot be read, or what stands for it where even that cannot be read.

    Args:
        bad: The record.
    """
    return bad.id if bad.id and is_askable(bad.id) else _stand_in(bad.raw)


def _why(bad: BadRecord) -> str:
    """Path and reason. The path begins at the record, which may stand elsewhere in the next list."""
    within = bad.path.removeprefix(f"$.items[{bad.index}]")
    return f"{bad.path if within == bad.path else f'${within}'} {bad.reason}"


def _stand_in(raw: bytes) -> str:
    return f"unreadable-{hashlib.sha256(raw).hexdigest()[:32]}"


__all__ = ["Lists", "OnPage", "counted", "id_of", "is_askable", "sorted_out"]
