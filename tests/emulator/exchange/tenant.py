"""The default tenant from within: its records, faults and breaches; and requests at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import attrs

from brex_accounting.emulator import EFFECTS, Fault
from tests import virtual
from tests.emulator.asking import Emulator, Reply

ERP = {"vendor": "ERP_A", "vendor_account_id": "42"}
REPORT = "reportAccountingExportResults"
NETWORK = sorted(name for name, effect in EFFECTS.items() if effect.network)
"""What ends a connection; in a process it is raised."""


def ready(brex: Emulator, count: int = 1) -> list[str]:
    """Ids of some records that are ready for export, without asking for them."""
    found = [record.id for record in brex.tenant.records.all() if record.review_status == "READY_FOR_EXPORT"]
    return found[:count]


def stage(brex: Emulator, record_id: str) -> str:
    record = brex.tenant.records.get(record_id)
    assert record is not None
    return record.review_status


def version(brex: Emulator, record_id: str) -> int:
    record = brex.tenant.records.get(record_id)
    assert record is not None
    return record.version


def fault(brex: Emulator, effect: str, **fields: Any) -> str:
    return brex.tenant.add_fault(Fault(effect=effect, **fields))


def breaches(brex: Emulator) -> list[str]:
    return [violation.invariant for violation in brex.world.violations(brex.tenant)]


def together(*requests: Coroutine[Any, Any, Reply]) -> list[Reply]:
    """Send requests at the same time."""

    async def main() -> list[Reply]:
        return await asyncio.gather(*requests)

    return virtual.run(main())


def everything(brex: Emulator) -> tuple[Any, ...]:
    """The state of the tenant; stored items never change, so that those that are the same have not changed."""
    tenant = brex.tenant
    return (
        [*map(id, tenant.records.all())],
        [*map(id, tenant.expenses.all())],
        dict(tenant.integrations),
        dict(tenant.subscriptions),
        dict(tenant.uploads),
        dict(tenant.files),
        tenant.given_ids,
    )


@attrs.define
class Wire:
    """A connection that notes how it ends."""

    lost: bool = False
    ends: list[str] = attrs.field(factory=list[str])

    async def close(self) -> None:
        self.ends.append("closed")
        self.lost = True

    async def reset(self) -> None:
        self.ends.append("reset")
        self.lost = True
