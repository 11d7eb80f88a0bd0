"""What a tenant's administrators allow, and take back."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .endpoint import Call, Endpoint, Nothing


class Scopes(msgspec.Struct):
    """What tokens shall be good for; None for everything."""

    scopes: list[str] | None = None


def make_user_token(call: Call) -> dict[str, Any]:
    """Give the user token for some scopes."""
    body: Scopes = call.body
    return {"user_token": call.world.issuer.user_token(call.tenant.name, body.scopes)}


def make_grant(call: Call) -> dict[str, Any]:
    """Consent once more."""
    body: Scopes = call.body
    tokens = call.world.issuer.grant(call.tenant.name, body.scopes)
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "grant_id": tokens.grant_id,
    }


def revoke(call: Call) -> dict[str, Any]:
    """Withdraw every consent."""
    tenant = call.tenant
    call.world.issuer.revoke_tenant(tenant.name)
    return {"revoked": tenant.name}


ENDPOINTS: Final = (
    Endpoint("POST", "/tokens", "The user token for some scopes, or all", make_user_token, body=Scopes),
    Endpoint("POST", "/grants", "Consent to some scopes, or all, without a browser", make_grant, body=Scopes),
    Endpoint("POST", "/revoke", "The customer withdraws every consent; user tokens stay good", revoke, body=Nothing),
)

__all__ = ["ENDPOINTS"]
