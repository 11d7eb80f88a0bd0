"""What an account holds besides records and expenses."""

from __future__ import annotations

import attrs


@attrs.frozen
class Integration:
    """A connection between the account and an accounting vendor."""

    integration_id: str
    vendor: str
    vendor_account_id: str
    status: str
    created_at: str


@attrs.frozen
class Subscription:
    """A webhook subscription."""

    id: str
    position: int
    url: str
    event_types: tuple[str, ...]
    status: str
    group_id: str | None


@attrs.frozen
class Upload:
    """A receipt that a caller has announced and may put to the file host."""

    id: str
    expense_id: str | None
    name: str


__all__ = ["Integration", "Subscription", "Upload"]
