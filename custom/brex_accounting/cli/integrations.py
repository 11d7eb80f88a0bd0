"""``brex-accounting integrations``: connect an ERP vendor to the account, and disconnect it.

What takes long to import is imported when a command does its work: help and mistakes come at once.
"""

from __future__ import annotations

import asyncio
import datetime
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..errors import ActiveIntegrationExists, Conflict, VendorAccountIdMismatch
from ..shell import COMMAND
from .client import CLIENT_OPTIONS, Account, Deadline, TokenFile, client
from .ending import Failure, one_line, tell_warnings
from .output import Output, OutputFormat, Table, print_json_line

if TYPE_CHECKING:
    from brex_accounting_client.models import AccountingIntegration

    from ..client import Brex
    from ..resources.integrations import EnsuredIntegration, IntegrationsResource

_OPTIONS: Final = {
    **CLIENT_OPTIONS,
    "integration_id": "ID",
    "vendor": "--vendor",
    "vendor_account_id": "--vendor-account-id",
}
"""What the command line calls the arguments that an ``InvalidArgument`` names."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)

IntegrationId = Annotated[str, typer.Argument(metavar="ID", help="The integration's id, as ensure prints it.")]

app: typer.Typer = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def integrations() -> None:
    """Connect an ERP vendor to the account, and disconnect it.

    Either BREX_ACCESS_TOKEN holds a user token, or BREX_CLIENT_ID, BREX_CLIENT_SECRET, BREX_TOKEN_FILE and BREX_ACCOUNT
    name a grant. BREX_BASE_URL is another host.
    """
    tell_warnings()


@app.command()
def ensure(
    *,
    vendor: Annotated[str, typer.Option(metavar="ID", help="The vendor's id at Brex, such as ERP_A.")],
    vendor_account_id: Annotated[str, typer.Option(metavar="ID", help="The customer's account at the vendor.")],
    output: Output = "table",
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Create the integration, or find it active.

    The exit status is 1 if another integration is in the way, or if this one has to be reactivated.
    """
    with one_line(_OPTIONS):
        brex = client(account=account, token_file=token_file, deadline=deadline)
        ensured = asyncio.run(_ensured(brex, vendor, vendor_account_id))
        if ensured.conflict is not None:
            in_the_way = {
                "existing_integration_id": ensured.existing_integration_id,
                "existing_vendor": ensured.existing_vendor,
            }
            _print(output, ensured.outcome, in_the_way)
            raise _advised(ensured.conflict)
    if ensured.integration is not None:
        _print(output, ensured.outcome, _facts(ensured.integration))
        if ensured.outcome == "not active":
            message = f"the integration is not active; {_how_to('reactivate', ensured.integration_id)}"
            raise Failure(message)


@app.command()
def disconnect(
    *,
    integration_id: IntegrationId,
    output: Output = "table",
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Turn an active integration off."""
    connect = partial(client, account=account, token_file=token_file, deadline=deadline)
    _do(connect, output, integration_id, "disconnected", lambda resource: resource.disconnect(integration_id))


@app.command()
def reactivate(
    *,
    integration_id: IntegrationId,
    output: Output = "table",
    account: Account = None,
    token_file: TokenFile = None,
    deadline: Deadline = None,
) -> None:
    """Turn a disconnected integration on again."""
    connect = partial(client, account=account, token_file=token_file, deadline=deadline)
    _do(connect, output, integration_id, "reactivated", lambda resource: resource.reactivate(integration_id))


# ---- what the commands share ----------------------------------------------------------------------------------------


async def _ensured(brex: Brex, vendor: str, vendor_account_id: str) -> EnsuredIntegration:
    async with brex:
        return await brex.integrations.ensure(vendor=vendor, vendor_account_id=vendor_account_id)


def _do(
    connect: Callable[[], Brex],
    output: OutputFormat,
    integration_id: str,
    outcome: str,
    ask: Callable[[IntegrationsResource], Awaitable[AccountingIntegration]],
) -> None:
    async def done(brex: Brex) -> AccountingIntegration:
        async with brex:
            return await ask(brex.integrations)

    with one_line(_OPTIONS):
        try:
            integration = asyncio.run(done(connect()))
        except Conflict as conflict:
            raise _advised(conflict, integration_id) from None
    _print(output, outcome, _facts(integration))


def _facts(integration: AccountingIntegration) -> dict[str, str | None]:
    return {
        "integration_id": integration.integration_id,
        "vendor": integration.vendor,
        "vendor_account_id": integration.vendor_account_id,
        "status": integration.status,
        "created_at": integration.created_at.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z"),
    }


def _print(output: OutputFormat, outcome: str, facts: dict[str, str | None]) -> None:
    told = {"outcome": outcome, **facts}
    if output == "jsonl":
        print_json_line(told)
        return
    table = Table([name.removesuffix("_id").replace("_", " ").capitalize() for name in told])
    table.add(*told.values())
    table.print()


def _advised(conflict: Conflict, integration_id: str | None = None) -> Conflict:
    """The same error with a remedy in terms of the command line.

    Args:
        conflict: What Brex refused.
        integration_id: The integration that the command was about, where it was about one.
    """
    if not isinstance(conflict, ActiveIntegrationExists | VendorAccountIdMismatch):
        return conflict
    existing = conflict.existing_integration_id
    if existing is not None and existing == integration_id:
        return conflict.advised("The active one is this very one: there is nothing left to do.")
    else_ = ", or name its vendor account" if isinstance(conflict, VendorAccountIdMismatch) else ""
    return conflict.advised(f"If the active one is yours, {_how_to('disconnect', existing)}{else_}")


def _how_to(command: str, integration_id: str | None) -> str:
    # What came over the wire is not put into a command unless it looks like an id.
    shown = integration_id if integration_id is not None and _ID.fullmatch(integration_id) else "ID"
    return f"{command} it first: {COMMAND} integrations {command} {shown}"


__all__ = ["app", "disconnect", "ensure", "integrations", "reactivate"]
