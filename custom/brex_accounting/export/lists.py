"""Lists of records, read to their ends outside of a run: nothing is written, and what could not be read is said."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from brex_accounting_client.models import AccountingRecordPage

from ..errors import BadRequest, CursorRefused, PagingError
from .events import ExportProgress, Teller, logger

if TYPE_CHECKING:
    from brex_accounting_client import BadRecord

    from ..client import Brex

_PAGE: Final = 1000
"""The most that Brex documents; where it refuses that, its default is asked for."""

_AGAIN: Final = 3
"""How often a list is begun anew whose cursor has expired."""


class Lists:
    """Reads lists of records, page by page.

    Args:
        brex: The client.
        teller: Is told how far it is.

    Attributes:
        unread: Why a list could not be read to its end, by list.
    """

    def __init__(self, brex: Brex, teller: Teller) -> None:
        self._brex = brex
        self._teller = teller
        self._seen = 0
        self.unread: dict[str, str] = {}

    async def pages(self, name: str, **filters: Any) -> AsyncGenerator[AccountingRecordPage]:
        """The pages of a list; one that has to be begun anew gives its first pages again.

        Args:
            name: What to call the list in ``unread``.
            **filters: As for ``brex.records.pages``.

        Raises:
            CallError: Brex could not be asked.
        """
        size: int | None = _PAGE
        tries = 0
        while True:
            first = True
            try:
                stream = self._brex.records.pages(page_size=size, on_bad_record="collect", **filters)
                async with stream:
                    async for page in stream:
                        first = False
                        self._progress(page)
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

    def _progress(self, page: AccountingRecordPage) -> None:
        self._seen += len(page.items)
        self._teller.tell(
            ExportProgress(stage="reading", seen=self._seen, expected=page.total_count, posted=0, reported=0)
        )


def id_of(bad: BadRecord) -> str:
    """The id of a record that cannot be read, or what stands for it where even that cannot be read.

    Args:
        bad: The record.
    """
    return bad.id or f"unreadable-{hashlib.sha256(bad.raw).hexdigest()[:32]}"


__all__ = ["Lists", "id_of"]
