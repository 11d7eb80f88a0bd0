"""What the control API tells of the emulator as a whole, and its tenants as they come and go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs
import msgspec

from ...version import __version__
from .clock import Instant, check_instant
from .endpoint import Call, Endpoint, Nothing, named
from .settings import Requests, check_variants


class NewTenant(msgspec.Struct, kw_only=True):
    """A tenant to make; what is left out is as the first tenant has it."""

    name: str
    records: int | msgspec.UnsetType = msgspec.UNSET
    seed: int | msgspec.UnsetType = msgspec.UNSET
    start: Instant | msgspec.UnsetType | None = msgspec.UNSET
    rate_limit: Requests | msgspec.UnsetType | None = msgspec.UNSET
    variants: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


def health(call: Call) -> dict[str, Any]:
    """How the emulator is."""
    world = call.world
    return {
        "status": "bugs" if world.bugs else "ok",
        "version": __version__,
        "tenants": list(world.tenants),
        "bugs": [
            {"operation": bug.operation, "status": bug.status, "problems": list(bug.problems)} for bug in world.bugs
        ],
        "base_url": world.base_url,
        "issuer": world.issuer_url,
        "file_url": world.file_url,
    }


def list_tenants(call: Call) -> dict[str, Any]:
    """Every tenant in figures."""
    return {"tenants": [tenant.to_json() for tenant in call.world.tenants.values()]}


def add_tenant(call: Call) -> dict[str, Any]:
    """Make a tenant, and consent in its name."""
    body: NewTenant = call.body
    given: Mapping[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(body).items()
        if name != "name" and value is not msgspec.UNSET
    }
    if isinstance(body.start, datetime):
        check_instant("start", body.start)
    if isinstance(body.variants, dict):
        check_variants(body.variants)
    tenant = call.world.add(body.name, attrs.evolve(call.world.plan, **given))
    issuer = call.world.issuer
    credentials = {
        "client_id": issuer.client_id,
        "client_secret": issuer.client_secret,
        "refresh_token": issuer.grant(tenant.name).refresh_token,
        "user_token": issuer.user_token(tenant.name),
    }
    return {"tenant": tenant.to_json() | {"variants": tenant.variants.all()}, "credentials": credentials}


def remove_tenant(call: Call) -> dict[str, Any]:
    """Take a tenant away."""
    name = call.path["name"]
    with named():
        call.world.tenant(name)
    call.world.remove(name)
    return {"removed": name}


ENDPOINTS: Final = (
    Endpoint("GET", "/health", "Whether all is well, with the emulator's own bugs and addresses", health, Nothing),
    Endpoint("GET", "/tenants", "Every tenant in figures", list_tenants, Nothing),
    Endpoint("POST", "/tenants", "Make a tenant; gives its credentials", add_tenant, Nothing, NewTenant, 201),
    Endpoint("DELETE", "/tenants/{name}", "Take a tenant away; its tokens are unknown then", remove_tenant, Nothing),
)

__all__ = ["ENDPOINTS"]
