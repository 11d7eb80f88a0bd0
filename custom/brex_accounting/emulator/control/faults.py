"""A tenant's fault plan."""

from __future__ import annotations

from typing import Any, Final

from ..faults import Fault
from .endpoint import Call, Endpoint, named


def list_faults(call: Call) -> dict[str, Any]:
    """Every fault and how it stands."""
    tenant = call.tenant
    return {
        "faults": [
            {
                "id": standing.id,
                "fault": standing.fault.to_json(),
                "matched": standing.matched,
                "fired": standing.fired,
                "ended": standing.ended,
            }
            for standing in tenant.faults.all(now=tenant.now())
        ]
    }


def add_faults(call: Call) -> dict[str, Any]:
    """Put faults in force; all of them or none."""
    body: list[Any] | dict[str, Any] = call.body
    tenant = call.tenant
    faults = [Fault.from_json(rule) for rule in (body if isinstance(body, list) else [body])]
    return {"ids": [tenant.add_fault(fault) for fault in faults]}


def clear_faults(call: Call) -> dict[str, Any]:
    """Take all faults out of force."""
    tenant = call.tenant
    ids = [standing.id for standing in tenant.faults.all(now=tenant.now())]
    tenant.faults.clear()
    return {"removed": ids}


def remove_fault(call: Call) -> dict[str, Any]:
    """Take one fault out of force."""
    with named():
        call.tenant.faults.remove(call.path["id"])
    return {"removed": [call.path["id"]]}


ENDPOINTS: Final = (
    Endpoint("GET", "/faults", "Its faults, how often each matched and struck, and which have ended", list_faults),
    Endpoint(
        "POST", "/faults", "Put one fault or a list in force, all or none", add_faults, body=list[Any] | dict[str, Any]
    ),
    Endpoint("DELETE", "/faults", "Take all faults out of force", clear_faults),
    Endpoint("DELETE", "/faults/{id}", "Take one fault out of force", remove_fault),
)

__all__ = ["ENDPOINTS"]
