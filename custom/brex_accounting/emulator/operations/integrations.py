"""The lifecycle of integrations: at most one is active."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from ..answers import Answer, Refusal, json_answer
from ..holdings import Integration
from .call import Call

ACTIVE: Final = "ACTIVE"
DISABLED: Final = "DISABLED"


def create_integration(call: Call) -> Answer:
    """``createIntegration``: gets the active one, or makes one."""
    vendor, vendor_account_id = call.body["vendor"], call.body["vendor_account_id"]
    active = _active(call)
    if active is None:
        created = Integration(
            integration_id=call.tenant.new_id("int"),
            vendor=vendor,
            vendor_account_id=vendor_account_id,
            status=ACTIVE,
            created_at=call.tenant.timestamp(),
        )
        return _put(call, created)
    if (active.vendor, active.vendor_account_id) == (vendor, vendor_account_id):
        return json_answer(attrs.asdict(active))
    if active.vendor == vendor:
        message = "an integration with another account at this vendor is active"
        raise Refusal(409, "VENDOR_ACCOUNT_ID_MISMATCH", message, details=_existing(active, vendor))
    message = "an integration with another vendor is active"
    raise Refusal(409, "ACTIVE_INTEGRATION_EXISTS", message, details=_existing(active, vendor))


def disconnect_integration(call: Call) -> Answer:
    """``disconnectIntegration``."""
    integration = _named(call)
    if integration.status != ACTIVE:
        details = {"integration_id": integration.integration_id, "current_status": integration.status}
        message = "the integration is not active"
        raise Refusal(409, "INTEGRATION_NOT_ACTIVE", message, details=details)
    return _put(call, attrs.evolve(integration, status=DISABLED))


def reactivate_integration(call: Call) -> Answer:
    """``reactivateIntegration``."""
    integration = _named(call)
    active = _active(call)
    if active is not None:
        details = {**_existing(active, integration.vendor), "integration_id": integration.integration_id}
        details["current_status"] = integration.status
        message = "an integration is active already"
        raise Refusal(409, "ACTIVE_INTEGRATION_EXISTS", message, details=details)
    return _put(call, attrs.evolve(integration, status=ACTIVE))


def _active(call: Call) -> Integration | None:
    return next((found for found in call.tenant.integrations.values() if found.status == ACTIVE), None)


def _named(call: Call) -> Integration:
    integration_id = call.arguments["integration_id"]
    integration = call.tenant.integrations.get(integration_id)
    if integration is None:
        message = "there is no integration with this id"
        raise Refusal(404, "NOT_FOUND", message, details={"integration_id": integration_id})
    return integration


def _existing(active: Integration, requested_vendor: str) -> Mapping[str, Any]:
    return {
        "existing_integration_id": active.integration_id,
        "existing_vendor": active.vendor,
        "requested_vendor": requested_vendor,
    }


def _put(call: Call, integration: Integration) -> Answer:
    call.tenant.integrations[integration.integration_id] = integration
    return json_answer(attrs.asdict(integration), committed=True)


__all__ = ["create_integration", "disconnect_integration", "reactivate_integration"]
