"""One tenant as a whole: what it is, its data, its way back."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .endpoint import Call, Endpoint, Nothing, named


class Seed(msgspec.Struct, kw_only=True):
    """Data to seed."""

    records: int
    seed: int
    append: bool = False


class SnapshotId(msgspec.Struct):
    """Names a snapshot."""

    id: str


def show_tenant(call: Call) -> dict[str, Any]:
    """A tenant in figures, with its variants."""
    tenant = call.tenant
    return tenant.to_json() | {"variants": tenant.variants.all()}


def show_totals(call: Call) -> dict[str, Any]:
    """Sums of a tenant's records."""
    tenant = call.tenant
    return {"totals": tenant.totals(), "records": len(tenant.records)}


def reset(call: Call) -> dict[str, Any]:
    """Set a tenant back to its start."""
    call.tenant.reset()
    return show_tenant(call)


def seed(call: Call) -> dict[str, Any]:
    """Replace a tenant's data, or let more come in."""
    body: Seed = call.body
    tenant = call.tenant
    added: dict[str, Any] = {}
    if body.append:
        added = {"ids": tenant.add(body.records, body.seed)}
    else:
        tenant.seed(body.records, body.seed)
    return {"records": len(tenant.records), "expenses": len(tenant.expenses), **added}


def take_snapshot(call: Call) -> dict[str, Any]:
    """Remember a tenant as it is."""
    return {"id": call.tenant.snapshot()}


def restore(call: Call) -> dict[str, Any]:
    """Set a tenant back to a snapshot."""
    body: SnapshotId = call.body
    tenant = call.tenant
    with named():
        tenant.restore(body.id)
    return show_tenant(call)


ENDPOINTS: Final = (
    Endpoint("GET", "/tenant", "The tenant in figures, with its variants", show_tenant),
    Endpoint("GET", "/totals", "Sums of its records by type and currency", show_totals),
    Endpoint(
        "POST", "/reset", "Set data, clock, variants, faults, limit and journal back to the start", reset, body=Nothing
    ),
    Endpoint("POST", "/seed", "Replace its data, or append to it; give another seed then", seed, body=Seed),
    Endpoint("POST", "/snapshot", "Remember data, clock, variants and faults", take_snapshot, body=Nothing),
    Endpoint("POST", "/restore", "Set them back to a snapshot", restore, body=SnapshotId),
)

__all__ = ["ENDPOINTS"]
