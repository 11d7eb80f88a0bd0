"""Accounting integrations: the connection between a Brex account and an ERP vendor."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from brex_accounting_client.api.accounting_integrations import (
    create_integration,
    disconnect_integration,
    reactivate_integration,
)
from brex_accounting_client.models import AccountingIntegration, CreateIntegrationRequest, IntegrationStatus

from ..checks import text
from ..errors import ActiveIntegrationExists, Conflict, VendorAccountIdMismatch
from ..transport.caller import Ask, Caller


class EnsureOutcome(StrEnum):
    """How ``ensure`` ended."""

    ACTIVE = "active"
    """The integration is active: it was created, or it was there."""
    NOT_ACTIVE = "not active"
    """Brex answered with the integration that was asked for, but it is not active: reactivate it."""
    OTHER_VENDOR = "other vendor"
    """An integration with another vendor is active."""
    OTHER_VENDOR_ACCOUNT = "other vendor account"
    """An integration with the same vendor and another vendor account is active."""
    CONFLICT = "conflict"
    """Brex refused for another reason, or does not say whose integration is active."""


@frozen(kw_only=True)
class EnsuredIntegration:
    """What ``ensure`` found.

    Attributes:
        outcome: How it ended.
        integration: The integration that was asked for; None where there is a conflict.
        conflict: Why there is none. Raise it to treat the outcome as an error.
    """

    outcome: EnsureOutcome
    integration: AccountingIntegration | None = None
    conflict: Conflict | None = None

    @property
    def integration_id(self) -> str:
        """The id of the integration that was asked for.

        Raises:
            Conflict: There is none: the id of somebody else's integration must not be taken for it.
        """
        return self._wanted().integration_id

    def _wanted(self) -> AccountingIntegration:
        if self.integration is None:
            if self.conflict is None:
                message = "an outcome without an integration has a conflict"
                raise AssertionError(message)
            raise self.conflict
        return self.integration

    @property
    def existing_integration_id(self) -> str | None:
        """The integration that is in the way, where Brex names it."""
        return None if self.conflict is None else self.conflict.existing_integration_id

    @property
    def existing_vendor(self) -> str | None:
        """Its vendor, where Brex names it."""
        return None if self.conflict is None else self.conflict.existing_vendor


class IntegrationsResource:
    """``brex.integrations``: connect an ERP vendor to the account, and disconnect it."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def ensure(
        self, *, vendor: str, vendor_account_id: str, idempotency_key: str | None = None
    ) -> EnsuredIntegration:
        """Create the integration, or find it active; each 409 comes back as an outcome.

        Args:
            vendor: The vendor's id at Brex, such as ``ERP_A``.
            vendor_account_id: The customer's account at the vendor.
            idempotency_key: The key of this call; one is made where none is given.

        Raises:
            InvalidArgument: An argument is empty.
            CallError: The call did not succeed, for another reason than a 409.
        """
        try:
            integration = await self.create(
                vendor=vendor, vendor_account_id=vendor_account_id, idempotency_key=idempotency_key
            )
        except ActiveIntegrationExists as conflict:
            return EnsuredIntegration(outcome=_whose(conflict.existing_vendor, vendor), conflict=conflict)
        except VendorAccountIdMismatch as conflict:
            return EnsuredIntegration(outcome=EnsureOutcome.OTHER_VENDOR_ACCOUNT, conflict=conflict)
        except Conflict as conflict:
            return EnsuredIntegration(outcome=EnsureOutcome.CONFLICT, conflict=conflict)
        active = integration.status is IntegrationStatus.ACTIVE
        outcome = EnsureOutcome.ACTIVE if active else EnsureOutcome.NOT_ACTIVE
        return EnsuredIntegration(outcome=outcome, integration=integration)

    async def create(
        self, *, vendor: str, vendor_account_id: str, idempotency_key: str | None = None
    ) -> AccountingIntegration:
        """Create the integration, or get the active one that fits; a 409 raises.

        Args:
            vendor: The vendor's id at Brex, such as ``ERP_A``.
            vendor_account_id: The customer's account at the vendor.
            idempotency_key: The key of this call; one is made where none is given.

        Raises:
            InvalidArgument: An argument is empty.
            ActiveIntegrationExists: An integration with another vendor is active.
            VendorAccountIdMismatch: One with the same vendor and another vendor account is active.
            CallError: The call did not succeed.
        """
        body = CreateIntegrationRequest(
            vendor=text(vendor, "vendor"), vendor_account_id=text(vendor_account_id, "vendor_account_id")
        )
        return await self._caller.call(create_integration.OPERATION, Ask(idempotency_key=idempotency_key), body=body)

    async def disconnect(self, integration_id: str, *, idempotency_key: str | None = None) -> AccountingIntegration:
        """Turn an active integration off.

        Args:
            integration_id: The integration.
            idempotency_key: The key of this call; one is made where none is given.

        Raises:
            NotFound: There is no such integration.
            IntegrationNotActive: It is not active; after a lost answer (``maybe_applied``) perhaps by this call.
            CallError: The call did not succeed.
        """
        return await self._caller.call(
            disconnect_integration.OPERATION,
            Ask(idempotency_key=idempotency_key),
            text(integration_id, "integration_id"),
        )

    async def reactivate(self, integration_id: str, *, idempotency_key: str | None = None) -> AccountingIntegration:
        """Turn a disabled integration on again.

        Args:
            integration_id: The integration.
            idempotency_key: The key of this call; one is made where none is given.

        Raises:
            NotFound: There is no such integration.
            ActiveIntegrationExists: The account has an active one. After a lost answer (``maybe_applied``) that may be
                this very one.
            CallError: The call did not succeed.
        """
        return await self._caller.call(
            reactivate_integration.OPERATION,
            Ask(idempotency_key=idempotency_key),
            text(integration_id, "integration_id"),
        )


def _whose(existing_vendor: str | None, vendor: str) -> EnsureOutcome:
    if existing_vendor is None:
        return EnsureOutcome.CONFLICT
    return EnsureOutcome.OTHER_VENDOR_ACCOUNT if existing_vendor == vendor else EnsureOutcome.OTHER_VENDOR


__all__ = ["EnsureOutcome", "EnsuredIntegration", "IntegrationsResource"]
