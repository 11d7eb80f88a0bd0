"""Where the receipts of records are: signed addresses, remembered for as long as they are good.

They are secrets, and live in the memory of one client only.
"""

from __future__ import annotations

import asyncio
import datetime
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final
from weakref import WeakValueDictionary

from attrs import field, frozen

from brex_accounting_client.api.accounting_records import get_accounting_record

from ..clock import Clock
from ..transport.caller import PLAIN, Caller

_GOOD_SECONDS: Final = 600.0
"""An address works for 15 minutes (https://developer.brex.com/openapi/accounting_api); the rest is for the download."""

_MOST_RECORDS: Final = 500


@frozen(eq=False)
class Reading:
    """What a record said about its receipts.

    Attributes:
        monotonic: When it was asked for, on the clock's monotonic time.
        now: The same on the wall.
        addresses: The addresses of each receipt by its id.
    """

    monotonic: float
    now: datetime.datetime
    addresses: Mapping[str, tuple[str, ...]] = field(repr=False)

    def is_good(self, clock: Clock) -> bool:
        """Whether its addresses can still be used.

        Both times have to say so: the one stands still while a machine sleeps, the other can be set back.
        """
        passed = clock.monotonic() - self.monotonic, (clock.now() - self.now).total_seconds()
        return all(0 <= seconds < _GOOD_SECONDS for seconds in passed)


class ReceiptAddresses:
    """The addresses of receipts, read with their record; several receipts of one record cost one read.

    Args:
        caller: Reads records.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._readings: OrderedDict[str, Reading] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, record_id: str, *, instead_of: Reading | None = None) -> tuple[Reading, bool]:
        """The addresses of a record's receipts.

        Args:
            record_id: The record.
            instead_of: A reading that turned out to be no good.

        Returns:
            The addresses, and whether the record was read for them now.

        Raises:
            NotFound: There is no such record in this account.
            CallError: The record was not read.
        """
        turn = self._turns.setdefault(record_id, asyncio.Lock())
        async with turn:
            known = self._readings.get(record_id)
            if known is not None and known is not instead_of and known.is_good(self._caller.clock):
                self._readings.move_to_end(record_id)
                return known, False
            self._readings.pop(record_id, None)
            reading = await self._read(record_id)
            self._readings[record_id] = reading
            while len(self._readings) > _MOST_RECORDS:
                self._readings.popitem(last=False)
            return reading, True

    async def _read(self, record_id: str) -> Reading:
        monotonic, now = self._caller.clock.monotonic(), self._caller.clock.now()
        record = await self._caller.call(get_accounting_record.OPERATION, PLAIN, record_id)
        addresses: dict[str, tuple[str, ...]] = {}
        for receipt in record.receipts or ():
            addresses[receipt.id] = addresses.get(receipt.id, ()) + tuple(receipt.download_uris or ())
        return Reading(monotonic, now, addresses)


__all__ = ["Reading", "ReceiptAddresses"]
